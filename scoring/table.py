"""All alignments of one model on one test, as columns of numbers.

Confusions, term and word statistics, slices, filters and tests of significance are
computed from it in memory: a million words take a few hundredths of a second. A row
is a column of an alignment, here called an event: a word that is right or
substituted, an insertion or a deletion. Rows of an utterance stand together, in
order.

A table is 17 bytes an event in memory and about 9 in its file.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from scoring.errors import ErrorCounts
from scoring.kept import Kept

Match = Literal["exact", "prefix", "part"]
Side = Literal["reference", "hypothesis", "either"]
Mask: TypeAlias = npt.NDArray[np.bool_]
Ids: TypeAlias = npt.NDArray[np.int32]

EQUAL, SUBSTITUTION, INSERTION, DELETION = range(4)
# The letters of `alignment.Edits`, as these numbers.
_LETTERS = bytes.maketrans(b"CSID", bytes([EQUAL, SUBSTITUTION, INSERTION, DELETION]))
NONE = -1  # no word on this side
# Columns of `Table.counts` by kind of error.
_COUNT = {INSERTION: 1, DELETION: 2, SUBSTITUTION: 3}
_MATCHES: dict[Match, Callable[[str, str], bool]] = {
    "exact": str.__eq__,
    "prefix": str.startswith,
    "part": str.__contains__,
}
# What is in a file, and numpy's letter for its kind of number.
_FILE = {
    "failed": "b",
    "sizes": "i",
    "kind": "u",
    "said": "u",
    "misheard": "u",
    "confidence": "f",
}
_ARRAYS = ("failed", "utterance", "kind", "reference", "hypothesis", "confidence")


@dataclass(frozen=True, eq=False)
class Table(Kept):
    """`failed` has a row for each utterance, the other arrays for each event.

    failed: there is no transcript; such an utterance has no events and no counts.
    utterance: its index, from 0 and never falling.
    kind: EQUAL, SUBSTITUTION, INSERTION or DELETION.
    reference, hypothesis: indexes into `vocabulary`, or NONE.
    confidence: of the word that was heard, from 0 to 1; NaN where it is not known.
    """

    failed: Mask
    utterance: Ids
    kind: npt.NDArray[np.uint8]
    reference: Ids
    hypothesis: Ids
    confidence: npt.NDArray[np.float32]
    vocabulary: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        """The number of utterances."""
        return len(self.failed)

    @cached_property
    def counts(self) -> npt.NDArray[np.int32]:
        """Of each utterance: words, insertions, deletions, substitutions."""
        counts = np.empty((len(self), 4), dtype=np.int32)
        counts[:, 0] = self._a_row(self.kind != INSERTION)
        for kind, column in _COUNT.items():
            counts[:, column] = self._a_row(self.kind == kind)
        counts.setflags(write=False)
        return counts

    @cached_property
    def errors(self) -> npt.NDArray[np.int32]:
        """Of each utterance."""
        errors: npt.NDArray[np.int32] = self.counts[:, 1:].sum(axis=1, dtype=np.int32)
        errors.setflags(write=False)
        return errors

    def total(self, among: Mask | None = None) -> ErrorCounts:
        """The errors of all utterances, or of some."""
        counts = self.counts if among is None else self.counts[among]
        return ErrorCounts(*(int(sum_) for sum_ in counts.sum(axis=0, dtype=np.int64)))

    def rates(self) -> npt.NDArray[np.float64]:
        """Errors per word of each utterance; NaN without words or transcript."""
        words = self.counts[:, 0]
        return _ratio(self.errors, words)

    def having(self, *kinds: int) -> Mask:
        """The utterances with an error of any of these kinds."""
        columns = self.counts[:, [_COUNT[kind] for kind in kinds]]
        mask: Mask = columns.sum(axis=1) > 0
        return mask

    def holding(self, text: str, match: Match = "exact", side: Side = "either") -> Mask:
        """The utterances in which a word is said or heard; case does not matter."""
        # Each page and order of a list asks the same again.
        question = ("holding", text.casefold(), match, side)
        return self.kept(question, lambda: self._holding(text, match, side))

    def _holding(self, text: str, match: Match, side: Side) -> Mask:
        is_match = _MATCHES[match]
        sought = text.casefold()
        wanted = [is_match(word.casefold(), sought) for word in self.vocabulary]
        # One more for NONE, which is the last by its index.
        lookup = np.array([*wanted, False], dtype=bool)
        found = np.zeros(len(self.kind), dtype=bool)
        if side != "hypothesis":
            found |= lookup[self.reference]
        if side != "reference":
            found |= lookup[self.hypothesis]
        return self.utterances_of(found)

    def utterances_of(self, events: Mask) -> Mask:
        """The utterances of these events."""
        mask = np.zeros(len(self), dtype=bool)
        mask[self.utterance[events]] = True
        return mask

    def number(self, word: str) -> int | None:
        """The index of a word in the vocabulary; None if it never occurs."""
        return self._numbers.get(word)

    def mean_confidences(self) -> npt.NDArray[np.float64]:
        """Of the words of each utterance; NaN where nothing is known."""
        known = ~np.isnan(self.confidence)
        words = self._a_row(known)
        sums = np.bincount(
            self.utterance[known], self.confidence[known], minlength=len(self)
        )
        return _ratio(sums, words)

    def lowest_confidences(self) -> npt.NDArray[np.float64]:
        """Of the word of each utterance that is least sure; NaN as in the mean."""
        lowest = np.full(len(self), np.nan)
        if len(self.utterance):
            starts = np.flatnonzero(np.diff(self.utterance, prepend=-1))
            found = np.fmin.reduceat(self.confidence, starts)
            lowest[self.utterance[starts]] = found
        return lowest

    def slots(self) -> npt.NDArray[np.int64]:
        """The place of each event in the references of the test.

        An odd slot is a word of the reference, an even one the gap before it, or
        before the end of an utterance: there are `2 * (words + utterances)` of them.
        Two tables of the same references have the same slots.
        """
        is_said = self.kind != INSERTION
        before = np.cumsum(is_said) - is_said
        slots: npt.NDArray[np.int64] = 2 * (before + self.utterance) + is_said
        return slots

    def only(self, utterances: Mask) -> Table:
        """As if no others had a transcript. All keep their indexes."""
        keep = utterances[self.utterance]
        return replace(
            self,
            failed=self.failed | ~utterances,
            **{name: getattr(self, name)[keep] for name in _ARRAYS[1:]},
        )

    def write(self, path: Path) -> None:
        """As a file of numpy's format .npz, to be read by `read`."""
        is_wrong = (self.kind == SUBSTITUTION) | (self.kind == INSERTION)
        index = np.min_scalar_type(len(self.vocabulary))
        with path.open("wb") as file:
            np.savez(
                file,
                failed=self.failed,
                sizes=self._a_row(slice(None)).astype(np.int32),
                kind=self.kind,
                said=self.reference[self.kind != INSERTION].astype(index),
                misheard=self.hypothesis[is_wrong].astype(index),
                confidence=self.confidence[self.kind != DELETION],
                vocabulary=np.frombuffer(
                    "\n".join(self.vocabulary).encode(), dtype=np.uint8
                ),
            )

    def _a_row(self, events: Mask | slice) -> npt.NDArray[np.int64]:
        """How many of these events each utterance has."""
        return np.bincount(self.utterance[events], minlength=len(self))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.vocabulary)}


