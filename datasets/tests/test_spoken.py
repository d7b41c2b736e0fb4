from __future__ import annotations

from pathlib import Path

import pytest

from datasets.formats import spoken
from datasets.formats.base import Entry, Findings, FormatError


def read(tmp_path: Path, text: str) -> tuple[list[Entry], Findings]:
    path = tmp_path / "t.txt"
    path.write_text(text, encoding="utf-8")
    findings = Findings()
    return list(spoken.read(path, "en-US", findings, name="t.txt")), findings


def test_sentences_with_and_without_names_are_taken(tmp_path: Path) -> None:
    entries, findings = read(tmp_path, "Good  morning.\n\ncall_2\tGood night.\n")
    assert entries == [
        Entry("sentence", 1, "Good morning.", "0001.wav"),
        Entry("sentence", 3, "Good night.", "call_2.wav"),
    ]
    assert findings.rejected == 0


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("12 34", "spoken.no_words"),
        ("x " * 300, "spoken.too_long"),
        ("n" * 300 + "\thello", "spoken.long_name"),
        ("about " + "A-" * 31, "spoken.long_word"),
        ("A.wav\tonce more", "spoken.duplicate_name"),
    ],
)
def test_a_line_that_cannot_be_spoken_is_refused_by_name(
    tmp_path: Path, line: str, rule: str
) -> None:
    entries, findings = read(tmp_path, f"a\tfine\n{line}\n")
    assert len(entries) == findings.rejected == 1
    assert [(i.rule, i.line, i.row) for i in findings.kept] == [(rule, 2, line)]


def test_more_than_a_thousand_sentences_are_refused_one_by_one(tmp_path: Path) -> None:
    entries, findings = read(tmp_path, "Hello there.\n" * 1003)
    assert len(entries) == 1000
    assert findings.rejected == 3


def test_a_file_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no sentence") as caught:
        read(tmp_path, "1\n2\n")
    assert caught.value.code == "spoken.nothing_usable"
