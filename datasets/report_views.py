"""The report of an import as files: all of it, and what was refused."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from datasets import report
from datasets.access import dataset_for
from datasets.formats.base import FormatError
from datasets.models import Dataset
from datasets.refused import can_repair, is_archive, lines_of, write_archive
from datasets.tabs import level_and_rule
from projects.requests import Request
from projects.storage import local_copy

_FIELDS = ("level", "file", "line", "column", "rule", "message", "advice", "row")
_BATCH = 500  # lines sent at once
# A table program takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@require_safe
def as_json(request: Request, dataset_id: UUID) -> HttpResponseBase:
    dataset = dataset_for(request, dataset_id)
    lines = _json_lines(dataset, _chosen(request, dataset))
    return _download(lines, "application/json", f"{dataset.name}-report.json")


@require_safe
def as_csv(request: Request, dataset_id: UUID) -> HttpResponseBase:
    dataset = dataset_for(request, dataset_id)
    lines = _csv_lines(_chosen(request, dataset))
    name = f"{dataset.name}-report.csv"
    return _download(lines, "text/csv; charset=utf-8", name)


@require_safe
def refused(request: Request, dataset_id: UUID) -> HttpResponseBase:
    """What was refused, to be repaired and uploaded again."""
    dataset = dataset_for(request, dataset_id)
    if not can_repair(dataset):
        raise Http404("Nothing was refused.")
    if is_archive(dataset):
        return _refused_archive(dataset)
    suffix = Path(dataset.source_name).suffix or ".txt"
    name = f"{dataset.name}-refused{suffix}"
    return _download(_refused_lines(dataset), "text/plain; charset=utf-8", name)


def _refused_archive(dataset: Dataset) -> FileResponse:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    target = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the response closes it
    try:
        with local_copy(dataset.source.name) as source:
            write_archive(dataset, issues_of(dataset), source, target, folder)
    except FormatError as e:
        target.close()
        raise Http404("The upload is no archive.") from e
    except BaseException:
        target.close()
        raise
    target.seek(0)
    name = _file_name(f"{dataset.name}-refused.zip")
    response = FileResponse(target, as_attachment=True, filename=name)
    response.headers["Content-Encoding"] = "identity"  # it is packed already
    return response


def _refused_lines(dataset: Dataset) -> Iterator[str]:
    with local_copy(dataset.source.name) as source:
        yield from lines_of(dataset, issues_of(dataset), source)


def issues_of(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Every issue of the import, as its fields by name."""
    if dataset.report_file:
        with default_storage.open(str(dataset.report_file.name)) as file:
            yield from report.read(file)
        return
    rows = dataset.findings.values(*(name for name in _FIELDS if name != "row"))
    for row in rows.iterator(_BATCH):
        yield {"row": "", **row}


def report_as_json(dataset: Dataset) -> Iterator[str]:
    """The whole report, in pieces."""
    return _json_lines(dataset, issues_of(dataset))


def _chosen(request: Request, dataset: Dataset) -> Iterator[dict[str, Any]]:
    # Now, and not when the answer is on its way: the URL may be nonsense.
    level, rule = level_and_rule(request)
    name = str(dataset.report_file.name)
    if dataset.report_file and not default_storage.exists(name):
        raise Http404("The report is gone.")
    return (
        {name: issue[name] for name in _FIELDS}
        for issue in issues_of(dataset)
        if level in ("", issue["level"]) and rule in ("", issue["rule"])
    )


def _json_lines(dataset: Dataset, issues: Iterable[dict[str, Any]]) -> Iterator[str]:
    facts = {
        "dataset": str(dataset.pk),
        "name": dataset.name,
        "status": dataset.status,
        "error": dataset.error,
        "acceptedLineCount": dataset.accepted,
        "rejectedLineCount": dataset.rejected,
    }
    head = json.dumps(facts, ensure_ascii=False)
    yield f'{head[:-1]}, "issues": ['
    comma = "\n"
    for issue in issues:
        yield comma + json.dumps(issue, ensure_ascii=False)
        comma = ",\n"
    yield "\n]}\n"


def _csv_lines(issues: Iterable[dict[str, Any]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    yield "\ufeff"  # or Excel takes it for another encoding
    for cells in _rows(issues):
        writer.writerow(cells)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _rows(issues: Iterable[dict[str, Any]]) -> Iterator[list[Any]]:
    yield [*_FIELDS]
    for issue in issues:
        yield [_harmless(value) for value in issue.values()]


def _harmless(value: Any) -> Any:
    """
    >>> _harmless("=1+1"), _harmless("one"), _harmless(7)
    ("'=1+1", 'one', 7)
    """
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _download(
    lines: Iterable[str], content_type: str, name: str
) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_batches(lines), content_type=content_type)
    disposition = content_disposition_header(True, _file_name(name))
    response.headers["Content-Disposition"] = disposition or "attachment"
    return response


def _batches(lines: Iterable[str]) -> Iterator[bytes]:
    """Some lines at a time: each piece is sent and compressed by itself."""
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield "".join(batch).encode("utf-8", "replace")
            batch = []
    yield "".join(batch).encode("utf-8", "replace")


def _file_name(name: str) -> str:
    """The name of a dataset as that of a file, on any system.

    >>> _file_name('Calls: "March"/2-report.csv')
    'Calls_ _March__2-report.csv'
    """
    return re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]', "_", name)
