"""The recordings of a training's datasets, each with a path on this disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.files.storage import default_storage

from datasets.language import foreign_script
from datasets.models import Dataset
from projects.storage import path_of
from training.used import (
    NO_FILE,
    NO_SOUND,
    NO_TEXT,
    TOO_LONG,
    Bookkeeping,
    Used,
    foreign,
)

MAX_CLIP_SECONDS = 30.0
_WAV_HEADER_BYTES = 44
_BATCH = 2_000
_COLUMNS = (
    *("position", "name", "audio", "transcript", "seconds"),
    *("speaker", "labels", "audio_hash"),
)
# Labels that say which recording a clip was cut from, as uploads call them.
_RECORDINGS = ("recording", "source", "session", "conversation", "call", "meeting")


@dataclass(slots=True)
class Recording:
    """A clip that can be trained on, once it has a text."""

    used: Used
    key: str
    name: str
    path: Path
    text: str
    seconds: float
    group: str
    audio_hash: int | None
    is_draft: bool = False


@dataclass
class Reader:
    """Reads datasets; texts of clips that cannot be trained on go to `texts`."""

    locale: str
    folder: Path  # for copies, where the storage is not this disk
    book: Bookkeeping
    texts: list[tuple[str, str]]  # the key of the clip, and what is said in it

    def read(self, used: Used, can_hear: bool) -> Iterator[Recording]:
        """What is usable; `can_hear` says whether the base model learns from it."""
        needs_text = used.dataset.kind != Dataset.Kind.AUDIO
        rows = used.dataset.utterances.order_by("position").values_list(*_COLUMNS)
        for row in rows.iterator(_BATCH):
            position, name, audio, text, seconds, speaker, labels, audio_hash = row
            key = f"{used.number}-{position}"
            said = " ".join(text.split()) if needs_text else ""
            reason = self._problem_of_text(said) if needs_text else ""
            if said and not reason:
                self.texts.append((key, said))
            if not can_hear:
                continue
            path = self._on_disk(audio)
            reason = _problem_of_sound(path, seconds) or reason
            if reason or path is None:
                self.book.drop(used, name, reason)
                continue
            yield Recording(
                used=used,
                key=key,
                name=name,
                path=path,
                text=said,
                seconds=seconds,
                group=_group(speaker, labels),
                audio_hash=audio_hash,
            )

    def _problem_of_text(self, text: str) -> str:
        if not any(map(str.isalnum, text)):
            return NO_TEXT
        letters = foreign_script(text, self.locale)
        return foreign(letters) if letters else ""

    def _on_disk(self, name: str) -> Path | None:
        """The file itself where it can be, else a copy; None when it is missing.

        `local_copy` would keep each copy open: there may be 100,000 of them.
        """
        if path := path_of(name):
            return path if path.is_file() else None
        path = self.folder / name.replace("/", "_")
        try:
            with default_storage.open(name) as source, path.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        except FileNotFoundError:
            return None
        return path


def _problem_of_sound(path: Path | None, seconds: float) -> str:
    if path is None:
        return NO_FILE
    if seconds <= 0 or path.stat().st_size <= _WAV_HEADER_BYTES:
        return NO_SOUND
    return TOO_LONG if seconds > MAX_CLIP_SECONDS else ""


def _group(speaker: str, labels: dict[str, str]) -> str:
    named = (labels.get(name, "") for name in _RECORDINGS)
    return speaker or next(filter(None, named), "")
