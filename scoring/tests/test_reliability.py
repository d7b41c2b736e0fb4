from __future__ import annotations

import numpy as np
import pytest

from scoring.reliability import reliability
from scoring.table import Builder, Table


def table(*words: tuple[str, float]) -> Table:
    """Utterances of a word each: its edit and confidence."""
    builder = Builder()
    for edit, confidence in words:
        said = [] if edit == "I" else ["said"]
        heard = {"C": ["said"], "S": ["other"], "I": ["other"], "D": []}[edit]
        builder.add(edit, said, heard, [confidence] * len(heard))
    return builder.table()


def test_the_curve_is_what_is_counted_by_hand() -> None:
    found = reliability(
        table(("C", 0.95), ("C", 1.0), ("S", 0.9), ("I", 0.2), ("C", 0.25), ("D", 0))
    )
    assert found.words == 5
    low, high = found.bins[2], found.bins[9]
    assert (low.words, low.right, high.words) == (2, 0.5, 3)
    assert low.confidence == pytest.approx(0.225)
    assert high.confidence == pytest.approx(0.95)
    assert high.right == pytest.approx(2 / 3)
    assert found.bins[5].right is None and found.bins[5].words == 0
    expected = (2 * 0.275 + 3 * (0.95 - 2 / 3)) / 5
    assert found.calibration_error == pytest.approx(expected)


def test_a_highlight_says_what_it_finds() -> None:
    found = reliability(
        table(("S", 0.1), ("I", 0.3), ("C", 0.3), ("C", 0.8), ("S", 0.9), ("C", 0.9))
    )
    by_threshold = {round(one.threshold * 100): one for one in found.highlights}
    assert list(by_threshold) == list(range(1, 100))
    first = by_threshold[10]
    assert (first.marked, first.precision, first.recall) == (0, None, 0)
    half = by_threshold[50]
    assert half.marked == half.recall - 1 / 6 == pytest.approx(0.5)
    assert half.precision == pytest.approx(2 / 3)
    best = found.best()
    assert best is not None and 0.3 < best.threshold <= 0.8


def test_words_that_are_as_often_right_as_they_are_sure_have_no_calibration_error() -> (
    None
):
    rng = np.random.default_rng(1)
    sure = rng.random(20000)
    right = rng.random(20000) < sure
    made = table(*zip(np.where(right, "C", "S").tolist(), sure.tolist(), strict=True))
    found = reliability(made)
    assert found.calibration_error is not None and found.calibration_error < 0.02
    boasting = reliability(
        table(*[("C" if r else "S", 0.99) for r in right[:1000].tolist()])
    )
    assert boasting.calibration_error == pytest.approx(0.49, abs=0.03)


@pytest.mark.parametrize("words", [[], [("C", float("nan"))], [("D", 0.5)]])
def test_without_confidences_nothing_is_said(words) -> None:
    found = reliability(table(*words))
    assert (found.words, found.calibration_error, found.best()) == (0, None, None)


def test_where_all_is_right_no_highlight_is_of_use() -> None:
    found = reliability(table(("C", 0.2), ("C", 1.0)))
    assert found.best() is None
    assert found.highlights[50].recall is None
    assert found.highlights[50].precision == 0