def _ratio(
    sums: npt.NDArray[np.number], numbers: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """NaN where it is of none."""
    ratio = np.full(len(sums), np.nan)
    np.divide(sums, numbers, out=ratio, where=numbers > 0)
    return ratio


class Builder:
    """Makes a table, utterance by utterance: 13 bytes of memory for each event.

    >>> builder = Builder()
    >>> builder.add("CSI", ["so", "long"], ["so", "wrong", "then"], [0.9, 0.4, 0.5])
    >>> builder.fail()
    >>> table = builder.table()
    >>> table.counts.tolist(), table.failed.tolist()
    ([[2, 1, 0, 1], [0, 0, 0, 0]], [False, True])
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._failed = array("b")
        self._sizes = array("i")
        self._kinds = array("B")
        self._said = array("i")
        self._heard = array("i")
        self._confidence = array("f")

    def add(
        self,
        edits: str,
        reference: Sequence[str],
        hypothesis: Sequence[str],
        confidences: Iterable[float] | None = None,
    ) -> None:
        """The next utterance: the words of both sides, and `alignment.Edits` of them.

        `confidences` are those of the words of the hypothesis, NaN where unknown.
        """
        numbers = self._numbers
        self._failed.append(False)
        self._sizes.append(len(edits))
        self._kinds.frombytes(edits.encode("ascii").translate(_LETTERS))
        self._said.extend([numbers.setdefault(w, len(numbers)) for w in reference])
        self._heard.extend([numbers.setdefault(w, len(numbers)) for w in hypothesis])
        known = [np.nan] * len(hypothesis) if confidences is None else confidences
        self._confidence.extend(known)

    def fail(self) -> None:
        """The next utterance has no transcript."""
        self._failed.append(True)
        self._sizes.append(0)

    def table(self) -> Table:
        """What was added so far. Raises ValueError where edits do not fit the words."""
        if any("\n" in word for word in self._numbers):
            raise ValueError("A word holds the end of a line")
        kind = np.array(self._kinds, dtype=np.uint8)
        heard = np.array(self._heard, dtype=np.int32)
        if len(heard) != np.count_nonzero(kind != DELETION):
            raise ValueError("The edits do not fit the words that were heard")
        is_wrong = kind[kind != DELETION] != EQUAL
        return _table(
            failed=np.array(self._failed, dtype=bool),
            sizes=np.array(self._sizes, dtype=np.int32),
            kind=kind,
            said=np.array(self._said, dtype=np.int32),
            misheard=heard[is_wrong],
            confidence=np.array(self._confidence, dtype=np.float32),
            vocabulary=tuple(self._numbers),
        )


def read(path: Path) -> Table:
    """The table that `Table.write` wrote.

    Raises ValueError if the file is damaged or no such table, OSError if it cannot
    be read.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in _FILE}
            words = file["vocabulary"].tobytes().decode()
    except (BadZipFile, EOFError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"No table: {error}") from error
    for name, kinds in _FILE.items():
        if arrays[name].ndim != 1 or arrays[name].dtype.kind != kinds:
            raise ValueError(f"No table: its {name} have another shape or type")
    return _table(**arrays, vocabulary=tuple(words.split("\n")) if words else ())


