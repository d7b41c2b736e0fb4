"""Fetch a model from the Hugging Face Hub, whole or not at all."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

import httpx
from faster_whisper.utils import disabled_tqdm
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

from engines.base import EngineError
from engines.whisper import catalog

_PATTERNS = [
    "config.json",
    "preprocessor_config.json",
    "model.bin",
    "tokenizer.json",
    "vocabulary.*",
]
_SECONDS_TO_ANSWER = 5
_SECONDS_BETWEEN_REPORTS = 0.5


def fetch(
    repository: str,
    folder: Path,
    report: Callable[[int, int], None],
    endpoint: str | None = None,
) -> None:
    """Download the model into `folder`, which is there only once it is complete.

    `report(done, total)` counts bytes. When another process is at it, this waits
    for that one. What was downloaded before a failure is used by the next try.
    Raises `EngineError` when the model cannot be had.
    """
    part = folder.with_name(f".{folder.name}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_name(f".{folder.name}.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not catalog.missing(folder):
                return
            _download(repository, part, report, endpoint)
            _check(repository, part)
            shutil.rmtree(part / ".cache", ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    except (OSError, ValueError, httpx.HTTPError) as e:
        raise _error(repository, e) from e


def _download(
    repository: str,
    part: Path,
    report: Callable[[int, int], None],
    endpoint: str | None,
) -> None:
    def ask(*, dry_run: bool) -> object:
        return snapshot_download(
            repository,
            local_dir=part,
            allow_patterns=_PATTERNS,
            tqdm_class=disabled_tqdm,
            etag_timeout=_SECONDS_TO_ANSWER,
            endpoint=endpoint,
            dry_run=dry_run,
        )

    plan = ask(dry_run=True)
    total = sum(file.file_size or 0 for file in plan) if isinstance(plan, list) else 0
    executor = ThreadPoolExecutor(1)
    try:
        _watch(executor.submit(ask, dry_run=False), part, total, report)
    finally:
        # When `report` raises, the job is cancelled, and this must not wait.
        executor.shutdown(wait=False)


def _watch(
    download: Future[object],
    part: Path,
    total: int,
    report: Callable[[int, int], None],
) -> None:
    while True:
        try:
            download.result(timeout=_SECONDS_BETWEEN_REPORTS)
        except NotYet:
            # A failed download may raise the built-in TimeoutError, the same class.
            if download.done():
                raise
            report(min(_size(part), total), total)
            continue
        report(total, total)
        return


def _size(part: Path) -> int:
    """Bytes below the folder so far; files may come and go meanwhile."""
    sizes = 0
    for path in part.rglob("*"):
        try:
            sizes += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return sizes


def _check(repository: str, part: Path) -> None:
    names = catalog.missing(part)
    if names:
        raise EngineError(
            f"{repository} on the Hugging Face Hub is no CTranslate2 model of "
            f"Whisper: it has no {', '.join(names)}.",
            "BadModel",
        )


def _error(repository: str, e: Exception) -> EngineError:
    reason = str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__
    if isinstance(e, LocalEntryNotFoundError):
        # What the library says here is about its cache, of which there is none.
        reason = "this machine cannot reach it"
    return EngineError(
        f"{repository} could not be fetched from the Hugging Face Hub "
        f"({reason.rstrip('.')}). Check this machine's network and the name; or put "
        "the model's CTranslate2 folder on this disk and name that folder in the "
        "setting BASE_MODELS.",
        "ModelNotFetched",
    )
