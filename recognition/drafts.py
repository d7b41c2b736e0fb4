"""Drafts of what is still being spoken, calm enough to be read. Pure."""

from __future__ import annotations

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
    """

    def __init__(self, locale: str) -> None:
        self._glue = "" if unit(locale) == "character" else " "
        self._before: list[str] = []
        self._agreed: list[str] = []

    def add(self, draft: str) -> str:
        """The text to show for a new draft."""
        words = draft.split() if self._glue else list(draft)
        pairs = zip(self._before[:-1], words[:-1], strict=False)
        both = [word for word, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
        self._agreed += both[len(self._agreed) :]
        self._before = words
        return self._glue.join([*self._agreed, *words[len(self._agreed) :]])
