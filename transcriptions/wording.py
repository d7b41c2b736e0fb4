"""How a phrase is written: its forms, as the options of a transcription want them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from html import escape

from engines.base import Word
from engines.display.forms import Forms, Writer
from engines.display.profanity import Mode
from transcriptions.phrases import Phrase

# What the reference calls them.
_MODES: dict[str, Mode] = {
    "None": "raw",
    "Masked": "masked",
    "Removed": "removed",
    "Tags": "raw",
}
_MARKS = '.,;:!?…"“”„‟«»()[]{}¿¡。，、？！：；「」『』–—'  # noqa: RUF001
_CORE = re.compile(rf"^[{re.escape(_MARKS)}]*(.*?)[{re.escape(_MARKS)}]*$")


@dataclass(frozen=True)
class Written:
    """A phrase in all its forms. `shown` are the words of the display form; times are
    in seconds from the start of the recording."""

    phrase: Phrase
    forms: Forms
    words: tuple[Word, ...]
    shown: tuple[Word, ...]


class Wording:
    """Writes the phrases of one transcription.

    `profanity` is None, Masked, Removed or Tags, in the words of the reference.
    """

    def __init__(self, writer: Writer, profanity: str, is_punctuated: bool) -> None:
        self._writer = writer
        self._profanity = profanity
        self._is_punctuated = is_punctuated

    def written(self, phrase: Phrase) -> Written:
        forms = self._writer.forms(phrase.text, _MODES[self._profanity])
        display = forms.display
        if self._profanity == "Tags":
            masked = self._writer.forms(phrase.text, "masked").display
            display = tagged(display, masked)
        if not self._is_punctuated:
            display = unpunctuated(display)
        words = tuple(self._writer.lexical_words(phrase.words))
        forms = replace(forms, display=display)
        return Written(phrase, forms, words, tuple(timed(display, phrase)))


def unpunctuated(text: str) -> str:
    """Without the marks around words; those inside belong to them.

    >>> unpunctuated("“Well,” he said: it's 3.50 - right?")
    "Well he said it's 3.50 - right"
    """
    cores = (_core(token) for token in text.split())
    return " ".join(core for core in cores if core)


def tagged(raw: str, masked: str) -> str:
    """The text with tags around what is masked in its other form.

    >>> tagged("oh damn, no", "oh ****, no")
    'oh <profanity>damn</profanity>, no'
    """
    one, other = raw.split(), masked.split()
    if len(one) != len(other):
        return escape(raw, quote=False)
    return " ".join(_tagged(a, b) for a, b in zip(one, other, strict=True))


def _tagged(raw: str, masked: str) -> str:
    if raw == masked:
        return escape(raw, quote=False)
    core = _core(raw)
    before, _, after = raw.partition(core)
    parts = [escape(part, quote=False) for part in (before, core, after)]
    return f"{parts[0]}<profanity>{parts[1]}</profanity>{parts[2]}"


def timed(display: str, phrase: Phrase) -> Iterator[Word]:
    """The words of the display form, each with the time in which it is spoken.

    Where several spoken words became others ("twenty dollars", "$20"), those share
    their time evenly.
    """
    tokens = display.split()
    spoken = [word for word in phrase.words if word.text.strip()]
    if not spoken or not tokens:
        return
    matcher = SequenceMatcher(
        None, [_same(word.text) for word in spoken], [_same(t) for t in tokens], False
    )
    for _, first, last, low, high in matcher.get_opcodes():
        yield from _shared(spoken, first, last, tokens[low:high])


def _shared(
    spoken: Sequence[Word], first: int, last: int, tokens: Sequence[str]
) -> Iterator[Word]:
    """The tokens in the time of the words `first` to `last`, the latter not included;
    of no words: in the moment between their neighbours."""
    if not tokens:
        return
    run = spoken[first:last]
    if len(run) == len(tokens):
        for word, token in zip(run, tokens, strict=True):
            yield replace(word, text=token)
        return
    start = run[0].start if run else spoken[first - 1].end if first else spoken[0].start
    end = run[-1].end if run else start
    sure = min(word.probability for word in run) if run else 0.0
    step = (end - start) / len(tokens)
    for number, token in enumerate(tokens):
        yield Word(token, start + number * step, start + (number + 1) * step, sure)


def _same(text: str) -> str:
    return _core(text.strip()).casefold()


def _core(token: str) -> str:
    found = _CORE.match(token)
    return found[1] if found else token
