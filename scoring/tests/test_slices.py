from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from scoring.errors import ErrorCounts
from scoring.significance import difference_interval, rate_interval
from scoring.slices import MOST, Slicing, by_number, by_text, rank

NAN = float("nan")
Array = npt.NDArray[np.int64]


def some_counts(errors: list[int], words: int = 10) -> Array:
    rows = [[words, 0, number, 0] for number in errors]
    return np.array(rows).reshape(-1, 4)


def test_the_worst_slice_is_the_first_and_small_ones_are_at_the_end() -> None:
    values = ["quiet"] * 40 + ["loud"] * 40 + ["few"] * 3 + ["silent"] * 2
    counts = some_counts([0, 1] * 20 + [3] * 40 + [9] * 3 + [0] * 2)
    counts[-2:, 0] = 0
    seconds, failed = np.full(85, 30.0), np.zeros(85, dtype=bool)
    failed[40] = True
    found = Slicing(by_text(values), failed, seconds).slices(counts)
    found.sort(key=lambda one: rank(one.counts, one.utterances))
    assert [one.part.name for one in found] == ["loud", "quiet", "few", "silent"]
    loud, quiet, few, silent = found
    assert (loud.utterances, loud.minutes) == (39, 19.5)
    assert loud.counts == ErrorCounts(words=390, deletions=117)
    assert loud.interval is not None and loud.interval.low == pytest.approx(0.3)
    assert [one.is_small for one in found] == [False, False, True, True]
    assert quiet.counts.rate == pytest.approx(0.05)
    assert silent.interval is None and few.interval is not None


@pytest.mark.parametrize("size", [40, 400, 5000])
@pytest.mark.parametrize("speakers", [0, 25, 900])
def test_an_interval_is_that_of_the_whole_test(size: int, speakers: int) -> None:
    """Within what chance does to either: both are of a thousand draws."""
    rng = np.random.default_rng(1)
    groups = rng.integers(speakers, size=size) if speakers else np.array([], dtype=int)
    hard = rng.normal(0.2, 0.05, max(1, speakers)).clip(0.01, 0.9)
    rates = hard[groups] if speakers else np.full(size, 0.2)
    words = rng.integers(3, 20, size)
    old, new = (some_counts([0] * size) for _ in range(2))
    for counts, factor in ((old, 1.0), (new, 0.9)):
        counts[:, 0], counts[:, 2] = words, rng.binomial(words, rates * factor)
    slicing = Slicing(
        by_text(["en"] * size), np.zeros(size, dtype=bool), np.ones(size), groups
    )
    found = [
        *(slicing.slices(counts)[0].interval for counts in (old, new)),
        *slicing.differences(old, new),
    ]
    expected = [
        *(rate_interval(counts, groups) for counts in (old, new)),
        difference_interval(old, new, groups),
    ]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours is not None and theirs is not None
        width = theirs.high - theirs.low
        assert ours.high - ours.low == pytest.approx(width, rel=0.15)
        assert ours.low == pytest.approx(theirs.low, abs=0.12 * width)


def test_of_few_speakers_utterances_are_drawn() -> None:
    counts = some_counts([0, 1, 2, 3] * 50)
    values = ["ann"] * 100 + ["bob"] * 100
    nobody_failed, seconds = np.zeros(200, dtype=bool), np.ones(200)
    parts = by_text(values)
    speakers = np.repeat([0, 1], 100)
    by_speaker = Slicing(parts, nobody_failed, seconds, speakers).slices(counts)
    alone = Slicing(parts, nobody_failed, seconds).slices(counts)
    assert [one.interval for one in by_speaker] == [one.interval for one in alone]


