from __future__ import annotations

import random

import pytest

from scoring.table import Builder, Table, side_by_side
from scoring.terms import MOST_TERMS, Share, holding_term, overall, parse, terms


def table(utterances: list[tuple[str, str, str]]) -> Table:
    builder = Builder()
    for edits, said, heard in utterances:
        builder.add(edits, said.split(), heard.split())
    return builder.table()


STATIONS = [
    ("CCCC", "the metro station here", "the metro station here"),
    ("CCIC", "the metro station", "the metro gas station"),
    ("CSC", "a metro station", "a metal station"),
    ("CII", "there", "there metro station"),
    ("C", "metro", "metro"),
    ("C", "station", "station"),
    ("CCCC", "metro station metro station", "metro station metro station"),
]


def test_a_term_is_recalled_where_all_its_words_are_right_and_together() -> None:
    (found,) = terms([table(STATIONS)], [["metro", "station"]])
    assert (found.said, found.heard, found.right) == (5, (4,), (3,))
    assert found.share(0).recall == 0.6 and found.share(0).precision == 0.75
    mask = holding_term(table(STATIONS), ["metro", "station"])
    assert mask.nonzero()[0].tolist() == [0, 1, 2, 3, 6]


def test_terms_are_compared_between_models() -> None:
    perfect = [("C" * len(said.split()), said, said) for _, said, _ in STATIONS]
    models = side_by_side([table(STATIONS), table(perfect)])
    one, two = terms(models, [["station"], ["metro", "station"]])
    assert (one.said, one.right) == (6, (6, 6))
    assert (two.said, two.right, two.heard) == (5, (3, 5), (4, 5))
    assert overall([one, two], 0) == Share(said=11, heard=11, right=9)


@pytest.mark.parametrize("words", [[], ["never"], ["metro", "never"], ["here", "the"]])
def test_what_is_never_said_has_no_recall(words: list[str]) -> None:
    (found,) = terms([table(STATIONS)], [words])
    share = found.share(0)
    assert (found.said, share.recall, share.precision) == (0, None, None)
    assert not holding_term(table(STATIONS), words).any()


def test_places_may_overlap() -> None:
    (found,) = terms([table([("CCC", "no no no", "no no no")])], [["no", "no"]])
    assert (found.said, found.right) == (2, (2,))


def test_terms_that_begin_alike_or_hold_each_other_are_all_found() -> None:
    said = "new york city hall new york new york city"
    sought = ["new york", "new york city", "city hall", "york", "hall", "hall", "new"]
    found = terms([table([("C" * 9, said, said)])], [t.split() for t in sought])
    assert [term.said for term in found] == [3, 2, 1, 3, 1, 1, 3]
    assert [term.right for term in found] == [(n,) for n in [3, 2, 1, 3, 1, 1, 3]]


def test_terms_of_random_utterances_are_those_of_a_plain_search() -> None:
    rng = random.Random(2)
    texts = [rng.choices("abc", k=rng.randrange(1, 8)) for _ in range(200)]
    utterances = [("C" * len(text), " ".join(text), " ".join(text)) for text in texts]
    sought = [rng.choices("abc", k=rng.randrange(1, 5)) for _ in range(60)]
    for term, words in zip(terms([table(utterances)], sought), sought, strict=True):
        plain = sum(
            text[at : at + len(words)] == words
            for text in texts
            for at in range(len(text))
        )
        assert (term.said, term.heard, term.right) == (plain, (plain,), (plain,))


@pytest.mark.parametrize(
    ("text", "found", "problems"),
    [
        ("", (), []),
        ("Metro Station\n\n  stent ", ("Metro Station", "stent"), []),
        ("Stent\nSTENT\nstent.", ("Stent",), []),
        (
            "stent\n...\n!",
            ("stent",),
            [(2, "There is no word."), (3, "There is no word.")],
        ),
        ("a " * 21, (), [(1, "There are more than 20 words.")]),
        ("a " * 20, ("a " * 19 + "a",), []),
    ],
)
def test_terms_are_lines_of_words(
    text: str, found: tuple[str, ...], problems: list[tuple[int, str]]
) -> None:
    terms_found, errors = parse(text, "en-US")
    assert terms_found == found
    assert [(error.line, error.message) for error in errors] == problems


def test_there_are_only_so_many_terms() -> None:
    lines = [f"w{'x' * number}" for number in range(MOST_TERMS)]
    found, errors = parse("\n".join([*lines, lines[0], "more", "still more"]), "en-US")
    assert len(found) == MOST_TERMS
    assert [error.line for error in errors] == [MOST_TERMS + 2]


def test_terms_of_a_language_without_spaces_are_counted_in_characters() -> None:
    found, errors = parse("東京\n" + "東" * 21, "ja-JP")
    assert found == ("東京",)
    assert errors[0].message == "There are more than 20 characters."
