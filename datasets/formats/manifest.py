"""A manifest beside the audio files of an archive: their labels, and their texts
when there is no transcript.

CSV or TSV with titles in the first line (.csv; .tsv when its name begins with
`metadata` or `manifest`). One column names the audio file: `file`, `filename`,
`audio`, `name`, `path` or `audio_filepath`; `text`, `transcript`, `transcription`
or `sentence` holds what is said; every other column is a label:

    file,text,speaker,accent
    one.wav,"hello, world",anna,scottish

JSON lines (.jsonl, .ndjson, .json) with the same names, as NeMo writes them; every
other value that is a text, a number or a truth value is a label:

    {"audio_filepath": "wavs/one.wav", "duration": 1.2, "text": "hello", "speaker": 7}

With `offset` (or `start`) the line is about that part of the recording, `duration`
seconds long. Kaldi's files are read as well, without extension or with .txt:

    text        utterance words ...
    utt2spk     utterance speaker
    wav.scp     recording path/to/file.wav
    segments    utterance recording start end

A recording that wav.scp makes by a command is refused; nothing is ever executed.
Folders in the names of files do not count.

Reference:
https://docs.nvidia.com/nemo-framework/user-guide/latest/nemotoolkit/asr/datasets.html
https://kaldi-asr.org/doc/data_prep.html
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from datasets.formats.base import Findings, bare_name, shown
from datasets.formats.labels import Columns, Labeller, columns
from datasets.formats.text import CONTROLS, Reporter, read_lines
from datasets.formats.transcript import (
    MAX_BYTES,
    MAX_LINES,
    Doubles,
    Line,
    TextRules,
    line_problem,
)
from scoring.locale import language_of

MAX_LINE_CHARACTERS = 100_000  # no cell may be longer for `csv` than 131,072
JSON = frozenset({".jsonl", ".ndjson", ".json"})
KALDI = frozenset({"text", "utt2spk", "wav.scp", "segments"})
# Made of the others by Kaldi's scripts: nothing new is in them.
KALDI_DERIVED = frozenset({"spk2utt", "utt2dur", "reco2dur", "utt2num_frames"})
_MAX_TIME_SECONDS = 1_000_000  # a number beyond is a slip, or a trick
_LISTS = ("text", "segments", "utt2spk")  # the first that is there lists utterances

# The lines of one of Kaldi's files by their first word: the number and the rest.
_Table = dict[str, tuple[int, str]]


def kaldi_name(name: str) -> str:
    """Which of Kaldi's files this is, or an empty string. `text.txt` is one only
    beside another of them (`is_beside_text`); alone it may well be a transcript.

    >>> kaldi_name("utt2spk.txt"), kaldi_name("text"), kaldi_name("trans.txt")
    ('utt2spk', 'text', '')
    """
    short = name.removesuffix(".txt")
    return short if short in KALDI | KALDI_DERIVED else ""


def is_beside_text(name: str) -> bool:
    """Whether this file tells that `text.txt` is Kaldi's."""
    return kaldi_name(name) in {"utt2spk", "wav.scp", "segments"}


def is_table(name: str) -> bool:
    """Whether a file is a manifest in CSV, TSV or JSON lines, by its name.

    >>> is_table("any.csv"), is_table("metadata.tsv"), is_table("trans.tsv")
    (True, True, False)
    """
    path = PurePosixPath(name.lower())
    named = path.name.startswith(("metadata", "manifest"))
    return path.suffix in JSON | {".csv"} or (path.suffix == ".tsv" and named)


def read_table(
    path: Path,
    locale: str,
    findings: Findings,
    *,
    name: str = "",
    normalizes: bool = True,
) -> Iterator[Line]:
    """The lines of a CSV, TSV or JSON manifest; their text may be empty.

    Raises FormatError with the code `manifest.empty`, `.too_large`, `.not_text`,
    `.no_file_column` or `.not_lines`.
    """
    name = name or path.name
    reporter = Reporter(findings, shown(name), "manifest")
    reader = _Reader(reporter, locale if normalizes else "")
    rows = _rows(path, locale, reporter)
    is_json = PurePosixPath(name.lower()).suffix in JSON
    for number, row, cells in (_objects if is_json else _cells)(rows, reporter):
        line = reader.take(number, row, cells)
        if line is not None:
            yield line
    reader.finish()


