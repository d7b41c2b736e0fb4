"""What models and recordings are called in files: short, safe, and each its own."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import slugify

from evaluations.columns import Columns
from evaluations.models import Candidate
from projects.downloads import file_name


def names_of(models: Sequence[Candidate]) -> list[str]:
    """The names of models; with their places where two share one."""
    return _told_apart([str(model) for model in models], "{} ({})")


def keys_of(models: Sequence[Candidate]) -> list[str]:
    """The same as parts of names of files and fields: `whisper-tiny-en`."""
    keys = [slugify(str(model).replace(".", " ")) or "model" for model in models]
    return _told_apart(keys, "{}-{}")


def _told_apart(names: list[str], form: str) -> list[str]:
    if len(set(names)) == len(names):
        return names
    return [form.format(name, place) for place, name in enumerate(names, start=1)]


class FileNames:
    """The names of recordings as those of files, on any system; they begin with the
    positions where two share one."""

    def __init__(self, columns: Columns) -> None:
        names = {file_name(name).casefold() for name in columns.names}
        self._are_shared = len(names) < len(columns)

    def of(self, name: str, position: int) -> str:
        fit = file_name(name)
        return f"{position}_{fit}" if self._are_shared else fit
