from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.alignment import align_words
from scoring.display import words
from scoring.token_errors import TokenErrors, token_errors


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("Hello, world.", "hello world", TokenErrors(2, 1)),
        ("Yes.", "Yes?", TokenErrors(punctuation=1)),
        ("at 7 p.m. today", "at 7 pm today", TokenErrors(punctuation=1)),
        ("the White House", "the white house", TokenErrors(capitalization=2)),
        ("it costs $5", "it costs five dollars", TokenErrors(number_format=2)),
        ("3,585 units", "3585 units", TokenErrors(number_format=1)),
        ("$5 million now", "5 million dollars now", TokenErrors(number_format=2)),
        ("call 3585", "call 4696", TokenErrors(lexical=1)),
        ("take 25 now", "take twenty five soon", TokenErrors(0, 0, 2, 1)),
        ("I can't go", "I cannot go", TokenErrors(others=1)),
        ("not every day", "not everyday", TokenErrors(others=2)),
        ("the cat", "the dog", TokenErrors(lexical=1)),
        ("", "Yes, no.", TokenErrors(punctuation=2, lexical=2)),
        ("", "", TokenErrors()),
    ],
)
def test_causes(reference: str, hypothesis: str, expected: TokenErrors) -> None:
    assert token_errors(reference, hypothesis, "en-US") == expected


def test_characters_have_causes_too() -> None:
    found = token_errors("東京、都OK。", "東京と都ok。", "ja-JP")
    assert found == TokenErrors(capitalization=2, lexical=1)


# The sample of the reference: 165 tokens, 10 S, 1 D, 9 I; of these 20 errors 4 are of
# punctuation, 2 of case, 1 of number format, 12 lexical and 1 other.
DOCUMENTED = [
    ("Are you there.", "Are you there?"),  # punctuation: S
    ("Well then, of course.", "Well, then of course."),  # I and D
    ("Yes of course.", "Yes, of course."),  # I
    ("the White House is white", "the white house is white"),
    ("room 3585 is free", "room 3,585 is free"),
    ("you cannot know it", "you can't know it"),
    ("the cat and the dog sat on one mat", "the hat and a log sat in one bat"),
    ("nothing else was said", "nothing at all else was ever said to you at six"),
]


def test_documented_split() -> None:
    filler = " ".join(["word"] * (165 - sum(len(words(r, "")) for r, _ in DOCUMENTED)))
    pairs = [*DOCUMENTED, (filler, filler)]
    edits = "".join(align_words(words(r, ""), words(h, "")) for r, h in pairs)
    assert len(edits) - edits.count("I") == 165
    assert {kind: edits.count(kind) for kind in "SDI"} == {"S": 10, "D": 1, "I": 9}
    found = [
        token_errors(reference, hypothesis, "en-US") for reference, hypothesis in pairs
    ]
    total = sum(found, TokenErrors())
    assert total == TokenErrors(4, 2, 1, lexical=12, others=1)
    assert f"{total.total / 165:.4f}" == "0.1212"


WRITTEN = (
    "Yes yes no , . ? $5 5 five dollars million 3,585 3585 p.m. pm can't cannot "
    "every day everyday — “ % percent twenty-five 25 🙂"
)
TEXTS = st.lists(
    st.sampled_from(WRITTEN.split()),
    max_size=10,
).map(" ".join)


@settings(deadline=None, database=None)
@given(TEXTS, TEXTS, st.sampled_from(["en-US", "de-DE", "ja-JP"]))
def test_causes_add_up_to_all_errors(
    reference: str, hypothesis: str, locale: str
) -> None:
    found = token_errors(reference, hypothesis, locale)
    edits = align_words(words(reference, locale), words(hypothesis, locale))
    assert found.total == len(edits) - edits.count("C")
    assert all(
        getattr(found, name) >= 0
        for name in ("punctuation", "capitalization", "number_format", "others")
    )
