"""Phrases to be found in a text: whole words, without case and punctuation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Found(NamedTuple):
    """A phrase in a text; places count words."""

    start: int
    end: int  # behind the last word
    number: int  # of the phrase, from 0


@dataclass
class _Node:
    following: dict[str, _Node] = field(default_factory=dict)
    number: int | None = None  # of the phrase that ends here


class Phrases:
    """Looks for many phrases at once; of equal ones the first counts.

    The time grows with the length of the text times that of the longest phrase,
    not with the number of phrases.
    """

    def __init__(self, phrases: Iterable[Sequence[str]]) -> None:
        self._root = _Node()
        for number, words in enumerate(phrases):
            node = self._root
            for word in words:
                node = node.following.setdefault(word, _Node())
            if node is not self._root and node.number is None:
                node.number = number

    def all(self, words: Sequence[str]) -> list[Found]:
        """Every phrase wherever it stands, overlapping ones as well.

        >>> Phrases([["a"], ["a", "b"]]).all(["a", "b"])
        [Found(start=0, end=1, number=0), Found(start=0, end=2, number=1)]
        """
        found: list[Found] = []
        for start in range(len(words)):
            node: _Node | None = self._root
            end = start
            while node is not None and end < len(words):
                node = node.following.get(words[end])
                end += 1
                if node is not None and node.number is not None:
                    found.append(Found(start, end, node.number))
        return found

    def longest(self, words: Sequence[str]) -> list[Found]:
        """From left to right; of phrases that overlap the longest counts, of equally
        long ones the first.

        >>> Phrases([["a", "b"], ["b", "c", "d"]]).longest(["a", "b", "c", "d"])
        [Found(start=1, end=4, number=1)]
        """
        taken = [False] * len(words)
        kept: list[Found] = []
        for found in sorted(self.all(words), key=lambda f: (f.start - f.end, f.start)):
            # No shorter one reaches over a longer one, so the ends tell.
            if not taken[found.start] and not taken[found.end - 1]:
                taken[found.start : found.end] = [True] * (found.end - found.start)
                kept.append(found)
        return sorted(kept)
