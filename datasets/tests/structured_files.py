"""Structured texts for tests, and what is found in them."""

from __future__ import annotations

from pathlib import Path

from datasets.formats.base import Entry, Findings
from datasets.formats.structured_text import read

EXAMPLE = """\
// comment
@ list food =
- pizza
- ice cream
@ list pet =
- cat
- dog
@ speech:phoneticlexicon
- cat/k ae t
#Training_1
- my {@pet} likes {@food}
- a sentence without a class
"""
USED = "# S\n- my {@pet} likes {@food}\n"
LISTS = "@ list food =\n- pizza\n@ list pet =\n- cat\n"
Result = tuple[list[Entry], Findings]


def read_text(folder: Path, text: str | bytes, locale: str = "en-US") -> Result:
    path = folder / "structured.md"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8-sig"))
    findings = Findings()
    return list(read(path, locale, findings)), findings


def issues(findings: Findings) -> list[tuple[int | None, int | None, str, str]]:
    return [
        (i.line, i.column, i.level, i.rule.removeprefix("structured_text."))
        for i in findings.all()
    ]
