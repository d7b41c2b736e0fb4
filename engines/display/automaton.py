"""All patterns of a dataset as one machine that reads what was spoken.

A state is a place in a pattern. From it, moves consume one symbol of the lattice:
a character, `DIGIT`, `LETTER`, a character of a range, a whole word, or the sound
of a word. Symbols and spaces of a pattern need not be spoken, so what stands
between two consumed symbols is written by the move that follows; not so between the
letters of one word (`a m` is A.M., but `am` is not). An optional group of which
nothing was spoken writes nothing.

The machine is never run with backtracking: `match.py` keeps sets of states.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from engines.display.patterns import (
    Case,
    Character,
    Digit,
    Group,
    Letter,
    Node,
    Pattern,
    Range,
    Spoken,
)
from engines.display.words import cores, is_character
from scoring.locale import language_of

# Keys of moves. A character is its own key; these are longer than one.
DIGIT = "\\d"
LETTER = "\\a"
WORD = "="  # and the folded word
SOUND = "~"  # and how the word sounds

START = 0


class Move(NamedTuple):
    """A way out of a state."""

    target: int
    before: str  # written for symbols that were not spoken
    written: str | None  # None: the character as it came
    case: Case


@dataclass
class Moves:
    """All ways out of a state, in the order of the pattern."""

    by_key: dict[str, list[Move]] = field(default_factory=dict)
    ranges: list[tuple[Range, Move]] = field(default_factory=list)
    accepted: int | None = None  # the number of the pattern that may end here
    ending: str = ""  # what is written when it does


class _Step(NamedTuple):
    """What one symbol does, before the ways to it are known."""

    key: str | Range
    target: int
    written: str | None
    case: Case = "a"


class _Skip(NamedTuple):
    """A way that consumes nothing."""

    target: int
    written: str = ""


def key_of(character: str) -> str:
    """Without case, if that leaves one character.

    >>> key_of("A"), key_of("\\u2019")
    ('a', "'")
    """
    lower = character.lower()
    return "'" if lower == "\u2019" else lower if len(lower) == 1 else character


def sound(word: str) -> str:
    """English words that share it sound the same. Only a few safe rules of spelling
    are known; words that sound alike by other rules are told apart.

    >>> sound("joe") == sound("JO"), sound("kat") == sound("cat")
    (True, True)
    >>> sound("mate") == sound("mat")
    False
    """
    key = re.sub(r"[^a-z]", "", word.lower())
    key = re.sub(r"(?<=[aeiou])e$|(?<=[ao])h$", "", key)
    key = re.sub(r"c(?=[eiy])", "s", key.replace("ph", "f")).replace("c", "k")
    return re.sub(r"(.)\1+", r"\1", key.replace("q", "k"))


class Automaton:
    """The patterns as one machine; earlier ones come first."""

    def __init__(self, patterns: Sequence[Pattern], locale: str) -> None:
        self._locale = locale
        self._is_english = language_of(locale) == "en"
        self._has_sounds = False
        self._steps: list[list[_Step]] = []
        self._skips: list[list[_Skip]] = []
        self._moves: dict[int, Moves] = {}
        self._ends: dict[int, int] = {}
        # Between two letters of a literal: no word begins or ends here.
        self.inside_word: list[bool] = []
        self._new()
        for number, pattern in enumerate(patterns):
            first, last = self._new(), self._new()
            self._skips[START].append(_Skip(first))
            self._ends[last] = number
            # A pattern of letters alone would rewrite a word wherever it stands.
            self._has_sounds = self._is_english and not all(
                map(_is_letter, _leaves(pattern.alternatives))
            )
            for nodes in pattern.alternatives:
                self._sequence(nodes, first, last)

    def moves(self, state: int) -> Moves:
        """Found out when first asked for: most states are never reached."""
        found = self._moves.get(state)
        if found is None:
            found = self._moves[state] = self._reach(state)
        return found

    def _reach(self, state: int) -> Moves:
        """Everything that can be read next; of several ways the first counts."""
        moves = Moves()
        seen: set[int] = set()
        ways = [(state, "")]
        while ways:
            at, before = ways.pop()
            if at in seen:
                continue
            seen.add(at)
            if at in self._ends and moves.accepted is None:
                moves.accepted, moves.ending = self._ends[at], before
            for step in self._steps[at]:
                move = Move(step.target, before, step.written, step.case)
                if isinstance(step.key, Range):
                    moves.ranges.append((step.key, move))
                else:
                    moves.by_key.setdefault(step.key, []).append(move)
            for skip in reversed(self._skips[at]):
                ways.append((skip.target, before + skip.written))
        return moves

    def _new(self) -> int:
        self._steps.append([])
        self._skips.append([])
        self.inside_word.append(False)
        return len(self._steps) - 1

    def _sequence(self, nodes: Sequence[Node], start: int, end: int) -> None:
        places = [start, *(self._new() for _ in nodes[1:]), end]
        for node, here, there in zip(nodes, places, places[1:], strict=False):
            self._node(node, here, there)
        first = 0
        for at in range(1, len(nodes) + 1):
            if at == len(nodes) or not (
                _is_letter(nodes[at]) and _is_letter(nodes[first])
            ):
                self._literal(nodes[first:at], places[first : at + 1])
                first = at

    def _literal(self, nodes: Sequence[Node], places: Sequence[int]) -> None:
        """Letters in a row are one word, or two where a capital follows a small."""
        word = "".join(node.character for node in nodes if isinstance(node, Character))
        if len(word) < 2:
            return
        for place, left, right in zip(places[1:], word, word[1:], strict=False):
            self.inside_word[place] = not (left.islower() and right.isupper())
        if self._has_sounds and word.isascii():
            step = _Step(SOUND + sound(word), places[-1], word)
            self._steps[places[0]].append(step)

    def _node(self, node: Node, here: int, there: int) -> None:
        if isinstance(node, Group):
            self._group(node, here, there)
        elif isinstance(node, Spoken):
            self._spoken(node, here, there)
        elif isinstance(node, Digit):
            self._steps[here].append(_Step(DIGIT, there, None))
        elif isinstance(node, Letter):
            self._steps[here].append(_Step(LETTER, there, None, node.case))
        elif isinstance(node, Range):
            self._steps[here].append(_Step(node, there, None))
        else:
            self._character(node.character, here, there)

    def _character(self, character: str, here: int, there: int) -> None:
        if not character.isspace():
            step = _Step(key_of(character), there, character)
            self._steps[here].append(step)
        if not character.isalnum():
            self._skips[here].append(_Skip(there, character))

    def _spoken(self, node: Spoken, here: int, there: int) -> None:
        words = cores(node.words, self._locale)
        for word in words[:-1]:
            after = self._new()
            self._steps[here].append(_Step(WORD + word, after, ""))
            here = after
        self._steps[here].append(_Step(WORD + words[-1], there, node.written))

    def _group(self, node: Group, here: int, there: int) -> None:
        """The way past an optional group is before the way through it."""
        first, last = here, there
        if node.suffix in ("*", "+"):
            first = self._new()
            last = first if node.suffix == "*" else self._new()
            self._skips[here].append(_Skip(first))
            self._skips[last].append(_Skip(there))
        if node.suffix == "?":
            self._skips[here].append(_Skip(there))
        for nodes in node.alternatives:
            self._sequence(nodes, first, last)
        if node.suffix == "+":
            self._skips[last].append(_Skip(first))


def _leaves(alternatives: Sequence[Sequence[Node]]) -> Iterator[Node]:
    """What is spoken in a pattern, without its symbols and groups."""
    for node in chain.from_iterable(alternatives):
        if isinstance(node, Group):
            yield from _leaves(node.alternatives)
        elif not isinstance(node, Character) or node.character.isalnum():
            yield node


def _is_letter(node: Node) -> bool:
    if not isinstance(node, Character):
        return False
    return node.character.isalpha() and not is_character(node.character)
