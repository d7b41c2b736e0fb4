from __future__ import annotations

import string

import pytest

from scoring.exchange import TimedWord, ctm, stm, trn


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "(s-u)"),
        (["don't", "e-mail", "3.14", "?", "50%"], "don't e-mail 3.14 ? 50% (s-u)"),
        (["(", ")", "{", "}", "/"], "=28 =29 =7B =7D =2F (s-u)"),
        (["@", "*", "a*", ";;", "a:b", "\\"], "=40 =2A a=2A =3B=3B a=3Ab =5C (s-u)"),
        (["=", "<alt>", "\x00"], "=3D =3Calt=3E =00 (s-u)"),
        (["שלום", "re\u0301sume\u0301", "👍"], "שלום re\u0301sume\u0301 👍 (s-u)"),
    ],
)
def test_words_are_no_syntax(words: list[str], expected: str) -> None:
    assert trn(words, "s", "u") == f"{expected}\n"


@pytest.mark.parametrize(
    ("speaker", "utterance", "expected"),
    [
        ("anna", "call_7-a.wav", "(anna-call_7-a.wav)"),
        ("anna-lena_b", "1", "(anna=2Dlena_b-1)"),
        ("jörg", "straße 1", "(jörg-straße=201)"),
        ("a\u00a0b", "(1)\n", "(a=C2=A0b-=281=29=0A)"),
        ("", "", "(=-=)"),
    ],
)
def test_names_stay_one_word_and_their_own(
    speaker: str, utterance: str, expected: str
) -> None:
    assert trn([], speaker, utterance) == f"{expected}\n"


def test_different_words_stay_different() -> None:
    signs = [*string.punctuation, " ", "\t", "\u3000", "=20", "=3D", "x" * 90]
    long = ["x" * 90 + end for end in ("a", "b")] + ["ท" * 40 + "a", "ท" * 40 + "b"]
    texts = [*signs, *[f"a{sign}" for sign in signs], *long]
    lines = trn(texts, "s", "u").split()[:-1]
    assert len(lines) == len(set(lines)) == len(texts)
    assert max(len(word.encode()) for word in lines) < 99


def test_stm_and_ctm_name_the_same_recording() -> None:
    reference = stm(["a", "<b>"], "my call.wav", "anna", 61.23456)
    assert reference == "my=20call.wav 1 anna 0.000 61.235 a =3Cb=3E\n"
    assert stm([], "x", "", 0) == "x 1 = 0.000 0.000\n"
    heard = [TimedWord("a", 0, 0.5, 0.5), TimedWord("<b>", 0.5, 0.5)]
    assert ctm(heard, "my call.wav").splitlines() == [
        "my=20call.wav 1 0.000 0.500 a 0.500",
        "my=20call.wav 1 0.500 0.000 =3Cb=3E",
    ]
    assert ctm([], "x") == ""
