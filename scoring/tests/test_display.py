# ruff: noqa: RUF001 - the letters that look alike are meant
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.display import plain, tokenize, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Well, it’s fine.", "Well , it's fine ."),
        ("He paid -$5.50 (or 5%).", "He paid -$5.50 ( or 5% ) ."),
        ("3,585 units, 21st, H2O", "3,585 units , 21st , H2O"),
        ("at 7:30 p.m. on 2024-05-01", "at 7:30 p.m. on 2024-05-01"),
        ("e.g. the U.S. Navy.", "e.g. the U.S. Navy ."),
        ("twenty-five – or so…", "twenty - five - or so ..."),
        ("call 555-1234", "call 555-1234"),
        ("“No,” she said", '" No , " she said'),
        ("'tis rock 'n' roll", "' tis rock ' n ' roll"),
        ("R&D is 5 €", "R & D is 5 €"),
        ("what?!", "what ? !"),
        ("wait... what", "wait ... what"),
        ("ok 👍", "ok 👍"),
        ("e\u0301te\u0301", "été"),
        ("soft\u00adhyphen", "softhyphen"),
        (".5 x - 5", ".5 x - 5"),
        ("", ""),
        (" \u200b ", ""),
    ],
)
def test_tokens(text: str, expected: str) -> None:
    assert words(text, "en-US") == expected.split()


@pytest.mark.parametrize(
    ("text", "locale", "expected"),
    [
        ("At 7:30 P.M., he PAID $5!", "en-US", "at 7:30 pm he paid $5"),
        ("Twenty-Five & 5 %", "en-US", "twenty five & 5 %"),
        ("IĞDIR", "tr-TR", "ığdır"),
        ("Straße", "de-DE", "strasse"),
        ("東京、OK。", "ja-JP", "東 京 o k"),
        ("مرحبا؟", "ar-EG", "مرحبا"),
        ("?!", "en-US", ""),
    ],
)
def test_plain_words(text: str, locale: str, expected: str) -> None:
    found = plain(tokenize(text, locale), locale)
    assert [token.text for token in found] == expected.split()


def test_characters_and_signs_without_spaces() -> None:
    assert words("東京、ガ１2 OK。", "ja-JP") == list("東京、ガ12OK。")


@settings(deadline=None, database=None)
@given(
    st.one_of(st.text(), st.text(alphabet="aA1 .,-'$%&:…’é\u0301\u200d👍")),
    st.sampled_from(["en-US", "th-TH", "tr-TR"]),
)
def test_tokens_are_in_order_and_cover_all_that_is_seen(text: str, locale: str) -> None:
    reach = 0
    for token in tokenize(text, locale):
        assert token.text
        assert reach <= token.start < token.end <= len(text)
        assert not any(c.isalnum() for c in text[reach : token.start])
        reach = token.end
    assert not any(c.isalnum() for c in text[reach:])
