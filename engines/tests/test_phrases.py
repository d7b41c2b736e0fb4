"""Phrases that are expected: which may be meant, and where they take a place."""

from __future__ import annotations

import pytest

from engines.whisper import alike
from engines.whisper.phrases import PhraseList

TERMS = (
    "amlodipine",
    "atorvastatin",
    "lisinopril",
    "Jessie Okafor",
    "Adatum",
    "tailspin toys",
    "TSH",
    "Wörgl",
)


def listed(weight: float = 1.0, locale: str = "en-US") -> PhraseList:
    return PhraseList(TERMS, weight, locale)


ALIKE = [
    ("amlodipine", "M. Loadipine", 0.9),
    ("lisinopril", "Lyson April", 0.9),
    ("Jessie Okafor", "Jesse okay for", 0.9),
    ("TSH", "tee S H", 0.9),
    ("Debian", "DBN", 0.8),
    ("Wörgl", "worgle", 0.8),
    ("empagliflozin", "emperor flows and", 0.5),
]


@pytest.mark.parametrize(("phrase", "heard", "likeness"), ALIKE)
def test_what_sounds_like_a_phrase_is_like_it(
    phrase: str, heard: str, likeness: float
) -> None:
    row = alike.sounds(heard.split())
    found = next(alike.find(alike.sounds(phrase.split()), row, 0.0))
    assert found.likeness >= likeness


@pytest.mark.parametrize("heard", ["the weather is nice", "please call me", ""])
def test_other_words_are_not_like_a_phrase(heard: str) -> None:
    row = alike.sounds(heard.split())
    for term in TERMS:
        assert not list(alike.find(alike.sounds(term.split()), row, 0.75))


def test_a_phrase_is_found_wherever_it_is_said() -> None:
    row = alike.sounds(["M.", "Loadipine", "and", "then", "a", "Loadipine"])
    places = [m[:2] for m in alike.find(["amladapan"], row, 0.8)]
    assert sorted(places) == [(0, 2), (4, 6)]


def test_near_are_phrases_that_sound_like_words_of_the_text() -> None:
    assert listed().near("M. Loadipine was stopped.") == ["amlodipine"]
    assert listed().near("The weather will be nice.") == []
    assert listed().near("") == []
    # The likest is nearest to the window.
    assert listed().near("Lyson April and Adder fast a tin.")[-1] == "lisinopril"


def test_a_phrase_that_is_there_needs_no_help() -> None:
    assert listed().near("Amlodipine was stopped.") == []


CORRECTED = [
    (
        "He takes M. Loadipine, every day.",
        "He takes amlodipine every day.",
        "He takes amlodipine, every day.",
    ),
    # Only the phrase is taken over, not what else is different.
    (
        "Ask Jesse Ockifer to phone me.",
        "Ask Jessie Okafor two phone you!",
        "Ask Jessie Okafor to phone me.",
    ),
    # A sentence begins with a capital, but the phrase stays as it is written.
    (
        "Lyson April helps. Tail spin toys.",
        "Lisinopril helps. Tailspin toys.",
        "Lisinopril helps. Tailspin toys.",
    ),
    # What sounds otherwise stays, whatever came out when the phrase was told.
    ("The weather is nice.", "The amlodipine is nice.", "The weather is nice."),
    ("All  is well .", "All was well.", "All  is well ."),
    ("", "Amlodipine.", ""),
]


@pytest.mark.parametrize(("text", "told", "expected"), CORRECTED)
def test_a_phrase_takes_the_place_of_what_sounds_like_it(
    text: str, told: str, expected: str
) -> None:
    assert listed().corrected(text, [told]) == expected


def test_several_texts_bring_several_phrases() -> None:
    text = "M. Loadipine and Lyson April."
    told = ["Amlodipine and Lyson April.", "M. Loadipine and lisinopril."]
    assert listed().corrected(text, told) == "Amlodipine and lisinopril."


def test_the_weight_says_how_like_is_enough() -> None:
    text, told = "He took empty flow sin.", ["He took empagliflozin."]
    corrected = [
        PhraseList(["empagliflozin"], weight, "en-US").corrected(text, told)
        for weight in (0.25, 2.0)
    ]
    assert corrected == [text, told[0]]


def test_phrases_without_words_and_doubled_ones_do_no_harm() -> None:
    phrases = PhraseList(["", " ? ", "Adatum", "Adatum", "a  b"], 1.0, "en-US")
    assert phrases.near("a dot-um") == ["Adatum"]


def test_scripts_without_spaces_are_compared_sign_by_sign() -> None:
    phrases = PhraseList(["東京駅"], 1.0, "ja-JP")
    text, told = "明日東京液に行く", ["明日東京駅に行く"]
    assert PhraseList(["東京駅"], 2.0, "ja-JP").corrected(text, told) == told[0]
    assert phrases.corrected("京都に行く", told) == "京都に行く"


def test_five_hundred_phrases_are_looked_for_in_a_moment() -> None:
    many = [f"{one}{two}ton" for one in "bcdfghjklm" for two in "aeiou"] * 10
    phrases = PhraseList(many + list(TERMS), 1.0, "en-US")
    assert "amlodipine" in phrases.near("M. Loadipine was stopped today.")
