"""Lexical, ITN, masked ITN and display form of what an engine wrote."""

from __future__ import annotations

import pytest

from engines.base import Word
from engines.display.forms import Forms, Writer
from engines.display.profanity import Mode
from engines.display.rules import Rules
from engines.display.spoken import spoken

SPOKEN = [
    ("It costs $20.", "it costs twenty dollars"),
    ("$5.50 or $1", "five dollars and fifty cents or one dollar"),
    ("$.50 or $.00", "fifty cents or zero dollars"),
    ("-5 to −2.5", "minus five to minus two point five"),  # noqa: RUF001
    ("-$3 and (-10%)", "minus three dollars and minus ten percent"),
    (".5 mg. ...what", "point five mg what"),
    ("$0.99, £1,000", "ninety nine cents one thousand pounds"),
    ("$3 million", "three million dollars"),
    ("€2.5 billion", "two point five billion euros"),
    ("Meet me at 5:30 PM.", "meet me at five thirty p m"),
    ("at 5:00 p.m.", "at five p m"),
    ("at 9:05am, 7pm", "at nine oh five a m seven p m"),
    ("at 12:00.", "at twelve o'clock"),
    ("June 21st, 2024", "june twenty first twenty twenty four"),
    ("the 1st, 2nd, 12th and 30th", "the first second twelfth and thirtieth"),
    ("the 103rd time", "the one hundred third time"),
    ("6/21/2024", "six twenty one twenty twenty four"),
    ("in 1984 and 2005", "in nineteen eighty four and two thousand five"),
    ("the 1990s", "the nineteen nineties"),
    ("1,984 people", "one thousand nine hundred eighty four people"),
    ("Call 555-1234.", "call five five five one two three four"),
    ("(425) 555-0123", "four hundred twenty five five five five zero one two three"),
    ("425-555-0123", "four two five five five five zero one two three"),
    ("98052", "nine eight zero five two"),
    ("007", "zero zero seven"),
    ("3.1415", "three point one four one five"),
    ("I am here", "i am here"),
    ("2020-2024", "twenty twenty to twenty twenty four"),
    ("1-800-555-0199", "one eight zero zero five five five zero one nine nine"),
    ("40% of 152/94", "forty percent of one hundred fifty two over ninety four"),
    ("1/2 cup", "one half cup"),
    ("10-15 minutes", "ten to fifteen minutes"),
    ("COVID-19 and B12", "covid nineteen and b twelve"),
    ("Don’t re-check twenty-one, U.S.", "don't re check twenty one u s"),  # noqa: RUF001
    ("R&D @ home", "r and d at home"),
    ("Wait... what?! - yes", "wait what yes"),
    ("naïve café", "naïve café"),
    ("", ""),
]


@pytest.mark.parametrize(("written", "lexical"), SPOKEN)
def test_english_as_it_was_spoken(written: str, lexical: str) -> None:
    assert Writer(Rules(), "en-US").forms(written).lexical == lexical


ITN = [
    ("It costs $20.", "it costs $20"),
    ("it costs twenty five dollars", "it costs 25 dollars"),
    ("Meet me at 5:30 p.m., Anna.", "meet me at 5:30 pm anna"),
    ("one of them", "one of them"),
    ("3.14, 1,000 and 40%", "3.14 1,000 and 40%"),
]


@pytest.mark.parametrize(("written", "itn"), ITN)
def test_itn_has_digits_and_no_capitals_or_punctuation(written: str, itn: str) -> None:
    assert Writer(Rules(), "en-US").forms(written).itn == itn


def test_without_rules_the_display_form_is_what_the_engine_wrote() -> None:
    text = "He took two doses, then 3."
    assert Writer(Rules(), "en-US").forms(f" {text} ").display == text


MODES: list[tuple[Mode, str]] = [
    ("masked", "*** **, my friend."),
    ("removed", "My friend."),
    ("raw", "Abc de, my friend."),
]


