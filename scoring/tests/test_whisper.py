from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whisper_normalizer.english import EnglishTextNormalizer

from scoring.whisper import VERSION, normalized

THEIRS = EnglishTextNormalizer()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Park visited Dr. Smith.", "mister park visited doctor smith"),
        ("I can't, uh, recall the colour!", "i can not recall the color"),
        ("twenty-five dollars and 10%", "$25 and 10%"),
        ("[noise] hello (laughs)", "hello"),
        # Quirks that published figures hold.
        ("O'Brien", "0 brien"),
        ("10:00 AM", "10 0 am"),
        ("John's dog's", "john is dog is"),
        ("MS-DOS 3.1", "ms dos 3 one"),
        ("set up, setup", "set up setup"),
        ("okay ok T. V.", "okay ok t v"),
    ],
)
def test_known_outcomes(text: str, expected: str) -> None:
    assert normalized(text) == expected


def test_version_is_pinned() -> None:
    assert VERSION == "0.1.15"


WRITTEN = (
    "one two oh twenty hundred half a and point double minus per cent cents "
    "dollars 5 $5 10:00 3.14 £ % won't can't it's 's 'd dr mr ( ) [ ] < > colour "
    "cause uh mm i'ma y'all ' - +5 0 1,000 st nd . é ß ½ ٤ percent ones thirds"
)
PARTS = st.sampled_from(WRITTEN.split())
TEXTS = st.one_of(
    st.lists(PARTS, max_size=10).map(" ".join),
    st.lists(PARTS, max_size=10).map("".join),
    st.text(max_size=40),
)


@settings(deadline=None, database=None, max_examples=200)
@given(TEXTS)
def test_what_is_left_out_for_speed_changes_nothing(text: str) -> None:
    assert normalized(text).split() == THEIRS(text).split()


@pytest.mark.parametrize("part", ["[", "(", "<", "9", "one ", "'", "it's "])
def test_fifty_kilobytes_take_no_time(part: str) -> None:
    started = time.process_time()
    normalized(part * (50_000 // len(part)))
    assert time.process_time() - started < 10  # a tenth of it when idle
