from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats.base import FormatError
from datasets.formats.transcript import Line, Parsed, parse

BOM = b"\xef\xbb\xbf"


def _issues(parsed: Parsed) -> list[tuple[int | None, str, str]]:
    return [(i.line, i.level, i.rule.partition(".")[2]) for i in parsed.issues]


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "trans.txt"
    path.write_bytes(BOM + "a.wav\tGrüße\r\n\r\nb.wav\t it\u2019s fine \r\n".encode())
    parsed = parse(path, "de-DE")
    assert parsed.lines == [
        Line(1, "a.wav", "Grüße"),
        Line(3, "b.wav", "it\u2019s fine"),
    ]
    assert (parsed.issues, parsed.rejected) == ([], 0)


@pytest.mark.parametrize(
    "data",
    [b"a.wav\tx\rb.wav\ty", b"a.wav\tx\nb.wav\ty\n\n", b"\r\n\na.wav\tx\r\nb.wav\ty"],
)
def test_any_line_ending(data: bytes) -> None:
    assert [line.name for line in parse(data, "en-US").lines] == ["a.wav", "b.wav"]


@pytest.mark.parametrize(
    ("line", "issue"),
    [
        ("x.wav hello", (2, "error", "no_tab")),
        ("x.wav,hello", (2, "error", "no_tab")),
        ("hello", (2, "error", "no_tab")),
        ("x.wav\t", (2, "error", "no_text")),
        ("x.wav\t \x07", (2, "error", "no_text")),
        ("\thello", (2, "error", "no_name")),
        ("folder/\thello", (2, "error", "no_name")),
        ("n" * 300 + ".wav\thello", (2, "error", "long_name")),
        ("x.wav\t" + "a" * 200_001, (2, "error", "line_too_long")),
        ("x.wav\tHe said \ufffdno\ufffd", (2, "error", "lost_characters")),
        ("good.wav\tanother", (2, "error", "duplicate_name")),
    ],
)
def test_bad_lines_are_named(line: str, issue: tuple[int, str, str]) -> None:
    parsed = parse(BOM + f"good.wav\tone\n{line}\nz.wav\ttwo".encode(), "en-US")
    assert [each.name for each in parsed.lines] == ["good.wav", "z.wav"]
    assert issue in _issues(parsed)
    assert parsed.rejected == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x.wav hello", "a space instead of a TAB"),
        ("x.wav; hello", "a semicolon instead of a TAB"),
        ("hello", "there is no TAB"),
    ],
)
def test_a_missing_tab_is_explained(line: str, words: str) -> None:
    issue = parse(line.encode(), "en-US", "t.txt").issues[0]
    assert words in issue.message
    assert str(issue).startswith("t.txt, line 1: ")
    assert issue.advice == "separate them with one TAB character"


def test_what_is_tolerated() -> None:
    data = BOM + b"wavs\\a.wav\tone\textra\tmore\nx/b.WAV\ttwo\x01three\nc\tthree\t"
    parsed = parse(data, "en-US")
    assert parsed.lines == [
        Line(1, "a.wav", "one"),
        Line(2, "b.WAV", "two three"),
        Line(3, "c", "three"),
    ]
    assert _issues(parsed) == [
        (2, "warning", "control_characters"),
        (1, "note", "extra_columns"),
    ]


def test_names_given_twice() -> None:
    parsed = parse(b"a.wav\tx\nA.wav\tx\nb.wav\ty\nb.wav\tz\nb.wav\tq", "en-US")
    assert parsed.lines == [Line(1, "a.wav", "x"), Line(3, "b.wav", "y")]
    assert _issues(parsed) == [
        (2, "warning", "repeated_line"),
        (3, "warning", "duplicate_name"),
        (4, "error", "duplicate_name"),
        (5, "error", "duplicate_name"),
    ]


@pytest.mark.parametrize(
    ("data", "locale", "text", "issues"),
    [
        (b"a.wav\thello", "en-US", "hello", []),
        ("a.wav\tGrüße".encode(), "de-DE", "Grüße", [(None, "note", "no_bom")]),
        (
            "\ufeffa.wav\tGrüße".encode("utf-16-le"),
            "de-DE",
            "Grüße",
            [(None, "note", "encoding")],
        ),
        (
            "a.wav\tGrüße".encode("utf-16-be"),
            "de-DE",
            "Grüße",
            [(None, "note", "encoding")],
        ),
        (
            "\ufeffa.wav\tGrüße".encode("utf-32-le"),
            "de-DE",
            "Grüße",
            [(None, "note", "encoding")],
        ),
        (
            "a.wav\tGrüße".encode("latin-1"),
            "de-DE",
            "Grüße",
            [(1, "warning", "encoding")],
        ),
        (
            "a.wav\tлюди".encode("cp1251"),
            "ru-RU",
            "люди",
            [(1, "warning", "encoding")],
        ),
    ],
)
def test_encodings(
    data: bytes, locale: str, text: str, issues: list[tuple[int | None, str, str]]
) -> None:
    parsed = parse(data, locale)
    assert [line.text for line in parsed.lines] == [text]
    assert _issues(parsed) == issues


def test_one_bad_line_does_not_spoil_the_others() -> None:
    data = BOM + "a.wav\tGrüße\n".encode() + "b.wav\tGrüße".encode("latin-1")
    parsed = parse(data, "de-DE")
    assert [line.text for line in parsed.lines] == ["Grüße", "Grüße"]
    assert _issues(parsed) == [(2, "warning", "encoding")]


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(50),
        b"PK\x03\x04" + bytes(50),
        b"<html><body>Not found</body></html>",
        b"{\\rtf1 a.wav}",
        bytes(range(256)),
    ],
)
def test_what_is_not_text_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match="is not a text file") as raised:
        parse(data, "en-US", "trans.txt")
    assert raised.value.code == "transcript.not_text"


@pytest.mark.parametrize("name", ["MZ01.wav", "ID3.wav", "OggS.wav", "GIF8.wav"])
def test_names_that_begin_like_other_files_are_text(name: str) -> None:
    assert parse(f"{name}\thello".encode(), "en-US").lines[0].name == name


def test_an_empty_transcript_has_no_lines() -> None:
    assert parse(b"", "en-US") == Parsed([], [], 0)


def test_one_huge_line_does_not_hurt() -> None:
    start = time.process_time()
    parsed = parse(b"good.wav\tyes\nx.wav\t" + b"a " * 25_000_000, "en-US")
    assert time.process_time() - start < 2
    assert _issues(parsed) == [(2, "error", "line_too_long")]


def test_a_million_bad_lines_are_counted_not_kept() -> None:
    parsed = parse(b"bad\n" * 1_000_000, "en-US")
    assert parsed.rejected == 100_000
    assert len(parsed.issues) == 1_002
    assert parsed.issues[-1].message.startswith("99,000 more problems")


def test_a_transcript_of_more_than_64_mb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    with pytest.raises(FormatError, match=r"at most 64\.0 MB"):
        parse(path, "en-US")


@given(st.binary() | st.text(alphabet="a.wv\t\r\n \x00ü\ufeff").map(str.encode))
def test_no_bytes_crash_it(data: bytes) -> None:
    try:
        parsed = parse(data, "ja-JP")
    except FormatError:
        return
    assert all(line.name and line.text for line in parsed.lines)
    assert len({line.name for line in parsed.lines}) == len(parsed.lines)
    assert all(i.line is None or i.line >= 1 for i in parsed.issues)
