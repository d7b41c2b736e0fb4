# ruff: noqa: RUF001 - the letters that look alike are meant
from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from scoring.errors import ErrorCounts, Piece, align, counts, counts_many
from scoring.scale import Level, Scale

Short = tuple[str, str, str]


def short(pieces: list[Piece]) -> list[Short]:
    return [(p.kind[0], p.reference, p.hypothesis) for p in pieces]


def test_it_works() -> None:
    found = counts("the cat sat on mats", "a cat sat on on", "en-US")
    assert found == ErrorCounts(words=5, substitutions=2)
    assert found.rate == 0.4


def test_documented_rates() -> None:
    said = [f"w{number}x" for number in range(173)]
    heard = [*said[:40], "added", *said[40:90], "wrong", "added", *said[91:172]]
    heard[10] = "other"
    found = counts(" ".join(said), " ".join(heard), Scale("en-US", Level.PLAIN))
    assert found == ErrorCounts(173, insertions=2, deletions=1, substitutions=2)
    one_of_each = counts("a b c d e", "z a x c e", "en-US")
    assert one_of_each == ErrorCounts(5, insertions=1, deletions=1, substitutions=1)
    assert one_of_each.rate == 0.6


def test_rates_are_not_averaged() -> None:
    found = counts_many([("no", "yes"), ("a b c d e f g h i", "a b c d e f g h i")], "")
    assert sum(found, ErrorCounts()).rate == 0.1


def test_rate_above_one() -> None:
    assert counts("no", "yes yes yes", "en-US").rate == 3


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("", "", ErrorCounts()),
        ("", "two words", ErrorCounts(insertions=2)),
        ("?!", "two words", ErrorCounts(insertions=2)),
        ("two words", "", ErrorCounts(words=2, deletions=2)),
        ("two words", "...", ErrorCounts(words=2, deletions=2)),
        ("...", "-", ErrorCounts()),
    ],
)
def test_no_words(reference: str, hypothesis: str, expected: ErrorCounts) -> None:
    assert counts(reference, hypothesis, "en-US") == expected
    assert (expected.rate is None) == (expected.words == 0)
    pieces = align(reference, hypothesis, "en-US")
    assert sum((p.counts for p in pieces), ErrorCounts()) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"words": -1},
        {"words": 1, "insertions": -1},
        {"words": 1, "deletions": 2},
        {"words": 2, "deletions": 1, "substitutions": 2},
    ],
)
def test_impossible_counts(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="ErrorCounts"):
        ErrorCounts(**values)


def test_counts_many_is_counts_of_each() -> None:
    pairs = [("one two", "1 3"), ("", "x"), ("a", ""), ("", "")] * 700
    one_by_one = [
        counts(reference, hypothesis, "en") for reference, hypothesis in pairs
    ]
    assert counts_many(iter(pairs), "en") == one_by_one
    assert counts_many([], "en") == []


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("dial 3585", "Dial 3584.", "e:dial:Dial e:3:3 e:5:5 e:8:8 s:5:4."),
        ("a b c", "a c", "e:a:a d:b: e:c:c"),
        ("a c", "a b b c", "e:a:a i::b i::b e:c:c"),
        ("b", "(b), c!", "e:b:(b), i::c!"),
        ("say yes", "say “yes”", "e:say:say e:yes:“yes”"),
        ("double-jointed", "double jointed", "e:double-:double e:jointed:jointed"),
        ("twenty", "2", "s:twenty:2"),
        ("2", "twenty", "s:2:twenty"),
        ("5 dollars", "$5.", "e:5_dollars:$5."),
        ("6 dollars", "$5", "s:6_dollars:$5"),
        ("a hundred and five", "105", "e:a_hundred_and_five:105"),
        ("a hundred and five", "115", "s:a_hundred_and_five:115"),
        ("", "x y", "i::x i::y"),
        ("x y", "", "d:x: d:y:"),
        ("x", "...", "e::... d:x:"),
        ("...", "x", "e:...: i::x"),
        ("-", "...", "e:-:..."),
        ("", "", ""),
    ],
)
def test_pieces(reference: str, hypothesis: str, expected: str) -> None:
    found = short(align(reference, hypothesis, "en-US"))
    written = " ".join(":".join(piece).replace(" ", "_") for piece in found)
    assert written == expected


def test_a_merged_piece_holds_all_its_errors() -> None:
    (piece,) = align("twenty", "2", "en-US")
    assert piece.counts == ErrorCounts(words=2, deletions=1)


def test_a_deletion_stands_where_the_word_is_missing() -> None:
    first, second, third = align("a b c", "b", "en-US")
    assert (first.hypothesis_start, first.hypothesis_end) == (0, 0)
    assert (second.hypothesis_start, second.hypothesis_end) == (0, 1)
    assert (third.hypothesis_start, third.hypothesis_end) == (1, 1)


def test_characters_are_counted_without_spaces() -> None:
    assert counts("東京都", "東京と", "ja-JP") == ErrorCounts(3, substitutions=1)
    assert counts("東 京", "東京。", "ja-JP").errors == 0


