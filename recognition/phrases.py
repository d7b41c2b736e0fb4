"""What was recognised, as the clients of the reference product read it.

Short audio and streams give the same. Times are in ticks of 100 ns.

Reference: section 15 of the reference, and what its SDK hands to programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engines.base import Transcript, Word
from engines.display.forms import Writer
from engines.display.profanity import Mode
from transcriptions.phrases import confidence
from transcriptions.results import ticks

MODES: dict[str, Mode] = {"masked": "masked", "removed": "removed", "raw": "raw"}


@dataclass(frozen=True)
class Wanted:
    """What a client asked to be told."""

    is_detailed: bool = False
    profanity: Mode = "masked"
    with_times: bool = False  # of words; both in the detailed answer alone
    with_confidence: bool = False

    @classmethod
    def all(cls, profanity: Mode) -> Wanted:
        """Everything there is to tell, as it is logged."""
        return cls(True, profanity, True, True)


def phrase(
    transcript: Transcript, writer: Writer, wanted: Wanted, offset: float = 0.0
) -> dict[str, Any]:
    """The answer to sound in which somebody speaks; `offset` is where it begins, in
    seconds. Nothing that may be shown is `NoMatch`."""
    words = transcript.words
    start = offset + (words[0].start if words else 0.0)
    end = offset + (words[-1].end if words else 0.0)
    forms = writer.forms(transcript.text, wanted.profanity)
    if not forms.display:
        return nothing("NoMatch", start, end)
    answer: dict[str, Any] = {
        "RecognitionStatus": "Success",
        "Offset": ticks(start),
        "Duration": ticks(end) - ticks(start),
        "DisplayText": forms.display,
    }
    if wanted.is_detailed:
        best = {
            "Confidence": round(confidence(words), 4),
            "Lexical": forms.lexical,
            "ITN": forms.itn,
            "MaskedITN": forms.masked_itn,
            "Display": forms.display,
        }
        if wanted.with_times or wanted.with_confidence:
            spoken = writer.lexical_words(words)
            best["Words"] = [_word(word, wanted, offset) for word in spoken]
        answer["NBest"] = [best]
    return answer


def nothing(status: str, start: float = 0.0, end: float = 0.0) -> dict[str, Any]:
    """The answer when there are no words; `status` says why."""
    return {
        "RecognitionStatus": status,
        "Offset": ticks(start),
        "Duration": ticks(end) - ticks(start),
    }


def _word(word: Word, wanted: Wanted, offset: float) -> dict[str, Any]:
    found: dict[str, Any] = {"Word": word.text}
    if wanted.with_times:
        start = ticks(offset + word.start)
        found["Offset"] = start
        found["Duration"] = ticks(offset + word.end) - start
    if wanted.with_confidence:
        found["Confidence"] = round(word.probability, 4)
    return found
