"""Models as zip files: the folder that serves, and one for `transformers`.

The first is sent as it is read, by the web process. For the second the weights are
converted, which takes memory and time: a job leaves it as a file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.module_loading import import_string

from engines import shelf
from engines.base import EngineError
from training.card import card
from training.disk import told_when_full, workplace
from training.models import Package, SpeechModel

CARD = "README.md"
# By engine: how a model's folder is written for `transformers`. They are imported
# where they are called: a web process does without arrays of numbers.
_CONVERTERS = {"whisper": "engines.whisper.huggingface.to_huggingface"}
# By engine: where the files of a base model are.
_FOLDERS = {"whisper": "engines.whisper.catalog.folder"}
_CHUNK = 256 * 1024  # bytes
# Larger files hold numbers, which do not become smaller.
_PACKED_BYTES = 16 * 1024**2
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')


def manifest(model: SpeechModel) -> list[tuple[str, int]]:
    """The model's files with their sizes in bytes. Raises `EngineError`."""
    return shelf.files(folder(model))


def folder(model: SpeechModel) -> Path:
    """Where the files of a custom or a base model are. Raises `EngineError`."""
    if model.is_custom:
        return shelf.folder(model.reference, settings.ENGINE_MODELS_DIR)
    if model.engine not in _FOLDERS:
        message = f"{model.name} is not a model of files."
        raise EngineError(message, "ModelNotFound")
    find: Callable[[str, Path], Path] = import_string(_FOLDERS[model.engine])
    return find(model.reference, settings.ENGINE_MODELS_DIR)


def has_transformers(model: SpeechModel) -> bool:
    """Whether there is a network of its own to be converted."""
    return model.has_network and model.engine in _CONVERTERS


def ctranslate2(model: SpeechModel) -> Iterator[bytes]:
    """The zip of the folder that serves, piece by piece. Raises `EngineError`."""
    here = folder(model)
    names = [name for name, _ in shelf.files(here) if name != CARD]
    return _zipped(here, names, card(model, "ctranslate2"))


def file_name(model: SpeechModel, form: str) -> str:
    """What the download is called, on any system.

    >>> file_name(SpeechModel(name="Clinic: a/b"), "huggingface")
    'Clinic_ a_b huggingface.zip'
    """
    name = _UNFIT.sub("_", model.name)[:80].strip(" .") or "model"
    return f"{name} {form}.zip"


@transaction.atomic
def order(model: SpeechModel) -> Package:
    """Have the folder for `transformers` made, unless it is there or on its way."""
    package, is_new = Package.objects.get_or_create(model=model)
    if is_new or package.retry():
        transaction.on_commit(package.enqueue)
    return package


def pack(package: Package) -> None:
    """The work of a package's job. Raises `EngineError`."""
    model = package.model
    convert: Callable[[Path, Path, str], None] = import_string(
        _CONVERTERS[model.engine]
    )
    with told_when_full(), workplace(package.pk) as work:
        package.report(0, 1)
        text = card(model, "huggingface")
        convert(folder(model), work / "model", text)
        names = [name for name, _ in shelf.files(work / "model")]
        path = work / "model.zip"
        with path.open("wb") as out:
            for chunk in _zipped(work / "model", _without_card(names), text):
                out.write(chunk)
        target = f"{model.folder}/huggingface.zip"
        default_storage.delete(target)  # of a try that died
        with path.open("rb") as file:
            stored = default_storage.save(target, File(file))
    if not package.succeed(file=stored):
        default_storage.delete(stored)


def _without_card(names: Sequence[str]) -> list[str]:
    return [name for name in names if name != CARD]


class _Pieces(io.RawIOBase):
    """What was written since it was last asked for. It cannot be sought in, so the
    sizes come after each file, where unpackers look for them."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken


def _zipped(folder: Path, names: Sequence[str], text: str) -> Iterator[bytes]:
    """The archive of these files and the card, of any size, in constant memory."""
    out = _Pieces()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CARD, text)
        for name in names:
            info = zipfile.ZipInfo.from_file(folder / name, name)
            if info.file_size <= _PACKED_BYTES:
                info.compress_type = zipfile.ZIP_DEFLATED
            with (
                (folder / name).open("rb") as file,
                archive.open(info, "w", force_zip64=True) as member,
            ):
                while chunk := file.read(_CHUNK):
                    member.write(chunk)
                    yield out.take()
    yield out.take()
