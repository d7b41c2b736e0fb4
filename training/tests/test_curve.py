from __future__ import annotations

import math
from typing import Any

from training.curve import charts, rows


def a_pass(number: int, loss: float | None, errors: int = 1) -> dict[str, Any]:
    return {
        "number": number,
        "loss": loss,
        "held_out_loss": 2.0 / (number + 1),
        "errors": errors,
        "words": 10,
    }


CURVE = [a_pass(0, None, 4), a_pass(1, 1.5, 2), a_pass(2, 0.7, 1), a_pass(3, 0.5, 2)]


def test_there_is_a_chart_of_the_losses_and_one_of_the_errors() -> None:
    losses, errors = charts(CURVE, best=2)
    assert [line.name for line in losses.lines] == ["Training", "Held-out part"]
    # The model before any pass has no loss of training.
    assert [len(line.dots) for line in losses.lines] == [3, 4]
    assert [tick.label for tick in errors.up] == [
        "0 %",
        "10 %",
        "20 %",
        "30 %",
        "40 %",
    ]
    assert [tick.label for tick in losses.across] == ["0", "1", "2", "3"]
    assert losses.best == losses.across[2].at


def test_everything_that_is_drawn_lies_within_the_frame() -> None:
    for chart in charts(CURVE, best=3):
        for line in chart.lines:
            for x, y in line.dots:
                assert chart.left <= float(x) <= chart.right
                assert chart.top <= float(y) <= chart.bottom


def test_one_pass_is_no_curve_yet_but_a_row() -> None:
    assert charts(CURVE[:1], None) == []
    assert len(rows(CURVE[:1], None)) == 1
    assert charts([], None) == []


def test_a_loss_that_is_no_number_is_left_out_and_said() -> None:
    curve = [*CURVE, a_pass(4, math.nan)]
    losses, _ = charts(curve, None)
    assert "nan" not in losses.lines[0].points
    assert rows(curve, None)[-1].loss == "not a number"


def test_a_held_out_part_without_words_has_no_rate() -> None:
    curve = [{**one, "errors": 0, "words": 0} for one in CURVE]
    _, errors = charts(curve, None)
    assert errors.lines[0].points == ""
    assert rows(curve, None)[0].rate is None


def test_many_passes_have_few_ticks() -> None:
    curve = [a_pass(number, 1.0) for number in range(100)]
    assert len(charts(curve, None)[0].across) <= 11
