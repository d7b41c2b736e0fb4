"""The whole report of an import, as a packed file with one JSON object a line.

The database keeps what the page shows and filters, at most some thousand
findings of a kind; the file has every one, with the lines as they came.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from datasets.formats.base import Findings, Issue

_encode = json.JSONEncoder(ensure_ascii=False).encode


@contextmanager
def writing(target: Path) -> Iterator[Findings]:
    """Findings of which every one goes to `target` as well."""
    with gzip.open(target, "wt", compresslevel=1, encoding="utf-8") as file:

        def spill(issue: Issue) -> None:
            file.write(_encode(asdict(issue)) + "\n")

        yield Findings(spill=spill)


def read(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Each issue of an open report, as its fields by name."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
