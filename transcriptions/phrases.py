"""What was heard, cut into phrases: about a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engines.base import Transcript, Word

# Whoever is silent for so long between two words has ended something.
_PAUSE_SECONDS = 1.0
_ENDS = (".", "?", "!", "…", "。", "？", "！")  # noqa: RUF001
_CLOSING = " \"'”’»)]"  # noqa: RUF001
_TITLE_LETTERS = 3  # "Dr.", "Mr.", "St."


@dataclass(frozen=True)
class Phrase:
    """Times are in seconds from the start of the recording. Joining the `words` gives
    the text; an engine that tells no times of words has none."""

    channel: int
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()

    @property
    def confidence(self) -> float:
        return confidence(self.words)


def confidence(words: Sequence[Word]) -> float:
    """From 0 to 1: as in the reference the mean of the words; 0 without any."""
    return sum(word.probability for word in words) / len(words) if words else 0.0


def phrases(
    heard: Transcript, channel: int, start: float, end: float
) -> Iterator[Phrase]:
    """The phrases of a segment that lies from `start` to `end` in its recording."""
    if not heard.text.strip():
        return
    if not heard.words:
        yield Phrase(channel, start, end, heard.text.strip())
        return
    words = [
        Word(word.text, start + word.start, start + word.end, word.probability)
        for word in heard.words
    ]
    for run in _sentences(words):
        text = "".join(word.text for word in run).strip()
        if text:
            yield Phrase(channel, run[0].start, run[-1].end, text, tuple(run))


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    run = [words[0]]
    for word, following in pairwise(words):
        if _ends(word.text) or following.start - word.end >= _PAUSE_SECONDS:
            yield run
            run = []
        run.append(following)
    yield run


def _ends(text: str) -> bool:
    """Whether a word ends a sentence.

    >>> [_ends(word) for word in (" it.", ' it."', " Dr.", " J.", " it", " 3.50")]
    [True, True, False, False, False, False]
    """
    bare = text.rstrip(_CLOSING)
    if not bare.endswith(_ENDS):
        return False
    core = bare.strip(" .")
    is_title = bare.endswith(".") and core[:1].isupper() and core.isalpha()
    return not (is_title and len(core) <= _TITLE_LETTERS)
