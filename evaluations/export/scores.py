"""A JSON file for each recording and model, as the Speech to text REST API has them.

Section 6.3 of the reference: `<wav>.model1_score.json`, with what was recognised as in
a transcription, and `scoringResult`: the compared words, parted by commas, with the
wrong ones in tags. Where a word was substituted, the one that was heard stands there,
as in all of the result; `alignment` beside it has both. In a word `&`, `<`, `>` and
`,` are written as in HTML.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from evaluations.columns import columns_of
from evaluations.export.alignment import Alignment, Column, aligned
from evaluations.export.names import FileNames
from evaluations.export.result import rate_and_words
from evaluations.export.utterances import Exported, Heard, Order, exported
from evaluations.timings import spans
from projects.downloads import zipped
from scoring.normalization import unit
from scoring.scale import Level, Scale

_TICKS = 10_000_000  # in a second
_CHANNEL = 0


def score_files(order: Order) -> Iterator[bytes]:
    """An archive of them."""
    return zipped(_members(order))


def _members(order: Order) -> Iterator[tuple[str, Iterable[bytes]]]:
    names = FileNames(columns_of(order.shown.evaluation))
    for one in exported(order):
        name = names.of(one.name, one.item.position)
        for number, heard in enumerate(one.heard, start=1):
            yield score_name(name, number), [score_file(order, one, heard)]


def score_name(name: str, number: int) -> str:
    """
    >>> score_name("a.wav", 1)
    'a.wav.model1_score.json'
    """
    return f"{name}.model{number}_score.json"


def score_file(order: Order, one: Exported, heard: Heard) -> bytes:
    """The file of a recording and a model."""
    score = _score(one, heard, order.shown.scale)
    return json.dumps(score, ensure_ascii=False).encode("utf-8", "replace")


def _score(one: Exported, heard: Heard, scale: Scale) -> dict[str, Any]:
    score = {
        "source": one.name,
        "timestamp": one.item.evaluation.last_action.isoformat(timespec="seconds"),
        **_length(one.item.utterance.seconds, "duration"),
        "model": str(heard.model),
        "reference": one.reference,
        "scoringLevel": str(scale.level),
        "combinedRecognizedPhrases": [],
        "recognizedPhrases": [],
    }
    found = aligned(one, heard, scale)
    if found is None:
        return score | {"error": heard.error}
    forms = _forms(heard, scale.locale)
    score["combinedRecognizedPhrases"] = [{"channel": _CHANNEL, **forms}]
    score["recognizedPhrases"] = [_phrase(heard, found, forms)]
    return score | rate_and_words(found.counts)


def _phrase(heard: Heard, found: Alignment, forms: dict[str, str]) -> dict[str, Any]:
    text = heard.hypothesis.text
    known = list(spans(text, heard.hypothesis.timings))
    start, end = (known[0].begins, known[-1].ends) if known else (0.0, found.seconds)
    best = {
        "confidence": heard.confidence,
        **forms,
        "words": [
            {
                "word": text[word.start : word.end],
                **_length(word.begins, "offset"),
                **_length(word.ends - word.begins, "duration"),
                "confidence": word.probability,
            }
            for word in known
        ],
        "scoringResult": scoring_result(found.columns()),
        "alignment": [
            [kind, said, word, round(begins, 3), round(ends, 3)]
            for kind, said, word, begins, ends in found.columns()
        ],
    }
    return {
        "recognitionStatus": "Success",
        "channel": _CHANNEL,
        **_length(start, "offset"),
        **_length(end - start, "duration"),
        "nBest": [best],
    }


def scoring_result(columns: Iterable[Column]) -> str:
    """The words of an alignment with the wrong ones in tags.

    >>> scoring_result([
    ...     Column("equal", "take", "take", 0, 1),
    ...     Column("substitution", "two", "too", 1, 2),
    ...     Column("deletion", "tablets", "", 2, 2),
    ... ])
    'take,<substitution>too</substitution>,<deletion>tablets</deletion>'
    """
    parts = []
    for kind, said, heard, _, _ in columns:
        word = escape(heard or said, quote=False).replace(",", "&#44;")
        parts.append(word if kind == "equal" else f"<{kind}>{word}</{kind}>")
    return ",".join(parts)


def _forms(heard: Heard, locale: str) -> dict[str, str]:
    """The forms of a result: words as spoken, with numbers, and as it is to be read.

    Display text is masked where the rules of the model say so.
    """
    display = heard.hypothesis.display or heard.hypothesis.text
    space = "" if unit(locale) == "character" else " "
    plain = Scale(locale, Level.PLAIN)
    return {
        "lexical": space.join(Scale(locale).words(heard.hypothesis.text)),
        "itn": space.join(plain.words(heard.hypothesis.text)),
        "maskedITN": space.join(plain.words(display)),
        "display": display,
    }


def _length(seconds: float, name: str) -> dict[str, Any]:
    """
    >>> _length(2.5, "offset")
    {'offset': 'PT2.5S', 'offsetInTicks': 25000000}
    """
    return {
        name: f"PT{round(seconds, 3)}S",
        f"{name}InTicks": round(seconds * _TICKS),
    }