def _table(
    failed: npt.NDArray[np.bool_],
    sizes: npt.NDArray[np.integer],
    kind: npt.NDArray[np.integer],
    said: npt.NDArray[np.integer],
    misheard: npt.NDArray[np.integer],
    confidence: npt.NDArray[np.floating],
    vocabulary: tuple[str, ...],
) -> Table:
    """The table of columns from which what follows from others is left out."""
    said, misheard = said.astype(np.int32), misheard.astype(np.int32)
    is_wrong = (kind == SUBSTITUTION) | (kind == INSERTION)
    fits = (
        len(failed) == len(sizes)
        and (not len(sizes) or sizes.min() >= 0)
        and sizes.sum(dtype=np.int64) == len(kind)
        and not sizes[failed].any()
        and (not len(kind) or kind.max() <= DELETION)
        and len(said) == np.count_nonzero(kind != INSERTION)
        and len(misheard) == np.count_nonzero(is_wrong)
        and len(confidence) == np.count_nonzero(kind != DELETION)
        and max(said.max(initial=NONE), misheard.max(initial=NONE)) < len(vocabulary)
    )
    if not fits:
        raise ValueError("The columns of the table do not fit each other")
    reference = np.full(len(kind), NONE, dtype=np.int32)
    reference[kind != INSERTION] = said
    hypothesis = np.where(kind == EQUAL, reference, np.int32(NONE))
    hypothesis[is_wrong] = misheard
    all_confidence = np.full(len(kind), np.nan, dtype=np.float32)
    all_confidence[kind != DELETION] = confidence
    return Table(
        failed=failed,
        utterance=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
        kind=kind.astype(np.uint8),
        reference=reference,
        hypothesis=hypothesis,
        confidence=all_confidence,
        vocabulary=vocabulary,
    )


def side_by_side(tables: Sequence[Table]) -> list[Table]:
    """Tables of one test that can be compared: one vocabulary, the same utterances.

    What one model could not recognise is left out of all. Words get the same index
    everywhere. Raises ValueError if the tables are not of the same references.
    """
    if len({len(table) for table in tables}) > 1:
        raise ValueError("The tables have different utterances")
    failed = np.logical_or.reduce([table.failed for table in tables])
    both = [
        table if (table.failed == failed).all() else table.only(~failed)
        for table in _of_one_vocabulary(tables)
    ]
    first = both[0].reference[both[0].kind != INSERTION]
    for table in both[1:]:
        if not np.array_equal(first, table.reference[table.kind != INSERTION]):
            raise ValueError("The tables have different references")
    return both


def _of_one_vocabulary(tables: Sequence[Table]) -> Sequence[Table]:
    if all(table.vocabulary == tables[0].vocabulary for table in tables):
        return tables
    numbers: dict[str, int] = {}
    # One more for NONE, which is the last by its index.
    lookups = [
        np.array(
            [*(numbers.setdefault(w, len(numbers)) for w in table.vocabulary), NONE],
            dtype=np.int32,
        )
        for table in tables
    ]
    vocabulary = tuple(numbers)
    return [
        replace(
            table,
            reference=lookup[table.reference],
            hypothesis=lookup[table.hypothesis],
            vocabulary=vocabulary,
        )
        for table, lookup in zip(tables, lookups, strict=True)
    ]