def read_kaldi(
    files: Mapping[str, tuple[Path, str]],
    locale: str,
    findings: Findings,
    names: Mapping[str, str],
    *,
    normalizes: bool = True,
) -> Iterator[Line]:
    """The utterances of a Kaldi folder. `files` has the path and the shown name by
    `kaldi_name`, `names` the audio files by their name without extension.

    Raises FormatError as `read_table` does.
    """
    tables = {
        kind: _table(path, locale, Reporter(findings, name, "manifest"))
        for kind, (path, name) in files.items()
        if kind in KALDI
    }
    first = next((kind for kind in _LISTS if kind in tables), "")
    if not first:
        return
    reporter = Reporter(findings, files[first][1], "manifest")
    reader = _Reader(reporter, locale if normalizes else "")
    for utterance, (number, rest) in tables[first].items():
        row = f"{utterance} {rest}"
        cells = _utterance(utterance, tables, names)
        if cells is None:
            message = f"the audio of {shown(utterance)} is made by a command in "
            message += "wav.scp, which is not executed"
            advice = "put the audio files themselves into the archive"
            reporter.refuse(number, "command", message, advice, row=row)
            continue
        line = reader.take(number, row, cells)
        if line is not None:
            yield line
    reader.finish()


@dataclass
class _Cells:
    """What a line says, as it was written."""

    file: str
    text: str = ""
    start: str = ""
    seconds: str = ""
    labels: list[tuple[str, str]] = field(default_factory=list)


class _Reader:
    """Makes lines of what is written, or says why not."""

    def __init__(self, reporter: Reporter, locale: str) -> None:
        self.reporter = reporter
        self.labeller = Labeller(reporter)
        self.rules = TextRules(reporter, language_of(locale))
        self.doubles = Doubles(reporter)

    def take(self, number: int, row: str, cells: _Cells) -> Line | None:
        name = bare_name(_clean(cells.file))
        text = _clean(cells.text)
        # What has no text may still have labels; a stand-in passes the check.
        problem = line_problem(name, text or "-") or _time_problem(cells)
        if problem is not None:
            self.reporter.refuse(number, *problem, row=row)
            return None
        kept = self.rules.apply(number, text, row) if text else ""
        if kept is None:
            return None
        labels = self.labeller.labels(
            number, ((label, _clean(value)) for label, value in cells.labels)
        )
        # Without a start the duration only says how long the file is.
        start = float(cells.start) if cells.start and cells.seconds else None
        seconds = None if start is None else float(cells.seconds)
        file = self.reporter.file
        line = Line(number, name, kept, labels, row, file, start, seconds)
        return line if self.doubles.is_new(line) else None

    def finish(self) -> None:
        self.labeller.finish()
        self.rules.finish()


def _rows(path: Path, locale: str, reporter: Reporter) -> Iterator[tuple[int, str]]:
    lines = read_lines(
        path,
        locale,
        reporter,
        max_bytes=MAX_BYTES,
        max_characters=MAX_LINE_CHARACTERS,
    )
    for number, row in lines:
        if number > MAX_LINES:
            message = f"has more than {MAX_LINES:,} lines; the rest is not read"
            reporter.add("error", None, "too_many_lines", message, "split the dataset")
            return
        if row.strip():
            yield number, row


def _cells(
    rows: Iterator[tuple[int, str]], reporter: Reporter
) -> Iterator[tuple[int, str, _Cells]]:
    """The rows of a CSV or TSV; the titles say which separator it has."""
    _, titles = next(rows, (0, ""))
    mark = "\t" if "\t" in titles else max(",;", key=titles.count)
    known = columns(next(csv.reader([titles], delimiter=mark), []))
    if known is None:
        message = "has no column for the audio file. Write titles into its first line, "
        message += "such as file,text,speaker."
        raise reporter.unusable("no_file_column", message)
    quoting: Literal[0, 3] = csv.QUOTE_NONE if mark == "\t" else csv.QUOTE_MINIMAL
    for number, row in rows:
        try:
            cells = next(
                csv.reader([row], delimiter=mark, quoting=quoting, strict=True)
            )
        except csv.Error:
            message = "has a quotation mark that is not closed, or stands in a cell"
            advice = 'write a quotation mark inside a quoted cell twice: ""'
            reporter.refuse(number, "open_quote", message, advice, row=row)
            continue
        if len(cells) > len(known.names):
            message = f"has {len(cells)} cells, and there are {len(known.names)} titles"
            advice = f"put cells with the separator {mark!r} in quotation marks"
            reporter.refuse(number, "many_cells", message, advice, row=row)
            continue
        yield number, row, _named(cells, known)


