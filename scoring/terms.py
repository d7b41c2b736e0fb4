"""How often the terms of a domain are recognised: names, products, stations.

A term is one or more words in a row. All are looked for at once, in a tree of their
words, so that ten thousand take no longer than ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.equivalences import LineError
from scoring.normalization import unit
from scoring.normalization import words as words_of
from scoring.table import EQUAL, NONE, Ids, Mask, Table

MOST_TERMS = 2000
MOST_WORDS = 20  # of a term
_NOWHERE = -1


def parse(text: str, locale: str) -> tuple[tuple[str, ...], tuple[LineError, ...]]:
    """The terms of a text, one a line, and what is wrong with its other lines.

    Lines of the same words are one term, as the first of them writes it.

    >>> parse("Metro Station\\nmetro station\\n...", "en-US")
    (('Metro Station',), (LineError(line=3, message='There is no word.'),))
    """
    found: dict[tuple[str, ...], str] = {}
    errors: list[LineError] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        words = tuple(words_of(line, locale))
        if not words:
            errors.append(LineError(number, "There is no word."))
        elif len(words) > MOST_WORDS:
            message = f"There are more than {MOST_WORDS} {unit(locale)}s."
            errors.append(LineError(number, message))
        elif words not in found and len(found) == MOST_TERMS:
            errors.append(
                LineError(number, f"There are more than {MOST_TERMS:,} terms.")
            )
            break
        else:
            found.setdefault(words, line.strip())
    return tuple(found.values()), tuple(errors)


@dataclass(frozen=True, slots=True)
class Share:
    """How often terms are said, and by a model heard, and heard rightly."""

    said: int
    heard: int
    right: int

    @property
    def recall(self) -> float | None:
        """The share that was heard of what is said; None if nothing is."""
        return self.right / self.said if self.said else None

    @property
    def precision(self) -> float | None:
        """The share that is said of what was heard; None if nothing was."""
        return self.right / self.heard if self.heard else None


@dataclass(frozen=True, slots=True)
class Term:
    """How often it is said, and by each model heard, and heard rightly.

    It is heard rightly where it is said, and all its words are right and together.
    """

    words: tuple[str, ...]
    said: int
    heard: tuple[int, ...]
    right: tuple[int, ...]

    def share(self, model: int) -> Share:
        return Share(self.said, self.heard[model], self.right[model])


def overall(found: Sequence[Term], model: int) -> Share:
    """All these terms together."""
    return Share(
        sum(term.said for term in found),
        sum(term.heard[model] for term in found),
        sum(term.right[model] for term in found),
    )


def terms(tables: Sequence[Table], sought: Iterable[Sequence[str]]) -> list[Term]:
    """How each term was heard; terms are words as the tables have them.

    The tables are those of `table.side_by_side`. Places may overlap: "no no" is said
    twice in "no no no". A term without words is never said.
    """
    words = [tuple(term) for term in sought]
    tree = _Tree(tables[0], words)
    nodes, places = tree.find(tables[0], tables[0].reference)
    said = tree.count(nodes)
    heard, right = [], []
    for table in tables:
        heard.append(tree.count(tree.find(table, table.hypothesis)[0]))
        events = np.flatnonzero(table.reference != NONE)[places]
        right.append(tree.count(nodes[_are_right(table, events, tree.depths[nodes])]))
    return [
        Term(
            words=term,
            said=int(said[end]),
            heard=tuple(int(counts[end]) for counts in heard),
            right=tuple(int(counts[end]) for counts in right),
        )
        for term, end in zip(words, tree.ends, strict=True)
    ]


def holding_term(table: Table, words: Sequence[str]) -> Mask:
    """The utterances in which a term is said or heard."""
    return table.kept(("term", *words), lambda: _holding_term(table, words))


def _holding_term(table: Table, words: Sequence[str]) -> Mask:
    mask = np.zeros(len(table), dtype=bool)
    tree = _Tree(table, [tuple(words)])
    for column in (table.reference, table.hypothesis):
        places = tree.find(table, column)[1]
        mask[table.utterance[column != NONE][places]] = True
    return mask


class _Tree:
    """The words of terms: a node is a word after those on the way to it.

    ends: of each term the node of its last word; the root, node 0, where it has no
    words or one that never occurs.
    depths: of each node the number of words up to it.
    """

    def __init__(self, table: Table, terms: Sequence[Sequence[str]]) -> None:
        self._size = max(1, len(table.vocabulary))
        edges: dict[int, int] = {}  # from node * size + number of a word
        depths = [0]
        self.ends: list[int] = []
        for term in terms:
            node = 0
            for number in _numbers(table, term):
                parent, edge = node, node * self._size + number
                node = edges.setdefault(edge, len(depths))
                if node == len(depths):
                    depths.append(depths[parent] + 1)
            self.ends.append(node)
        self.depths = np.array(depths)
        self._is_end = np.zeros(len(depths), dtype=bool)
        self._is_end[self.ends] = True
        # One more than there are, so that the search always ends at one.
        self._edges = np.array([*sorted(edges), np.iinfo(np.int64).max])
        self._nodes = np.array([*(edges[edge] for edge in sorted(edges)), _NOWHERE])

    def find(
        self, table: Table, column: Ids
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The end and the place of each term among the words of one side."""
        is_word = column != NONE
        words = column[is_word].astype(np.int64)
        utterance = table.utterance[is_word]
        # Most words begin no term: this is quicker than a search.
        beginnings = self._after(0, np.arange(self._size))
        places = np.flatnonzero(beginnings[words] != _NOWHERE)
        nodes = beginnings[words[places]]
        ends, found = [], []
        for step in range(1, int(self.depths.max()) + 1):
            is_end = self._is_end[nodes]
            ends.append(nodes[is_end])
            found.append(places[is_end])
            inside = places + step < len(words)
            nodes, places = nodes[inside], places[inside]
            inside = utterance[places + step] == utterance[places]
            nodes, places = nodes[inside], places[inside]
            nodes = self._after(nodes, words[places + step])
            places, nodes = places[nodes != _NOWHERE], nodes[nodes != _NOWHERE]
        none = np.zeros(0, dtype=np.int64)
        return np.concatenate([none, *ends]), np.concatenate([none, *found])

    def count(self, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How often each node is among these."""
        return np.bincount(nodes, minlength=len(self.depths))

    def _after(
        self, nodes: npt.NDArray[np.int64] | int, words: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The nodes of these words after those; _NOWHERE where no term goes on so."""
        sought = nodes * self._size + words
        index = np.searchsorted(self._edges, sought)
        return np.where(self._edges[index] == sought, self._nodes[index], _NOWHERE)


def _numbers(table: Table, words: Sequence[str]) -> list[int]:
    """None at all where one of the words never occurs."""
    numbers = [table.number(word) for word in words]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(numbers) else []


def _are_right(
    table: Table, events: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> Mask:
    """Whether these events and those after them, so many in all, are right."""
    right = np.ones(len(events), dtype=bool)
    for step in range(int(lengths.max(initial=0))):
        # Beyond the end there is no right event either.
        reached = np.minimum(events + step, len(table.kind) - 1)
        is_right = (table.kind[reached] == EQUAL) & (reached == events + step)
        right &= is_right | (step >= lengths)
    return right
