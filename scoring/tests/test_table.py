from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from scoring.errors import ErrorCounts
from scoring.table import (
    DELETION,
    EQUAL,
    INSERTION,
    NONE,
    SUBSTITUTION,
    Builder,
    Table,
    read,
    side_by_side,
)

NAN = float("nan")


def table() -> Table:
    """Five utterances: a substitution and an insertion, all right, no transcript,
    nothing said, and nothing heard."""
    builder = Builder()
    builder.add(
        "CSCI", ["call", "Jones", "now"], ["call", "john", "now", "so"], [1, 0.5, 1, 1]
    )
    builder.add("C", ["now"], ["now"])
    builder.fail()
    builder.add("I", [], ["noise"], [0.25])
    builder.add("D", ["now"], [])
    return builder.table()


def random_table(utterances: int) -> Table:
    rng = random.Random(3)
    words = [f"w{n}é" for n in range(300)]
    builder = Builder()
    for _ in range(utterances):
        if rng.random() < 0.02:
            builder.fail()
            continue
        edits = "".join(rng.choices("CSID", (85, 8, 3, 4), k=rng.randrange(12)))
        said = rng.choices(words, k=sum(e != "I" for e in edits))
        left = iter(said)
        heard = []
        for edit in edits:
            word = next(left) if edit != "I" else ""
            if edit != "D":
                heard.append(word if edit == "C" else rng.choice(words))
        builder.add(edits, said, heard, [rng.random() for _ in heard])
    return builder.table()


def arrays(of: Table) -> dict[str, list[object]]:
    names = ("failed", "utterance", "kind", "reference", "hypothesis", "confidence")
    lists = {name: getattr(of, name).tolist() for name in names}
    lists["confidence"] = [None if c != c else c for c in lists["confidence"]]
    return lists


def test_a_row_is_a_column_of_an_alignment() -> None:
    made = table()
    assert made.utterance.tolist() == [0, 0, 0, 0, 1, 3, 4]
    assert made.kind.tolist() == [
        EQUAL, SUBSTITUTION, EQUAL, INSERTION, EQUAL, INSERTION, DELETION
    ]  # fmt: skip
    words = made.vocabulary
    assert [words[n] for n in made.reference if n != NONE] == [
        *("call", "Jones", "now", "now", "now")
    ]
    assert [words[n] for n in made.hypothesis if n != NONE] == [
        *("call", "john", "now", "so", "now", "noise")
    ]
    assert len(made) == 5


def test_counts_are_those_of_the_events() -> None:
    made = table()
    assert made.counts.tolist() == [
        [3, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0]
    ]  # fmt: skip
    assert made.total() == ErrorCounts(5, 2, 1, 1)
    assert made.total(np.arange(5) == 0) == ErrorCounts(3, 1, 0, 1)
    np.testing.assert_equal(made.rates(), [2 / 3, 0, NAN, NAN, 1])


def test_utterances_are_found_by_their_errors() -> None:
    made = table()
    assert made.having(INSERTION).nonzero()[0].tolist() == [0, 3]
    assert made.having(SUBSTITUTION, DELETION).nonzero()[0].tolist() == [0, 4]


@pytest.mark.parametrize(
    ("text", "match", "side", "found"),
    [
        ("now", "exact", "either", [0, 1, 4]),
        ("now", "exact", "hypothesis", [0, 1]),
        ("jones", "exact", "reference", [0]),
        ("jones", "exact", "hypothesis", []),
        ("no", "exact", "either", []),
        ("no", "prefix", "either", [0, 1, 3, 4]),
        ("no", "prefix", "hypothesis", [0, 1, 3]),
        ("OIS", "part", "either", [3]),
    ],
)
def test_utterances_are_found_by_their_words(text, match, side, found) -> None:
    assert table().holding(text, match, side).nonzero()[0].tolist() == found


def test_confidence_is_that_of_the_words_heard_and_unknown_where_unknown() -> None:
    made = table()
    np.testing.assert_allclose(made.mean_confidences(), [0.875, NAN, NAN, 0.25, NAN])
    np.testing.assert_allclose(made.lowest_confidences(), [0.5, NAN, NAN, 0.25, NAN])


