from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from scoring.contractions import readings
from scoring.normalization import words
from scoring.reconciliation import rewritings
from scoring.rewriting import rewritten

QUICK = settings(deadline=None, database=None)


def errors_left(reference: str, hypothesis: str, locale: str = "en-US") -> int:
    said, heard = words(reference, locale), words(hypothesis, locale)
    same = rewritten(heard, rewritings(said, heard, locale[:2]))
    return int(Levenshtein.distance(said, same))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("not every day", "not everyday"),
        ("my ice-cream", "my icecream"),
        ("an e-mail", "an email"),
        ("set up the US B port", "setup the U.S.B. port"),
        ("NATO, on TV", "N.A.T.O. on T. V."),
        ("everyday people go every day", "every day people go everyday"),
        ("ice cream cream", "icecream cream"),
        ("a lot alot", "alot alot"),
        ("I do not know", "I don't know"),
        ("I can not go", "I can't go"),
        ("I cannot go", "I can't go"),
        ("I will not go", "I won't go"),
        ("it is fine", "it's fine"),
        ("it has been fine", "it's been fine"),
        ("it isn't so", "it's not so"),
        ("he would go", "he'd go"),
        ("he had gone", "he’d gone"),  # noqa: RUF001
        ("let us go", "let's go"),
        ("we could have known", "we could've known"),
        ("we could not have known", "we couldn't've known"),
        ("I am going to ask", "I'm gonna ask"),
        ("you all want to come", "y'all wanna come"),
    ],
)
def test_another_spelling_is_no_error(one: str, other: str) -> None:
    assert errors_left(one, other) == errors_left(other, one) == 0


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("its fine", "it's fine", 1),
        ("we were there", "we're there", 2),
        ("well go", "we'll go", 1),
        ("it was fine", "it's fine", 2),
        ("he did go", "he'd go", 2),
        ("the dog's tail", "the dogs tail", 1),
        ("her ear", "he rear", 2),
        ("every day", "day every", 2),
        ("do not go", "do go", 1),
        ("I don't go", "I do go", 1),
        ("every day", "everyday everyday", 1),
    ],
)
def test_other_words_are_errors(reference: str, hypothesis: str, errors: int) -> None:
    assert errors_left(reference, hypothesis) == errors


@pytest.mark.parametrize(
    ("locale", "one", "other"),
    [
        ("de-DE", "es kostet dreihundertfünfzig Euro", "es kostet 350 Euro"),
        ("de-DE", "tausendzweihundertfünfzig Leute", "1.250 Leute"),
        ("de-DE", "1.250 Leute", "1250 Leute"),
        ("de-DE", "die Haus Tür", "die Haustür"),
        ("fr-FR", "quatre-vingt-dix ans", "90 ans"),
        ("es-ES", "mil doscientos cincuenta", "1.250"),
        ("it-IT", "ventuno gatti", "21 gatti"),
        ("pt-BR", "vinte e um gatos", "21 gatos"),
        ("nl-NL", "eenentwintig katten", "21 katten"),
    ],
)
def test_other_languages(locale: str, one: str, other: str) -> None:
    assert errors_left(one, other, locale) == errors_left(other, one, locale) == 0


def test_numbers_that_are_not_the_same_are_errors() -> None:
    assert errors_left("drei Leute", "4 Leute", "de-DE") == 1
    assert errors_left("null null sieben", "7", "de-DE") == 2
    assert errors_left("don't go", "do not go", "de-DE") == 2


def test_the_hypothesis_takes_the_words_of_the_reference() -> None:
    said, heard = ["do", "not", "go", "every", "day"], ["don't", "go", "everyday"]
    assert rewritten(heard, rewritings(said, heard, "en")) == said


@pytest.mark.parametrize("word", ["won't", "they'd've", "rock", "'", "'s", "n't", ""])
def test_readings_are_words(word: str) -> None:
    assert all(all(parts) or parts == ("",) for parts in readings(word))


def test_long_texts_take_no_time() -> None:
    text = "We do not go there every day, and it is fine to see the old people. "
    other = "We don't go there everyday, and it's fine to hear the old people. "
    said, heard = words(text * 600, "en-US"), words(other * 600, "en-US")
    started = time.process_time()
    same = rewritten(heard, rewritings(said, heard, "en"))
    assert Levenshtein.distance(said, same) == 600
    rewritings(["a", "i'm"] * 5000, ["i", "am", "ai"] * 3000, "en")
    assert time.process_time() - started < 5  # a fifth of it when idle


WRITTEN = (
    "a b ab every day everyday do not don't it it's is has isn't i'd've i would "
    "have 1 250 1250 ein zwanzig einundzwanzig u s b usb gonna going to 21"
)
PARTS = st.sampled_from(WRITTEN.split())
WORDS = st.lists(PARTS, max_size=14)


@QUICK
@given(WORDS, WORDS, st.sampled_from(["en", "de", "fr", "sv"]))
def test_there_are_never_more_errors(
    reference: list[str], hypothesis: list[str], language: str
) -> None:
    found = rewritings(reference, hypothesis, language)
    before = Levenshtein.distance(reference, hypothesis)
    after = Levenshtein.distance(reference, rewritten(hypothesis, found))
    assert after < before or not found
    reach = 0
    for start, end, same in found:
        assert reach <= start < end <= len(hypothesis)
        assert same != tuple(hypothesis[start:end])
        reach = end


@QUICK
@given(st.lists(st.text(max_size=8), max_size=6), st.integers(0, 10**6))
def test_any_words_are_taken(heard: list[str], number: int) -> None:
    for language in ("de", "fr", "es", "it", "nl", "pt", "en"):
        rewritings([str(number), *heard[::2]], heard, language)
