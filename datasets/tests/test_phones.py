from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats.phones import (
    CONSONANTS,
    LABELS,
    VOWELS,
    Unknown,
    check,
    from_arpabet,
    hint,
)

ARPABET = (
    "AA AE AH AO AW AX AXR AY EH ER EY IH IX IY OW OY UH UW UX B CH D DH DX EL EM EN F "
    "G HH HV JH K L M N NG NX P R S SH T TH V W WH Y Z ZH"
)


def test_the_set_has_24_consonants_and_22_vowels() -> None:
    assert (len(CONSONANTS), len(VOWELS)) == (24, 22)
    assert all(check(phone) is None for phone in CONSONANTS | VOWELS)


@pytest.mark.parametrize(
    ("phones", "unknown"),
    [
        ("k ae t", None),
        ("D AO T N EH T", None),
        ("  M   AI\tN  ", None),
        ("M AI N AX R", None),
        ("ER R B AX N", None),
        ("ER R R", None),
        ("AX AX R R", None),
        ("AX ER", ("ER", 3)),
        ("AX er B", ("er", 3)),
        ("ER ER R", ("ER", 0)),
        ("ER R ER", ("ER", 5)),
        ("ER XX", ("ER", 0)),
        ("K IY", ("IY", 2)),
        ("K AE1 T", ("AE1", 2)),
        ("k-ae-t", ("k-ae-t", 0)),
        ("k æ t", ("æ", 2)),
        ("", None),
    ],
)
def test_the_first_unknown_label_is_named_with_its_place(
    phones: str, unknown: tuple[str, int] | None
) -> None:
    assert check(phones) == (unknown and Unknown(*unknown))


@pytest.mark.parametrize(
    ("arpabet", "ups"),
    [
        ("IY OW UW AY AW EY OY", "I O U AI AU EI OI"),
        ("HH AH0 L OW1", "H AX L O"),
        ("AH1 AH2 AH", "AH AH AH"),
        ("y eh1 s", "J EH S"),
        ("M AY1 N ER0", "M AI N AX R"),
        ("ER1 B AH0 N", "ER R B AX N"),
        ("B AH1 T AXR EL", "B AH T AX R AX L"),
        ("", ""),
        ("K AI T", None),
        ("AE3", None),
        ("Q", None),
    ],
)
def test_arpabet_is_converted(arpabet: str, ups: str | None) -> None:
    assert from_arpabet(arpabet) == ups


@pytest.mark.parametrize("stress", ["", "0", "1", "2"])
def test_all_of_arpabet_becomes_phones_of_the_set(stress: str) -> None:
    for label in ARPABET.split():
        converted = from_arpabet(label + stress)
        assert converted and check(converted) is None, label


@pytest.mark.parametrize(
    ("phones", "advice"),
    [
        ("B AI IY", "IY is ARPAbet; write I"),
        ("B AI hh", "hh is ARPAbet; write H"),
        ("B UW1", "the labels are ARPAbet; in the Universal Phone Set it is: B U"),
        ("B ER", "write ER R"),
        ("B ö", "use the labels of the Universal Phone Set, with spaces between them"),
    ],
)
def test_the_hint_says_what_to_write(phones: str, advice: str) -> None:
    unknown = check(phones)
    assert unknown is not None
    assert hint(phones, unknown) == advice


@given(st.text())
def test_any_text_is_judged(phones: str) -> None:
    unknown = check(phones)
    if unknown is None:
        assert set(phones.upper().split()) <= LABELS | {"ER"}
        return
    assert phones[unknown.offset :].startswith(unknown.label)
    assert hint(phones, unknown)


@given(st.lists(st.sampled_from(sorted(CONSONANTS | VOWELS))))
def test_every_row_of_phones_is_right(phones: list[str]) -> None:
    assert check(" ".join(phones).lower()) is None


def test_long_pronunciations_are_judged_fast() -> None:
    start = time.perf_counter()
    for phones in ("ER R " * 100_000, "k " * 250_000 + "x", " " * 500_000):
        check(phones)
        from_arpabet(phones)
    assert time.perf_counter() - start < 3
