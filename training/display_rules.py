"""The display rules of a training's datasets, and their tests run with all of them."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterator, Sequence

from django.core.files.storage import default_storage

from datasets.content import open_content
from datasets.formats.base import Entry, shown
from engines.base import EngineError
from engines.display.patterns import PatternError
from engines.display.pipeline import Display
from engines.display.rules import Rules
from training.used import Bookkeeping, Used

_GROUPS = ("itn", "rewrite", "profanity", "test")
_MAX_TEST_SECONDS = 60.0

_Line = tuple[Used, Entry]


def rules_of(sets: Sequence[Used], locale: str, book: Bookkeeping) -> Rules:
    """The rules in the order of their lines; of equal ones the first counts.

    Tests that do not pass go to the warnings of `book`. Raises `EngineError` with the
    file and the line when a pattern cannot be used.
    """
    lines: dict[str, list[_Line]] = {name: [] for name in _GROUPS}
    for used in sets:
        for name, entry in _entries(used):
            lines[name].append((used, entry))
            used.rules += name != "test"
    rules = Rules(
        tuple(dict.fromkeys(entry.text for _, entry in lines["itn"])),
        tuple(dict.fromkeys((e.text, e.other) for _, e in lines["rewrite"])),
        tuple(dict.fromkeys(entry.text for _, entry in lines["profanity"])),
    )
    if rules == Rules():
        return rules
    _check(lines["itn"], locale)
    book.warnings += _failures(lines["test"], Display(rules, locale))
    return rules


def _entries(used: Used) -> Iterator[tuple[str, Entry]]:
    if not used.dataset.content_file:
        return
    with default_storage.open(str(used.dataset.content_file.name)) as file:
        groups = open_content(file)
        for name in _GROUPS:
            for entry in groups.get(name, ()):
                yield name, entry


def _check(patterns: Sequence[_Line], locale: str) -> None:
    """An import refuses such patterns, but its rules may have been others."""
    for used, entry in patterns:
        try:
            Display(Rules(patterns=(entry.text,)), locale)
        except PatternError as e:
            raise EngineError(
                f"{_place(used, entry)}: {e.message}; {e.advice}.", "BadDisplayRule"
            ) from e


def _failures(tests: Sequence[_Line], display: Display) -> Iterator[str]:
    end = time.monotonic() + _MAX_TEST_SECONDS
    for done, (used, test) in enumerate(tests):
        if time.monotonic() > end:
            yield (
                f"{_place(used, test)}: {len(tests) - done:,} tests from this one on "
                f"were not run, as the others took {_MAX_TEST_SECONDS:.0f} seconds"
            )
            return
        actual = display.format(test.text)
        if actual != " ".join(unicodedata.normalize("NFC", test.other).split()):
            yield (
                f'{_place(used, test)}: the test gives "{shown(actual)}" instead of '
                f'"{shown(test.other)}"'
            )


def _place(used: Used, entry: Entry) -> str:
    return f"{shown(used.dataset.source_name)}, line {entry.line}"
