"""The second test of each two models of a test, beside the bootstrap: MAPSSWE."""

from __future__ import annotations

from collections.abc import Mapping

from evaluations import tables
from evaluations.analysis.kept import Kept
from evaluations.comparison import Comparison
from evaluations.levels import Scored
from scoring.mapsswe import Matched, matched_pairs
from scoring.table import side_by_side

_kept = Kept[Matched](most=100)


def matched(shown: Scored) -> Mapping[tuple[int, int], Matched]:
    """By the keys of the old and the new candidate; kept by the names of their tables.

    Only what both models have recognised is compared, whatever others failed at. Pairs
    of which a table is lost are left out, and inspections have none: their differences
    are no errors.
    """
    if shown.evaluation.is_inspection:
        return {}
    found = ((pair, _matched(pair)) for pair in shown.comparisons)
    return {(pair.old.pk, pair.new.pk): test for pair, test in found if test}


def _matched(pair: Comparison) -> Matched | None:
    old, new = tables.table_of(pair.old), tables.table_of(pair.new)
    if old is None or new is None:
        return None
    return _kept.get(
        (pair.old.table, pair.new.table),
        lambda: matched_pairs(*side_by_side([old, new])),
    )
