"""Feed the parsers what coverage says may break them: `make fuzz`.

    python -m benchmarks.fuzz KIND [-max_total_time=60] [CORPUS]

The fuzzer (atheris, Apache-2.0) has no files for every Python, so it is not among
the requirements: `make fuzz` installs it. Any exception but a FormatError with a
message for the user ends it and is printed with the input.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["datasets.formats", "engines.display"]):
    from datasets.formats import (
        archive,
        audio,
        output_format,
        plain_text,
        pronunciation,
        spoken,
        structured_text,
        transcript,
    )
    from datasets.formats.base import AudioError, Findings, FormatError

LOCALES = ("en-US", "de-DE", "ja-JP", "ar-EG")
TEXTS = {
    "plain_text": plain_text.read,
    "pronunciation": pronunciation.read,
    "structured_text": structured_text.read,
    "output_format": output_format.read,
    "spoken": spoken.read,
}


def read_text(kind: str, path: Path, locale: str) -> None:
    findings = Findings()
    lines = path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r") + 1
    for entry in TEXTS[kind](path, locale, findings):
        assert entry.line >= 1
        assert entry.text
    assert findings.rejected <= lines
    for issue in findings.all():
        assert issue.message
        assert "\n" not in issue.message


def read_transcript(path: Path, locale: str) -> None:
    lines = transcript.read(path, locale, Findings())
    assert all(line.name and line.text for line in lines)


def read_archive(path: Path, _: str) -> None:
    with archive.open_archive(path) as opened:
        for member in opened.members:
            opened.extract(member, path.with_suffix(".out"), limit=2**20)


def read_audio(path: Path, _: str) -> None:
    try:
        with path.open("rb") as file:
            audio.convert(file, path.with_suffix(".wav"), path.name)
    except AudioError as error:
        assert str(error)


def target(kind: str, folder: Path) -> Callable[[bytes], None]:
    others = {
        "transcript": read_transcript,
        "archive": read_archive,
        "audio": read_audio,
    }
    path = folder / "input.txt"

    def once(data: bytes) -> None:
        path.write_bytes(data[1:])
        locale = LOCALES[data[0] % len(LOCALES)] if data else LOCALES[0]
        try:
            if kind in others:
                others[kind](path, locale)
            else:
                read_text(kind, path, locale)
        except FormatError as error:
            assert str(error)
            assert error.code

    return once


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        chosen = sys.argv.pop(1)
        atheris.Setup(sys.argv, target(chosen, Path(name)))
        atheris.Fuzz()
