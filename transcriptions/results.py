"""The files that a transcription gives: results, report, captions, plain text. Pure.

Reference: https://learn.microsoft.com/azure/ai-services/speech-service/batch-transcription-get
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engines.base import Word
from engines.captions import Caption
from scoring.normalization import unit
from transcriptions.wording import Written

TICKS = 10_000_000  # of 100 ns, in a second
# What two lines of a caption hold, and how long people look at one.
_CAPTION_CHARACTERS = 84
_CAPTION_SECONDS = 7.0


@dataclass(frozen=True)
class Outcome:
    """What became of one file, for the report."""

    source: str
    code: str = ""  # why it could not be transcribed; empty for success
    message: str = ""


def result(
    source: str,
    timestamp: str,
    seconds: float,
    channels: Sequence[int],
    phrases: Iterable[Written],
    *,
    locale: str,
    has_words: bool = False,
    has_display_words: bool = False,
) -> dict[str, Any]:
    """The result of one file, its phrases in order of time. `timestamp` is ISO 8601."""
    glue = "" if unit(locale) == "character" else " "
    ordered = sorted(phrases, key=lambda one: (one.phrase.start, one.phrase.channel))
    return {
        "source": source,
        "timestamp": timestamp,
        "durationInTicks": ticks(seconds),
        "durationMilliseconds": round(seconds * 1000),
        "duration": iso(seconds),
        "combinedRecognizedPhrases": [
            _combined(channel, ordered, glue) for channel in channels
        ],
        "recognizedPhrases": [
            _phrase(one, has_words, has_display_words) for one in ordered
        ],
    }


def report(
    outcomes: Iterable[Outcome], ignored: Sequence[str] = (), ignored_count: int = 0
) -> dict[str, Any]:
    """The reference does not say how a failed file looks; here it has an `error`.

    `ignored` are files of a container that are no recordings, the first of
    `ignored_count`.
    """
    details = [_detail(one) for one in outcomes]
    failed = sum("error" in one for one in details)
    made: dict[str, Any] = {
        "successfulTranscriptionsCount": len(details) - failed,
        "failedTranscriptionsCount": failed,
        "details": details,
    }
    if ignored_count:
        made |= {"ignoredFilesCount": ignored_count, "ignoredFiles": list(ignored)}
    return made


def captions(stored: Mapping[str, Any]) -> Iterator[Caption]:
    """A result as captions; a phrase that is long is cut, its time shared by length.

    Where there are several channels, each caption says which.
    """
    several = len(stored["combinedRecognizedPhrases"]) > 1
    for phrase in stored["recognizedPhrases"]:
        start = phrase["offsetInTicks"] / TICKS
        seconds = phrase["durationInTicks"] / TICKS
        text = phrase["nBest"][0]["display"]
        name = f"Channel {phrase['channel']}: " if several else ""
        parts = _parts(text, seconds)
        held = sum(map(len, parts)) or 1
        for part in parts:
            end = start + seconds * len(part) / held
            yield Caption(start, end, name + part)
            start = end


def plain(stored: Mapping[str, Any]) -> str:
    """A result as text, a phrase a line."""
    several = len(stored["combinedRecognizedPhrases"]) > 1
    lines = [
        (f"Channel {one['channel']}: " if several else "") + one["nBest"][0]["display"]
        for one in stored["recognizedPhrases"]
    ]
    return "".join(f"{line}\n" for line in lines)


def ticks(seconds: float) -> int:
    """
    >>> ticks(0.07)
    700000
    """
    return round(seconds * TICKS)


def iso(seconds: float) -> str:
    """A length of time in ISO 8601.

    >>> iso(2.31), iso(0), iso(3725.5)
    ('PT2.31S', 'PT0S', 'PT1H2M5.5S')
    """
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    parts += f"{rest / 100:g}S" if rest or not parts else ""
    return f"PT{parts}"


def _combined(channel: int, phrases: Sequence[Written], glue: str) -> dict[str, Any]:
    mine = [one.forms for one in phrases if one.phrase.channel == channel]
    return {
        "channel": channel,
        "lexical": glue.join(one.lexical for one in mine),
        "itn": glue.join(one.itn for one in mine),
        "maskedITN": glue.join(one.masked_itn for one in mine),
        "display": glue.join(one.display for one in mine),
    }


def _phrase(one: Written, has_words: bool, has_display_words: bool) -> dict[str, Any]:
    best: dict[str, Any] = {
        "confidence": round(one.phrase.confidence, 4),
        "lexical": one.forms.lexical,
        "itn": one.forms.itn,
        "maskedITN": one.forms.masked_itn,
        "display": one.forms.display,
    }
    if has_words:
        best["words"] = [
            {"word": word.text}
            | _times(word.start, word.end)
            | {"confidence": round(word.probability, 4)}
            for word in one.words
        ]
    if has_display_words:
        best["displayWords"] = [_display_word(word) for word in one.shown]
    return {
        "recognitionStatus": "Success",
        "channel": one.phrase.channel,
        **_times(one.phrase.start, one.phrase.end),
        "nBest": [best],
    }


def _display_word(word: Word) -> dict[str, Any]:
    return {"displayText": word.text} | _times(word.start, word.end)


def _times(start: float, end: float) -> dict[str, Any]:
    return {
        "offset": iso(start),
        "duration": iso(end - start),
        "offsetInTicks": ticks(start),
        "durationInTicks": ticks(end - start),
    }


def _detail(one: Outcome) -> dict[str, Any]:
    if not one.code:
        return {"source": one.source, "status": "Succeeded"}
    error = {"code": one.code, "message": one.message}
    return {"source": one.source, "status": "Failed", "error": error}


def _parts(text: str, seconds: float) -> list[str]:
    """As few parts as fit a caption, about equally long, cut between words."""
    number = max(
        -(-len(text) // _CAPTION_CHARACTERS), round(seconds / _CAPTION_SECONDS), 1
    )
    size = len(text) / number
    parts = [""]
    for word in text.split():
        longer = f"{parts[-1]} {word}".strip()
        # What is more than half beyond the end begins the next.
        if parts[-1] and len(longer) - len(word) / 2 > size:
            parts.append(word)
        else:
            parts[-1] = longer
    return parts
