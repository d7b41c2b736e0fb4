"""All alignments of a model on a test, as columns in a file (`scoring.table`).

A file is made when the model has heard everything, one for each scoring level that
somebody asks for, and never changes; counts, lists and filters of errors are worked out
from it in memory, at any size of the test.
"""

from __future__ import annotations

import logging
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import F, QuerySet

from evaluations.models import Candidate, Evaluation, Hypothesis
from evaluations.timings import spans
from projects.storage import local_copy
from scoring.alignment import align_words
from scoring.normalization import Token
from scoring.scale import Level, Scale
from scoring.table import Builder, Table, read, side_by_side

logger = logging.getLogger(__name__)
_BATCH = 1000
_AROUND = " .,?!"  # what a recognised word may have around it

Tick = Callable[[int], None]


class Heard(NamedTuple):
    """An utterance as a model heard it, beside what it is compared with."""

    reference: str
    text: str
    display: str  # empty where it is no different
    timings: Sequence[Sequence[object]]
    error: str


def store(evaluation: Evaluation, candidate: Candidate, table: Table) -> str:
    """Write the table of a model; the name of its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.npz")
        table.write(path)
        with path.open("rb") as file:
            name = f"{evaluation.folder}/{candidate.pk}-{uuid4().hex}.npz"
            return default_storage.save(name, File(file))


def delete(names: Iterable[str]) -> None:
    """Delete the files of tables."""
    for name in filter(None, names):
        default_storage.delete(name)


def table_of(candidate: Candidate) -> Table | None:
    """None where there is no table yet, or its file is lost: the page has the rest."""
    if not candidate.table:
        return None
    try:
        return _read(candidate.table)
    except (OSError, ValueError):
        logger.exception("The table of %r cannot be read", candidate)
        return None


# Files never change.
@lru_cache(maxsize=12)
def _read(name: str) -> Table:
    with local_copy(name) as path:
        return read(path)


def comparable(models: Sequence[Candidate]) -> list[Table]:
    """The tables of these models side by side; none where one has no table."""
    found = [table_of(model) for model in models]
    whole = [table for table in found if table is not None]
    if not whole or len(whole) < len(found):
        return []
    try:
        return _side_by_side(tuple(model.table for model in models))
    except ValueError:
        # Made by other rules, before an update: they are being made anew.
        logger.exception("The tables of %r do not fit each other", models)
        return []


@lru_cache(maxsize=4)
def _side_by_side(names: tuple[str, ...]) -> list[Table]:
    return side_by_side([_read(name) for name in names])


def build(
    models: Sequence[Candidate],
    scale: Scale,
    against: Candidate | None = None,
    tick: Tick = lambda _: None,
) -> list[Table]:
    """Align all that models have heard with the references, or with what the model
    `against` heard: what either could not recognise has failed.

    The models go through the test side by side, so that each reference is read once.
    `tick` is called now and then with how many more transcripts are done.
    """
    builders = [Builder() for _ in models]
    streams = [all_heard(model, against) for model in models]
    for number, row in enumerate(zip(*streams, strict=True), start=1):
        pair = _Pair(row[0].reference, scale)
        for builder, heard in zip(builders, row, strict=True):
            if heard.error:
                builder.fail()
            else:
                builder.add(*pair.compared(heard))
        if number % _BATCH == 0:
            tick(_BATCH * len(models))
    return [builder.table() for builder in builders]


def all_heard(
    candidate: Candidate, against: Candidate | None = None
) -> Iterator[Heard]:
    """All that a model has heard, in the order of the test."""
    rows = _rows(candidate).annotate(reference=F("item__utterance__transcript"))
    found = rows.values_list(*Heard._fields).iterator(_BATCH)
    if against is None:
        yield from map(Heard._make, found)
        return
    others = _rows(against).values_list("text", "error").iterator(_BATCH)
    for row, (text, error) in zip(map(Heard._make, found), others, strict=True):
        yield row._replace(reference=text, error=row.error or error)


def _rows(candidate: Candidate) -> QuerySet[Hypothesis]:
    return candidate.hypotheses.order_by("item__position")


class _Pair:
    """A reference, and what models heard there: often the same, which is compared
    once."""

    def __init__(self, reference: str, scale: Scale) -> None:
        self._scale = scale
        self._reference = reference
        self._said = scale.tokenize(reference)
        self._words = [token.text for token in self._said]
        self._known: dict[str, tuple[str, list[Token], list[str]]] = {}

    def compared(
        self, heard: Heard
    ) -> tuple[str, list[str], list[str], Sequence[float]]:
        """What `Builder.add` takes."""
        text = shown_text(heard.text, heard.display, self._scale)
        if text not in self._known:
            self._known[text] = self._aligned(text)
        edits, tokens, words = self._known[text]
        sure = _confidences_of(words, heard.timings) or _confidences(
            tokens, self._scale.shown(text), heard.timings
        )
        return edits, self._words, words, sure

    def _aligned(self, text: str) -> tuple[str, list[Token], list[str]]:
        """The edits, and what was heard in the spelling of the reference."""
        if text == self._reference:
            return "C" * len(self._words), self._said, self._words
        tokens = self._scale.tokenize(text)
        tokens = self._scale.reconciled_tokens(self._said, tokens)
        words = [token.text for token in tokens]
        return align_words(self._words, words), tokens, words


def shown_text(text: str, display: str, scale: Scale) -> str:
    """Of the two forms of what was heard the one that is compared."""
    return display or text if scale.level == Level.DISPLAY else text


def _confidences_of(
    words: Sequence[str], timings: Sequence[Sequence[object]]
) -> list[float]:
    """Where the compared words are those that were timed, which is quick to see; or
    nothing."""
    timed = [str(word).strip(_AROUND).lower() for word, *_ in timings]
    return [float(str(row[3])) for row in timings] if timed == words else []


def _confidences(
    tokens: Sequence[Token], text: str, timings: Sequence[Sequence[object]]
) -> list[float]:
    """Of each compared word, that of the recognised word it stems from."""
    known = list(spans(text, timings))
    ends = [word.end for word in known]
    places = [bisect_right(ends, token.start) for token in tokens]
    return [
        known[place].probability if place < len(known) else float("nan")
        for place in places
    ]
