from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats import pronunciation
from datasets.formats.base import Entry, Findings, FormatError
from speechstudio.tests.samples import sample

BOM = "\ufeff"


def read(
    data: str | bytes, folder: Path, locale: str = "en-US", name: str = "words.txt"
) -> tuple[list[Entry], Findings]:
    path = folder / "upload"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    findings = Findings()
    return list(pronunciation.read(path, locale, findings, name=name)), findings


def found(findings: Findings) -> list[tuple[int | None, str, str]]:
    return [(i.line, i.level, i.rule.partition(".")[2]) for i in findings.all()]


def test_it_works(tmp_path: Path) -> None:
    text = f"{BOM}3CPO\tthree c p o\r\n\r\nIEEE\ti triple e\r\nC++\tc plus plus"
    entries, findings = read(text, tmp_path)
    assert entries == [
        Entry("pronunciation", 1, "3CPO", "three c p o"),
        Entry("pronunciation", 3, "IEEE", "i triple e"),
        Entry("pronunciation", 4, "C++", "c plus plus"),
    ]
    assert (findings.all(), findings.rejected) == ([], 0)


def test_the_sample_of_the_reference() -> None:
    path = sample("customspeech/en-US-general/training/pronunciation.txt")
    findings = Findings()
    entries = list(pronunciation.read(path, "en-US", findings))
    assert [entry.text for entry in entries] == ["3CPO", "CNTK", "IEEE"]
    assert (findings.all(), findings.rejected) == ([], 0)


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [
        ("en-US", "o'clock"),
        ("en-US", "it\u2019s"),
        ("en-US", "jay-peg"),
        ("de-DE", "größe"),
        ("vi-VN", "ti\u1ebfng"),
        ("fr-FR", "cafe\u0301"),
        ("ja-JP", "スリーシーピーオー"),
        ("ru-RU", "три це"),
        ("hi-IN", "तीन"),
        ("ko-KR", "씨엔"),
    ],
)
def test_spoken_forms(locale: str, spoken: str, tmp_path: Path) -> None:
    entries, findings = read(f"{BOM}X1\t{spoken}", tmp_path, locale)
    assert [entry.other for entry in entries] == [spoken]
    assert not findings.all()


@pytest.mark.parametrize(
    ("line", "rule", "column", "words"),
    [
        ("3CPO three c p o", "no_tab", None, "a space instead of a TAB"),
        ("3CPO,three c p o", "no_tab", None, "a comma instead of a TAB"),
        ("3CPO; three c p o", "no_tab", None, "a semicolon instead of a TAB"),
        ("3CPO", "no_tab", None, "there is no TAB"),
        ("\tthree c p o", "no_display", None, "no display form before"),
        ("3CPO\t ", "no_spoken", None, "no spoken form after"),
        ("3CPO\t'-'", "no_spoken", 6, "no letter"),
        ("3CPO\tthree\tcpo", "columns", 11, "more than two columns"),
        ("3CPO\t3 c p o", "digit", 6, "the digit 3"),
        ("C++\tc + +", "symbol", 7, r"\+ \(U\+002B, plus sign\)"),
        ("UN\tu. n.", "symbol", 5, r"\. \(U\+002E, full stop\)"),
        ("3CPO\t\u0441 p o", "script", 6, "cyrillic small letter es"),
        ("3CPO\tc \ufffd o", "lost_characters", 8, "lost"),
        ("3CPO\t" + "c " * 600, "line_too_long", None, "1,000 characters"),
    ],
)
def test_bad_lines_are_named(
    line: str, rule: str, column: int | None, words: str, tmp_path: Path
) -> None:
    entries, findings = read(f"{BOM}AB\ta b\n{line}\nCD\tc d", tmp_path)
    assert [entry.text for entry in entries] == ["AB", "CD"]
    (issue,) = findings.all()
    assert issue.rule == f"pronunciation.{rule}"
    kept = "" if rule == "line_too_long" else line
    assert (issue.line, issue.column, issue.row) == (2, column, kept)
    assert re.search(words, issue.message)
    assert findings.rejected == 1
    assert issue.advice


