from __future__ import annotations

import random

import pytest

from scoring.errors import ErrorCounts
from scoring.significance import difference_interval, rate_interval


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
