"""Which references are probably wrong themselves: a list to listen to, likeliest first.

Several models rarely make the same mistake. Where most of them hear the same in the
same place, and the reference has another word, none, or one too many, that speaks
against the reference by

- how many of the models hear it, and how sure they are: as log odds, so that a word of
  99 % weighs twice as much as one of 90 %, and one of 50 % nothing;
- how rare it is, by the root: what is always heard for another word, such as a filler
  that no model writes or a second spelling, is a habit and no slip of one transcriber.

The sum over an utterance is weighed with the share of its places in which the models
agree: where a recording is noisy, anything may be heard. An utterance of few places
shows less, as if there were one more in dispute. Of one model there is only how sure
it is; of one that does not say how sure it is, only its errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from scoring.table import EQUAL, Mask, Table

# What the ranking rests on, to be said beside it.
Basis = Literal["agreement", "confidence", "errors"]

_Ints: TypeAlias = npt.NDArray[np.int64]
_Floats: TypeAlias = npt.NDArray[np.float64]
# Nothing is surer than this, and where nothing is known models are this sure.
_SUREST, _UNKNOWN = 0.99, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Triage:
    """Of each utterance how much speaks against its reference, and in how many places.

    Scores are 0 where nothing does; they rank, and mean nothing else.
    """

    basis: Basis
    scores: _Floats
    places: _Ints

    def ranked(self, most: int = 100) -> list[int]:
        """The utterances with the highest scores, without those of 0."""
        order = np.argsort(-self.scores, kind="stable")[:most]
        return [int(utterance) for utterance in order if self.scores[utterance] > 0]


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """What models have other than the reference: arrays with an item for each.

    utterance: in which it is.
    change: what is taken for what, a number.
    is_added: whether the reference has nothing there.
    share: of the models that hear it.
    sureness: of those models, in log odds, 0 or more.
    """

    utterance: _Ints
    change: _Ints
    is_added: Mask
    share: _Floats
    sureness: _Floats


def triage(tables: Sequence[Table]) -> Triage:
    """The tables of one or more models, as `table.side_by_side` gives them."""
    size = len(tables[0])
    heard = _heard(tables)
    agreed = np.flatnonzero(heard.share > 0.5)
    of_agreed = heard.utterance[agreed]
    _, inverse, times = np.unique(
        heard.change[agreed], return_inverse=True, return_counts=True
    )
    evidence = heard.share[agreed] * heard.sureness[agreed] / np.sqrt(times[inverse])
    places = tables[0].counts[:, 0] + np.bincount(
        heard.utterance, heard.is_added, minlength=size
    )
    disputed = np.bincount(
        heard.utterance, np.where(heard.share < 1, heard.share, 0), minlength=size
    )
    agreement = (places - disputed) / (places + 1)
    found = np.bincount(of_agreed, evidence, minlength=size)
    return Triage(
        basis=_basis(tables),
        scores=(found * agreement).astype(np.float64),
        places=np.bincount(of_agreed, minlength=size),
    )


def _heard(tables: Sequence[Table]) -> _Heard:
    width = len(tables[0].vocabulary) + 1  # NONE is the first
    keys, sureness, utterance, reference = [], [], [], []
    for table in tables:
        wrong = np.flatnonzero(table.kind != EQUAL)
        key = table.slots()[wrong] * width + table.hypothesis[wrong] + 1
        key, first = np.unique(key, return_index=True)  # one vote of a model
        wrong = wrong[first]
        keys.append(key)
        sureness.append(_sureness(table, wrong))
        utterance.append(table.utterance[wrong])
        reference.append(table.reference[wrong])
    key, first, inverse, votes = np.unique(
        np.concatenate(keys),
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    said = np.concatenate(reference)[first].astype(np.int64) + 1
    return _Heard(
        utterance=np.concatenate(utterance)[first].astype(np.int64),
        change=said * width + key % width,
        is_added=said == 0,
        share=votes / len(tables),
        sureness=np.bincount(inverse, np.concatenate(sureness)) / votes,
    )


def _sureness(table: Table, events: _Ints) -> _Floats:
    """Log odds of the confidence; where nothing was heard, of all the utterance's."""
    of_utterance = table.mean_confidences()[table.utterance[events]]
    of_word = table.confidence[events].astype(np.float64)
    confidence = np.where(np.isnan(of_word), of_utterance, of_word)
    confidence = np.nan_to_num(confidence, nan=_UNKNOWN).clip(0.5, _SUREST)
    odds: _Floats = np.log(confidence / (1 - confidence))
    return odds


def _basis(tables: Sequence[Table]) -> Basis:
    if len(tables) > 1:
        return "agreement"
    is_known = not np.isnan(tables[0].confidence).all()
    return "confidence" if is_known else "errors"
