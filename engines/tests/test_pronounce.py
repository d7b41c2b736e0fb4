from __future__ import annotations

import time

import pytest

from engines.display.pronounce import Pronunciations

PAIRS = [
    ("3CPO", "three c p o"),
    ("IEEE", "i triple e"),
    ("CNTK", "c n t k"),
    ("IT", "i t"),
    ("US", "u s"),
    ("F21", "f twenty one"),
    ("WWF", "double u double u f"),
    ("AT&T", "a t and t"),
    ("SQL", "sequel"),
    ("Contoso", "con toso"),
    ("Øre", "øre"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask 3 CPO now", "Ask 3CPO now"),
        ("ask three C P O", "ask 3CPO"),
        ("ask 3-CPO", "ask 3CPO"),
        ("ask three cpo", "ask 3CPO"),
        ("ask three c. p. o.", "ask 3CPO."),
        ("Three, C, P, O, please.", "3CPO, please."),
        ("3CPO's friend", "3CPO's friend"),
        ("three cpo's friend", "3CPO's friend"),
        ("the I triple E says", "the IEEE says"),
        ("the I E E E says", "the IEEE says"),
        ("the I.E.E.E. says", "the IEEE says"),
        ("by the I.E.E.E. It says", "by the IEEE. It says"),
        ("(c n t k)!", "(CNTK)!"),
        ("cntk, Cntk and C-N-T-K", "CNTK, CNTK and CNTK"),
        ("F 21, f twenty-one, F-21", "F21, F21, F21"),
        ("w w f and double u w f", "WWF and WWF"),
        ("a T and T, A.T.&T.", "AT&T, AT&T."),
        ("a sequel server, S Q L", "a SQL server, SQL"),
        ("contoso and Con Toso.", "Contoso and Contoso."),
        ("en ØRE", "en Øre"),
    ],
)
def test_what_sounds_like_a_form_becomes_it(text: str, expected: str) -> None:
    assert _said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It is what it is.",
        "He told us that the us is not",
        "I. The end",
        "three c p",
        "three, see the cpo",
        "Is it I? T is a letter.",
        "a ieee",
        "f 2 1",
        "one two three four",
        "I can't see p o boxes",
        "",
        "- ... -",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert _said(text) == text


def test_the_longest_form_counts_and_of_equal_ones_the_first() -> None:
    said = Pronunciations(
        [("CP", "c p"), ("CPO", "c p o"), ("cpo-2", "c p o")], "en-US"
    )
    words = ["C", "P", "O", "and", "C", "P"]
    assert [span.written for span in said.find(words)] == ["CPO", "CP"]


@pytest.mark.parametrize(
    ("locale", "pair", "words", "written"),
    [
        ("de-DE", ("BMW", "b m w"), ["Der", "B.", "M.", "W."], ["BMW."]),
        ("ja-JP", ("東京タワー", "とうきょう"), ["とう", "きょう"], ["東京タワー"]),
        ("en-US", ("X", ""), ["x"], []),
        ("en-US", ("X", "..."), ["x", "."], []),
    ],
)
def test_other_languages_and_empty_forms(
    locale: str, pair: tuple[str, str], words: list[str], written: list[str]
) -> None:
    spans = Pronunciations([pair], locale).find(words)
    assert [span.written for span in spans] == written


def test_the_time_grows_with_the_length_of_the_text_only() -> None:
    pairs = [(f"N{number}", "a " * 30 + "b" * number) for number in range(1, 200)]
    said = Pronunciations(pairs, "en-US")
    start = time.process_time()
    assert said.find(["a"] * 20_000) == []
    assert time.process_time() - start < 5


def _said(text: str) -> str:
    words = text.split()
    result: list[str] = []
    at = 0
    for span in Pronunciations(PAIRS, "en-US").find(words):
        result += [*words[at : span.start], span.written]
        at = span.end
    return " ".join([*result, *words[at:]])
