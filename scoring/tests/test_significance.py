from __future__ import annotations

import random

import numpy as np
import pytest

from scoring.errors import ErrorCounts
from scoring.significance import (
    Interval,
    difference_interval,
    minutes_to_tell,
    rate_interval,
)


def words(errors: int, right: int) -> list[ErrorCounts]:
    """Utterances of a word each."""
    wrong = [ErrorCounts(words=1, substitutions=1)] * errors
    return wrong + [ErrorCounts(words=1)] * right


def test_the_interval_is_that_of_the_binomial_distribution() -> None:
    # 0.2 +- 1.96 * sqrt(0.2 * 0.8 / 1000)
    found = rate_interval(words(200, 800))
    assert found is not None
    assert found.low == pytest.approx(0.1752, abs=0.003)
    assert found.high == pytest.approx(0.2248, abs=0.003)


def test_four_times_the_words_halve_the_interval() -> None:
    few, many = rate_interval(words(50, 200)), rate_interval(words(200, 800))
    assert few is not None and many is not None
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, rel=0.1)


def test_the_difference_of_independent_errors_is_as_wide_as_theory_says() -> None:
    rng = random.Random(1)
    old, new = (
        [ErrorCounts(words=1, substitutions=rng.random() < p) for _ in range(2000)]
        for p in (0.2, 0.1)
    )
    found = difference_interval(old, new)
    assert found is not None
    # 1.96 * sqrt((0.2 * 0.8 + 0.1 * 0.9) / 2000)
    assert (found.high - found.low) / 2 == pytest.approx(0.0219, abs=0.002)
    assert found.verdict == "better"
    turned = difference_interval(new, old)
    assert turned is not None and turned.verdict == "worse"


def test_what_is_hard_for_both_is_no_difference() -> None:
    hard = [ErrorCounts(words=5, deletions=i % 5) for i in range(40)]
    found = difference_interval(hard, hard)
    assert found is not None
    assert (found.low, found.high, found.verdict) == (0, 0, "unclear")


def test_chance_is_no_success() -> None:
    rng = random.Random(2)
    old, new = (
        [ErrorCounts(words=5, substitutions=rng.random() < 0.3) for _ in range(20)]
        for _ in range(2)
    )
    found = difference_interval(old, new)
    assert found is not None and found.verdict == "unclear"


def test_speakers_that_fail_as_a_whole_widen_the_interval() -> None:
    counts = [ErrorCounts(words=1, deletions=speaker % 2) for speaker in range(12)] * 50
    speakers = list(range(12)) * 50
    alone, together = rate_interval(counts), rate_interval(counts, speakers)
    assert alone is not None and together is not None
    # As of 12 words, not of 600.
    assert (together.high - together.low) / 2 == pytest.approx(0.28, abs=0.06)
    assert (alone.high - alone.low) / 2 == pytest.approx(0.04, abs=0.01)
    # Two speakers tell nothing of all: then the utterances are drawn.
    two = [speaker % 2 for speaker in speakers]
    assert rate_interval(counts, two) == alone


def test_the_same_counts_give_the_same_interval() -> None:
    assert rate_interval(words(3, 20)) == rate_interval(words(3, 20))
    assert rate_interval(words(231, 800), seed=2) != rate_interval(
        words(231, 800), seed=3
    )


@pytest.mark.parametrize("counts", [[], [ErrorCounts(insertions=2)]])
def test_without_words_there_is_no_rate(counts: list[ErrorCounts]) -> None:
    assert rate_interval(counts) is None
    assert difference_interval(counts, counts) is None


def test_utterances_without_words_are_no_division_by_zero() -> None:
    found = rate_interval([ErrorCounts(insertions=1), ErrorCounts(words=1)])
    assert found is not None and found.low == 0


def test_an_array_of_counts_is_as_good_as_a_list() -> None:
    rng = random.Random(4)
    counts = [
        ErrorCounts(rng.randrange(4, 9), rng.randrange(3), rng.randrange(2), 1)
        for _ in range(300)
    ]
    others = counts[150:] + counts[:150]
    rows, other_rows = (
        np.array([(c.words, c.insertions, c.deletions, c.substitutions) for c in many])
        for many in (counts, others)
    )
    assert rate_interval(rows) == rate_interval(counts)
    names = [f"speaker {n % 20}" for n in range(300)]
    numbers = np.array([(n % 20) * 7 for n in range(300)])
    assert rate_interval(rows, numbers) == rate_interval(counts, names)
    assert difference_interval(rows, other_rows) == difference_interval(counts, others)
    assert rate_interval(rows[:0]) is None


def test_rows_drawn_one_by_one_and_alike_give_the_same_interval() -> None:
    """Few utterances that differ are drawn each, many that are alike together."""
    rng = np.random.default_rng(5)
    words = rng.integers(1000, 2000, 400)
    alike = np.stack([np.repeat(10, 4000), *(rng.binomial(10, 0.02, (3, 4000)))], 1)
    apart = np.stack([words, *(rng.binomial(words, 0.02, (3, 400)))], 1)
    for counts in (alike, apart):
        found = rate_interval(counts)
        errors, said = counts[:, 1:].sum(axis=1), counts[:, 0]
        rate = errors.sum() / said.sum()
        deviation = np.sqrt(((errors - rate * said) ** 2).sum()) / said.sum()
        assert found is not None
        assert found.low == pytest.approx(rate - 1.96 * deviation, rel=0.02)
        assert found.high == pytest.approx(rate + 1.96 * deviation, rel=0.02)


def test_models_are_compared_on_the_same_utterances() -> None:
    with pytest.raises(ValueError):
        difference_interval(words(1, 2), words(1, 3))


def test_as_many_minutes_more_as_are_named_tell_four_times_in_five() -> None:
    rng = np.random.default_rng(6)
    old_rate, new_rate, utterances = 0.12, 0.11, 500
    # Minutes are utterances of 10 words here, the models wrong independently.
    deviation = np.sqrt((old_rate * 0.88 + new_rate * 0.89) / (10 * utterances))
    interval = Interval(-0.01 - 1.96 * deviation, -0.01 + 1.96 * deviation)
    more = minutes_to_tell(interval, -0.01, minutes=utterances)
    assert more is not None and more > 100
    needed = round(utterances + more)
    errors = [
        rng.binomial(10 * needed, rate, size=2000) for rate in (old_rate, new_rate)
    ]
    found = (errors[1] - errors[0]) / (10 * needed)
    bound = 1.96 * deviation * np.sqrt(utterances / needed)
    assert np.mean(np.abs(found) > bound) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("interval", "difference", "minutes"),
    [
        (Interval(-0.02, -0.01), -0.015, 0),
        (Interval(0.01, 0.02), 0.015, 0),
        (Interval(-0.02, 0.02), 0, None),
        (Interval(-0.02, 0.02), 0.004, None),
        (Interval(0, 0), 0, None),
        # Half the interval is 0.02: (2.802 / 1.96 * 0.02 / 0.01) ** 2 - 1 = 7.175
        (Interval(-0.01, 0.03), 0.01, 71.75),
    ],
)
def test_minutes_are_named_only_where_an_amount_makes_sense(
    interval: Interval, difference: float, minutes: float | None
) -> None:
    found = minutes_to_tell(interval, difference, minutes=10)
    assert found == (minutes if minutes is None else pytest.approx(minutes, abs=0.01))
