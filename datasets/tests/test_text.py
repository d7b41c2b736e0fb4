from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats import text
from datasets.formats.base import Findings, FormatError
from datasets.formats.text import Reporter, check_suffix, read_lines

BOM = b"\xef\xbb\xbf"
Found = list[tuple[int | None, str, str]]


def read(
    data: bytes, folder: Path, locale: str = "en-US", max_characters: int = 100
) -> tuple[list[tuple[int, str]], Findings]:
    path = folder / "a.txt"
    path.write_bytes(data)
    findings = Findings()
    reporter = Reporter(findings, "a.txt", "kind")
    limits = {"max_bytes": 10_000_000, "max_characters": max_characters}
    return list(read_lines(path, locale, reporter, **limits)), findings


def found(findings: Findings) -> Found:
    return [(i.line, i.level, i.rule.partition(".")[2]) for i in findings.all()]


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\rb\r", ["a", "b"]),
        (b"a\r\r\nb\n\n", ["a", "", "b", ""]),
        (b"\n", [""]),
        (b"\r\n\n\ra", ["", "", "", "a"]),
    ],
)
def test_any_line_ending(data: bytes, lines: list[str], tmp_path: Path) -> None:
    assert read(data, tmp_path)[0] == list(enumerate(lines, 1))


@pytest.mark.parametrize("chunk", range(1, 9))
def test_lines_do_not_depend_on_where_the_file_is_cut(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "CHUNK_BYTES", chunk)
    lines = ["Grüße", "", "naïve — 字", "a" * 30, "", "end"]
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        for end in ("\n", "\r", "\r\n"):
            got, findings = read(end.join(lines).encode(encoding), tmp_path)
            assert got == list(enumerate(lines, 1))
            assert findings.rejected == 0
    # Lines that are too long go, whole; their neighbours stay.
    lines = ["b", "x" * 101, "c", "é" * 101, "d" * 100, "y" * 999]
    got, findings = read("\n".join(lines).encode(), tmp_path)
    assert got == [(1, "b"), (3, "c"), (5, "d" * 100)]
    assert [i.line for i in findings.all() if i.level == "error"] == [2, 4, 6]


@pytest.mark.parametrize(
    ("data", "locale", "lines", "issues"),
    [
        (BOM + "Grüße".encode(), "de-DE", ["Grüße"], []),
        (b"hello", "en-US", ["hello"], []),
        ("Grüße".encode(), "de-DE", ["Grüße"], [(None, "note", "no_bom")]),
        ("\ufeffGrüße".encode("utf-16-le"), "de-DE", ["Grüße"], "wide"),
        ("\ufeffGrüße".encode("utf-16-be"), "de-DE", ["Grüße"], "wide"),
        ("\ufeffGrüße".encode("utf-32-be"), "de-DE", ["Grüße"], "wide"),
        ("Grüße an alle".encode("utf-16-le"), "de-DE", ["Grüße an alle"], "wide"),
        ("Grüße an alle".encode("utf-16-be"), "de-DE", ["Grüße an alle"], "wide"),
        ("so\nGrüße".encode("cp1252"), "de-DE", ["so", "Grüße"], "legacy"),
        ("да\nлюди".encode("cp1251"), "ru-RU", ["да", "люди"], "legacy"),
        (
            BOM + "ö\n".encode() + "ü".encode("cp1252"),
            "de-DE",
            ["ö", "ü"],
            [(2, "warning", "encoding")],
        ),
    ],
)
def test_encodings(
    data: bytes, locale: str, lines: list[str], issues: Found | str, tmp_path: Path
) -> None:
    got, findings = read(data, tmp_path, locale)
    assert [line for _, line in got] == lines
    if issues == "wide":
        issues = [(None, "note", "encoding")]
    if issues == "legacy":
        first = 1 if locale == "ru-RU" else 2
        issues = [(first, "warning", "encoding")]
    assert found(findings) == issues


