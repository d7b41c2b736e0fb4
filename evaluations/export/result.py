"""The overall result of a test as JSON, with all that decided it.

`properties` has the names of the Speech to text REST API, with the number of the model
behind each (section 6.2 of the reference), for any number of models; `models` has the
same for each by itself. Rates are shares. Whatever is not known yet is -1; a rate of
no words is null. `correctTokenCount` is tokens less substitutions and deletions, as
`correctWordCount` is.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from pathlib import PurePath
from typing import Any

import numpy as np
from django.utils.timezone import now

from evaluations.columns import columns_of
from evaluations.comparison import MIN_UTTERANCES
from evaluations.export.utterances import Order
from evaluations.levels import Scored
from evaluations.models import Candidate, Evaluation
from evaluations.pairs import matched
from scoring import scale as scales
from scoring import significance
from scoring.errors import ErrorCounts
from scoring.mapsswe import MIN_SEGMENTS
from training.models import SpeechModel

# What decides a figure: these count and compare, and the rest recognises.
_PACKAGES = (
    *("numpy", "rapidfuzz", "text2num", "whisper_normalizer"),
    *("faster-whisper", "ctranslate2", "av"),
)
_TOKEN_PARTS = {  # as we call them, and as the API does
    "punctuation": "punctuation",
    "capitalization": "capitalization",
    "number_format": "inverseTextNormalization",
    "lexical": "lexical",
    "others": "others",
}
_PENDING = -1
# What `scoring.significance` draws by unless it is told otherwise.
_SEED = 1


def result(order: Order) -> Iterator[bytes]:
    """Of all models of the test: those that are not complete are pending."""
    found = json.dumps(_result(order), ensure_ascii=False, indent=2)
    yield found.encode("utf-8", "replace")


def _result(order: Order) -> dict[str, Any]:
    shown, candidates = order.shown, order.candidates
    complete = {model.pk: model for model in shown.models}
    keys = [one.pk for one in candidates]
    models = [complete.get(one.pk, one) for one in candidates]
    properties = [api_figures(one, one.pk in complete) for one in models]
    return {
        **_about(shown.evaluation, order.site),
        **{f"model{n}": _id(one.model) for n, one in enumerate(models, start=1)},
        "properties": numbered(properties),
        "models": [
            _model(number, one, figures)
            for number, (one, figures) in enumerate(
                zip(models, properties, strict=True), start=1
            )
        ],
        "comparisons": _comparisons(shown, keys),
        "scoring": _scoring(shown),
        "statistics": _statistics(shown),
        "filtered": _filtered(order, keys),
        "software": {"python": platform.python_version()}
        | {package: version(package) for package in _PACKAGES},
        "exported": _time(now()),
    }


def _about(evaluation: Evaluation, site: str) -> dict[str, Any]:
    dataset, project = evaluation.dataset, evaluation.project
    return {
        "self": f"{site}{evaluation.get_absolute_url()}",
        "id": str(evaluation.pk),
        "displayName": evaluation.name,
        "description": evaluation.description,
        "locale": project.locale,
        "status": evaluation.status,
        "createdDateTime": _time(evaluation.created),
        "lastActionDateTime": _time(evaluation.last_action),
        "customProperties": {"testingKind": evaluation.kind},
        "project": {"id": str(project.pk), "displayName": project.name},
        "dataset": {
            "id": str(dataset.pk),
            "displayName": dataset.name,
            "kind": dataset.kind,
            "textNormalizationKind": dataset.text_normalization,
            "createdDateTime": _time(dataset.created),
            "utterances": dataset.accepted,
            "seconds": round(dataset.seconds, 3),
            # The dataset that this one is a corrected version of.
            "formerVersion": str(dataset.former_id) if dataset.former_id else None,
        },
    }


def _model(number: int, one: Candidate, figures: dict[str, Any]) -> dict[str, Any]:
    model = one.model
    has_interval = one.is_complete and one.low is not None
    return {
        "number": number,
        **_id(model),
        "engine": model.engine,
        "reference": _public(model.reference),
        "baseModel": _id(model.base) if model.base else None,
        "decoding": one.decoding,
        "interval": {"low": one.low, "high": one.high} if has_interval else None,
        "failedUtterances": one.failed if one.is_complete else _PENDING,
        "properties": figures,
    }


def _id(model: SpeechModel) -> dict[str, str]:
    return {"id": str(model.pk), "displayName": model.name}


def numbered(properties: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of several models as one object: the number of each behind the
    names.

    >>> numbered([{"wordCount": 3}, {"wordCount": 4}])
    {'wordCount1': 3, 'wordCount2': 4}
    """
    return {
        f"{name}{number}": value
        for number, one in enumerate(properties, start=1)
        for name, value in one.items()
    }


