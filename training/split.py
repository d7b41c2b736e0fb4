"""Which clips are held out: never trained on, they say how good a model is.

Whole speakers, or whole recordings, are held out where enough of them are known, as
new speakers are what a model is for. Otherwise single clips are: a tenth, from 4 to
200. The same audio is never on both sides. The same clips and seed give the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

SHARE = 0.1
MOST_SHARE = 0.15  # given up for whole groups
FEWEST, MOST = 4, 200
MIN_CLIPS = 8  # of fewer, none can be spared

By = Literal["", "group", "clip"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A clip as far as it matters here."""

    key: str
    text: str
    seconds: float
    group: str = ""  # the speaker or the recording; empty when nobody knows
    audio_hash: int | None = None


def hold_out(clips: Sequence[Candidate], seed: int) -> tuple[frozenset[str], By]:
    """The keys of the clips to hold out, and whether whole groups were.

    >>> clips = [Candidate(str(i), str(i), 1.0, f"anna{i % 20}") for i in range(60)]
    >>> keys, by = hold_out(clips, seed=1)
    >>> len(keys), by
    (6, 'group')
    >>> hold_out(clips[:7], seed=1)
    (frozenset(), '')
    """
    if len(clips) < MIN_CLIPS:
        return frozenset(), ""
    wanted = min(MOST, max(FEWEST, round(SHARE * len(clips))))
    most = min(1.5 * wanted, max(wanted, MOST_SHARE * len(clips)))
    if all(clip.group for clip in clips):
        groups = _units((clip.group, clip.key) for clip in clips)
        chosen = _without_twins(clips, _drawn(groups, wanted, wanted, most, seed))
        if len(chosen) >= FEWEST:
            return chosen, "group"
    same = _units((_sound(clip), clip.key) for clip in clips)
    chosen = _without_twins(clips, _drawn(same, FEWEST, wanted, wanted, seed))
    return (chosen, "clip") if chosen else (frozenset(), "")


def _units(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The keys, those that stay together in one list, in the order of the names."""
    units: dict[str, list[str]] = {}
    for name, key in pairs:
        units.setdefault(name, []).append(key)
    return [units[name] for name in sorted(units)]


def _drawn(
    units: list[list[str]], fewest: int, enough: int, most: float, seed: int
) -> frozenset[str]:
    """Whole units by chance, until they are enough; none when they are too few."""
    Random(seed).shuffle(units)
    chosen: list[str] = []
    for unit in units:
        if len(chosen) < enough and len(chosen) + len(unit) <= most:
            chosen += unit
    return frozenset(chosen) if len(chosen) >= fewest else frozenset()


def _sound(clip: Candidate) -> str:
    """Equal for clips that are the same, or nearly: copied, coded anew, cut alike."""
    return f"{clip.group}\n{clip.text.casefold()}\n{clip.seconds:.2f}"


def _without_twins(
    clips: Sequence[Candidate], chosen: frozenset[str]
) -> frozenset[str]:
    """Leave out what is trained on as well, under another name."""
    trained = {clip.audio_hash for clip in clips if clip.key not in chosen} - {None}
    twins = {clip.key for clip in clips if clip.audio_hash in trained}
    return chosen - twins