def test_an_utterance_left_out_is_one_without_a_transcript() -> None:
    less = table().only(np.array([False, True, True, True, True]))
    assert less.failed.tolist() == [True, False, True, False, False]
    assert less.total() == ErrorCounts(2, 1, 1, 0)
    assert less.utterance.tolist() == [1, 3, 4]


def test_words_and_gaps_have_slots_of_their_own() -> None:
    assert table().slots().tolist() == [1, 3, 5, 6, 9, 14, 17]


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    for made in (table(), random_table(500), Builder().table()):
        made.write(tmp_path / "table")
        again = read(tmp_path / "table")
        assert arrays(again) == arrays(made)
        assert again.vocabulary == made.vocabulary


def test_a_damaged_file_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "table"
    random_table(200).write(path)
    data = path.read_bytes()
    for broken in (b"", b"text", data[:-100], data[:500] + b"\xff" * 99 + data[599:]):
        path.write_bytes(broken)
        with pytest.raises(ValueError):
            read(path)
    with pytest.raises(OSError):
        read(tmp_path / "none")


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": np.array([9] * 7, np.uint8)},
        {"kind": np.array([0] * 7, np.float32)},
        {"kind": np.array([[0] * 7], np.uint8)},
        {"sizes": np.array([7, 0, 0, 0], np.int32)},
        {"sizes": np.array([8, -1, 0, 0, 0], np.int32)},
        {"sizes": np.array([0, 0, 7, 0, 0], np.int32)},
        {"said": np.array([99] * 5, np.uint8)},
        {"misheard": np.array([1], np.uint8)},
        {"confidence": np.array([], np.float32)},
        {"vocabulary": np.frombuffer(b"one", np.uint8)},
        {"vocabulary": np.frombuffer(b"\xff\xff", np.uint8)},
        {"said": np.array([None] * 5, object)},
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path: Path, changed) -> None:
    path = tmp_path / "table.npz"
    table().write(path)
    with np.load(path) as file:
        columns = {**file, **changed}
    np.savez(path, **columns)
    with pytest.raises(ValueError):
        read(path)


@pytest.mark.parametrize("edits", ["CC", "C", "CDX"])
def test_edits_that_do_not_fit_the_words_are_refused(edits: str) -> None:
    builder = Builder()
    builder.add(edits, ["one", "two"], ["one"])
    with pytest.raises(ValueError):
        builder.table()


def test_a_table_does_not_change() -> None:
    with pytest.raises(ValueError):
        table().kind[0] = 0


def test_side_by_side_words_have_one_number_and_failures_count_for_none() -> None:
    first, second = table(), Builder()
    second.add("DCC", ["call", "Jones", "now"], ["Jones", "now"])
    second.fail()
    second.add("C", ["else"], ["else"])
    second.add("", [], [])
    second.add("S", ["now"], ["call"])
    one, two = side_by_side([first, second.table()])
    assert (
        one.failed.tolist() == two.failed.tolist() == [False, True, True, *[False] * 2]
    )
    assert one.vocabulary is two.vocabulary
    assert one.number("Jones") == two.number("Jones") is not None
    words = [two.vocabulary[n] for n in two.reference]
    assert words == ["call", "Jones", "now", "now"]
    assert two.total() == ErrorCounts(4, 0, 1, 1)
    assert one.slots().max() <= 2 * (4 + 5)


def test_other_references_are_no_comparison() -> None:
    other = Builder()
    other.add("C", ["now"], ["now"])
    with pytest.raises(ValueError):
        side_by_side([table(), other.table()])
    for _ in range(4):
        other.add("C", ["now"], ["now"])
    with pytest.raises(ValueError):
        side_by_side([table(), other.table()])


def test_the_latest_answers_are_kept_and_nobody_can_change_them() -> None:
    kept, asked = random_table(5), []

    def answer(number: int) -> str:
        asked.append(number)
        return str(number)

    for number in (*range(100), 99, 0):
        assert kept.kept(number, lambda number=number: answer(number)) == str(number)
    # The first had to go for the others, and was worked out once more.
    assert asked == [*range(100), 0]
    with pytest.raises(ValueError, match="read-only"):
        kept.holding("a")[0] = False