def api_figures(one: Candidate, is_known: bool) -> dict[str, Any]:
    """The figures of a model; in an inspection, its differences. -1 while nobody knows
    them."""
    if not is_known:
        names = (*rate_and_words(ErrorCounts()), "sentenceErrorRate", "sentenceCount")
        return dict.fromkeys(names, _PENDING)
    counts = one.counts
    found = {
        **rate_and_words(counts),
        "sentenceErrorRate": one.sentence_error_rate,
        "sentenceCount": one.sentences,
    }
    return found | _tokens(one) if one.tokens else found


def rate_and_words(counts: ErrorCounts) -> dict[str, Any]:
    """By the names of the REST API."""
    return {
        "wordErrorRate": counts.rate,
        "wordCount": counts.words,
        "correctWordCount": counts.correct,
        "wordSubstitutionCount": counts.substitutions,
        "wordDeletionCount": counts.deletions,
        "wordInsertionCount": counts.insertions,
    }


def _tokens(one: Candidate) -> dict[str, Any]:
    """Errors in display text, and what they come from."""
    tokens = one.tokens
    parts = {theirs: tokens[ours] for ours, theirs in _TOKEN_PARTS.items()}
    edits = sum(parts.values())
    wrong = tokens["substitutions"] + tokens["deletions"]
    return {
        "tokenErrorRate": one.token_error_rate,
        "tokenCount": tokens["tokens"],
        "correctTokenCount": tokens["tokens"] - wrong,
        "tokenSubstitutionCount": tokens["substitutions"],
        "tokenDeletionCount": tokens["deletions"],
        "tokenInsertionCount": tokens["insertions"],
        "tokenErrors": {
            name: {
                "numberOfEdits": number,
                "percentageOfAllEdits": round(100 * number / edits, 2) if edits else 0,
            }
            for name, number in parts.items()
        },
    }


def _comparisons(shown: Scored, keys: list[int]) -> list[dict[str, Any]]:
    """Each two models by their numbers; below 0 the new one makes fewer errors."""
    tests = matched(shown)
    found = []
    for pair in shown.comparisons:
        test = tests.get((pair.old.pk, pair.new.pk))
        found.append(
            {
                "old": keys.index(pair.old.pk) + 1,
                "new": keys.index(pair.new.pk) + 1,
                "utterances": pair.utterances,
                "difference": pair.difference,
                "interval": {"low": pair.low, "high": pair.high},
                "verdict": pair.verdict,
                "moreSecondsToTell": pair.more_seconds,
                "matchedPairs": test and asdict(test) | {"verdict": test.verdict},
            }
        )
    return found


def _scoring(shown: Scored) -> dict[str, Any]:
    """By what errors are counted."""
    scale = shown.scale
    return {
        "level": scale.level.value,
        "name": scale.name,
        "rate": scale.rate_name,
        "rulesVersion": scales.VERSION,
        "digest": scale.digest,
        "equivalences": [list(map(" ".join, one.sides)) for one in scale.equivalences],
    }


def _statistics(shown: Scored) -> dict[str, Any]:
    """How intervals and verdicts are found."""
    speakers = columns_of(shown.evaluation).speaker_groups
    number = len(np.unique(speakers))
    by_speaker = number >= significance.MIN_GROUPS
    return {
        "interval": {
            "method": "bootstrap",
            "confidence": 0.95,
            "resamples": significance.RESAMPLES,
            "seed": _SEED,
            "drawn": "speakers" if by_speaker else "utterances",
            "fewestUtterancesForAVerdict": MIN_UTTERANCES,
        },
        "matchedPairs": {
            "method": "MAPSSWE, two-sided",
            "level": 0.05,
            "fewestSegments": MIN_SEGMENTS,
        },
    }


def _filtered(order: Order, keys: list[int]) -> dict[str, Any] | None:
    """The figures of the utterances that the address asks for; None if of all."""
    if not order.filters:
        return None
    shown = order.shown
    among = np.isin(columns_of(shown.evaluation).positions, order.positions)
    return {
        "by": order.filters,
        "utterances": len(order.positions),
        "models": [
            {"number": keys.index(model.pk) + 1, **rate_and_words(table.total(among))}
            for model, table in zip(shown.models, shown.own_tables, strict=True)
            if table is not None
        ],
    }


def _public(reference: str) -> str:
    """What an engine calls a model, without where it lies on the server."""
    is_folder = PurePath(reference).is_absolute() or reference.startswith(("~", "."))
    return PurePath(reference).name if is_folder else reference


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
