"""Drafts of what is still being spoken, calm enough to be read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from scoring.normalization import unit


class Agreement:
    """What two drafts in a row agree on stays as it is; behind it, the last one counts.
    Nobody agrees on the last word of a draft, which may be half a word.

    Reference: Liu et al. (2020), Low-Latency Sequence-to-Sequence Speech Recognition
    and Translation by Partial Hypothesis Selection ("local agreement").

    >>> drafts = Agreement("en-US")
    >>> [drafts.add(text) for text in ("the can", "the cat sat", "a cat sat on")]
    ['the can', 'the cat sat', 'the cat sat on']

    A draft with a word more or less than what was agreed on repeats and loses none; one
    that only has less to say changes nothing.

    >>> [drafts.add(text) for text in ("so the cat sat on a mat", "the cat sat on a")]
    ['the cat sat on a mat', 'the cat sat on a mat']
    """

    def __init__(self, locale: str) -> None:
        self._glue = "" if unit(locale) == "character" else " "
        self._before: list[str] = []
        self._agreed: list[str] = []
        self._shown: list[str] = []

    def add(self, draft: str) -> str:
        """The text to show for a new draft."""
        words = draft.split() if self._glue else list(draft)
        pairs = zip(self._before[:-1], words[:-1], strict=False)
        both = [word for word, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
        self._agreed += both[_reach(self._agreed, both) :]
        self._before = words
        text = [*self._agreed, *words[_reach(self._agreed, words) :]]
        if self._shown[: len(text)] != text:
            self._shown = text
        return self._glue.join(self._shown)


def _reach(agreed: Sequence[str], words: Sequence[str]) -> int:
    """How many of `words` say what was agreed on: those that are fewest edits away from
    it; of several, those that end with the same word, or are as many.

    >>> _reach("because of".split(), "so because of wheezing".split())
    3
    """
    row = list(range(len(words) + 1))
    for done, word in enumerate(agreed, start=1):
        above, row = row, [done]
        for at, other in enumerate(words, start=1):
            changed = above[at - 1] + (word != other)
            row.append(min(changed, above[at] + 1, row[at - 1] + 1))

    def order(at: int) -> tuple[int, bool, int]:
        ends_alike = at > 0 and words[at - 1] == agreed[-1]
        return row[at], not ends_alike, abs(at - len(agreed))

    return min(range(len(row)), key=order) if agreed else 0
