# ruff: noqa: RUF001 - the letters that look alike are meant
from __future__ import annotations

import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.normalization import tokenize, unit, words
from speechstudio.tests.samples import sample

SAME_IN_ENGLISH = [
    (
        "three five eight five",
        "3585",
        "3 5 8 5",
        "3,585",
        "3, 5, 8, 5.",
        "three thousand five hundred eighty five",
        "Three thousand five hundred and eighty-five.",
        "thirty five eighty five",
        "3 thousand five hundred eighty-five",
    ),
    ("one zero zero", "100", "one hundred", "a hundred", "A HUNDRED"),
    ("one zero zero zero", "1,000", "a thousand", "one thousand", "1 thousand"),
    ("zero zero seven", "007", "double oh seven", "oh oh seven", "double o 7"),
    ("five five five", "triple five", "555", "triple 5"),
    ("three zero two", "three oh two", "302", "three hundred two"),
    ("zero five", "oh five", "05"),
    ("two five", "25", "twenty five", "twenty-five", "Twenty, five"),
    ("two zero", "20", "twenty"),
    ("two zero two zero", "2020", "twenty twenty", "two thousand and twenty"),
    ("one nine nine nine", "1999", "nineteen ninety nine", "Nineteen ninety-nine"),
    ("one nine zero five", "1905", "nineteen oh five", "nineteen hundred five"),
    ("one five zero zero", "1500", "fifteen hundred"),
    ("one nine nine zeros", "1990s", "nineteen nineties"),
    ("seven four sevens", "747s", "seven forty sevens"),
    ("five zero zero zero zero zero", "500,000", "500 thousand", "500000"),
    (
        "one two three four five six seven",
        "1,234,567",
        "one million two hundred thirty four thousand five hundred and sixty seven",
    ),
    ("two zero zero zero zero zero zero zero zero zero zero zero zero", "2 trillion"),
    ("five zero zero zero six zero zero zero", "five thousand six thousand"),
    ("three point one four", "3.14", "3 point 14"),
    ("one zero two point seven", "102.7", "one oh two point seven"),
    ("point five", ".5"),
    ("one point two point three", "1.2.3"),
    ("three point five million", "3.5 million"),
    ("minus five degrees", "-5 degrees", "\u22125 degrees"),
    ("third", "3rd", "3RD"),
    ("two first", "21st", "twenty first", "twenty-first"),
    ("two zeroth", "20th", "twentieth"),
    ("one second", "12th", "twelfth"),
    ("one zero second", "102nd", "one hundred and second"),
    ("three second delay", "30-second delay", "thirty second delay"),
    ("two zero seconds", "20 seconds", "twenty seconds"),
    ("seven three zero", "7:30", "seven thirty"),
    ("seven zero five", "7:05", "seven oh five"),
    ("seven p m", "7:00 p.m.", "7 pm", "seven PM", "7:00pm"),
    ("five dollars", "$5", "$5.00", "Five dollars"),
    ("one dollar", "$1", "one dollar"),
    ("five dollars five zero cents", "$5.50", "five dollars and fifty cents"),
    ("nine nine cents", "$0.99", "$.99", "ninety-nine cents"),
    ("two pounds one penny", "£2.01", "two pounds and one penny"),
    ("five euros", "5 €", "€5", "5€"),
    ("five zero zero zero zero zero zero dollars", "$5 million", "$5,000,000"),
    ("three point five million dollars", "$3.5 million"),
    ("one point two three four dollars", "$1.234"),
    ("five percent", "5%", "5 %", "five per cent", "five percent"),
    ("two x four", "2x4", "2 X 4", "two-x-four"),
    ("h two o", "H2O", "H 2 O", "h two o"),
    ("five kg", "5kg", "5 KG"),
    ("five five five one two three four", "555-1234", "555 12 34"),
    ("three five", "3-5", "3/5"),
    ("full three five", "ｆｕｌｌ ３５"),
    ("double jointed", "double-jointed", "Double - jointed!"),
    ("don't", "don’t", "DON`T", "don‘t"),
    ("rock and roll", "rock & roll", "Rock and Roll"),
    ("tis the dogs", "'tis the dogs'"),
    ("between one zero zero and two zero zero zero", "between 100 and 2000"),
    ("at this point five zero zero people", "at this point five hundred people"),
    ("one zero zero and one zero zero", "one hundred and one hundred"),
    ("windows one one", "Windows™ 11"),
    ("ok", "👍🏽 ❤️ ok 👨‍👩‍👧 ♪ °", "(ok)", "...ok..."),
]


