"""What is compared when errors are counted: the scoring level, and its rules.

| level   | what still counts                                                        |
| ------- | ------------------------------------------------------------------------ |
| display | all that a reader sees: signs, case, number format (`display.py`)        |
| plain   | words, and numbers as they are written; not case, not punctuation        |
| lexical | words as they are spoken: numbers in any spelling (`normalization.py`),  |
|         | contractions and compounds (`reconciliation.py`)                         |
| whisper | what is left by the English normaliser of Whisper (`whisper.py`)         |
| project | as lexical, with the project's own equivalences (`equivalences.py`)      |

Words of a hypothesis are compared after `reconciled`, which gives them the spelling
of the reference where both are the same; only then they are aligned and exported.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

from scoring import display, normalization, whisper
from scoring.equivalences import Equivalence, Rules
from scoring.locale import language_of
from scoring.normalization import Token
from scoring.reconciliation import rewritings
from scoring.rewriting import Rewriting, rewritten, rewritten_tokens

#: Raise it with any change of any rule: stored alignments are made anew then.
VERSION = 1


class Level(StrEnum):
    """The steps of the ladder, from all that is seen to what a project asks for."""

    DISPLAY = "display"
    PLAIN = "plain"
    LEXICAL = "lexical"
    WHISPER = "whisper"
    PROJECT = "project"


_NAMES = {
    Level.DISPLAY: "display text",
    Level.PLAIN: "case and punctuation ignored",
    Level.LEXICAL: "lexical",
    Level.WHISPER: f"Whisper English normaliser {whisper.VERSION}",
}
_RECONCILED = (Level.LEXICAL, Level.PROJECT)


def available(locale: str) -> list[Level]:
    """The levels that texts of this locale can be compared at.

    >>> [str(level) for level in available("de-DE")]
    ['display', 'plain', 'lexical', 'project']
    """
    is_english = language_of(locale) == "en"
    return [level for level in Level if is_english or level != Level.WHISPER]


@dataclass(frozen=True)
class Scale:
    """A level for texts of a locale. `equivalences` belong to the project level.

    ValueError if the locale does not have the level.

    >>> Scale("en-US").words("I'm 21."), Scale("en-US", Level.PLAIN).words("I'm 21.")
    (["i'm", 'two', 'one'], ["i'm", '21'])
    """

    locale: str
    level: Level = Level.LEXICAL
    equivalences: tuple[Equivalence, ...] = ()

    def __post_init__(self) -> None:
        if self.level not in available(self.locale):
            raise ValueError(
                f"The level {self.level} is for English, not {self.locale}."
            )
        if self.equivalences and self.level != Level.PROJECT:
            raise ValueError(f"Equivalences are of no use at the level {self.level}.")

    @property
    def name(self) -> str:
        """The level in words, to stand beside a figure.

        >>> Scale("en-US").name
        'lexical'
        """
        if self.level != Level.PROJECT:
            return _NAMES[self.level]
        size = len(self.equivalences)
        return f"lexical with {size:,} equivalence{'' if size == 1 else 's'}"

    @property
    def rate_name(self) -> Literal["TER", "WER", "CER"]:
        """What the rate of errors is called: of tokens, words or characters.

        >>> Scale("en-US", Level.DISPLAY).rate_name, Scale("ja-JP").rate_name
        ('TER', 'CER')
        """
        if self.level == Level.DISPLAY:
            return "TER"
        return normalization.rate_name(self.locale)

    @property
    def package(self) -> str:
        """The version of the package whose rules these are; empty for our own."""
        return whisper.VERSION if self.level == Level.WHISPER else ""

    @cached_property
    def digest(self) -> str:
        """Sixteen letters that are others as soon as anything is compared otherwise."""
        sides = [equivalence.sides for equivalence in self.equivalences]
        language = language_of(self.locale)
        decisive = [VERSION, language, self.level, self.package, sides]
        return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:16]

    def shown(self, text: str) -> str:
        """The text that `tokenize` gives places in: the text, or what Whisper leaves.

        >>> Scale("en-US", Level.WHISPER).shown("Okay, I'm 21!")
        'okay i am 21'
        """
        return whisper.normalized(text) if self.level == Level.WHISPER else text

    def words(self, text: str) -> list[str]:
        """The compared words in order."""
        if self.level == Level.LEXICAL:
            return normalization.words(text, self.locale)
        if self.level == Level.PROJECT:
            words = normalization.words(text, self.locale)
            return rewritten(words, self._rules.rewritings(words))
        return [token.text for token in self.tokenize(text)]

    def tokenize(self, text: str) -> list[Token]:
        """The compared words with their places in `shown(text)`."""
        if self.level == Level.DISPLAY:
            return display.tokenize(text, self.locale)
        if self.level == Level.PLAIN:
            return display.plain(display.tokenize(text, self.locale), self.locale)
        if self.level == Level.WHISPER:
            found = re.finditer(r"\S+", self.shown(text))
            return [Token(match[0], *match.span()) for match in found]
        tokens = normalization.tokenize(text, self.locale)
        if self.level == Level.PROJECT:
            words = [token.text for token in tokens]
            return rewritten_tokens(tokens, self._rules.rewritings(words))
        return tokens

    def reconciled(
        self, reference: Sequence[str], hypothesis: Sequence[str]
    ) -> list[str]:
        """The words of the hypothesis in the spelling of the reference.

        >>> Scale("en-US").reconciled(["every", "day"], ["everyday"])
        ['every', 'day']
        """
        return rewritten(hypothesis, self._respelled(reference, hypothesis))

    def reconciled_tokens(
        self, reference: Sequence[Token], hypothesis: Sequence[Token]
    ) -> list[Token]:
        """The same with tokens."""
        said = [token.text for token in reference]
        heard = [token.text for token in hypothesis]
        return rewritten_tokens(hypothesis, self._respelled(said, heard))

    @cached_property
    def _rules(self) -> Rules:
        return Rules(self.equivalences)

    def _respelled(
        self, reference: Sequence[str], hypothesis: Sequence[str]
    ) -> list[Rewriting]:
        if self.level not in _RECONCILED:
            return []
        if normalization.unit(self.locale) == "character":
            return []
        return rewritings(reference, hypothesis, language_of(self.locale))
