"""What `sclite` needs to find the same errors: TRN, STM and CTM for each model.

Both sides of a model leave out what the model could not recognise, as its figures do.
The words are those that are compared, so sclite has nothing to normalise.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO

from evaluations.columns import columns_of
from evaluations.export.alignment import Alignment, aligned
from evaluations.export.names import FileNames, keys_of, names_of
from evaluations.export.utterances import Exported, Order, exported
from projects.downloads import zipped
from scoring.errors import ErrorCounts
from scoring.exchange import ctm, stm, trn

_UNKNOWN = "unknown"  # a speaker
_CHUNK = 64 * 1024  # bytes
# sclite reads no recording that has no length.
_SHORTEST = 0.001  # seconds

_README = """\
{title}

The words that were compared, in the formats of sclite (NIST SCTK), as they are at the
scoring level "{level}". What a model could not recognise is in none of its files.

sclite finds the errors below. Where two alignments have the same number of them, it
may call them otherwise; where it can get two more words right, it makes one error more.
Use TRN for long recordings: with STM and CTM, sclite takes minutes for a recording of a
thousand words.
{models}"""
_MODEL = """
{name}: utterances {utterances}, not recognised and left out {failed}
  words {words}, correct {correct}, substitutions {substitutions},
  deletions {deletions}, insertions {insertions}, errors {errors}: {rate_name} {rate}
  sclite -s -e utf-8 -i spu_id {trn} -o rsum stdout
  sclite -s -e utf-8 {stm} -o rsum stdout
"""


@dataclass
class _Model:
    """The files of a model by their names, as they grow, and what they come to."""

    key: str
    files: dict[str, IO[bytes]] = field(default_factory=dict)
    utterances: int = 0
    failed: int = 0
    counts: ErrorCounts = field(default_factory=ErrorCounts)

    @property
    def names(self) -> tuple[str, str, str, str]:
        key = self.key
        return (
            f"{key}/ref.trn",
            f"{key}/{key}.trn",
            f"{key}/ref.stm",
            f"{key}/{key}.ctm",
        )

    def add(self, name: str, one: Exported, found: Alignment) -> None:
        speaker = one.item.utterance.speaker or _UNKNOWN
        seconds = max(one.item.utterance.seconds, _SHORTEST)
        lines = (
            trn(found.reference, speaker, name),
            trn([word.text for word in found.hypothesis], speaker, name),
            stm(found.reference, name, speaker, seconds),
            ctm(found.hypothesis, name),
        )
        for path, line in zip(self.names, lines, strict=True):
            self.files[path].write(line.encode())
        self.utterances += 1
        self.counts += found.counts


def sclite_files(order: Order) -> Iterator[bytes]:
    """An archive with a folder for each model, and what to do with it.

    All files grow side by side, on the disk, and are packed when they are whole.
    """
    models = [_Model(key) for key in keys_of(order.shown.models)]
    with ExitStack() as stack:
        for model in models:
            for name in model.names:
                model.files[name] = stack.enter_context(tempfile.TemporaryFile())
        yield from zipped(_members(order, models))


def _members(
    order: Order, models: Sequence[_Model]
) -> Iterator[tuple[str, Iterable[bytes]]]:
    names = FileNames(columns_of(order.shown.evaluation))
    for one in exported(order):
        name = names.of(one.name, one.item.position)
        for model, heard in zip(models, one.heard, strict=True):
            found = aligned(one, heard, order.shown.scale)
            if found is None:
                model.failed += 1
            else:
                model.add(name, one, found)
    yield "README.txt", [_readme(order, models).encode()]
    for model in models:
        for path, file in model.files.items():
            yield path, _content(file)


def _content(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


def _readme(order: Order, models: Sequence[_Model]) -> str:
    shown = order.shown
    title = f"{shown.evaluation.name}, on {shown.evaluation.dataset.name}"
    if order.filters:
        title += f"\nOnly {'; '.join(order.filters)}"
    parts = [
        _said(name, model, shown.scale.rate_name)
        for name, model in zip(names_of(shown.models), models, strict=True)
    ]
    return _README.format(title=title, level=shown.scale.name, models="".join(parts))


def _said(name: str, model: _Model, rate_name: str) -> str:
    counts = model.counts
    rate = "none" if counts.rate is None else f"{counts.rate * 100:.2f} %"
    trn_ref, trn_file, stm_ref, ctm_file = model.names
    return _MODEL.format(
        name=name,
        utterances=model.utterances,
        failed=model.failed,
        words=counts.words,
        correct=counts.correct,
        substitutions=counts.substitutions,
        deletions=counts.deletions,
        insertions=counts.insertions,
        errors=counts.errors,
        rate_name=rate_name,
        rate=rate,
        trn=f"-r {trn_ref} trn -h {trn_file} trn",
        stm=f"-r {stm_ref} stm -h {ctm_file} ctm",
    )
