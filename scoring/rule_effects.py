"""What each of a project's equivalences does: "this rule removed 41 errors"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Levenshtein

from scoring.equivalences import Equivalence, Rules
from scoring.rewriting import rewritten
from scoring.scale import Level, Scale


def errors_removed(
    pairs: Iterable[tuple[str, str]], locale: str, equivalences: Sequence[Equivalence]
) -> list[int]:
    """For each equivalence how many more errors there are in all without it alone.

    Of each (reference, hypothesis). Negative where a rule does harm. Two rules that
    do the same remove nothing, as either can go. Only pairs in which something would
    be written in another way are counted again.

    >>> from scoring.equivalences import parse
    >>> rules, _ = parse("okay = ok\\ncolour = color", "en-GB")
    >>> errors_removed([("OK then", "okay then"), ("ok", "ok")], "en-GB", rules)
    [1, 0]
    """
    rules = Rules(equivalences)
    changes = rules.without()
    # What is left out matters where one of these sides was rewritten.
    touched: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, changed in enumerate(changes):
        for side in changed:
            touched[side].append(number)
    removed = [0] * len(equivalences)
    scale = Scale(locale, Level.LEXICAL)
    for reference, hypothesis in pairs:
        said, heard = scale.words(reference), scale.words(hypothesis)
        if said == heard:
            continue
        found = rules.rewritings(said), rules.rewritings(heard)
        sides = {tuple(said[x.start : x.end]) for x in found[0]}
        sides |= {tuple(heard[x.start : x.end]) for x in found[1]}
        numbers = {number for side in sides for number in touched.get(side, ())}
        if not numbers:
            continue
        errors = _errors(scale, rewritten(said, found[0]), rewritten(heard, found[1]))
        for number in numbers:
            one = rewritten(said, rules.rewritings(said, changes[number]))
            other = rewritten(heard, rules.rewritings(heard, changes[number]))
            removed[number] += _errors(scale, one, other) - errors
    return removed


def _errors(scale: Scale, reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    same = scale.reconciled(reference, hypothesis)
    return int(Levenshtein.distance(reference, same))