def test_legacy_lines_are_counted_and_said_once(tmp_path: Path) -> None:
    data = b"ok\n" + b"caf\xe9\n" * 30
    got, findings = read(data, tmp_path, "fr-FR")
    assert got[1] == (2, "café")
    (issue,) = findings.all()
    assert issue.line == 2
    assert "cp1252 (such lines in all: 30)" in issue.message


def test_control_characters_become_spaces(tmp_path: Path) -> None:
    data = "\ufeffa\tb\nc\x00\x07d\ne\u2028f\x85g\n\ufeffh".encode()
    data += b"\n" + b"." * 90
    got, findings = read(data, tmp_path)
    assert [line for _, line in got] == ["a\tb", "c d", "e f g", "h", "." * 90]
    assert found(findings) == [
        (2, "warning", "control_characters"),
        (3, "warning", "control_characters"),
    ]
    assert [issue.column for issue in findings.all()] == [2, 2]


def test_a_line_that_is_too_long_is_refused_and_not_kept(tmp_path: Path) -> None:
    data = b"a\n" + b"x" * 50_000 + b"\nb"
    got, findings = read(data, tmp_path, max_characters=20_000)
    assert got == [(1, "a"), (3, "b")]
    (issue,) = findings.all()
    assert (issue.rule, issue.line, findings.rejected) == ("kind.line_too_long", 2, 1)
    assert "longer than 20,000 characters" in issue.message
    assert issue.row == ""


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "kind.empty", "is empty"),
        (BOM, "kind.empty", "is empty"),
        (b"PK\x03\x04" + bytes(100), "kind.not_text", "a zip archive"),
        (b"\x1f\x8b\x08" + bytes(100), "kind.not_text", "a gzip archive"),
        (b"%PDF-1.4 ...", "kind.not_text", "a PDF document"),
        (bytes(range(256)) * 9, "kind.not_text", "binary data"),
    ],
)
def test_what_is_not_text(data: bytes, code: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        read(data, tmp_path)
    assert caught.value.code == code


def test_a_file_over_its_limit_is_told_both_sizes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\n" * 2048)
    reporter = Reporter(Findings(), "a.txt", "kind")
    with pytest.raises(FormatError, match=r"has 4\.0 KB; .* at most 2\.0 KB") as caught:
        next(read_lines(path, "en-US", reporter, max_bytes=2048))
    assert caught.value.code == "kind.too_large"
    assert len(list(read_lines(path, "en-US", reporter, max_bytes=4096))) == 2048


def test_the_extension() -> None:
    reporter = Reporter(Findings(), "a.zip", "kind")
    check_suffix("A.TXT", reporter, (".txt",))
    check_suffix("text", reporter, (".txt",))
    with pytest.raises(FormatError, match=r"ends with \.zip.*one \.md or \.txt file"):
        check_suffix("a.txt.zip", reporter, (".md", ".txt"))


def test_one_line_of_many_megabytes_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        for _ in range(300):
            file.write(b"words " * 10_000)
    findings = Findings()
    reporter = Reporter(findings, "a.txt", "kind")
    tracemalloc.start()
    try:
        assert not list(read_lines(path, "en-US", reporter, max_bytes=2**28))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert findings.rejected == 1
    assert peak < 2_000_000


@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | st.text(max_size=30).map(lambda words: words.encode("utf-16", "replace"))
)
def test_any_bytes_give_lines_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        got, findings = read(data, folder, "ja-JP", max_characters=20)
    except FormatError as error:
        assert error.code in ("kind.empty", "kind.not_text")
        return
    numbers = [number for number, _ in got]
    refused = [i.line for i in findings.all() if i.level == "error"]
    assert findings.rejected == len(refused)
    together = sorted([*numbers, *(line for line in refused if line)])
    assert together == list(range(1, len(together) + 1))
    assert not any("\n" in line or "\r" in line for _, line in got)
    assert not any(text.CONTROLS.search(line) for _, line in got)