@pytest.mark.parametrize("texts", SAME_IN_ENGLISH, ids=lambda texts: texts[0])
@pytest.mark.parametrize("locale", ["en-US", "en-GB"])
def test_spoken_and_written_forms_are_the_same(
    texts: tuple[str, ...], locale: str
) -> None:
    expected = texts[0].split()
    assert {text: words(text, locale) for text in texts[1:]} == dict.fromkeys(
        texts[1:], expected
    )


@pytest.mark.parametrize(
    "text",
    [
        "one on one",
        "no one knows",
        "half a million",
        "hundreds of thousands",
        "oh my",
        "a double espresso",
        "the point is",
        "first and second",
        "several hundred",
        "a few",
        "i'm not o'clock",
        "the ones and zeros",
        "thank you per se",
        "he said and she said",
        "፩ five",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert words(text, "en-US") == text.split()


@pytest.mark.parametrize(
    ("text", "locale", "expected"),
    [
        ("Straße, „GRÜẞE“!", "de-DE", "strasse grüsse"),
        ("1.250 Euro, 2x", "de-DE", "1 250 euro 2 x"),
        ("drei 3", "de-DE", "drei 3"),
        ("L’été a-t-il", "fr-FR", "l'été a t il"),
        ("e\u0301te\u0301", "fr-FR", "été"),
        ("İSTANBUL ISI", "tr-TR", "istanbul ısı"),
        ("नमस्ते, दुनिया!", "hi-IN", "नमस्ते दुनिया"),
        ("שָׁלוֹם, עוֹלָם", "he-IL", "שָׁלוֹם עוֹלָם"),
        ("می\u200cخواهم ۱۲۳", "fa-IR", "میخواهم 123"),
        ("مرحبا؟ \u200fنعم", "ar-EG", "مرحبا نعم"),
        ("한국어 \u1112\u1161\u11ab", "ko-KR", "한국어 한"),
        ("ΟΔΟΣ οδός", "el-GR", "οδοσ οδόσ"),
        ("東京、ガ１2 OK", "ja-JP", "東 京 ガ 1 2 o k"),
        ("你好。", "zh-CN", "你 好"),
        ("กี่", "th-TH", "กี่"),
        ("ភាសា", "km-KH", "ភា សា"),
    ],
)
def test_other_locales(text: str, locale: str, expected: str) -> None:
    assert words(text, locale) == expected.split()


@pytest.mark.parametrize("locale", ["zh-CN", "ja_JP", "TH", "lo-LA", "my-MM", "km"])
def test_unit_of_locales_without_spaces(locale: str) -> None:
    assert unit(locale) == "character"


@pytest.mark.parametrize("locale", ["en-US", "ko-KR", "vi-VN", "de", "kmr-TR"])
def test_unit_of_locales_with_spaces(locale: str) -> None:
    assert unit(locale) == "word"


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("in 3,585", ["in", "3", "5", "8", "5"]),
        ("twenty-five", ["twenty", "five"]),
        ("twenty", ["twenty", "twenty"]),
        ("a hundred.", ["a hundred"] * 3),
        ("2 thousand", ["2 thousand"] * 4),
        ("double oh 7", ["double oh", "double oh", "7"]),
        ("21st", ["2", "1st"]),
        ("3.14", ["3", ".", "1", "4"]),
        ("it's $5.50!", ["it's", *["$5.50"] * 5]),
        ("per cent", ["per cent"]),
        ("7:00 PM", ["7", "P", "M"]),
        ("ﬁne  don’t", ["ﬁne", "don’t"]),
        ("½", ["½", "½"]),
    ],
)
def test_spans(text: str, spans: list[str]) -> None:
    assert [text[t.start : t.end] for t in tokenize(text, "en-US")] == spans


