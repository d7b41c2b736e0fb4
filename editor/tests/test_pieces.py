from __future__ import annotations

import pytest

from editor import pieces
from editor.pieces import Piece, Refused

A = Piece(1, 0.0, 2.0, "one two")
B = Piece(2, 2.0, 4.0, "three")
TALK = b"\xff" * 125  # 4 s


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("one  two ", "one two"),
        ("one\ntwo", "one two"),
        ("one\ttwo", "one two"),
        ("one\x00two\x1b", "one two"),
        ("   ", ""),
        ("Grüße 你好", "Grüße 你好"),
    ],
)
def test_a_text_is_one_line_as_a_transcript_can_hold_it(
    typed: str, stored: str
) -> None:
    assert pieces.clean(typed) == stored


def test_a_text_that_no_transcript_can_hold_is_refused() -> None:
    with pytest.raises(Refused, match="200,001 characters"):
        pieces.clean("a" * 200_001)


def test_writing_makes_a_draft_a_text() -> None:
    draft = Piece(1, 0.0, 2.0, "won two", is_draft=True)
    assert pieces.write(draft, "one two") == A


@pytest.mark.parametrize("at", [0.0, 0.05, 1.95, 2.0, 3.0, -1.0])
def test_there_is_nothing_to_split_at_an_edge(at: float) -> None:
    with pytest.raises(Refused, match="inside the segment"):
        pieces.split(A, at, "one", "two")


def test_a_split_keeps_the_row_of_the_first_part() -> None:
    first, second = pieces.split(A, 1.0, "one ", " two")
    assert first == Piece(1, 0.0, 1.0, "one")
    assert second == Piece(None, 1.0, 2.0, "two")


def test_a_merge_joins_texts_and_spans() -> None:
    assert pieces.merge(A, B) == Piece(1, 0.0, 4.0, "one two three")
    assert pieces.merge(A, Piece(2, 2.0, 4.0)).text == "one two"


@pytest.mark.parametrize("at", [0.0, 0.09, 3.95, 4.0, 9.0])
def test_a_border_stays_between_its_neighbours(at: float) -> None:
    with pytest.raises(Refused, match=r"between 0.10 and 3.90 s"):
        pieces.move([A, B], at)


def test_words_go_where_they_are_about_spoken() -> None:
    whole = Piece(1, 0.0, 4.0, "a b c d e f g h")
    parts = pieces.recut([whole], [1.0], TALK, is_anew=False)
    assert [p.text for p in parts] == ["a b", "c d e f g h"]
    assert [(p.start, p.end) for p in parts] == [(0.0, 1.0), (1.0, 4.0)]


def test_no_word_goes_into_silence() -> None:
    speech = b"\xff" * 31 + b"\x00" * 63 + b"\xff" * 31
    whole = Piece(1, 0.0, 4.0, "a b c d")
    parts = pieces.recut([whole], [1.0, 3.0], speech, is_anew=False)
    assert [p.text for p in parts] == ["a b", "", "c d"]


def test_cutting_anew_keeps_every_word_and_its_order() -> None:
    old = [Piece(1, 0.0, 2.5, "a b c"), Piece(2, 2.5, 4.0, "d e")]
    for times in ([], [1.0], [0.5, 1.0, 1.5, 2.0, 3.9], [2.5]):
        parts = pieces.recut(old, times, TALK, is_anew=False)
        assert " ".join(p.text for p in parts if p.text) == "a b c d e"


@pytest.mark.parametrize(
    ("text", "parts"),
    [("你好世界", ["你好", "世界"]), ("schön", ["", "schön"]), ("", ["", ""])],
)
def test_only_languages_without_spaces_are_cut_between_characters(
    text: str, parts: list[str]
) -> None:
    made = pieces.recut([Piece(1, 0.0, 4.0, text)], [1.99], TALK, is_anew=False)
    assert [p.text for p in made] == parts


def test_what_is_mere_silence_waits_for_no_draft() -> None:
    speech = b"\xff" * 62 + b"\x00" * 63
    parts = pieces.recut([Piece(1, 0.0, 4.0, "a b")], [2.0], speech, is_anew=True)
    assert [(p.text, p.is_waiting) for p in parts] == [("", True), ("", False)]


def test_an_arrived_draft_is_no_change_but_an_accepted_one_is() -> None:
    waiting = Piece(1, 0.0, 2.0, is_waiting=True)
    assert Piece(1, 0.0, 2.0, "heard", is_draft=True).is_still(waiting)
    assert not Piece(1, 0.0, 2.0, "heard").is_still(waiting)
    assert not Piece(1, 0.0, 1.9, "heard", is_draft=True).is_still(waiting)
