from __future__ import annotations

import time

import pytest
from rapidfuzz.distance import Levenshtein

from scoring.equivalences import MOST_LINES, Equivalence, LineError, Rules, parse
from scoring.rewriting import rewritten
from scoring.rule_effects import errors_removed
from scoring.scale import Level, Scale


def project(*lines: str) -> Scale:
    found, errors = parse("\n".join(lines), "en-US")
    assert not errors
    return Scale("en-US", Level.PROJECT, found)


@pytest.mark.parametrize(
    ("lines", "text", "expected"),
    [
        (["okay = ok"], "OK, ok then", "okay okay then"),
        (["metoprolol = metro pole all"], "Metro pole-all daily", "metoprolol daily"),
        (["metro pole all = metoprolol"], "metoprolol", "metro pole all"),
        (["windows eleven = win 11"], "Win 11", "windows one one"),
        (["a = b", "a b c = x"], "a b c a b", "a b c a a"),
        (["new york = ny", "big = new"], "new york new ny", "new york big new york"),
        (["a = b", "b = c"], "a b c", "a a a"),
        (["b = c", "a = b"], "a b c", "b b b"),
        (["a = b", "b = a"], "a b", "a a"),
        (["a = b c", "b c d = e"], "b c d b c", "b c d a"),
        (["a = a b"], "a b b", "a b"),
    ],
)
def test_every_side_becomes_the_first(
    lines: list[str], text: str, expected: str
) -> None:
    assert project(*lines).words(text) == expected.split()


def test_places_are_those_of_the_text() -> None:
    text = "Take metro pole all."
    token = project("metoprolol = metro pole all").tokenize(text)[1]
    assert (token.text, text[token.start : token.end]) == (
        "metoprolol",
        "metro pole all",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("okay", 'There is no "=" between two spellings.'),
        ("okay =", 'A side of "=" has no words.'),
        ("= okay = ok", 'A side of "=" has no words.'),
        ("okay = ...", 'A side of "=" has no words.'),
        ("Okay = okay!", "All spellings are the same without this rule."),
        ("21 = twenty-one", "All spellings are the same without this rule."),
        ("a = " + "b " * 21, "A spelling has more than 20 words."),
        (" = ".join("abcdefghijklmnopqrstu"), "There are more than 20 spellings."),
    ],
)
def test_bad_lines_say_what_is_wrong(line: str, message: str) -> None:
    found, errors = parse(f"\nok = okay\n{line}\n", "en-US")
    assert errors == (LineError(3, message),)
    assert found == (Equivalence((("ok",), ("okay",))),)


def test_the_number_of_lines_is_limited() -> None:
    text = "\n".join(f"a{n} = b{n}" for n in range(MOST_LINES + 5))
    found, errors = parse(text, "de-DE")
    assert len(found) == MOST_LINES
    assert errors == (LineError(1001, "There are more than 1,000 equivalences."),)


def test_many_rules_on_a_long_text_take_no_time() -> None:
    lines = [f"c{n} = " + "a " * (n % 19) + f"b{n}" for n in range(1000)]
    found, _ = parse("\n".join(lines), "de-DE")
    started = time.process_time()
    rules = Rules(found)
    rules.rewritings(["a"] * 10_000)
    text = ["a", "b", "1", "x"] * 2500
    assert rewritten(text, rules.rewritings(text)) == ["c", "1", "x"] * 2500
    rules.without()
    assert time.process_time() - started < 2  # a fifth of it when idle


def test_errors_removed_by_each_rule() -> None:
    found, _ = parse("okay = ok\ncolour = color = kulur\ncat = dog\nx = y", "en-US")
    pairs = [
        ("OK then", "okay then"),
        ("ok ok", "okay okay"),
        ("my colour", "my color"),
        ("the kulur", "the color"),
        ("the cat", "the dog"),
        ("the cat", "the cat"),
        ("a cat dog", "a mat dog"),
    ]
    assert errors_removed(pairs, "en-US", found) == [3, 2, 1, 0]


def test_errors_removed_are_those_of_counting_twice() -> None:
    lines = ["a = b", "b = c", "d = e f", "e = g", "e f g = h", "a = c d"]
    found, _ = parse("\n".join(lines), "sv-SE")
    texts = ["a b c d", "b b e f", "c e g h", "h d e f g", "a c d", "e f g x", "g e"]
    pairs = [(one, other) for one in texts for other in texts]

    def errors(rules: tuple[Equivalence, ...]) -> int:
        scale = Scale("sv-SE", Level.PROJECT, rules)
        return sum(_errors(scale, *pair) for pair in pairs)

    expected = [
        errors(found[:n] + found[n + 1 :]) - errors(found) for n in range(len(found))
    ]
    assert errors_removed(pairs, "sv-SE", found) == expected


def _errors(scale: Scale, reference: str, hypothesis: str) -> int:
    said = scale.words(reference)
    return int(
        Levenshtein.distance(said, scale.reconciled(said, scale.words(hypothesis)))
    )
