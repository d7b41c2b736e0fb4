"""A project's own equivalences: spellings that are the same word to its people.

One a line, `okay = ok` or `metoprolol = metro pole all = metropolol`. Sides are
compared as words (`normalization.words`), so case, signs and the spelling of numbers
do not matter. Each side stands for the first one, in reference and hypothesis; where
several begin at one word, the longest holds. What was put in place is not looked at
again, so rules cannot go in circles: lines that share a side are one rule, and the
first side of the first of them stands for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from scoring.normalization import words
from scoring.rewriting import Rewriting

MOST_LINES = 1000
MOST_SIDES = 20  # of a line
MOST_WORDS = 20  # of a side

_Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The compared words of each side of a line, two or more; the first stands."""

    sides: tuple[_Words, ...]


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with a line, for the person who wrote it; lines count from 1."""

    line: int
    message: str


@lru_cache(maxsize=32)  # pages of tests ask each time
def parse(
    text: str, locale: str
) -> tuple[tuple[Equivalence, ...], tuple[LineError, ...]]:
    """The equivalences of a text and what is wrong with its other lines.

    >>> parse("okay = O.K.\\n\\ncolour", "en-GB")
    ... # doctest: +NORMALIZE_WHITESPACE
    ((Equivalence(sides=(('okay',), ('o', 'k'))),),
     (LineError(line=3, message='There is no "=" between two spellings.'),))
    """
    found: list[Equivalence] = []
    errors: list[LineError] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        sides = [tuple(words(side, locale)) for side in line.split("=")]
        problem = _problem(sides)
        if problem:
            errors.append(LineError(number, problem))
        elif len(found) == MOST_LINES:
            message = f"There are more than {MOST_LINES:,} equivalences."
            errors.append(LineError(number, message))
            break
        else:
            found.append(Equivalence(tuple(dict.fromkeys(sides))))
    return tuple(found), tuple(errors)


def _problem(sides: Sequence[_Words]) -> str:
    if len(sides) < 2:
        return 'There is no "=" between two spellings.'
    if not all(sides):
        return 'A side of "=" has no words.'
    if len(sides) > MOST_SIDES:
        return f"There are more than {MOST_SIDES} spellings."
    if max(map(len, sides)) > MOST_WORDS:
        return f"A spelling has more than {MOST_WORDS} words."
    if len(set(sides)) == 1:
        return "All spellings are the same without this rule."
    return ""


@dataclass(slots=True)
class _Node:
    """A place in the tree of all sides, word by word."""

    following: dict[str, _Node] = field(default_factory=dict)
    side: _Words | None = None


class Rules:
    """Equivalences made ready: linear in the text, however many there are."""

    def __init__(self, equivalences: Sequence[Equivalence]) -> None:
        self._equivalences = equivalences
        self._standing = _standing(equivalences)
        self._root = _Node()
        for side in self._standing:
            node = self._root
            for word in side:
                node = node.following.setdefault(word, _Node())
            node.side = side

    def rewritings(
        self, text: Sequence[str], changed: Mapping[_Words, _Words | None] | None = None
    ) -> list[Rewriting]:
        """What of these words is rewritten; `changed` is as `without` gives it."""
        if self._root.following.keys().isdisjoint(text):
            return []
        changed = changed or {}
        found: list[Rewriting] = []
        at = 0
        while at < len(text):
            side = self._longest(text, at, changed)
            if side is None:
                at += 1
                continue
            standing = changed.get(side) or self._standing[side]
            found.append(Rewriting(at, at + len(side), standing))
            at += len(side)
        return found

    def without(self) -> list[dict[_Words, _Words | None]]:
        """For each equivalence what changes when it is left out.

        That is, what stands for a side then; None where nothing does. Lines that have
        no side in common do not change each other.
        """
        groups: dict[_Words, list[int]] = defaultdict(list)
        for number, equivalence in enumerate(self._equivalences):
            groups[self._standing[equivalence.sides[0]]].append(number)
        changes: list[dict[_Words, _Words | None]] = [{} for _ in self._equivalences]
        for numbers in groups.values():
            sides = {s for n in numbers for s in self._equivalences[n].sides}
            for left_out in numbers:
                rest = [self._equivalences[n] for n in numbers if n != left_out]
                standing = _standing(rest)
                changes[left_out] = {
                    side: standing.get(side)
                    for side in sides
                    if standing.get(side) != self._standing[side]
                }
        return changes

    def _longest(
        self,
        text: Sequence[str],
        at: int,
        changed: Mapping[_Words, _Words | None],
    ) -> _Words | None:
        node, found = self._root, None
        for index in range(at, len(text)):
            following = node.following.get(text[index])
            if following is None:
                break
            node = following
            if node.side and changed.get(node.side, node.side) is not None:
                found = node.side
        return found


def _standing(equivalences: Iterable[Equivalence]) -> dict[_Words, _Words]:
    """For each side the one that stands for it: groups that meet become one."""
    above: dict[_Words, _Words] = {}

    def first(side: _Words) -> _Words:
        while above[side] != side:
            above[side] = above[above[side]]  # the next look is shorter
            side = above[side]
        return side

    order: dict[_Words, int] = {}
    for equivalence in equivalences:
        for side in equivalence.sides:
            order.setdefault(side, len(order))
            above.setdefault(side, side)
            one, other = first(equivalence.sides[0]), first(side)
            if order[other] < order[one]:
                one, other = other, one
            above[other] = one
    return {side: first(side) for side in above}
