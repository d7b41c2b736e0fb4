"""Transcripts that the model made up: of noise, of silence, or caught in a loop.

Suspicions, not proofs: each flag marks utterances to listen to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from scoring.table import INSERTION, NONE, Ids, Mask, Table

# A phrase of up to so many words, so many times in a row, of so many words in all:
# people say "no no no" and "two two two two".
_LONGEST = 10
_TIMES = 3
_LEAST_WORDS = 6
# Nobody speaks faster for long; fast speech has about six words a second.
_MOST_A_SECOND = {"word": 8.0, "character": 20.0}
# Short ones may be that fast, as times are cut closely.
_LEAST_FAST = 4
# So many words in a row that nobody said.
_INVENTED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """Of each utterance, whether

    repeated: a phrase comes again and again that is not so in the reference.
    too_fast: there are more words than anybody can say in the time.
    invented: many words in a row stand where nothing is said.
    unspoken: there are words though the reference has none.
    """

    repeated: Mask
    too_fast: Mask
    invented: Mask
    unspoken: Mask

    def any(self) -> Mask:
        return self.repeated | self.too_fast | self.invented | self.unspoken


def flags(
    table: Table,
    seconds: npt.NDArray[np.floating],
    unit: Literal["word", "character"] = "word",
) -> Flags:
    """`seconds` of each utterance; `unit` is what a word of the table is."""
    words, insertions, deletions = table.counts[:, :3].T
    heard = words - deletions + insertions
    runs = _runs(table.kind == INSERTION, table.utterance)
    return Flags(
        repeated=_loops(table),
        too_fast=(heard >= _LEAST_FAST) & (heard > _MOST_A_SECOND[unit] * seconds),
        invented=table.utterances_of(runs >= _INVENTED),
        unspoken=(words == 0) & (insertions > 0),
    )


def _loops(table: Table) -> Mask:
    # A loop is no matter of one wrong word: most utterances need no closer look.
    added = table.counts[:, 1] + table.counts[:, 3]
    table = table.only(added >= _TIMES - 1)
    found = _repeats(table, table.hypothesis)
    table = table.only(found)
    return found & ~_repeats(table, table.reference)


def _repeats(table: Table, column: Ids) -> Mask:
    """The utterances in which one side says a phrase again and again."""
    is_word = column != NONE
    words, utterance = column[is_word], table.utterance[is_word]
    found = np.zeros(len(table), dtype=bool)
    for length in range(1, min(_LONGEST, len(words) - 1) + 1):
        same = words[length:] == words[:-length]
        same &= utterance[length:] == utterance[:-length]
        # A phrase of n words said k times is (k - 1) * n words like those before.
        needed = max((_TIMES - 1) * length, _LEAST_WORDS - length)
        runs = _runs(same, utterance[length:])
        found[utterance[length:][runs >= needed]] = True
    return found


def _runs(chosen: Mask, utterance: Ids) -> npt.NDArray[np.int64]:
    """How many in a row up to each item are chosen, within its utterance."""
    index = np.arange(len(chosen))
    is_start = np.ones(len(chosen), dtype=bool)
    is_start[1:] = utterance[1:] != utterance[:-1]
    # The place before the run: of the last that is not chosen, or before the start.
    before = np.where(chosen, np.where(is_start, index - 1, -1), index)
    return index - np.maximum.accumulate(before)
