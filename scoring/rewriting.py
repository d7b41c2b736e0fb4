"""Some words of a text in the place of others, with their places in the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from scoring.normalization import Token


class Rewriting(NamedTuple):
    """Words from `start` up to `end`, and those that stand for them."""

    start: int
    end: int
    words: tuple[str, ...]


def rewritten(words: Sequence[str], rewritings: Sequence[Rewriting]) -> list[str]:
    """The words with these in place; they are in order, and none overlap.

    >>> rewritten(["so", "every", "day"], [Rewriting(1, 3, ("everyday",))])
    ['so', 'everyday']
    """
    result = list(words)
    for start, end, others in reversed(rewritings):
        result[start:end] = others
    return result


def rewritten_tokens(
    tokens: Sequence[Token], rewritings: Sequence[Rewriting]
) -> list[Token]:
    """The same with tokens: each new word stems from all characters of the old ones.

    >>> rewritten_tokens([Token("ok", 2, 4)], [Rewriting(0, 1, ("all", "right"))])
    [Token(text='all', start=2, end=4), Token(text='right', start=2, end=4)]
    """
    result = list(tokens)
    for start, end, words in reversed(rewritings):
        first, last = tokens[start].start, max(x.end for x in tokens[start:end])
        result[start:end] = [Token(word, first, last) for word in words]
    return result
