from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from scoring.confusions import confused, confusions, word_accuracy
from scoring.table import (
    DELETION,
    INSERTION,
    SUBSTITUTION,
    Builder,
    Table,
    side_by_side,
)

# Edits, what is said, and what is heard.
HEARD = [
    ("CSC", "call jones now", "call john now"),
    ("CSC", "ask jones now", "ask john now"),
    ("SCS", "jones or jones", "john or joan"),
    ("DCI", "the cat", "cat so"),
    ("DC", "the dog", "dog"),
    ("CCI", "a cat", "a cat so"),
]


def table(utterances: list[tuple[str, str, str]]) -> Table:
    builder = Builder()
    for edits, said, heard in utterances:
        builder.add(edits, said.split(), heard.split())
    return builder.table()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (SUBSTITUTION, [("jones", "john", 3, [0, 1, 2]), ("jones", "joan", 1, [2])]),
        (DELETION, [("the", None, 2, [3, 4])]),
        (INSERTION, [(None, "so", 2, [3, 5])]),
    ],
)
def test_errors_that_recur_are_counted_and_their_utterances_found(
    kind, expected
) -> None:
    found = confusions(table(HEARD), kind)
    assert [(c.reference, c.hypothesis, c.count) for c in found] == [
        error[:3] for error in expected
    ]
    for reference, hypothesis, _, utterances in expected:
        mask = confused(table(HEARD), kind, reference, hypothesis)
        assert mask.nonzero()[0].tolist() == utterances


def test_an_error_that_is_twice_in_an_utterance_counts_twice() -> None:
    (found,) = confusions(table([("SS", "a a", "b b")]), SUBSTITUTION)
    assert found.count == 2


def test_confusions_are_those_of_some_utterances_and_no_more_than_asked() -> None:
    some = table(HEARD).only(np.arange(6) >= 2)
    assert [c.count for c in confusions(some, SUBSTITUTION)] == [1, 1]
    assert len(confusions(some, SUBSTITUTION, most=1)) == 1
    assert confusions(some, SUBSTITUTION, most=0) == []
    assert not confused(some, SUBSTITUTION, "never", "said").any()


def test_confusions_of_random_tables_are_those_of_a_plain_count() -> None:
    rng = random.Random(1)
    utterances = []
    for _ in range(300):
        said = rng.choices("abcd", k=5)
        heard = rng.choices("abcd", k=5)
        edits = "".join(
            "C" if r == h else "S" for r, h in zip(said, heard, strict=True)
        )
        utterances.append((edits, " ".join(said), " ".join(heard)))
    plain = Counter(
        pair
        for edits, said, heard in utterances
        for edit, *pair in zip(edits, said.split(), heard.split(), strict=True)
        for pair in [tuple(pair)]
        if edit == "S"
    )
    found = confusions(table(utterances), SUBSTITUTION)
    assert {(c.reference, c.hypothesis): c.count for c in found} == plain
    counts = [c.count for c in found]
    assert counts == sorted(counts, reverse=True)


def two_models() -> list[Table]:
    better = [(edits, said, heard) for edits, said, heard in HEARD]
    better[0] = ("CCC", "call jones now", "call jones now")
    return side_by_side([table(HEARD), table(better)])


def test_words_are_compared_between_models() -> None:
    words = word_accuracy(two_models())
    row = words.texts.index("jones")
    assert words.said[row] == 4 and words.texts[0] == "jones"
    assert words.right[:, row].tolist() == [0, 1]
    assert "so" not in words.texts  # it was heard, but never said
    assert words.said.sum() == 15


def test_without_words_there_is_none() -> None:
    nothing = word_accuracy([Builder().table()])
    assert (nothing.texts, nothing.said.tolist()) == ([], [])
