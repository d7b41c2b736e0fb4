"""The pattern language of custom ITN, and what each documented example matches."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.display import match
from engines.display.automaton import Automaton
from engines.display.lattice import Lattice
from engines.display.match import Budget, _forward, find
from engines.display.patterns import (
    MAX_CHARACTERS,
    Character,
    Digit,
    Group,
    Letter,
    PatternError,
    Range,
    Spoken,
    parse,
)
from engines.display.pipeline import Display
from engines.display.rules import Rules


def written(pattern: str, spoken: str, locale: str = "en-US") -> str:
    return Display(Rules(patterns=(pattern,)), locale).format(f"is {spoken}")[3:]


NODES = [
    ("A", (Character("A"),)),
    (r"\d\l\u\a", (Digit(), Letter("l"), Letter("u"), Letter("a"))),
    ("[05]", (Range((("0", "0"), ("5", "5"))),)),
    ("[a-c0-9_]", (Range((("a", "c"), ("0", "9"), ("_", "_"))),)),
    ("[-a]", (Range((("-", "-"), ("a", "a"))),)),
    ("[a-]", (Range((("a", "a"), ("-", "-"))),)),
    (r"[\]\-\\]", (Range((("]", "]"), ("-", "-"), ("\\", "\\"))),)),
    ("(A)?", (Group(((Character("A"),),), "?"),)),
    ("(A|B)+", (Group(((Character("A"),), (Character("B"),)), "+"),)),
    ("(A)*", (Group(((Character("A"),),), "*"),)),
    ("{zippy>ZPI}", (Spoken("zippy", "ZPI"),)),
    ("{ to >-}", (Spoken("to", "-"),)),
    ("{write}", (Spoken("write", ""),)),
    (r"{a\>b\}>\{}", (Spoken("a>b}", "{"),)),
    (" A  ", (Character("A"),)),
]


@pytest.mark.parametrize(("pattern", "nodes"), NODES)
def test_patterns_are_understood(pattern: str, nodes: tuple[object, ...]) -> None:
    assert parse(pattern).alternatives == (nodes,)


@pytest.mark.parametrize("character", list(r"\(){}|+?*[]>"))
def test_special_characters_are_escaped(character: str) -> None:
    nodes = (Character("A"), Character(character))
    assert parse(f"A\\{character}").alternatives == (nodes,)


def test_a_bar_outside_of_groups_parts_the_pattern() -> None:
    assert parse("A|B").alternatives == ((Character("A"),), (Character("B"),))


ERRORS = [
    ("a(b", 2, "the group is not closed"),
    ("a(b(c)", 2, "the group is not closed"),
    ("ab)", 3, "this ) closes no group"),
    ("a[0-9", 2, "the bracket is not closed"),
    ("a[", 2, "the bracket is not closed"),
    ("a[\\", 2, "the bracket is not closed"),
    ("a{to>-", 2, "the brace is not closed"),
    ("a{", 2, "the brace is not closed"),
    ("a]", 2, "this ] closes nothing"),
    ("a}", 2, "this } closes nothing"),
    ("a+", 2, "this + does not follow a group"),
    (r"\d*", 3, "this * does not follow a group"),
    ("[ab]?", 5, "this ? does not follow a group"),
    ("{a}+", 4, "this + does not follow a group"),
    ("(a)+?", 5, "this ? does not follow a group"),
    ("?", 1, "this ? does not follow a group"),
    ("a()", 3, "there is nothing between ( or | and the next | or )"),
    ("(a|)", 4, "there is nothing between ( or | and the next | or )"),
    ("(|a)", 2, "there is nothing between ( or | and the next | or )"),
    ("a|", 3, "there is nothing between ( or | and the next | or )"),
    ("|a", 1, "there is nothing between ( or | and the next | or )"),
    (r"a\x", 2, r"\x is not known"),
    (r"a\.", 2, r"\. is not known"),
    ("a\\", 2, "nothing follows the backslash"),
    (r"[\d]", 2, r"\d cannot stand inside brackets"),
    (r"{a\d}", 3, r"\d cannot stand inside braces"),
    ("{a>b>c}", 5, "there is a second > in the braces"),
    ("{a{b}}", 3, "there is a brace inside of braces"),
    ("a[]", 2, "the range is empty"),
    ("a[7-5]", 3, "the range 7-5 goes backwards"),
    ("a{}", 2, "nothing is spoken in the braces"),
    ("a{ >x}", 2, "nothing is spoken in the braces"),
    ("", 1, "nothing of the pattern is spoken"),
    (" -:", 2, "nothing of the pattern is spoken"),
    ("(-)+", 1, "nothing of the pattern is spoken"),
    ("a|-", 1, "nothing of the pattern is spoken"),
    ("(" * 21 + "a" + ")" * 21, 21, "groups are nested more than 20 deep"),
    ("a" * 301, 301, "the pattern has more than 300 characters"),
]


@pytest.mark.parametrize(("pattern", "column", "message"), ERRORS)
def test_errors_name_the_column_and_what_to_do(
    pattern: str, column: int, message: str
) -> None:
    with pytest.raises(PatternError) as raised:
        parse(pattern)
    assert (raised.value.column, raised.value.message) == (column, message)
    assert raised.value.advice


DOCUMENTED = [
    ("JO:500", "j o five hundred", "JO:500"),
    ("JO:500", "joe five zero zero", "JO:500"),
    ("JO:500", "joe five oh oh", "JO:500"),
    ("JO:500", "joe five double zero", "JO:500"),
    ("JO:500", "jo 500", "JO:500"),
    ("JO:500", "J. O. five hundred", "J. O. 500"),
    ("JO:[5-7]00", "j o six hundred", "JO:600"),
    ("JO:[5-7]00", "j o eight hundred", "j o 800"),
    (r"\d\d\d-\d\d\d", "cadence one oh five one fifteen", "cadence 105-115"),
    (r"\d\d\d-\d\d\d", "one hundred five one hundred and fifteen", "105-115"),
    (r"\d\d\d-\d\d\d", "five hundred one fifteen", "500-115"),
    (r"\d\d\d-\d\d\d", "105 115", "105-115"),
    (r"\d\d\d-\d\d\d", "105115", "105-115"),
    ("(AB|CD)-(\\d)+", "A B nine", "AB-9"),
    ("(AB|CD)-(\\d)+", "cd nine nine twelve ok", "CD-9912 ok"),
    ("(AB|CD)-(\\d)+", "ef nine", "ef 9"),
    (r"{zippy>ZPI}-\d\d", "Zippy twenty five", "ZPI-25"),
    (r"{zippy>ZPI}-\d\d", "zippy one two", "ZPI-12"),
    (r"\d0{to>-}\d0", "twenty to thirty", "20-30"),
    (r"\d0{to>-}\d0", "twenty five to thirty", "25 to 30"),
    (r"\d[05]{ to >-}\d[05]", "twenty five to thirty", "25-30"),
    (r"\d[05]{ to >-}\d[05]", "twenty six to thirty", "26 to 30"),
    (r"{write} (\u.)+", "write A B C", "A.B.C."),
    (r"{write} (\u.)+", "write a b c down", "A.B.C. down"),
    (r"{write} (\u.)+", "write home", "write home"),
    ("Space: 1999", "space nineteen ninety nine", "Space: 1999"),
    ("Space: 1999", "space one nine nine nine.", "Space: 1999."),
    (r"\d\d{to>-}\d\d {K>cadence}", "twenty to thirty K", "20-30 cadence"),
]


@pytest.mark.parametrize(("pattern", "spoken", "display"), DOCUMENTED)
def test_documented_examples(pattern: str, spoken: str, display: str) -> None:
    assert written(pattern, spoken) == display


READ = [
    # Letters: lower, upper, as they came; only those that are spelled.
    (r"\l\l-\d", "X Y four", "xy-4"),
    (r"\u\u-\d", "x y four", "XY-4"),
    (r"\a\a-\d", "X y four", "Xy-4"),
    (r"\u-\d\d", "b52", "B-52"),
    (r"\u\u", "double a", "AA"),
    (r"\u\u", "to", "to"),
    # A range has its own case.
    (r"[A-C]-\d", "b nine", "B-9"),
    (r"[A-C]-\d", "d nine", "d 9"),
    # Optional groups: nothing is written when nothing was said.
    ("A(-B)?-\\d", "a nine", "A-9"),
    ("A(-B)?-\\d", "a b nine", "A-B-9"),
    ("A(:)?\\d", "a nine", "A9"),
    ("A(:)?\\d", "a:9", "A:9"),
    # Symbols by name.
    ("example.com/\\d", "example dot com slash seven", "example.com/7"),
    # Words: as one or spelled, never in pieces of other words.
    ("PowerBI", "power b i", "PowerBI"),
    ("together 5", "to get her five", "to get her 5"),
    ("I T", "it", "it"),
    ("A.M.", "am", "am"),
    ("A.M.", "a m", "A.M."),
    # A literal of letters alone is not taken for words that sound like it.
    ("JO", "joe", "joe"),
    # Whole numbers of the default ITN: no match inside of them.
    (r"\d\d\d", "twenty five", "25"),
    (r"\d-\d0", "five twenty five", "525"),
    (r"\d", "five million", "5 million"),
    (r"\d million", "five million", "5 million"),
    (r"{twenty one>XXI}", "twenty one and twenty two", "XXI and 22"),
    (r"cat-\d", "cat one", "cat-1"),
    (r"\d-\d", "oh no", "oh no"),
    (r"{um}", "well um, yes", "well, yes"),
    # The leftmost, then the longest, then the earlier.
    (r"(\d)+", "one hundred and five dogs", "105 dogs"),
    (r"(A|AB)-", "a b", "AB-"),
    # Not over punctuation.
    (r"A\d", "a, nine", "a, 9"),
]


@pytest.mark.parametrize(("pattern", "spoken", "display"), READ)
def test_how_patterns_read_what_was_spoken(
    pattern: str, spoken: str, display: str
) -> None:
    assert written(pattern, spoken) == display


OTHER_LOCALES = [
    ("de-DE", r"\d\d{bis>-}\d\d", "zwanzig bis dreißig", "20-30"),
    ("de-DE", "Straße-\\d", "straße fünf", "Straße-5"),
    ("fr-FR", r"N\d\d", "n vingt et un", "N21"),
    ("es-ES", r"\d\d", "treinta y dos", "32"),
    ("pl-PL", r"A-\d", "a 7", "A-7"),
    ("zh-CN", r"{房间>R}\d\d", "是房间12吗", "R12吗"),
    ("ja-JP", r"{東京>TYO}", "東京", "TYO"),
    ("de-DE", "JO-5", "joe 5", "joe 5"),
]


@pytest.mark.parametrize(("locale", "pattern", "spoken", "display"), OTHER_LOCALES)
def test_other_locales(locale: str, pattern: str, spoken: str, display: str) -> None:
    text = Display(Rules(patterns=(pattern,)), locale).format(f"x {spoken}")
    assert text.removeprefix("X ").removeprefix("x ").removeprefix("是") == display


def test_of_equally_long_matches_the_earlier_pattern_counts() -> None:
    display = Display(Rules(patterns=("{a>1}", "{a>2}", "{a b>3}")), "en-US")
    assert display.format("a a b") == "1 3"


NASTY = [r"((\d)*(\d)*)*x", r"((((a)*)*)*)*b", r"((a|aa)+)+b", r"(\d)?" * 40 + "x"]


@pytest.mark.parametrize("pattern", NASTY)
@pytest.mark.parametrize("word", ["one", "a", "11"])
def test_nasty_patterns_take_time_in_proportion_to_the_text(
    pattern: str, word: str
) -> None:
    automaton = Automaton([parse(pattern)], "en-US")
    moves = []
    for length in (20, 40):
        lattice = Lattice([word] * length, [], is_english=True)
        is_open = [True] * (length + 1)
        edges = _forward(automaton, lattice, is_open, Budget())
        moves.append(sum(map(len, edges)))
        assert find(automaton, lattice, (), Budget()) == []
    assert moves[1] <= 2.2 * moves[0] + 100


def test_the_moves_for_one_text_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "MAX_EDGES", 5_000)
    automaton = Automaton([parse("(" + r"(\d)*" * 40 + ")*x")], "en-US")
    lattice = Lattice(["1"] * 20, [], is_english=True)
    budget = Budget()
    edges = _forward(automaton, lattice, [True] * 21, budget)
    assert sum(map(len, edges)) == 5_000
    # What follows a comma is of the same text.
    assert not any(_forward(automaton, lattice, [True] * 21, budget))


PIECES = [*r"\(){}|+?*[]>-: ", r"\d", r"\a", "(", ")", ")*", ")+", "|", "a", "B", "5"]
PIECES += ["{to>-}", "{x}", "[0-9]", "é", "中", "\u0301", "ß", "İ"]
WORDS = (
    "one oh five hundred and fifteen twenty to a b joe 105 1,000 x-y double é 中 K. ,"
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=20),
    st.lists(st.sampled_from(WORDS.split()), max_size=25).map(" ".join)
    | st.text(max_size=50),
    st.sampled_from(["en-US", "de-DE", "zh-CN", "th-TH", "tr-TR"]),
)
def test_nothing_crashes(pattern: str, text: str, locale: str) -> None:
    try:
        parse(pattern)
    except PatternError as problem:
        assert 1 <= problem.column <= max(len(pattern), MAX_CHARACTERS) + 1
        assert problem.message and problem.advice
        return
    rules = Rules((pattern,), ((text, pattern), ("a", "b")), (text, "b"))
    display = Display(rules, locale)
    for mode in ("masked", "removed", "raw"):
        assert "  " not in display.format(text, mode).strip() or "  " in text
