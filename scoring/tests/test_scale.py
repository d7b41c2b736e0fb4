from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.equivalences import parse
from scoring.scale import Level, Scale, available

RULES, _ = parse("okay = ok\nmetoprolol = metro pole all", "en-US")
TEXT = "OK, I'm 25—take Metro pole-all."


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.DISPLAY, "OK , I'm 25 - take Metro pole - all ."),
        (Level.PLAIN, "ok i'm 25 take metro pole all"),
        (Level.LEXICAL, "ok i'm two five take metro pole all"),
        (Level.WHISPER, "ok i am 25 take metro pole all"),
        (Level.PROJECT, "okay i'm two five take metoprolol"),
    ],
)
def test_each_level_compares_its_own_words(level: Level, expected: str) -> None:
    scale = Scale("en-US", level, RULES if level == Level.PROJECT else ())
    assert scale.words(TEXT) == expected.split()


def test_whisper_is_for_english_only() -> None:
    assert Level.WHISPER in available("en-AU")
    with pytest.raises(ValueError, match="whisper is for English, not de-DE"):
        Scale("de-DE", Level.WHISPER)


def test_equivalences_belong_to_the_project_level() -> None:
    with pytest.raises(ValueError, match="no use at the level lexical"):
        Scale("en-US", Level.LEXICAL, RULES)


def test_names_say_what_a_figure_was_scored_with() -> None:
    assert [Scale("en-US", level).name for level in available("en-US")] == [
        "display text",
        "case and punctuation ignored",
        "lexical",
        "Whisper English normaliser 0.1.15",
        "lexical with 0 equivalences",
    ]
    assert Scale("en-US", Level.PROJECT, RULES[:1]).name == "lexical with 1 equivalence"
    assert Scale("zh-CN").rate_name == "CER"


def test_digests_differ_where_anything_is_compared_otherwise() -> None:
    scales = [Scale(x, level) for x in ("en-US", "de-DE") for level in available(x)]
    scales += [Scale("en-US", Level.PROJECT, RULES[:n]) for n in (1, 2)]
    assert len({scale.digest for scale in scales}) == len(scales)
    assert Scale("en-US").digest == Scale("en-GB").digest


def test_only_words_that_are_spoken_are_reconciled() -> None:
    said, heard = ["every", "day"], ["everyday"]
    for level in available("en-US"):
        is_same = Scale("en-US", level).reconciled(said, heard) == said
        assert is_same == (level in (Level.LEXICAL, Level.PROJECT))
    assert Scale("ja-JP").reconciled(["東", "京"], ["東京"]) == ["東京"]


def test_reconciled_tokens_keep_their_places() -> None:
    scale = Scale("en-US")
    reference, hypothesis = "not every day, I do not", "not everyday, I don't"
    heard = scale.tokenize(hypothesis)
    found = scale.reconciled_tokens(scale.tokenize(reference), heard)
    assert [(token.text, hypothesis[token.start : token.end]) for token in found] == [
        ("not", "not"),
        ("every", "everyday"),
        ("day", "everyday"),
        ("i", "I"),
        ("do", "don't"),
        ("not", "don't"),
    ]


WRITTEN = (
    "one 25 twenty five $5 I'm I am do not don't every day everyday OK okay metro pole "
    "all (x) [y] ... , — Mr. p.m. 👍 ½ e\u0301 שלום 東京 is it's"
)
PARTS = st.sampled_from(WRITTEN.split())
TEXTS = st.one_of(st.lists(PARTS, max_size=9).map(" ".join), st.text(max_size=20))
SCALES = [
    Scale(locale, level, RULES if level == Level.PROJECT else ())
    for locale in ("en-US", "de-DE", "th-TH")
    for level in available(locale)
]


@settings(deadline=None, database=None)
@given(TEXTS, TEXTS, st.sampled_from(SCALES))
def test_tokens_are_the_words_with_places(
    reference: str, hypothesis: str, scale: Scale
) -> None:
    said, heard = scale.tokenize(reference), scale.tokenize(hypothesis)
    assert [token.text for token in heard] == scale.words(hypothesis)
    found = scale.reconciled_tokens(said, heard)
    texts = [token.text for token in found]
    assert texts == scale.reconciled(scale.words(reference), scale.words(hypothesis))
    start = 0
    for token in found:
        assert token.text and not any(c.isspace() for c in token.text)
        assert start <= token.start < token.end <= len(scale.shown(hypothesis))
        start = token.start


@settings(deadline=None, database=None)
@given(TEXTS, st.sampled_from(SCALES))
def test_what_is_right_stays_right(text: str, scale: Scale) -> None:
    words = scale.words(text)
    assert scale.reconciled(words, words) == words
