from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from scoring.errors import ErrorCounts
from scoring.significance import rate_interval
from scoring.slices import MOST, by_number, by_text, slices

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
    found = slices(by_text(values), counts, failed, seconds)
    assert [one.part.name for one in found] == ["loud", "quiet", "few", "silent"]
    loud, quiet, few, silent = found
    assert (loud.utterances, loud.minutes) == (39, 19.5)
    assert loud.counts == ErrorCounts(words=390, deletions=117)
    assert loud.interval is not None and loud.interval.low == pytest.approx(0.3)
    assert [one.is_small for one in found] == [False, False, True, True]
    assert quiet.counts.rate == pytest.approx(0.05)
    assert silent.interval is None and few.interval is not None


def test_a_slice_of_all_has_the_interval_of_the_whole_test() -> None:
    rng = np.random.default_rng(1)
    counts = some_counts(rng.binomial(10, 0.2, 500).tolist())
    speakers = [f"speaker {n % 25}" for n in range(500)]
    seconds, failed = np.ones(500), np.zeros(500, dtype=bool)
    for groups in ((), speakers):
        (found,) = slices(by_text(["en"] * 500), counts, failed, seconds, groups)
        assert found.interval == rate_interval(counts, groups)


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
