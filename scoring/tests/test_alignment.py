from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Sequence

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import ratio

from scoring.alignment import align_many, align_words, columns, events

Pair = tuple[list[str], list[str]]

QUICK = settings(deadline=None, database=None)
WORDS = st.lists(st.sampled_from(["a", "b", "ab", "abc", "c", "bc", "d"]), max_size=9)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "edits"),
    [
        ("", "", ""),
        ("a b", "", "DD"),
        ("", "a b", "II"),
        ("the cat sat", "the cat sat", "CCC"),
        ("the cat sat", "cat sat", "DCC"),
        ("the cat sat", "the sat", "CDC"),
        ("the cat sat", "the cat", "CCD"),
        ("the cat sat", "the black cat sat", "CICC"),
        ("on the mat", "on the the mat", "CCIC"),
        # A word is spelled like the one that it was taken for.
        ("metoprolol", "metro pole all", "SII"),
        ("give metoprolol twice", "gave metro pole all twice", "SSIIC"),
        ("a metropolis", "in a metro polish", "ICSI"),
        ("well everyday life", "every day life", "SSC"),
        ("everyday life", "well every day life", "ISIC"),
        ("ice cream", "icecream", "DS"),
        ("so i scream", "icecream", "DDS"),
        ("speech", "a beach", "IS"),
        ("two three", "three too", "DCI"),
        # As many words right as can be, at the same number of errors.
        ("a b", "b c", "DCI"),
        ("x a b c", "a b c y", "DCCCI"),
    ],
)
def test_the_readable_alignment(reference: str, hypothesis: str, edits: str) -> None:
    assert align_words(reference.split(), hypothesis.split()) == edits


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("take metoprolol daily", "take metro pole all daily", ["metro pole all"]),
        ("give metoprolol twice", "gave metro pole all twice", ["metro pole all"]),
        ("recognize speech", "wreck a nice beach", ["wreck a nice"]),
        ("metro pole all", "metoprolol", ["metoprolol"]),
        ("an ice cream here", "on icecream here", ["icecream"]),
        ("everyday tomorrow", "every day to morrow", ["every day", "to morrow"]),
        ("everyday life", "every day a life", ["every day"]),
        ("hello", "hallo um", []),
        ("speech", "a beach", []),
        ("the cat", "the cat sat", []),
        ("the cat", "a dog", []),
        ("yes", "no no no no", []),
    ],
)
def test_a_split_or_merged_word_is_one_event(
    reference: str, hypothesis: str, expected: list[str]
) -> None:
    said, heard = reference.split(), hypothesis.split()
    edits = align_words(said, heard)
    found = []
    for event in events(edits, said, heard):
        indexes = [columns(edits)[at].hypothesis for at in event]
        found.append(" ".join(heard[index] for index in indexes if index is not None))
    assert found == expected


@QUICK
@given(WORDS, WORDS)
def test_errors_are_the_levenshtein_distance(said: list[str], heard: list[str]) -> None:
    edits = align_words(said, heard)
    assert len(edits) - edits.count("C") == Levenshtein.distance(said, heard)
    _check(said, heard, edits)


def test_errors_of_ten_thousand_pairs_are_the_levenshtein_distance() -> None:
    pairs = _random_pairs(10_000, vocabulary=12, wrong=0.4)
    for (said, heard), edits in zip(pairs, align_many(pairs), strict=True):
        assert len(edits) - edits.count("C") == Levenshtein.distance(said, heard)
        _check(said, heard, edits)


@settings(QUICK, max_examples=50)
@given(
    st.lists(st.sampled_from(["a", "b", "ab", "abc"]), max_size=5),
    st.lists(st.sampled_from(["a", "b", "ab", "abc"]), max_size=5),
)
def test_no_alignment_is_more_readable(said: list[str], heard: list[str]) -> None:
    found = _worth(said, heard, align_words(said, heard))
    assert found == min(_worth(said, heard, edits) for edits in _all(said, heard))


