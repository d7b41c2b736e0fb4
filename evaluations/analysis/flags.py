"""Utterances in which a model may have made up what it wrote: to be listened to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from evaluations.analysis.kept import Kept
from evaluations.columns import columns_of
from evaluations.levels import Scored
from scoring.hallucinations import Flags, flags
from scoring.normalization import unit
from scoring.table import Mask

# What each flag says of a transcript: the fields of `Flags`.
WORDS = {
    "repeated": "repeats itself",
    "too_fast": "faster than anybody speaks",
    "invented": "many words that nobody said",
    "unspoken": "words where nothing is said",
}

_kept = Kept[Flags](most=24)


def flags_of(shown: Scored, index: int) -> Flags | None:
    """The flags of the model at this index of `shown.models`; None without a table.

    A row an utterance, as in the tables. Kept by the name of the table.
    """
    table = shown.own_tables[index]
    if table is None:
        return None
    seconds = columns_of(shown.evaluation).seconds
    of = unit(shown.scale.locale)
    return _kept.get(shown.models[index].table, lambda: flags(table, seconds, of))


def flagged(shown: Scored, index: int, kind: str = "") -> Mask:
    """The utterances with a flag of this kind (`WORDS`), or with any.

    None of them where a model has no table.
    """
    found = flags_of(shown, index)
    if found is None:
        return np.zeros(len(columns_of(shown.evaluation)), dtype=bool)
    mask: Mask = getattr(found, kind) if kind in WORDS else found.any()
    return mask


def flags_of_rows(
    shown: Scored, positions: Sequence[int]
) -> Mapping[int, Mapping[int, list[str]]]:
    """What to say of some utterances: by position and the key of the candidate.

    Only what has a flag is in it.
    """
    everyone = columns_of(shown.evaluation).positions
    said: dict[int, dict[int, list[str]]] = {}
    for index, model in enumerate(shown.models):
        found = flags_of(shown, index)
        if found is None:
            continue
        for position in positions:
            row = int(np.searchsorted(everyone, position))
            words = _words(found, row)
            if words:
                said.setdefault(position, {})[model.pk] = words
    return said


def _words(found: Flags, row: int) -> list[str]:
    return [WORDS[one.name] for one in fields(Flags) if getattr(found, one.name)[row]]
