"""How much of the encoder's memory a window gets."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from engines.whisper.encoder import room, span
from engines.whisper.hear import batches

LENGTHS = [tenths / 10 for tenths in range(1, 301)]


@pytest.mark.parametrize("seconds", LENGTHS)
def test_a_window_lies_within_what_is_looked_at(seconds: float) -> None:
    assert math.ceil(seconds) * 50 <= span(seconds) <= room(seconds) <= 1500


def test_a_longer_window_gets_no_less() -> None:
    for shorter, longer in pairwise(LENGTHS):
        assert span(shorter) <= span(longer)
        assert room(shorter) <= room(longer)


def test_windows_of_a_batch_have_the_same_span_and_room() -> None:
    found = list(batches(LENGTHS, size=8))
    assert sorted(at for batch in found for at in batch) == list(range(len(LENGTHS)))
    for batch in found:
        assert len({span(LENGTHS[at]) for at in batch}) == 1
        assert len({room(LENGTHS[at]) for at in batch}) == 1