@pytest.mark.parametrize(
    "text", ["", " ", "...", "—", "'", "👍", "$", "\u0301", "\x00"]
)
@pytest.mark.parametrize("locale", ["en-US", "de-DE", "ja-JP"])
def test_no_words(text: str, locale: str) -> None:
    assert tokenize(text, locale) == []


QUICK = settings(deadline=None, database=None)
SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
LARGE = {
    "trillion": 10**12,
    "billion": 10**9,
    "million": 10**6,
    "thousand": 1000,
    "hundred": 100,
}
WRITTEN = (
    "one twenty five hundred thousand million and a oh o double triple point first "
    "nineties per cent pm dollars cents second between half . , - ' : $ £ % & 0 7 00 "
    "30 1,000 x don’t ½ é e\u0301 \u0301 ™ \u200d 한 شَ"
)
MARKS = [", ", ". ", "-", "? ", "; ", " – "]
PARTS = st.sampled_from(WRITTEN.split())
TEXTS = st.one_of(
    st.lists(PARTS).map(" ".join), st.lists(PARTS).map("".join), st.text()
)


@QUICK
@given(TEXTS, st.sampled_from(["en-US", "de-DE", "ja-JP", "tr-TR"]))
def test_tokens_are_words_in_order(text: str, locale: str) -> None:
    tokens = tokenize(text, locale)
    assert [token.text for token in tokens] == words(text, locale)
    start = 0
    for token in tokens:
        assert token.text and not any(c.isspace() for c in token.text)
        assert start <= token.start < token.end <= len(text)
        start = token.start


@QUICK
@given(st.lists(PARTS))
def test_case_does_not_count(parts: list[str]) -> None:
    text = " ".join(parts)
    assert words(text.upper(), "en-US") == words(text, "en-US")


@QUICK
@given(st.lists(PARTS.filter(str.isalpha)), st.sampled_from(MARKS))
def test_punctuation_does_not_count(parts: list[str], mark: str) -> None:
    assert words(mark.join(parts), "en-US") == words(" ".join(parts), "en-US")


@QUICK
@given(st.integers(0, 10**15))
def test_figures_are_their_digits(number: int) -> None:
    digits = words(" ".join(str(number)), "en-US")
    assert words(str(number), "en-US") == words(f"{number:,}", "en-US") == digits


@QUICK
@given(st.integers(1, 10**15 - 1), st.booleans())
def test_cardinals_are_their_digits(number: int, has_and: bool) -> None:
    assert words(_cardinal(number, has_and), "en-US") == words(str(number), "en-US")


def _cardinal(number: int, has_and: bool) -> str:
    for name, value in LARGE.items():
        if number >= value:
            head, rest = divmod(number, value)
            joint = " and " if has_and and rest and rest < 100 else " "
            tail = _cardinal(rest, has_and) if rest else ""
            return f"{_cardinal(head, has_and)} {name}{joint}{tail}".strip()
    small = SMALL.split()
    if number < 20:
        return small[number]
    tail = f"-{small[number % 10]}" if number % 10 else ""
    return TENS.split()[number // 10 - 2] + tail


@pytest.mark.parametrize(
    "part",
    [
        "7",
        "7 ",
        "7,",
        "double ",
        "hundred ",
        "one hundred and ",
        "a ",
        "a'",
        "'",
        ".",
        "1.",
        "$",
        "$1.",
        "oh ",
        "thousand and ",
        "-1 ",
        "1:00",
        "per ",
        "½",
        "é",
        "̖́",
        "ᄀ",
        "a️",
        "nine trillion ",
        "hello there ",
    ],
)
def test_fifty_kilobytes_take_no_time(part: str) -> None:
    text = part * (50_000 // len(part.encode()))
    started = time.process_time()
    tokenize(text, "en-US")
    assert time.process_time() - started < 2  # a fifth of it when idle


def test_spoken_digits_are_one_word_each() -> None:
    with zipfile.ZipFile(sample("digits/test.zip")) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".txt"))
        lines = archive.read(name).decode().splitlines()
    texts = [line.split("\t", 1)[1] for line in lines if line.strip()]
    assert texts
    assert [words(text, "en-US") for text in texts] == [text.split() for text in texts]