def test_two_spoken_forms_but_not_three(tmp_path: Path) -> None:
    text = f"{BOM}SQL\ts q l\nSQL\tsequel\nSQL\tS  Q L\nSQL\tsquirrel\nSql\tskill"
    entries, findings = read(text, tmp_path)
    assert [(entry.line, entry.other) for entry in entries] == [
        (1, "s q l"),
        (2, "sequel"),
        (5, "skill"),
    ]
    assert found(findings) == [
        (3, "warning", "repeated_pair"),
        (4, "error", "too_many_spoken"),
    ]
    assert "on lines 1 and 2" in findings.all()[1].message
    assert findings.rejected == 1


def test_what_is_tolerated(tmp_path: Path) -> None:
    text = f"{BOM} NASA \tnasa\nthe\tthuh\nB2B\tb  two b \t\n \t \n"
    entries, findings = read(text, tmp_path)
    assert [(e.text, e.other) for e in entries] == [
        ("NASA", "nasa"),
        ("the", "thuh"),
        ("B2B", "b two b"),
    ]
    assert found(findings) == [
        (1, "note", "no_change"),
        (2, "warning", "common_word"),
        (1, "note", "spaces"),
    ]
    assert findings.rejected == 0


@pytest.mark.parametrize(("locale", "level"), [("en-GB", "note"), ("de-DE", "warning")])
def test_english_may_come_in_the_code_page_of_windows(
    locale: str, level: str, tmp_path: Path
) -> None:
    entries, findings = read("Café24\tcafé".encode("cp1252"), tmp_path, locale)
    assert entries == [Entry("pronunciation", 1, "Café24", "café")]
    assert found(findings) == [(1, level, "encoding")]


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.txt", "empty"),
        (b"PK\x03\x04" + bytes(99), "a.txt", "not_text"),
        (b"AB\ta b", "a.zip", "extension"),
        (b"AB\ta b\n" * 150_000, "a.txt", "too_large"),
        (b"hello\nthere", "a.txt", "nothing_usable"),
        (b"\n\n", "a.txt", "nothing_usable"),
    ],
)
def test_unusable_files(data: bytes, name: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read(data, tmp_path, name=name)
    assert caught.value.code == f"pronunciation.{code}"


@pytest.mark.parametrize("line", ["X\ta\n", "x", "\t", "X\t" + "a" * 900 + "1\n"])
def test_a_full_file_takes_linear_time(line: str, tmp_path: Path) -> None:
    data = (line * 2**20)[: 2**20]
    start = time.process_time()
    try:
        read(f"{BOM}AB\ta b\n{data}"[: 2**20 - 3], tmp_path)
    except FormatError as error:
        assert error.code == "pronunciation.nothing_usable"
    assert time.process_time() - start < 10


@given(
    st.lists(
        st.text("aé1\t ,'字\x00\ufffd", max_size=8) | st.binary(max_size=8), max_size=8
    )
)
def test_every_line_is_used_refused_repeated_or_blank(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str | bytes]
) -> None:
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    raw = [line.replace(b"\n", b"").replace(b"\r", b"") for line in raw]
    data = b"AB\ta b\n" * 2 + b"".join(line + b"\n" for line in raw)
    try:
        entries, findings = read(data, tmp_path_factory.getbasetemp())
    except FormatError as error:
        assert error.code == "pronunciation.not_text"
        return
    repeated = findings.seen["pronunciation.repeated_pair"]
    used = {entry.line for entry in entries}
    refused = {i.line for i in findings.all() if i.level == "error"}
    assert len(refused) == findings.rejected
    assert not used & refused
    assert len(used) + len(refused) + repeated <= len(raw) + 2
    assert all(entry.text.strip() and entry.other.strip() for entry in entries)
