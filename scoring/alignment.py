"""Which word was heard for which: the readable one of the best alignments.

The best alignments have the fewest errors, the Levenshtein distance of the words.
There are often several. Of them the one is taken that has most words right, and of
those the one whose substituted words are spelled most alike.

sclite of NIST SCTK finds the same substitutions, insertions and deletions, but for
rare cases. It looks for the least weight, of 4 for a substitution and 3 for another
error, so it makes one error more where that gets two more words right. Of 30,000
random utterances with rates up to 50 %, words from lists of 12 to 200, it did so in 3,
and no other was split otherwise. Of 5,000 pairs of 30 words that have nothing to do
with each other it did so in 688 (0.7 % more errors), and split 5 otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple, NewType

from rapidfuzz.distance import LCSseq, Levenshtein
from rapidfuzz.fuzz import ratio

# A letter for each column of the alignment, in order: C a word that is right, S a
# substitution, D a word of the reference that is missing, I one that was added.
Edits = NewType("Edits", str)

_LETTERS = {"equal": "C", "replace": "S", "delete": "D", "insert": "I"}
# So many right words in a row part two stretches that are arranged by themselves.
_APART = 3
# With fewer pairs of words, to arrange them takes no longer than to find stretches.
_FEW_PAIRS = 16
# A stretch of more pairs stays as it was found.
_MOST_PAIRS = 2500
# Fewest errors first, then fewest substitutions, then likeness in percent. With 50
# substitutions at most (the root of _MOST_PAIRS) none of them outweighs the one before.
_ERROR = 10_000_000
_SUBSTITUTION = 10_000
# Likeness is that of so many letters, which is longer than words are.
_MOST_LETTERS = 50
# A word that fell apart: in so many more words at each side, and at least so like it.
_MOST_PARTS = 4
_LEAST_LIKENESS = 50  # percent


class Column(NamedTuple):
    """One letter of the edits, and the indexes of its words; None where is none."""

    edit: str
    reference: int | None
    hypothesis: int | None


def align_words(reference: Sequence[str], hypothesis: Sequence[str]) -> Edits:
    """The readable one of the alignments with the fewest errors.

    >>> align_words("so take metoprolol".split(), "take metro pole all".split())
    'DCSII'
    """
    said, heard = len(reference), len(hypothesis)
    # No alignment is better than one that pairs equal beginnings and equal ends.
    first, shorter = 0, min(said, heard)
    while first < shorter and reference[first] == hypothesis[first]:
        first += 1
    last, shorter = 0, shorter - first
    while last < shorter and reference[said - 1 - last] == hypothesis[heard - 1 - last]:
        last += 1
    middle = _arranged(reference[first : said - last], hypothesis[first : heard - last])
    return Edits("C" * first + middle + "C" * last)


def align_many(
    pairs: Iterable[tuple[Sequence[str], Sequence[str]]],
) -> Iterator[Edits]:
    """The edits of each (reference, hypothesis), as they come."""
    return (align_words(reference, hypothesis) for reference, hypothesis in pairs)


def columns(edits: Edits) -> list[Column]:
    """The columns of the alignment with the indexes of their words.

    >>> columns(Edits("CI"))[1]
    Column(edit='I', reference=None, hypothesis=1)
    """
    result: list[Column] = []
    said = heard = 0
    for edit in edits:
        has_said, has_heard = edit != "I", edit != "D"
        result.append(
            Column(edit, said if has_said else None, heard if has_heard else None)
        )
        said, heard = said + has_said, heard + has_heard
    return result


def events(
    edits: Edits, reference: Sequence[str], hypothesis: Sequence[str]
) -> list[range]:
    """The columns that are one event: a word heard as several, or several as one.

    Of the insertions (or deletions) beside a substitution, those belong to it that
    bring it most letters of the word, if together they are more like the word.

    >>> said, heard = ["metoprolol", "daily"], ["metro", "pole", "all", "daily"]
    >>> events(align_words(said, heard), said, heard)
    [range(0, 3)]
    """
    if "S" not in edits or ("I" not in edits and "D" not in edits):
        return []
    all_columns = columns(edits)
    heard = [_word(hypothesis, column.hypothesis) for column in all_columns]
    said = [_word(reference, column.reference) for column in all_columns]
    found: list[range] = []
    free = 0
    for at, edit in enumerate(edits):
        if edit != "S":
            continue
        event = _event(edits, "I", said[at], heard, at, free)
        event = event or _event(edits, "D", heard[at], said, at, free)
        if event:
            found.append(event)
            free = event.stop
    return found


def _word(words: Sequence[str], index: int | None) -> str:
    return "" if index is None else words[index][:_MOST_LETTERS]


def _event(
    edits: Edits, kind: str, word: str, parts: Sequence[str], at: int, free: int
) -> range | None:
    """The columns around `at`, from `free` on, whose parts make up the word."""
    start, stop = at, at + 1
    while start > free and edits[start - 1] == kind and at - start < _MOST_PARTS:
        start -= 1
    while stop < len(edits) and edits[stop] == kind and stop - at <= _MOST_PARTS:
        stop += 1
    found = None
    least, best = max(_LEAST_LIKENESS, ratio(word, parts[at])), 0
    for first, end in product(range(at, start - 1, -1), range(at + 1, stop + 1)):
        joined = "".join(parts[first:end])
        letters = LCSseq.similarity(word, joined)
        if letters > best and ratio(word, joined) > least:
            found, best = range(first, end), letters
    return found


def _arranged(reference: Sequence[str], hypothesis: Sequence[str]) -> str:
    """The edits of two lists of words, stretch by stretch.

    What is cut out of an alignment with the fewest errors has the fewest of its own,
    so it may be arranged anew.
    """
    if len(reference) * len(hypothesis) <= _FEW_PAIRS:
        return _readable(reference, hypothesis)
    edits: list[str] = []
    said = heard = 0
    for found in Levenshtein.opcodes(reference, hypothesis):
        start, other = found.src_start, found.dest_start
        if found.tag == "equal" and found.src_end - start >= _APART:
            edits.append(_readable(reference[said:start], hypothesis[heard:other]))
            edits.append("C" * (found.src_end - start))
            said, heard = found.src_end, found.dest_end
    edits.append(_readable(reference[said:], hypothesis[heard:]))
    return "".join(edits)


def _readable(reference: Sequence[str], hypothesis: Sequence[str]) -> str:
    """The edits of a stretch, looked for among all pairs of its words."""
    said, heard = len(reference), len(hypothesis)
    if not said or not heard:
        return "D" * said + "I" * heard
    if said == heard and set(reference).isdisjoint(hypothesis):
        return "S" * said
    if said * heard > _MOST_PAIRS:
        return _as_found(reference, hypothesis)
    costs = _costs(reference, hypothesis)
    edits: list[str] = []
    while said and heard:
        cost = costs[said][heard]
        if reference[said - 1] == hypothesis[heard - 1]:
            edit = "C"
        elif cost == costs[said][heard - 1] + _ERROR:
            edit = "I"
        elif cost == costs[said - 1][heard] + _ERROR:
            edit = "D"
        else:
            edit = "S"
        said -= edit != "I"
        heard -= edit != "D"
        edits.append(edit)
    return "D" * said + "I" * heard + "".join(reversed(edits))


def _costs(reference: Sequence[str], hypothesis: Sequence[str]) -> list[list[int]]:
    """What the first i and the first j words cost together at least, at [i][j].

    By dynamic programming (Wagner and Fischer 1974, The string-to-string correction
    problem, https://doi.org/10.1145/321796.321811).
    """
    others = [(word, word[:_MOST_LETTERS]) for word in hypothesis]
    above = [_ERROR * count for count in range(len(hypothesis) + 1)]
    rows = [above]
    for word in reference:
        beginning = word[:_MOST_LETTERS]
        cost = above[0] + _ERROR
        row = [cost]
        for at, (other, other_beginning) in enumerate(others):
            if word == other:
                cost = above[at]
            else:
                left = above[at + 1]
                cost = (cost if cost < left else left) + _ERROR
                paired = above[at] + _ERROR + _SUBSTITUTION
                if paired - 100 < cost:  # else no likeness could make it the best
                    paired -= int(ratio(beginning, other_beginning))
                    cost = cost if cost < paired else paired
            row.append(cost)
        rows.append(row)
        above = row
    return rows


def _as_found(reference: Sequence[str], hypothesis: Sequence[str]) -> str:
    edits: list[str] = []
    for found in Levenshtein.opcodes(reference, hypothesis):
        said, heard = found.src_end - found.src_start, found.dest_end - found.dest_start
        edits.append(_LETTERS[found.tag] * max(said, heard))
    return "".join(edits)
