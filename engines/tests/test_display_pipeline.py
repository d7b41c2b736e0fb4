"""Numbers, rewrite, profanity, and the order in which they come."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.display.cardinals import cardinal
from engines.display.numbers import default_spans
from engines.display.phrases import Phrases
from engines.display.pipeline import Display
from engines.display.profanity import Mode
from engines.display.rules import Rules
from engines.display.words import grammar_mark, join, split


def shown(text: str, locale: str = "en-US", **rules: object) -> str:
    return Display(Rules(**rules), locale).format(text)  # type: ignore[arg-type]


def in_digits(text: str, language: str = "en") -> str:
    words = text.split()
    for start, end, written in reversed(default_spans(words, language)):
        words[start:end] = [written]
    return " ".join(words)


NUMBERS = [
    ("cat nine", "cat 9"),
    ("one of them", "one of them"),
    ("no one", "no one"),
    ("zero", "0"),
    ("twenty to thirty k", "20 to 30 k"),
    ("five hundred and five", "505"),
    ("a hundred", "100"),
    ("a dog and a cat", "a dog and a cat"),
    ("half a million", "half a million"),
    ("two thousand five hundred sixty one", "2561"),
    ("two thousand and five", "2005"),
    ("two thousand and five hundred", "2000 and 500"),
    ("nineteen hundred", "1900"),
    ("one hundred and two hundred", "100 and 200"),
    ("five million", "5 million"),
    ("one million two", "1000002"),
    ("nine trillion nine", "9000000000009"),
    ("three point one four", "3.14"),
    ("zero point five", "0.5"),
    ("three point five million", "3.5 million"),
    ("version two point oh", "version 2.0"),
    ("the one point", "the one point"),
    ("four point", "4 point"),
    ("one oh five", "105"),
    ("one fifteen", "115"),
    ("one oh five one fifteen", "105 115"),
    ("five oh oh", "500"),
    ("five double zero", "500"),
    ("double oh seven", "007"),
    ("double trouble", "double trouble"),
    ("double five", "double five"),
    ("one two three four five", "12345"),
    ("four five", "4 5"),
    ("nineteen eighty four", "1984"),
    ("nineteen oh five", "1905"),
    ("twenty twenty", "2020"),
    ("five ten fifteen", "5 10 15"),
    ("five five five twelve twelve", "555 12 12"),
    ("oh no", "oh no"),
    ("oh one more thing", "oh one more thing"),
    ("j o eight hundred", "j o 800"),
    ("twenty five oh my", "25 oh my"),
    ("first of all", "first of all"),
    ("the twenty first", "the 21st"),
    ("the eleventh", "the 11th"),
    ("one hundred third", "103rd"),
    ("two thirds", "two thirds"),
    ("hundred", "hundred"),
]


@pytest.mark.parametrize(("spoken", "written"), NUMBERS)
def test_english_numbers(spoken: str, written: str) -> None:
    assert in_digits(spoken) == written


OTHER_NUMBERS = [
    ("de", "ich habe zweiundzwanzig hunde", "ich habe 22 hunde"),
    ("de", "ein haus", "ein haus"),
    ("de", "der dritte", "der dritte"),
    ("de", "drei komma eins vier", "3,14"),
    ("fr", "vingt et un chats", "21 chats"),
    ("es", "treinta y dos", "32"),
    ("it", "ventuno gatti", "21 gatti"),
    ("nl", "eenentwintig", "21"),
    ("pt", "vinte e um", "21"),
    ("da", "enogtyve", "21"),
    ("pl", "dwadzieścia", "dwadzieścia"),
]


@pytest.mark.parametrize(("language", "spoken", "written"), OTHER_NUMBERS)
def test_numbers_of_other_languages(language: str, spoken: str, written: str) -> None:
    assert in_digits(spoken, language) == written


def test_every_cardinal_is_read() -> None:
    ones = ["one", "two", "three", "nine", "ten", "eleven", "nineteen", "twenty"]
    for value, word in zip((1, 2, 3, 9, 10, 11, 19, 20), ones, strict=True):
        spoken = f"six million {word} thousand two hundred and {word}".split()
        expected = 6_000_000 + value * 1000 + 200 + value
        number = cardinal(spoken, 0)
        assert number is not None
        assert (number.value, number.end) == (expected, len(spoken))


def test_hyphens_part_number_words() -> None:
    assert shown("the twenty-one x-rays") == "The 21 x-rays"


REWRITE = [
    # Case and punctuation do not count, the replacement stays as it is.
    ("End To End", "the end to END, well", "The E2E, well"),
    ("end, to end.", "the end to end", "The E2E"),
    ("end to end", "the end, to end. Yes", "The E2E. Yes"),
    # Whole words only.
    ("end to end", "the bend to end", "The bend to end"),
    ("x.y", "an x y", "An x y"),
    ("x. y", "an x y", "An E2E"),
    # Numbers were written in digits before.
    ("surf two soul", "at surf two soul", "At E2E"),
    ("surf 2 soul", "at surf two soul", "At E2E"),
    ("cesar's", "at cesar\u2019s", "At E2E"),
]


@pytest.mark.parametrize(("original", "text", "display"), REWRITE)
def test_rewrite(original: str, text: str, display: str) -> None:
    assert shown(text, rewrites=((original, "E2E"),)) == display


CAPITALS = [
    ("en-US", "new york", "New york"),
    ("en-US", "i think i'm here. yes", "I think I'm here. Yes"),
    ("en-US", "iPhone", "iPhone"),
    ("en-US", "1 star", "1 star"),
    ("tr-TR", "istanbul", "İstanbul"),
    ("nl-NL", "ijs", "IJs"),
    ("de-DE", "über", "Über"),
    ("es-ES", "¿qué tal?", "¿Qué tal?"),
    ("zh-CN", "你好 ok", "你好 ok"),
    ("en-US", "", ""),
    ("en-US", " ... ", "..."),
]


@pytest.mark.parametrize(("locale", "text", "display"), CAPITALS)
def test_capitals(locale: str, text: str, display: str) -> None:
    assert shown(text, locale) == display


def test_a_replacement_gets_a_capital_where_a_sentence_begins() -> None:
    rules = Rules(rewrites=(("sweet", "bitter"), ("i phone", "iPhone")))
    display = Display(rules, "en-US")
    assert display.format("sweet sweet. sweet") == "Bitter bitter. Bitter"
    assert display.format("i phone i phone") == "iPhone iPhone"


def test_a_mark_at_the_end_of_a_replacement_is_not_doubled() -> None:
    assert shown("at acme inc.", rewrites=(("acme inc", "Acme Inc."),)) == (
        "At Acme Inc."
    )


def test_the_longest_original_wins() -> None:
    rules = (("a b", "1"), ("b c d", "2"), ("b", "3"))
    assert shown("x a b c d", rewrites=rules) == "X a 2"
    assert shown("x a b c", rewrites=rules) == "X 1 c"


def test_of_equal_originals_the_first_counts() -> None:
    assert shown("x a", rewrites=(("a", "1"), ("A.", "2"))) == "X 1"


PROFANITY: list[tuple[str, Mode, str]] = [
    ("the ABC lmn here", "masked", "The *** *** here"),
    ("the abc lmn here", "removed", "The here"),
    ("the abc lmn here", "raw", "The abc lmn here"),
    ("the abc, here", "masked", "The abc, here"),
    ("abc lmn, here", "removed", "Here"),
    ("go abc lmn, here", "removed", "Go, here"),
    ("lmn opq", "masked", "*** ***"),
    ("abc lmn opq", "masked", "*** *** ***"),
    ("don't", "masked", "***'*"),
]


@pytest.mark.parametrize(("text", "mode", "display"), PROFANITY)
def test_profanity(text: str, mode: Mode, display: str) -> None:
    phrases = ("abc lmn", "lmn opq", "don't")
    assert Display(Rules(profanities=phrases), "en-US").format(text, mode) == display


def test_scripts_without_spaces_match_anywhere() -> None:
    rules = Rules((), (("你好", "您好"),), ("坏话",))
    assert Display(rules, "zh-CN").format("我说你好。坏话") == "我说您好。**"
    assert Display(rules, "zh-CN").format("我说坏话了", "removed") == "我说了"
    assert shown("แมวดำ", "th-TH", profanities=("แมว",)) == "***ดำ"


def test_each_step_reads_what_the_one_before_wrote() -> None:
    rules = Rules((r"cat-\d",), (("cat-9", "fake 9"),), ("fake",))
    assert Display(rules, "en-US").format("cat nine") == "**** 9"


MARKS = [
    ("x. y", "en-US", 1),
    ("x.y", "en-US", None),
    ("x.", "en-US", 1),
    (".x", "en-US", 0),
    ("x.y", "zh-CN", 1),
    ("x。", "ja-JP", 1),
    ("¿x", "es-ES", 0),
    ("x!.", "en-US", 1),
    ("don't", "en-US", None),
]


@pytest.mark.parametrize(("text", "locale", "place"), MARKS)
def test_grammar_punctuation(text: str, locale: str, place: int | None) -> None:
    assert grammar_mark(text, locale) == place


def test_a_thousand_rules_do_not_slow_a_long_text() -> None:
    # Their number is in no loop: the work is one look-up a word.
    phrases = Phrases([["word", f"number{n}"] for n in range(1000)])
    words = ["word", "number7", "word"] * 5000
    assert len(phrases.longest(words)) == 5000


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["en-US", "zh-CN", "th-TH", "de-DE"]))
def test_words_keep_every_character(text: str, locale: str) -> None:
    words = split(text, locale)
    assert all(word.core for word in words)
    assert not words or "".join(join(words).split()) == "".join(text.split())