@pytest.mark.parametrize(("mode", "display"), MODES)
def test_profanity_is_of_display_and_masked_itn_alone(mode: Mode, display: str) -> None:
    writer = Writer(Rules(profanities=("abc de",)), "en-US")
    assert writer.forms("Abc de, my friend.", mode) == Forms(
        lexical="abc de my friend",
        itn="abc de my friend",
        masked_itn="*** ** my friend",
        display=display,
    )


def test_the_patterns_of_a_model_are_in_its_itn() -> None:
    rules = Rules(patterns=(r"JO:\d\d\d",), rewrites=(("anna", "ANNA"),))
    forms = Writer(rules, "en-US").forms("j o five hundred, anna")
    assert forms.itn == "JO:500 anna"
    assert forms.display == "JO:500, ANNA"


OTHERS = [
    ("de-DE", "Das sind zweiundzwanzig Hunde.", "das sind zweiundzwanzig hunde"),
    ("fr-FR", "Il est 5 h 30, d'accord ?", "il est 5 h 30 d'accord"),
    ("ja-JP", "東京に行く。", "東京に行く"),
    ("pl-PL", "Mam 5 psów.", "mam 5 psów"),
]


@pytest.mark.parametrize(("locale", "text", "lexical"), OTHERS)
def test_other_languages_keep_their_numbers(
    locale: str, text: str, lexical: str
) -> None:
    assert Writer(Rules(), locale).forms(text).lexical == lexical


def test_german_itn_writes_numbers_in_digits() -> None:
    forms = Writer(Rules(), "de-DE").forms("Das sind zweiundzwanzig Hunde.")
    assert forms.itn == "das sind 22 hunde"


def test_words_have_the_time_of_what_they_were_read_from() -> None:
    words = [
        Word(" It", 0.0, 0.2, 0.9),
        Word(" costs", 0.2, 0.5, 0.8),
        Word(" $20", 0.5, 1.5, 0.7),
        Word(" at", 1.5, 1.6, 0.9),
        Word(" 5", 1.6, 1.8, 0.9),
        Word(":30.", 1.8, 2.0, 0.6),
    ]
    writer = Writer(Rules(), "en-US")
    found = writer.lexical_words(words)
    assert [(word.text, word.start, word.end) for word in found] == [
        ("it", 0.0, 0.2),
        ("costs", 0.2, 0.5),
        ("twenty", 0.5, 1.0),
        ("dollars", 1.0, 1.5),
        ("at", 1.5, 1.6),
        ("five", 1.6, 1.8),
        ("thirty", 1.8, 2.0),
    ]
    assert found[-1].probability == 0.6
    text = "".join(word.text for word in words)
    assert " ".join(word.text for word in found) == writer.forms(text).lexical


def test_words_of_scripts_without_spaces_stay_apart() -> None:
    words = [Word("東京", 0.0, 0.5, 0.9), Word("に。", 0.5, 0.8, 0.9)]
    found = Writer(Rules(), "ja-JP").lexical_words(words)
    assert "".join(word.text for word in found) == "東京に"


def test_each_chunk_has_its_words() -> None:
    assert spoken(["-", "$3", "million"]) == [[], ["three"], ["million", "dollars"]]


BEGINNINGS = [
    ("hello world.", "en-US", "Hello world."),
    ("¿qué tal?", "es-ES", "¿Qué tal?"),
    ("iPhones are here", "en-US", "iPhones are here"),
    ("20 pills", "en-US", "20 pills"),
    ("istanbul", "tr-TR", "İstanbul"),
    ("你好 abc", "zh-CN", "你好 abc"),
    ("abc 你好", "zh-CN", "abc 你好"),
    ("", "en-US", ""),
]


@pytest.mark.parametrize(("written", "locale", "display"), BEGINNINGS)
def test_display_begins_with_a_capital_where_there_are_some(
    written: str, locale: str, display: str
) -> None:
    forms = Writer(Rules(), locale).forms(written)
    assert forms.display == display
    assert forms.lexical == forms.lexical.lower()


def test_masked_beginning_has_no_capital_behind_it() -> None:
    writer = Writer(Rules(profanities=("darn",)), "en-US")
    assert writer.forms("darn it").display == "**** it"
    assert writer.forms("darn it", "removed").display == "It"
    assert writer.forms("darn it", "raw").display == "Darn it"
