"""All alignments of a model on a test, as columns in a file (`scoring.table`).

The file is made when the model has heard everything and never changes; lists and
filters of errors are worked out from it in memory, at any size of the test.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt
from django.core.files import File
from django.core.files.storage import default_storage

from evaluations.models import Candidate, Evaluation, Hypothesis, Item
from evaluations.scale import scale_of
from evaluations.timings import spans
from projects.storage import local_copy
from scoring.alignment import align_words
from scoring.normalization import Token
from scoring.scale import Scale
from scoring.table import Builder, Table, read

logger = logging.getLogger(__name__)
_BATCH = 1000


def make(evaluation: Evaluation, candidate: Candidate) -> str:
    """Store the table of a model that has heard everything; the name of its file."""
    table = _built(candidate, scale_of(evaluation))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.npz")
        table.write(path)
        with path.open("rb") as file:
            name = f"{evaluation.folder}/{candidate.pk}-{uuid4().hex}.npz"
            return default_storage.save(name, File(file))


def delete(names: Iterable[str]) -> None:
    """Delete the files of tables; models of an inspection have none."""
    for name in filter(None, names):
        default_storage.delete(name)


def table_of(candidate: Candidate) -> Table | None:
    """None for a test that was made before there were tables, and where the file is
    lost: the page has all the rest."""
    if not candidate.table:
        return None
    try:
        return _read(candidate.table)
    except (OSError, ValueError):
        logger.exception("The table of %r cannot be read", candidate)
        return None


def positions_of(evaluation: Evaluation) -> npt.NDArray[np.int64]:
    """The position of the utterance of each row of the tables."""
    return _positions(evaluation.pk)


# Files never change, and neither do the utterances of a test.
@lru_cache(maxsize=8)
def _read(name: str) -> Table:
    with local_copy(name) as path:
        return read(path)


@lru_cache(maxsize=8)
def _positions(key: UUID) -> npt.NDArray[np.int64]:
    rows = Item.objects.filter(evaluation=key).order_by("position")
    return np.array(rows.values_list("position", flat=True), dtype=np.int64)


def _built(candidate: Candidate, scale: Scale) -> Table:
    builder = Builder()
    for hypothesis in _heard(candidate):
        if hypothesis.error:
            builder.fail()
            continue
        said = scale.tokenize(hypothesis.item.utterance.transcript)
        tokens = scale.reconciled_tokens(said, scale.tokenize(hypothesis.text))
        reference, heard = [t.text for t in said], [t.text for t in tokens]
        edits = align_words(reference, heard)
        builder.add(edits, reference, heard, _confidences(tokens, hypothesis))
    return builder.table()


def _heard(candidate: Candidate) -> Iterator[Hypothesis]:
    rows = candidate.hypotheses.select_related("item__utterance")
    return rows.order_by("item__position").iterator(_BATCH)


def _confidences(tokens: Sequence[Token], heard: Hypothesis) -> list[float]:
    """Of each compared word, that of the recognised word it stems from."""
    known = list(spans(heard.text, heard.timings))
    ends = [word.end for word in known]
    places = np.searchsorted(ends, [token.start for token in tokens], side="right")
    return [
        known[place].probability if place < len(known) else float("nan")
        for place in places
    ]