def _named(cells: list[str], known: Columns) -> _Cells:
    def cell(place: int) -> str:
        return cells[place].strip() if 0 <= place < len(cells) else ""

    return _Cells(
        cell(known.file),
        cell(known.text),
        cell(known.start),
        cell(known.seconds),
        [(known.label(place), value) for place, value in enumerate(cells)],
    )


def _objects(
    rows: Iterator[tuple[int, str]], reporter: Reporter
) -> Iterator[tuple[int, str, _Cells]]:
    """The objects of a file with JSON lines."""
    for first, (number, row) in enumerate(rows):
        if not first and row.strip() in {"[", "{"}:
            message = "is JSON over several lines. Write one object on each line, "
            message += 'such as {"audio_filepath": "one.wav", "text": "hello"}.'
            raise reporter.unusable("not_lines", message)
        try:
            value = json.loads(row)
        except json.JSONDecodeError as error:
            message = f"is not valid JSON in column {error.colno}: {error.msg}"
            reporter.refuse(number, "json", message, column=error.colno, row=row)
            continue
        except (ValueError, RecursionError):
            message = "has a number or a nesting that is too long"
            reporter.refuse(number, "json", message, "remove it", row=row)
            continue
        known = columns(value) if isinstance(value, dict) else None
        if known is None:
            message = "is no JSON object that names an audio file"
            advice = 'write {"audio_filepath": "one.wav", "text": "hello"}'
            reporter.refuse(number, "no_file", message, advice, row=row)
            continue
        yield number, row, _named([_scalar(v) for v in value.values()], known)


def _scalar(value: Any) -> str:
    """What is neither a text, a number nor a truth value is left out."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int, float)) else ""


def _table(path: Path, locale: str, reporter: Reporter) -> _Table:
    found: _Table = {}
    for number, row in _rows(path, locale, reporter):
        first, *rest = row.split(None, 1)
        if not rest:
            message = f"has nothing after {shown(first)}"
            reporter.refuse(number, "no_value", message, "complete it", row=row)
        elif first in found:
            message = f"{shown(first)} was on line {found[first][0]} already"
            advice = "keep one line for each"
            reporter.refuse(number, "repeated_id", message, advice, row=row)
        else:
            found[first] = number, rest[0].strip()
    return found


def _utterance(
    utterance: str, tables: Mapping[str, _Table], names: Mapping[str, str]
) -> _Cells | None:
    """What the tables say of an utterance; None when a command makes its audio."""

    def value(table: str, name: str) -> str:
        return tables.get(table, {}).get(name, (0, ""))[1]

    segment = value("segments", utterance)
    recording, start, seconds = _segment(segment) if segment else (utterance, "", "")
    source = value("wav.scp", recording)
    if source.startswith("|") or source.endswith("|"):
        return None
    speaker = value("utt2spk", utterance)
    return _Cells(
        source or names.get(recording, recording),
        value("text", utterance),
        start,
        seconds,
        [("speaker", speaker)] if speaker else [],
    )


def _segment(text: str) -> tuple[str, str, str]:
    """The recording, the start and the length in seconds of a line of `segments`."""
    parts = text.split()
    if len(parts) < 3:
        return parts[0], "?", "?"
    try:
        return parts[0], parts[1], str(round(float(parts[2]) - float(parts[1]), 6))
    except ValueError:
        return parts[0], "?", "?"


def _time_problem(cells: _Cells) -> tuple[str, str, str] | None:
    if not cells.start:
        return None
    if not cells.seconds:
        message = "has a start without a duration"
        return "bad_time", message, "add the duration in seconds"
    try:
        start, seconds = float(cells.start), float(cells.seconds)
    except ValueError:
        start = seconds = math.nan
    if 0 <= start < _MAX_TIME_SECONDS and 0 < seconds < _MAX_TIME_SECONDS:
        return None
    message = "has a start or a duration that is no number of seconds: "
    message += f"{shown(cells.start)}, {shown(cells.seconds)}"
    return "bad_time", message, "write seconds with a decimal point"


def _clean(text: str) -> str:
    """One line without control characters, and fit to be stored: JSON can write
    any character, half ones as well."""
    whole = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return " ".join(CONTROLS.sub(" ", whole).split())
