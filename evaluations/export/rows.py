"""Exports with a row for each utterance: CSV, JSON Lines, and the manifest of NeMo.

The manifest is read by NeMo and its Speech Data Explorer, which takes `pred_text` for
the result of a model, and compares two by the fields `pred_text_<model>`:
https://docs.nvidia.com/nemo-framework/user-guide/latest/nemotoolkit/tools/speech_data_explorer.html
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import reverse

from evaluations.columns import columns_of
from evaluations.export.alignment import aligned
from evaluations.export.names import keys_of, names_of
from evaluations.export.utterances import Exported, Heard, Order, exported
from evaluations.models import Item
from evaluations.review.judged import name_of
from projects.downloads import encoded, harmless

_BYTE_ORDER_MARK = "\ufeff"  # or Excel takes UTF-8 for another encoding
_SHOWN_FIRST = "speaker"  # a metadata column that has a place of its own


def csv_file(order: Order) -> Iterator[bytes]:
    """A table that a spreadsheet opens: no cell is a formula."""
    return encoded(_csv_lines(_cells(order)))


def json_lines(order: Order) -> Iterator[bytes]:
    """An object a line, with the alignment of each model."""
    names = names_of(order.shown.models)
    rows = (_object(order, names, one) for one in exported(order))
    return encoded(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def manifest(order: Order) -> Iterator[bytes]:
    """An object a line. What a model could not recognise is an empty text with an
    `error`, since the Explorer asks every line for every field."""
    keys = keys_of(order.shown.models)
    rows = (_entry(order, keys, one) for one in exported(order))
    return encoded(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _csv_lines(rows: Iterable[list[Any]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    yield _BYTE_ORDER_MARK
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _cells(order: Order) -> Iterator[list[Any]]:
    labels = [
        name
        for name in columns_of(order.shown.evaluation).labels
        if name != _SHOWN_FIRST
    ]
    yield _head(order, labels)
    for one in exported(order):
        utterance, review = one.item.utterance, _review(one.item)
        row = [one.item.position, utterance.name, round(utterance.seconds, 3)]
        row += [utterance.speaker, *(utterance.labels.get(name, "") for name in labels)]
        if not order.shown.evaluation.is_inspection:
            row += [utterance.transcript, review["correction"]]
        row.append(order.shown.scale.level.value)
        for heard in one.heard:
            row += _heard_cells(heard, order.shown.evaluation.is_inspection)
        comments = "\n".join(f"{c['by']}: {c['text']}" for c in review["comments"])
        yield [*row, review["verdict"], review["verdict_by"], comments]


def _head(order: Order, labels: list[str]) -> list[str]:
    is_inspection = order.shown.evaluation.is_inspection
    if is_inspection:
        counted = ["differences"]
    else:
        rate = order.shown.scale.rate_name
        counted = ["words", "substitutions", "deletions", "insertions", rate]
    said = ["hypothesis", "display text", *counted]
    said += ["confidence", "lowest confidence", "error"]
    return [
        *("position", "file", "seconds", "speaker"),
        *labels,
        *(() if is_inspection else ("reference", "corrected reference")),
        "level",
        *(f"{name}: {what}" for name in names_of(order.shown.models) for what in said),
        *("verdict", "verdict by", "comments"),
    ]


def _heard_cells(heard: Heard, is_inspection: bool) -> list[Any]:
    hypothesis, counts = heard.hypothesis, heard.counts
    cells: list[Any] = [hypothesis.text, hypothesis.display or hypothesis.text]
    if counts is None:
        cells += [""] * (1 if is_inspection else 5)
    elif is_inspection:
        cells.append(counts.errors)
    else:
        cells += [counts.words, counts.substitutions, counts.deletions]
        cells += [counts.insertions, _rounded(counts.rate)]
    return [*cells, heard.confidence, heard.lowest_confidence, heard.error]


def _object(order: Order, names: list[str], one: Exported) -> dict[str, Any]:
    utterance = one.item.utterance
    audio = reverse("utterance-audio", args=[utterance.pk])
    said = {} if one.item.evaluation.is_inspection else {"reference": one.reference}
    return {
        "position": one.item.position,
        "file": utterance.name,
        "audio": f"{order.site}{audio}",
        "seconds": round(utterance.seconds, 3),
        "speaker": utterance.speaker,
        "metadata": utterance.labels,
        **said,
        "level": order.shown.scale.level.value,
        "models": [
            {"number": number, "name": name, **_heard_object(order, one, heard)}
            for number, (name, heard) in enumerate(
                zip(names, one.heard, strict=True), start=1
            )
        ],
        **_review(one.item),
    }


def _heard_object(order: Order, one: Exported, heard: Heard) -> dict[str, Any]:
    """`alignment` is of [kind, reference, hypothesis, start, end], seconds."""
    hypothesis = heard.hypothesis
    alignment = aligned(one, heard, order.shown.scale)
    found: dict[str, Any] = {
        "hypothesis": hypothesis.text,
        "display": hypothesis.display or hypothesis.text,
        "error": heard.error or None,
        "confidence": heard.confidence,
        "lowest_confidence": heard.lowest_confidence,
    }
    if alignment is None:
        return found
    counts = alignment.counts
    return found | {
        "words": counts.words,
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
        "rate": _rounded(counts.rate),
        "alignment": [
            [kind, said, text, round(start, 3), round(end, 3)]
            for kind, said, text, start, end in alignment.columns()
        ],
    }


def _entry(order: Order, keys: list[str], one: Exported) -> dict[str, Any]:
    utterance = one.item.utterance
    entry: dict[str, Any] = utterance.labels | {
        "audio_filepath": utterance.name,
        "duration": round(utterance.seconds, 3),
        "text": utterance.transcript,
        "level": order.shown.scale.level.value,
    }
    for key, heard in zip(keys, one.heard, strict=True):
        entry[f"pred_text_{key}"] = heard.text
        if heard is one.heard[order.chosen]:
            entry["pred_text"] = heard.text
            if heard.error:
                entry["error"] = heard.error
    return entry


def _review(item: Item) -> dict[str, Any]:
    """What people say of an utterance."""
    verdict = getattr(item, "verdict", None)
    correction = getattr(item, "correction", None)
    return {
        "correction": correction.text if correction else None,
        "verdict": verdict.choice if verdict else None,
        "verdict_by": name_of(verdict) if verdict else None,
        "verdict_at": verdict.at.isoformat(timespec="seconds") if verdict else None,
        "comments": [
            {
                "by": name_of(comment),
                "at": comment.at.isoformat(timespec="seconds"),
                "text": comment.text,
            }
            for comment in item.comments.all()
        ],
    }


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)