@pytest.mark.parametrize(
    ("reference", "hypothesis", "locale", "expected"),
    [
        ("שלום עולם", "שלום, עולם!", "he-IL", ErrorCounts(2)),
        ("مرحبا بالعالم الجميل", "مرحبا الجميل", "ar-EG", ErrorCounts(3, 0, 1)),
        ("résumé", "re\u0301sume\u0301", "fr-FR", ErrorCounts(1)),
        ("résumé", "resume", "fr-FR", ErrorCounts(1, substitutions=1)),
        ("नमस्ते दुनिया", "नमस्ते दुनीया", "hi-IN", ErrorCounts(2, substitutions=1)),
        ("กี่", "กี", "th-TH", ErrorCounts(1, substitutions=1)),
        ("good 👍🏽 work", "good work 👨‍👩‍👧", "en-US", ErrorCounts(2)),
        ("👍", "thumbs up", "en-US", ErrorCounts(insertions=2)),
        ("um uh", "", "en-US", ErrorCounts(2, deletions=2)),
        ("um, uh...", "yes", "en-US", ErrorCounts(2, deletions=1, substitutions=1)),
    ],
)
def test_texts_of_all_scripts_and_of_none(
    reference: str, hypothesis: str, locale: str, expected: ErrorCounts
) -> None:
    assert counts(reference, hypothesis, locale) == expected
    pieces = align(reference, hypothesis, locale)
    assert sum((piece.counts for piece in pieces), ErrorCounts()) == expected


def test_a_reference_of_fillers_has_no_words_where_fillers_do_not_count() -> None:
    found = counts("um, uh", "yes", Scale("en-US", Level.WHISPER))
    assert found == ErrorCounts(insertions=1)
    assert found.rate is None


def test_a_word_that_fell_apart_is_one_piece() -> None:
    said, heard = "give metoprolol, twice", "gave metro pole all, twice"
    assert short(align(said, heard, "en-US")) == [
        ("s", "give", "gave"),
        ("s", "metoprolol,", "metro pole all,"),
        ("e", "twice", "twice"),
    ]
    piece = align(said, heard, "en-US")[1]
    assert piece.counts == ErrorCounts(1, insertions=2, substitutions=1)
    (merged,) = align("metro pole all", "metoprolol", "en-US")
    assert merged.counts == ErrorCounts(3, deletions=2, substitutions=1)


def test_the_scale_says_what_counts() -> None:
    said, heard = "It's every day, at 5.", "its everyday at five"
    assert counts(said, heard, "en-US") == counts(said, heard, Scale("en-US"))
    rates = [counts(said, heard, Scale("en-US", level)).errors for level in Level]
    assert rates[0] > rates[1] > rates[2]
    whisper = Scale("en-US", Level.WHISPER)
    pieces = align(said, heard, whisper)
    assert " ".join(p.hypothesis for p in pieces) == whisper.shown(heard)


def test_ten_thousand_words() -> None:
    reference = " ".join(f"w{n}" for n in range(5000))
    hypothesis = " ".join(f"w{n}" for n in range(5000) if n % 10)
    started = time.process_time()
    found = counts(reference, hypothesis, "de-DE")
    assert (found.words, found.errors) == (10_000, 1000)
    pieces = align(reference, hypothesis, "de-DE")
    assert sum((piece.counts for piece in pieces), ErrorCounts()) == found
    assert time.process_time() - started < 5  # a tenth of it when idle


QUICK = settings(deadline=None, database=None)
WRITTEN = (
    "one two twenty five hundred thousand and a b c oh double point $5 $5.50 3585 "
    "3rd 7:00 pm 5% ½ don’t x-y ... , “ ” - & ™ e\u0301 3.14"
)
PARTS = st.sampled_from(WRITTEN.split())
TEXTS = st.one_of(
    st.lists(PARTS, max_size=12).map(" ".join),
    st.lists(PARTS, max_size=12).map("".join),
    st.text(max_size=30),
)


@QUICK
@given(TEXTS, TEXTS, st.sampled_from(["en-US", "de-DE", "th-TH"]))
def test_pieces_cover_both_texts(reference: str, hypothesis: str, locale: str) -> None:
    pieces = align(reference, hypothesis, locale)
    assert _solid("".join(p.reference for p in pieces)) == _solid(reference)
    assert _solid("".join(p.hypothesis for p in pieces)) == _solid(hypothesis)
    position = 0
    for piece in pieces:
        start, end = piece.hypothesis_start, piece.hypothesis_end
        assert position <= start <= end <= len(hypothesis)
        assert hypothesis[start:end] == piece.hypothesis == piece.hypothesis.strip()
        assert not hypothesis[position:start].strip()
        assert (piece.kind == "equal") == (piece.counts.errors == 0)
        position = end


@QUICK
@given(TEXTS, TEXTS, st.sampled_from(["en-US", "de-DE", "th-TH"]))
def test_counts_add_up(reference: str, hypothesis: str, locale: str) -> None:
    total = counts(reference, hypothesis, locale)
    pieces = align(reference, hypothesis, locale)
    assert sum((p.counts for p in pieces), ErrorCounts()) == total
    said = Scale(locale).words(reference)
    heard = Scale(locale).reconciled(said, Scale(locale).words(hypothesis))
    assert total.words == len(said)
    assert total.correct + total.substitutions + total.insertions == len(heard)
    assert total.errors == Levenshtein.distance(said, heard)


def _solid(text: str) -> str:
    return "".join(text.split())
