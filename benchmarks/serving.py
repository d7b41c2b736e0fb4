"""What the data plane costs: short audio beside the bare engine, many clients, long
recordings, and a change of model under load."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles

import httpx
from faster_whisper import decode_audio

from benchmarks import overhead
from benchmarks.overhead import Job
from datasets.formats.wav import wav_of
from recognition.tests.installation import Deployed, deployed
from speechstudio.tests.samples import CLIPS
from speechstudio.tests.studio import ROOT, clean_environment, wait_for

RATE_HZ = 16_000
CLIP_SECONDS = 3
ROUNDS = 40  # clips, each served and heard by the engine alone
CLIENTS = 8
EACH = 12  # requests of each client
LONG_SECONDS = 600
SWAPPED = 500  # requests while the model changes

SECTION = f"""\
## Serving

Clips of {CLIP_SECONDS} s from the sample project as short audio, to an endpoint with a
custom model of text. What is more than the engine: each clip twice in turn, served and
by the engine called directly, in one process with one model in memory. Client and
server on the same cores. Wanted: less than 15 ms more than the engine at the median;
with {CLIENTS} clients at least the throughput of one, and 95 % within 3 times
their median; 8 times real time for long recordings; no request that fails while the
model changes.

| what | figure |
|:---|---:|
"""

_CHANGE = """
from endpoints import services
from endpoints.models import Endpoint
from training.models import SpeechModel

base = SpeechModel.objects.get(reference="tiny.en")
services.change_model(Endpoint.objects.get(), base)
"""


def section() -> str:
    with tempfile.TemporaryDirectory() as name, deployed(Path(name) / "data") as ward:
        wait_for(lambda: _serving(ward).startswith("custom:"))
        clips = _clips()
        rows = [*_alone(ward, clips), *_together(ward, clips), *_long(ward, clips)]
        rows += _swapped(ward, clips)
    return SECTION + "\n".join(f"| {what} | {figure} |" for what, figure in rows)


def _serving(ward: Deployed) -> str:
    """The model that answers."""
    rows = ward.studio.rows(
        "SELECT m.reference FROM training_speechmodel m "
        "JOIN endpoints_endpoint e ON e.serving_id = m.id"
    )
    return str(rows[0][0]) if rows else ""


def _clips() -> list[bytes]:
    """16 kHz mono, 16 bits; all of one length."""
    size = 2 * CLIP_SECONDS * RATE_HZ
    with zipfile.ZipFile(CLIPS) as archive:
        names = [name for name in archive.namelist() if name.endswith(".ogg")]
        sounds = [decode_audio(archive.open(name)) for name in names]
    clips = [(sound.clip(-1, 1) * 32767).astype("<i2").tobytes() for sound in sounds]
    return [clip[:size] for clip in clips if len(clip) >= size]


def _alone(ward: Deployed, clips: Sequence[bytes]) -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{at}.wav" for at in range(len(clips))]
        for path, clip in zip(paths, clips, strict=True):
            path.write_bytes(wav_of(clip, RATE_HZ))
        folder, files = str(ward.studio.folder), [str(path) for path in paths]
        pairs = overhead.pairs(Job(folder, ward.key, _serving(ward), files, ROUNDS))
    bare = median(pair.bare for pair in pairs)
    served = median(pair.served for pair in pairs)
    return [
        ("engine alone, median", f"{1000 * bare:.0f} ms"),
        ("short audio, one client, median", f"{1000 * served:.0f} ms"),
        (
            "more than the engine, median of pairs",
            f"{1000 * overhead.more_seconds(pairs):.1f} ms",
        ),
    ]


def _together(ward: Deployed, clips: Sequence[bytes]) -> list[tuple[str, str]]:
    rows = []
    for count in (1, CLIENTS):
        started = time.perf_counter()
        took = _load(ward, clips, count, EACH)
        rate = len(took) / (time.perf_counter() - started)
        middle, late = median(took), quantiles(took, n=20)[-1]
        figure = f"{rate:.1f} a second, median {1000 * middle:.0f} ms, "
        rows.append((f"{count} at once", f"{figure}95 % {1000 * late:.0f} ms"))
    return rows


def _long(ward: Deployed, clips: Sequence[bytes]) -> list[tuple[str, str]]:
    gap = bytes(RATE_HZ)  # half a second
    whole = gap.join(clips[at % len(clips)] for at in range(LONG_SECONDS // 3))
    seconds = len(whole) / 2 / RATE_HZ
    with _client(ward) as client:
        took = _seconds(
            lambda: client.post(
                "/speechtotext/transcriptions:transcribe?api-version=2025-10-15",
                files={"audio": ("long.wav", wav_of(whole, RATE_HZ))},
            ).raise_for_status()
        )
    figure = f"{seconds / took:.1f} times real time"
    return [(f"fast transcription of {seconds / 60:.0f} minutes", figure)]


def _swapped(ward: Deployed, clips: Sequence[bytes]) -> list[tuple[str, str]]:
    failures: list[BaseException] = []
    changing = threading.Thread(target=_change, args=(ward, failures))
    changing.start()
    _load(ward, clips, CLIENTS, -(-SWAPPED // CLIENTS), failures)
    changing.join()
    wait_for(lambda: _serving(ward) == "tiny.en")
    return [(f"failed of {SWAPPED} while the model changes", f"{len(failures)}")]


def _change(ward: Deployed, failures: list[BaseException]) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--command", _CHANGE],
        cwd=ROOT,
        env=clean_environment() | {"DATA_DIR": str(ward.studio.folder)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        failures.append(RuntimeError(done.stderr.decode()))


def _load(
    ward: Deployed,
    clips: Sequence[bytes],
    clients: int,
    each: int,
    failures: list[BaseException] | None = None,
) -> list[float]:
    """How long each answer took, in seconds. What fails ends this, unless `failures`
    are collected."""
    took: list[float] = []
    kept = [] if failures is None else failures

    def ask(number: int) -> None:
        with _client(ward) as client:
            for turn in range(each):
                clip = clips[(7 * number + turn) % len(clips)]
                try:
                    took.append(_seconds(lambda: _ask(client, clip)))  # noqa: B023
                except Exception as e:
                    kept.append(e)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures is None and kept:
        raise kept[0]
    return took


def _client(ward: Deployed) -> httpx.Client:
    key = {"Ocp-Apim-Subscription-Key": ward.key}
    return httpx.Client(base_url=ward.url, headers=key, timeout=600)


def _ask(client: httpx.Client, clip: bytes) -> None:
    client.post(
        "/speech/recognition/conversation/cognitiveservices/v1",
        params={"language": "en-US", "format": "detailed"},
        content=wav_of(clip, RATE_HZ),
    ).raise_for_status()


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