@QUICK
@given(WORDS, WORDS)
def test_events_are_wrong_columns_apart_from_each_other(
    said: list[str], heard: list[str]
) -> None:
    edits = align_words(said, heard)
    stop = 0
    for event in events(edits, said, heard):
        assert stop <= event.start < event.stop - 1
        stop = event.stop
        letters = edits[event.start : event.stop]
        assert letters.count("S") == 1
        assert letters.strip("I") == "S" or letters.strip("D") == "S"


def test_ten_thousand_words_take_no_time_and_no_memory() -> None:
    chance = random.Random(3)
    vocabulary = [f"word{number}" for number in range(3000)]
    said = chance.choices(vocabulary, k=10_000)
    heard = [chance.choice(vocabulary) if chance.random() < 0.3 else w for w in said]
    other = chance.choices(vocabulary, k=10_000)
    tracemalloc.start()
    started = time.process_time()
    for hypothesis in (heard, other, [], said[5000:], ["x"] * 10_000):
        edits = align_words(said, hypothesis)
        assert len(edits) - edits.count("C") == Levenshtein.distance(said, hypothesis)
        events(edits, said, hypothesis)
    assert time.process_time() - started < 10  # a tenth of it when idle
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000_000


def test_words_without_end_take_no_time() -> None:
    said, heard = ["ab" * 50_000] * 40, ["ba" * 50_000] * 50
    started = time.process_time()
    edits = align_words(said, heard)
    assert (edits.count("S"), edits.count("I")) == (40, 10)
    events(edits, said, heard)
    assert time.process_time() - started < 2


def _random_pairs(size: int, vocabulary: int, wrong: float) -> list[Pair]:
    chance = random.Random(7)
    known = [chance.choice("ptk") + str(number) for number in range(vocabulary)]
    pairs = []
    for _ in range(size):
        said = chance.choices(known, k=chance.randint(0, 20))
        heard: list[str] = []
        for word in said:
            action = chance.random() / wrong
            if action > 0.2:
                heard.append(chance.choice(known) if action < 0.8 else word)
            if 0.8 < action < 1:
                heard.append(chance.choice(known))
        pairs.append((said, heard))
    return pairs


def _check(said: Sequence[str], heard: Sequence[str], edits: str) -> None:
    """That the edits use each word once, and C and S tell the truth."""
    assert len(said) == len(edits) - edits.count("I")
    assert len(heard) == len(edits) - edits.count("D")
    i = j = 0
    for edit in edits:
        if edit in "CS":
            assert (said[i] == heard[j]) == (edit == "C")
        i, j = i + (edit != "I"), j + (edit != "D")


def _all(said: Sequence[str], heard: Sequence[str]) -> list[str]:
    """Every alignment there is."""
    if not said or not heard:
        return ["D" * len(said) + "I" * len(heard)]
    paired = "C" if said[0] == heard[0] else "S"
    return [
        *[paired + rest for rest in _all(said[1:], heard[1:])],
        *["D" + rest for rest in _all(said[1:], heard)],
        *["I" + rest for rest in _all(said, heard[1:])],
    ]


def _worth(
    said: Sequence[str], heard: Sequence[str], edits: str
) -> tuple[int, int, int]:
    """Errors, substitutions, and how unlike the substituted words are."""
    likeness = i = j = 0
    for edit in edits:
        if edit == "S":
            likeness += int(ratio(said[i], heard[j]))
        i, j = i + (edit != "I"), j + (edit != "D")
    return len(edits) - edits.count("C"), edits.count("S"), -likeness


def test_it_finds_as_many_errors_as_jiwer() -> None:
    chance = random.Random(4)
    texts = [
        " ".join(chance.choices("abcdefgh", k=chance.randint(1, 12)))
        for _ in range(2000)
    ]
    references, hypotheses = texts[::2], texts[1::2]
    found = jiwer.process_words(references, hypotheses)
    pairs = zip(references, hypotheses, strict=True)
    ours = "".join(align_words(one.split(), other.split()) for one, other in pairs)
    errors = found.substitutions + found.insertions + found.deletions
    assert len(ours) - ours.count("C") == errors
    assert len(ours) - ours.count("I") == found.hits + found.substitutions + (
        found.deletions
    )
