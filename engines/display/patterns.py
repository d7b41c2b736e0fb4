r"""The pattern language of custom ITN: the written form that is wanted.

    JO:500              letters, digits and symbols as they are to be written
    JO:[5-7]00          one character of a range; several may stand together: [05a-f]
    \d \l \u \a         a digit; a letter written lower, upper, or as it came
    (AB|CD)-(\d)+       a group of alternatives; behind a group, and only there, may
                        stand ? (or nothing), + (once or more), * (any number)
    {zippy>ZPI}-\d\d    words that are spoken, and what is written for them
    {write} (\u.)+      words that are spoken and left out
    \\ \( \) \{ \} \| \+ \? \*    the character itself; so are \[ \] \> and, inside
                        brackets, \-

How the written form is spoken is not said by the user; `lattice.py` tells. A `|`
outside a group parts the whole pattern. Spaces at its ends do not count. A pattern
has at most 300 characters and groups 20 deep.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/display-text-format
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, TypeAlias

MAX_CHARACTERS = 300
MAX_DEPTH = 20

Case = Literal["a", "l", "u"]
Suffix = Literal["", "?", "+", "*"]

_ESCAPED = "\\(){}|+?*[]>"
_SUFFIXES: dict[str, Suffix] = {"?": "?", "+": "+", "*": "*"}
_CASES: dict[str, Case] = {"a": "a", "l": "l", "u": "u"}


class PatternError(Exception):
    """The pattern cannot be used; message and advice are fit for the user.

    `column` is the place in the pattern, from 1.
    """

    def __init__(self, message: str, column: int, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.advice = advice


@dataclass(frozen=True)
class Character:
    """A character that is written as it is."""

    character: str


@dataclass(frozen=True)
class Digit:
    """`\\d`"""


@dataclass(frozen=True)
class Letter:
    """`\\a`, `\\l`, `\\u`"""

    case: Case


@dataclass(frozen=True)
class Range:
    """`[...]`: from the first to the second character of each pair."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Spoken:
    """`{spoken>written}`"""

    words: str
    written: str


@dataclass(frozen=True)
class Group:
    alternatives: tuple[tuple[Node, ...], ...]
    suffix: Suffix


Node: TypeAlias = "Character | Digit | Letter | Range | Spoken | Group"


@dataclass(frozen=True)
class Pattern:
    """A pattern as it was understood."""

    text: str
    alternatives: tuple[tuple[Node, ...], ...]


def parse(pattern: str) -> Pattern:
    r"""Read a pattern. Raises PatternError.

    >>> parse(r"A\d").alternatives
    ((Character(character='A'), Digit()),)
    >>> parse("(A")
    Traceback (most recent call last):
    engines.display.patterns.PatternError: the group is not closed
    """
    pattern = unicodedata.normalize("NFC", pattern)
    if len(pattern) > MAX_CHARACTERS:
        message = f"the pattern has more than {MAX_CHARACTERS} characters"
        raise PatternError(message, MAX_CHARACTERS + 1, "make several patterns of it")
    start = len(pattern) - len(pattern.lstrip())
    parser = _Parser(pattern.rstrip(), start)
    alternatives = parser.alternatives(0)
    if parser.at < len(parser.text):
        raise parser.error(r"this ) closes no group", r"write \) for the character")
    if not all(any(map(_is_spoken, nodes)) for nodes in alternatives):
        advice = "add a letter, a digit or words in braces"
        raise PatternError("nothing of the pattern is spoken", start + 1, advice)
    return Pattern(pattern, alternatives)


def _is_spoken(node: Node) -> bool:
    if isinstance(node, Group):
        return any(any(map(_is_spoken, nodes)) for nodes in node.alternatives)
    return not isinstance(node, Character) or node.character.isalnum()


