"""The same words in another spelling, found where both texts are known.

Whether `every day` is right where `everyday` was said, no rule for one text can tell.
So the words of the hypothesis are compared with those of the reference at the same
place, and where both are equal in one of these ways, they are no error:

- compounds: some words of one side joined are a word of the other (`ice cream`,
  `icecream`; `U S B`, `USB`; `1 250`, `1250`), in all languages with spaces;
- English contractions (`contractions.py`): `do not`, `don't`; `it's not`, `it isn't`;
- numbers in the languages below: `dreihundert`, `300`. English ones are digits in
  words already when they come here (`numbers.py`).

The hypothesis is rewritten as the reference has it; the reference stays as it is, so
the number of its words does not depend on the hypothesis. Only rewritings that leave
fewer errors are made: there are never more errors than without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein
from text_to_num import text2num  # type: ignore[import-untyped]

from scoring.contractions import is_contraction, readings
from scoring.rewriting import Rewriting

NUMBERS_KNOWN = frozenset({"de", "es", "fr", "it", "nl", "pt"})
_MOST_JOINED = 4  # words in a compound, letters in an abbreviation
_MOST_CONTRACTED = 3
_MOST_NUMERALS = 6
# Right words beside a wrong stretch that may turn out to be part of a compound, as
# in "ice cream cream", "icecream cream".
_MARGIN = 1
# A stretch of more pairs of words than these has little in common; it is left alone.
_MOST_PAIRS = 40_000
# In a sum of costs an error outweighs all rewritings, which cost 1 for each word.
_ERROR = 100_000


class _Stretch(NamedTuple):
    """A part of both texts around words that differ, as indexes."""

    said: int
    said_end: int
    heard: int
    heard_end: int


class _Same(NamedTuple):
    """So many words of each side say the same, up to two places in a stretch."""

    said: int
    heard: int


_Edit = tuple[str, int, int]  # its kind, where in the reference and the hypothesis
_Sames = dict[tuple[int, int], list[_Same]]
_Windows = dict[object, list[tuple[int, int]]]  # of a form: the places (start, end)


def rewritings(
    reference: Sequence[str], hypothesis: Sequence[str], language: str
) -> list[Rewriting]:
    """What to rewrite in the hypothesis, in order; nothing overlaps.

    >>> rewritings(["not", "every", "day"], ["not", "everyday"], "en")
    [Rewriting(start=1, end=2, words=('every', 'day'))]
    """
    if reference == hypothesis or not _is_worth_it(reference, hypothesis, language):
        return []
    found: list[Rewriting] = []
    for stretch in _stretches(reference, hypothesis, language):
        said = reference[stretch.said : stretch.said_end]
        heard = hypothesis[stretch.heard : stretch.heard_end]
        for start, end, words in _best(said, heard, language):
            place = stretch.heard + start, stretch.heard + end
            found.append(Rewriting(*place, words))
    return found


def _is_worth_it(
    reference: Sequence[str], hypothesis: Sequence[str], language: str
) -> bool:
    """Whether to look for places at all: a matter of speed only, seldom true."""
    said, heard = set(reference), set(hypothesis)
    return (
        said == heard
        or _is_hopeful(said - heard, hypothesis, language)
        or _is_hopeful(heard - said, reference, language)
    )


def _stretches(
    reference: Sequence[str], hypothesis: Sequence[str], language: str
) -> Iterator[_Stretch]:
    """Where both differ, with a margin, and something may be spelled in another way."""
    edits = [
        (edit.tag, edit.src_pos, edit.dest_pos)
        for edit in Levenshtein.editops(reference, hypothesis)
    ]
    first = 0
    for at, (_, said, _) in enumerate(edits, start=1):
        is_last = at == len(edits) or edits[at][1] - said > 2 * _MARGIN
        if not is_last:
            continue
        wrong, first = edits[first:at], at
        stretch = _around(wrong, len(reference), len(hypothesis))
        of_said = {reference[i] for kind, i, _ in wrong if kind != "insert"}
        of_heard = {hypothesis[j] for kind, _, j in wrong if kind != "delete"}
        beside_said = reference[stretch.said : stretch.said_end]
        beside_heard = hypothesis[stretch.heard : stretch.heard_end]
        if _is_hopeful(of_said, beside_heard, language) or _is_hopeful(
            of_heard, beside_said, language
        ):
            yield stretch


def _around(wrong: Sequence[_Edit], said: int, heard: int) -> _Stretch:
    """The wrong words with the right ones beside them, the same on both sides."""
    _, first_said, first_heard = wrong[0]
    kind, last_said, last_heard = wrong[-1]
    said_end = last_said + (kind != "insert")
    heard_end = last_heard + (kind != "delete")
    before = min(_MARGIN, first_said, first_heard)
    behind = min(_MARGIN, said - said_end, heard - heard_end)
    return _Stretch(
        first_said - before, said_end + behind, first_heard - before, heard_end + behind
    )


def _is_hopeful(wrong: Iterable[str], other: Sequence[str], language: str) -> bool:
    """Whether one of these words may be a part of the other side in its spelling."""
    joined = "".join(other)
    for word in wrong:
        if word in joined:
            return True
        if language == "en" and is_contraction(word):
            said = ["".join(parts) for parts in readings(word)]
            if any(text in joined for text in said) or any(map(is_contraction, other)):
                return True
        if language in NUMBERS_KNOWN and word.isdecimal():
            return True
    return False


def _best(said: Sequence[str], heard: Sequence[str], language: str) -> list[Rewriting]:
    """The rewritings that leave the fewest errors in this stretch."""
    if len(said) * len(heard) > _MOST_PAIRS:
        return []
    same: _Sames = defaultdict(list)
    for start, end, other, other_end in _sames(said, heard, language):
        same[end, other_end].append(_Same(end - start, other_end - other))
    if not same:
        return []
    costs = _costs(said, heard, same)
    if costs[-1][-1] // _ERROR == Levenshtein.distance(said, heard):
        return []
    return _traced(said, heard, same, costs)


def _costs(said: Sequence[str], heard: Sequence[str], same: _Sames) -> list[list[int]]:
    """What the first i words cost with the first j, at [i][j]: an edit distance."""
    costs = [[j * _ERROR for j in range(len(heard) + 1)]]
    for i, word in enumerate(said, start=1):
        above, row = costs[-1], [i * _ERROR]
        costs.append(row)
        for j, other in enumerate(heard, start=1):
            cost = above[j - 1] + (word != other) * _ERROR
            cost = min(cost, above[j] + _ERROR, row[j - 1] + _ERROR)
            for back in same.get((i, j), ()):
                before = costs[i - back.said][j - back.heard]
                cost = min(cost, before + back.said + back.heard)
            row.append(cost)
    return costs


def _traced(
    said: Sequence[str],
    heard: Sequence[str],
    same: _Sames,
    costs: list[list[int]],
) -> list[Rewriting]:
    """The rewritings on the way of least cost, from its end to its beginning."""
    found: list[Rewriting] = []
    i, j = len(said), len(heard)
    while i and j:
        cost = costs[i][j]
        for back in same.get((i, j), ()):
            before = i - back.said, j - back.heard
            if cost == costs[before[0]][before[1]] + back.said + back.heard:
                found.append(Rewriting(before[1], j, tuple(said[before[0] : i])))
                i, j = before
                break
        else:
            if cost == costs[i - 1][j - 1] + (said[i - 1] != heard[j - 1]) * _ERROR:
                i, j = i - 1, j - 1
            elif cost == costs[i - 1][j] + _ERROR:
                i -= 1
            else:
                j -= 1
    return found[::-1]


def _sames(
    said: Sequence[str], heard: Sequence[str], language: str
) -> Iterator[tuple[int, int, int, int]]:
    """Windows of both sides that say the same in other words: starts and ends."""
    yield from _matched(_joined(said, 1, 1), _joined(heard, 2, _MOST_JOINED))
    yield from _matched(_joined(said, 2, _MOST_JOINED), _joined(heard, 1, 1))
    if language == "en" and any(map(is_contraction, (*said, *heard))):
        for place in _matched(_read(said), _read(heard)):
            start, end, other, other_end = place
            if said[start:end] != heard[other:other_end]:
                yield place
    if language in NUMBERS_KNOWN:
        yield from _matched(_figures(said), _numerals(heard, said, language))
        yield from _matched(_numerals(said, heard, language), _figures(heard))


def _matched(said: _Windows, heard: _Windows) -> Iterator[tuple[int, int, int, int]]:
    for form in said.keys() & heard.keys():
        for place, other in product(said[form], heard[form]):
            yield *place, *other


def _places(words: Sequence[str], fewest: int, most: int) -> Iterator[tuple[int, int]]:
    for start in range(len(words)):
        for end in range(start + fewest, min(start + most, len(words)) + 1):
            yield start, end


def _joined(words: Sequence[str], fewest: int, most: int) -> _Windows:
    windows: _Windows = defaultdict(list)
    for start, end in _places(words, fewest, most):
        windows["".join(words[start:end])].append((start, end))
    return windows


def _read(words: Sequence[str]) -> _Windows:
    """By all that they may stand for."""
    windows: _Windows = defaultdict(list)
    for start, end in _places(words, 1, _MOST_CONTRACTED):
        for parts in product(*map(readings, words[start:end])):
            windows[sum(parts, ())].append((start, end))
    return windows


def _figures(words: Sequence[str]) -> _Windows:
    """By the number that is written in digits, in groups or not."""
    windows: _Windows = defaultdict(list)
    for start, end in _places(words, 1, _MOST_JOINED):
        digits = "".join(words[start:end])
        if digits.isdecimal():
            windows[digits].append((start, end))
    return windows


def _numerals(words: Sequence[str], other: Sequence[str], language: str) -> _Windows:
    """By the number that the words name; none if the other side has no figure."""
    windows: _Windows = defaultdict(list)
    if not any(map(str.isdecimal, other)):
        return windows
    for start, end in _places(words, 1, _MOST_NUMERALS):
        value = _value(words[start:end], language)
        # "null null sieben" is 007, which is not 7.
        is_padded = end - start > 1 and _value([words[start]], language) == 0
        if value is not None and not is_padded:
            windows[str(value)].append((start, end))
    return windows


def _value(numerals: Sequence[str], language: str) -> int | None:
    text = " ".join(numerals)
    if any(map(str.isdecimal, text)):
        return None
    try:
        return int(text2num(text, language))
    except ValueError:
        return None
