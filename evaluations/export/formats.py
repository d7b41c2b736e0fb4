"""What a test can be taken away as."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evaluations.export.page import page
from evaluations.export.result import result
from evaluations.export.rows import csv_file, json_lines, manifest
from evaluations.export.sclite import sclite_files
from evaluations.export.scores import score_files
from evaluations.export.utterances import Order
from evaluations.models import Evaluation


@dataclass(frozen=True)
class Format:
    """`key` is its word in the address, `ending` of the name of the file.

    `is_of_utterances`: it holds those that are chosen, so there must be results.
    `takes_references`: there is none of an inspection.
    """

    key: str
    title: str
    explanation: str
    ending: str
    content_type: str
    write: Callable[[Order], Iterator[bytes]]
    is_of_utterances: bool = True
    takes_references: bool = False

    def fits(self, evaluation: Evaluation) -> bool:
        return not (self.takes_references and evaluation.is_inspection)


_ALL = (
    Format(
        "csv",
        "Table (CSV)",
        "A row for each utterance, for Excel and the like.",
        ".csv",
        "text/csv; charset=utf-8",
        csv_file,
    ),
    Format(
        "jsonl",
        "JSON Lines",
        "The same for programs, with each alignment word by word.",
        ".jsonl",
        "application/jsonl",
        json_lines,
    ),
    Format(
        "html",
        "Web page",
        "The coloured alignment in one file, to read and to send.",
        ".html",
        "text/html; charset=utf-8",
        page,
    ),
    Format(
        "manifest",
        "NeMo manifest",
        "For NeMo and its Speech Data Explorer.",
        " manifest.json",
        "application/jsonl",
        manifest,
    ),
    Format(
        "sclite",
        "Files for sclite",
        "TRN, STM and CTM of each model: sclite finds the same errors.",
        " sclite.zip",
        "application/zip",
        sclite_files,
        takes_references=True,
    ),
    Format(
        "scores",
        "Score files",
        "JSON for each recording and model, as from the REST API.",
        " scores.zip",
        "application/zip",
        score_files,
        takes_references=True,
    ),
    Format(
        "result",
        "Overall result (JSON)",
        "All figures of the whole test, with every setting.",
        " result.json",
        "application/json",
        result,
        is_of_utterances=False,
    ),
)
FORMATS = {one.key: one for one in _ALL}