class _Parser:
    """A cursor that goes through the pattern once."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    def error(self, message: str, advice: str, at: int | None = None) -> PatternError:
        return PatternError(message, (self.at if at is None else at) + 1, advice)

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def alternatives(self, depth: int) -> tuple[tuple[Node, ...], ...]:
        """Up to the end of the group, or of the pattern."""
        found: list[tuple[Node, ...]] = []
        while True:
            nodes: list[Node] = []
            while self.next and self.next not in "|)":
                nodes.append(self.node(depth))
            if not nodes and (depth or found or self.next == "|"):
                message = "there is nothing between ( or | and the next | or )"
                advice = "write something there, or put ? behind the group"
                raise self.error(message, advice)
            found.append(tuple(nodes))
            if self.next != "|":
                return tuple(found)
            self.take()

    def node(self, depth: int) -> Node:
        mark = self.take()
        if mark == "(":
            return self.group(depth + 1)
        if mark == "[":
            return self.range()
        if mark == "{":
            return self.spoken()
        if mark == "\\":
            return self.escape()
        if mark in _SUFFIXES:
            message = f"this {mark} does not follow a group"
            advice = rf"write ( ){mark} around what it is about, or \{mark} for the "
            raise self.error(message, advice + "character", self.at - 1)
        if mark in "]}":
            message = f"this {mark} closes nothing"
            advice = rf"write \{mark} for the character"
            raise self.error(message, advice, self.at - 1)
        return Character(mark)

    def group(self, depth: int) -> Group:
        start = self.at - 1
        if depth > MAX_DEPTH:
            message = f"groups are nested more than {MAX_DEPTH} deep"
            raise self.error(message, "make several patterns of it", start)
        alternatives = self.alternatives(depth)
        if not self.next:
            advice = r"add a ), or write \( for the character"
            raise self.error("the group is not closed", advice, start)
        self.take()
        if self.next not in _SUFFIXES:
            return Group(alternatives, "")
        return Group(alternatives, _SUFFIXES[self.take()])

    def escape(self) -> Node:
        start = self.at - 1
        if not self.next:
            message = "nothing follows the backslash"
            raise self.error(message, r"write \\ for the character", start)
        mark = self.take()
        if mark == "d":
            return Digit()
        if mark in _CASES:
            return Letter(_CASES[mark])
        if mark in _ESCAPED:
            return Character(mark)
        message = rf"\{mark} is not known"
        advice = r"there are \d \l \u \a and \\ \( \) \{ \} \| \+ \? \*"
        raise self.error(message, advice, start)

    def range(self) -> Range:
        start = self.at - 1
        pairs: list[tuple[str, str]] = []
        while self.next != "]":
            first, place = self.range_end(start), self.at - 1
            if self.next != "-" or self.text[self.at + 1 : self.at + 2] in ("", "]"):
                pairs.append((first, first))
                continue
            self.take()
            last = self.range_end(start)
            if last < first:
                message = f"the range {first}-{last} goes backwards"
                raise self.error(message, f"write {last}-{first}", place)
            pairs.append((first, last))
        self.take()
        if not pairs:
            advice = r"write characters such as [5-7], or \[\] for brackets"
            raise self.error("the range is empty", advice, start)
        return Range(tuple(pairs))

    def range_end(self, start: int) -> str:
        """One character inside brackets."""
        mark = self.inner("the bracket is not closed", r"add a ], or write \[", start)
        if mark[0] == "\\" and mark[1] not in f"-{_ESCAPED}":
            message = rf"\{mark[1]} cannot stand inside brackets"
            advice = "write the characters themselves, such as 0-9 or a-z"
            raise self.error(message, advice, self.at - 2)
        return mark[-1]

    def inner(self, message: str, advice: str, start: int) -> str:
        """One character, or two when the first is a backslash."""
        has_backslash = self.next == "\\"
        if len(self.text) <= self.at + has_backslash:
            raise self.error(message, f"{advice} for the character", start)
        return self.take() + (self.take() if has_backslash else "")

    def spoken(self) -> Spoken:
        start = self.at - 1
        parts = [""]
        while self.next != "}":
            advice = r"add a }, or write \{"
            mark = self.inner("the brace is not closed", advice, start)
            if mark == ">" and len(parts) == 2:
                raise self.error(
                    "there is a second > in the braces", r"write \>", self.at - 1
                )
            if mark == "{":
                message = "there is a brace inside of braces"
                raise self.error(message, r"write \{ for the character", self.at - 1)
            if mark[0] == "\\" and mark[1] not in _ESCAPED:
                message = rf"\{mark[1]} cannot stand inside braces"
                advice = r"write words as they are spoken; \\ is a backslash"
                raise self.error(message, advice, self.at - 2)
            if mark == ">":
                parts.append("")
            else:
                parts[-1] += mark[-1]
        self.take()
        if not any(c.isalnum() for c in parts[0]):
            message = "nothing is spoken in the braces"
            raise self.error(message, "write the spoken words before the >", start)
        return Spoken(parts[0].strip(), parts[1] if len(parts) == 2 else "")
