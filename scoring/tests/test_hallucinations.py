from __future__ import annotations

import numpy as np
import pytest

from scoring.alignment import align_words
from scoring.hallucinations import flags
from scoring.table import Builder, Table


def table(*pairs: tuple[str, str]) -> Table:
    builder = Builder()
    for said, heard in pairs:
        edits = align_words(said.split(), heard.split())
        builder.add(edits, said.split(), heard.split())
    return builder.table()


@pytest.mark.parametrize(
    ("said", "heard", "is_repeated"),
    [
        ("thank you", "thank you thank you thank you", True),
        ("so", "so " + "one two three four " * 3, True),
        ("so", "so " + "one two three four " * 2, False),
        ("no", "no no no", False),
        ("no", "no no no no no", False),
        ("no", "no no no no no no", True),
        ("no no no no no no", "no no no no no no", False),
        ("yes no no no no no no", "yeah no no no no no no", False),
        ("a b c", "x y x y x z", False),
        ("a", "so " + " ".join("abcdefghijk" * 3), False),  # a phrase of 11 words
        ("", "", False),
        ("", "la " * 500, True),
    ],
)
def test_a_phrase_that_comes_again_and_again_is_marked(
    said, heard, is_repeated
) -> None:
    marked = flags(table(("a", "a"), (said, heard)), np.full(2, 1000.0))
    assert marked.repeated.tolist() == [False, is_repeated]


def test_a_loop_does_not_reach_over_utterances() -> None:
    marked = flags(table(*[("", "la la")] * 9), np.full(9, 10.0))
    assert not marked.repeated.any()


@pytest.mark.parametrize(
    ("words", "seconds", "unit", "is_fast"),
    [
        (30, 3.0, "word", True),
        (15, 3.0, "word", False),
        (3, 0.2, "word", False),
        (30, 3.0, "character", False),
        (90, 3.0, "character", True),
        (30, 0.0, "word", True),
    ],
)
def test_more_words_than_can_be_said_are_marked(words, seconds, unit, is_fast) -> None:
    heard = " ".join(f"w{n}" for n in range(words))
    marked = flags(table(("w0", heard)), np.array([seconds]), unit)
    assert marked.too_fast.tolist() == [is_fast]


def test_words_where_nothing_is_said_are_marked() -> None:
    pairs = [
        ("a b", "a one two three four five b"),
        ("a b", "one two a three four b five"),
        ("a b c d e f", "one two three four five six"),
        ("", "thank you"),
        ("", ""),
    ]
    marked = flags(table(*pairs), np.full(5, 60.0))
    assert marked.invented.tolist() == [True, False, False, False, False]
    assert marked.unspoken.tolist() == [False, False, False, True, False]
    assert marked.any().tolist() == [True, False, False, True, False]


def test_insertions_at_an_end_and_a_beginning_are_no_run() -> None:
    pairs = [("a", "a one two three"), ("a", "one two three a")]
    assert not flags(table(*pairs), np.full(2, 60.0)).invented.any()


def test_what_failed_has_no_flag() -> None:
    builder = Builder()
    builder.fail()
    assert not flags(builder.table(), np.array([0.0])).any().any()
    assert len(flags(Builder().table(), np.zeros(0)).any()) == 0