def test_a_difference_is_that_of_the_same_utterances() -> None:
    rng = np.random.default_rng(2)
    old = some_counts(rng.binomial(10, 0.3, 300).tolist())
    new = old.copy()
    new[:, 2] = np.maximum(0, old[:, 2] - 1)
    values = ["noisy"] * 150 + ["silent"] * 150
    for counts in (old, new):
        counts[150:] = 0
    slicing = Slicing(by_text(values), np.zeros(300, dtype=bool), np.ones(300))
    better, silent = slicing.differences(old, new)
    worse, _ = slicing.differences(new, old)
    assert better is not None and better.verdict == "better"
    assert worse is not None and worse.verdict == "worse"
    assert (worse.low, worse.high) == pytest.approx((-better.high, -better.low))
    assert silent is None


def test_a_part_has_the_same_interval_whatever_else_is_asked_about() -> None:
    rng = np.random.default_rng(3)
    counts = some_counts(rng.binomial(10, 0.3, 2000).tolist())
    speakers = rng.integers(60, size=2000)
    parts = by_text(["a", "b"] * 1000) + by_text(["c"] * 500 + ["d"] * 1500)
    failed, seconds = np.zeros(2000, dtype=bool), np.ones(2000)
    failed[7] = True
    for groups in ((), speakers):
        together = Slicing(parts, failed, seconds, groups).slices(counts)
        for part, one in zip(parts, together, strict=True):
            (alone,) = Slicing([part], failed, seconds, groups).slices(counts)
            assert alone.interval == one.interval
            assert (alone.counts, alone.utterances) == (one.counts, one.utterances)


def test_without_utterances_there_are_no_slices() -> None:
    none = np.zeros(0, dtype=bool)
    assert Slicing(by_text([]), none, np.zeros(0)).slices(some_counts([])) == []
    slicing = Slicing(by_text(["a", "a"]), np.ones(2, dtype=bool), np.ones(2))
    (found,) = slicing.slices(some_counts([0, 0]))
    assert (found.utterances, found.interval) == (0, None)


def test_the_values_beyond_the_most_frequent_are_one_slice() -> None:
    values = [f"speaker {n}" for n in range(MOST)] * 2 + ["", "one", "two"]
    parts = by_text(values)
    assert [part.kind for part in parts] == ["value"] * MOST + ["rest", "unknown"]
    assert parts[-2].utterances.tolist() == [101, 102]
    assert parts[-1].utterances.tolist() == [100]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([-61.5, -48, -40, -33.3, -25, -21], ["below -50 dB", "-50 to -40 dB"]),
        ([0.012, 0.018, 0.024, 0.031, 0.048, 0.052], ["below 0.02 dB"]),
        ([3.0] * 9, ["all"]),
        ([3.0] * 9 + [8.0], ["all"]),
        ([1.0] + [3.0] * 9, ["below 3 dB", "from 3 dB"]),
        ([7.0], ["all"]),
        ([NAN, NAN], [""]),
        ([-float("inf"), 1.0], ["all", ""]),
        ([-9.0, -0.2, -0.1, 0.1, 0.2, 9.0], ["below -0.2 dB", "-0.2 to -0.1 dB"]),
        ([], []),
        ([1200, 35000, 71000, 8300000], ["below 3,500,000 dB"]),
    ],
)
def test_bands_have_round_limits(values: list[float], names: list[str]) -> None:
    parts = by_number(np.array(values, dtype=float), "dB")
    assert [part.name for part in parts][: len(names)] == names


@pytest.mark.parametrize("seed", range(20))
def test_bands_hold_every_utterance_once_and_none_is_empty(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(rng.normal() * 3, rng.random() * 2, 200) - rng.random()
    values[:: seed + 5] = NAN
    parts = by_number(values, "s")
    everyone = np.concatenate([part.utterances for part in parts])
    assert sorted(everyone.tolist()) == list(range(200))
    bands = [part for part in parts if part.kind == "band"]
    assert 3 <= len(bands) <= 5
    assert bands[0].low is None and bands[-1].high is None
    for part in bands:
        assert len(part.utterances)
        inside = values[part.utterances]
        assert part.low is None or inside.min() >= part.low
        assert part.high is None or inside.max() < part.high
    assert all(a.high == b.low for a, b in pairwise(bands))
