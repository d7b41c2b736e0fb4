from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats.base import Findings, FormatError, Issue
from datasets.formats.transcript import Line, read

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Parsed:
    lines: list[Line]
    issues: list[Issue]
    rejected: int

    @property
    def texts(self) -> list[tuple[int, str, str]]:
        return [(line.number, line.name, line.text) for line in self.lines]


def parse(
    data: bytes | Path, locale: str, name: str = "", audio: tuple[str, ...] = ()
) -> Parsed:
    if isinstance(data, Path):
        return _read(data, locale, name, audio)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return _read(Path(file.name), locale, name, audio)


def _read(path: Path, locale: str, name: str, audio: tuple[str, ...]) -> Parsed:
    findings = Findings()
    lines = list(read(path, locale, findings, name=name, is_audio=audio.__contains__))
    return Parsed(lines, findings.all(), findings.rejected)


def _issues(parsed: Parsed) -> list[tuple[int | None, str, str]]:
    return [(i.line, i.level, i.rule.partition(".")[2]) for i in parsed.issues]


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "trans.txt"
    path.write_bytes(BOM + "a.wav\tGrüße\r\n\r\nb.wav\t it\u2019s fine \r\n".encode())
    parsed = parse(path, "de-DE")
    assert parsed.texts == [(1, "a.wav", "Grüße"), (3, "b.wav", "it\u2019s fine")]
    assert (parsed.issues, parsed.rejected) == ([], 0)
    assert parsed.lines[0].row == "a.wav\tGrüße"


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
    data = BOM + b"wavs\\a.wav\tone\nx/b.WAV\ttwo\x01three\nc\tthree\t"
    parsed = parse(data, "en-US")
    assert parsed.texts == [
        (1, "a.wav", "one"),
        (2, "b.WAV", "two three"),
        (3, "c", "three"),
    ]
    assert _issues(parsed) == [(2, "warning", "control_characters")]


def test_a_refused_line_can_be_repaired_and_sent_again() -> None:
    parsed = parse(b"good.wav\tone\n x.wav hello\nb.wav\t\tanna", "en-US")
    refused = [issue for issue in parsed.issues if issue.level == "error"]
    assert [i.row for i in refused] == [" x.wav hello", "b.wav\t\tanna"]


def test_further_columns_are_labels() -> None:
    data = b"a.wav\tone\tanna\theadset\nb.wav\ttwo\nc.wav\tthree\t\tphone\tscottish"
    parsed = parse(data, "en-US")
    assert [line.labels for line in parsed.lines] == [
        {"speaker": "anna", "label2": "headset"},
        {},
        {"label2": "phone", "label3": "scottish"},
    ]
    assert _issues(parsed) == [
        (1, "note", "label"),
        (1, "note", "label"),
        (3, "note", "label"),
    ]
    assert "speaker (such lines in all: 1)" in parsed.issues[0].message


@pytest.mark.parametrize(
    ("titles", "row", "text", "labels"),
    [
        (
            "file\ttext\tspeaker\tMic type",
            "a.wav\thi\tx\ty",
            "hi",
            ["speaker=x", "mic_type=y"],
        ),
        ("Audio\tSpk\tTranscript", "a.wav\tx\thi", "hi", ["speaker=x"]),
        ("file name\twhat is said", "a.wav\thi", "hi", []),
        ("path\tsaid\tdevice\t", "a.wav\thi\tx\ty", "hi", ["device=x"]),
    ],
)
def test_titles_name_the_labels(
    titles: str, row: str, text: str, labels: list[str]
) -> None:
    parsed = parse(f"{titles}\n{row}".encode(), "en-US")
    assert parsed.texts == [(2, "a.wav", text)]
    assert [f"{k}={v}" for k, v in parsed.lines[0].labels.items()] == labels


def test_an_audio_file_may_be_called_like_a_title() -> None:
    parsed = parse(b"audio\thello", "en-US", audio=("audio",))
    assert parsed.texts == [(1, "audio", "hello")]


def test_labels_have_limits() -> None:
    many = "\t".join(str(n) for n in range(30))
    parsed = parse(f"a.wav\thi\t{many}\nb.wav\tyo\t{'x' * 300}".encode(), "en-US")
    assert [len(line.labels) for line in parsed.lines] == [20, 1]
    assert len(parsed.lines[1].labels["speaker"]) == 200
    assert (1, "warning", "many_labels") in _issues(parsed)
    assert (2, "warning", "long_label") in _issues(parsed)


@pytest.mark.parametrize(
    ("text", "what", "times", "column"),
    [
        ("no no no no", "no", 4, 7),
        ("well noooooo", "o", 6, 13),
        ("I said, I said; I said I said so", "I said", 4, 7),
    ],
)
def test_what_is_repeated_too_often_is_used_and_said(
    text: str, what: str, times: int, column: int
) -> None:
    parsed = parse(f"a.wav\t{text}".encode(), "en-US")
    assert [line.text for line in parsed.lines] == [text]
    assert _issues(parsed) == [(1, "warning", "repeated")]
    assert f'"{what}" {times} times' in parsed.issues[0].message
    assert parsed.issues[0].column == column


@pytest.mark.parametrize(
    "text", ["no no no", "Dr. Who at 10:00", "5 5 5 5 5", "1000000"]
)
def test_figures_and_abbreviations_get_no_complaint(text: str) -> None:
    parsed = parse(f"a.wav\t{text}".encode(), "en-US")
    assert ([line.text for line in parsed.lines], parsed.issues) == ([text], [])


def test_english_gets_plain_quotes_and_keeps_its_letters() -> None:
    rows = (
        "a\t\u201cIt\u2019s\u201d \u2014 caf\xe9\u2026",
        "b\tplain",
        "c\tshe\u2019s",
    )
    parsed = parse(BOM + "\n".join(rows).encode(), "en-GB")
    assert [line.text for line in parsed.lines] == [
        '"It\'s" -- caf\xe9...',
        "plain",
        "she's",
    ]
    assert _issues(parsed) == [(1, "note", "plain_quotes")]
    assert "in all: 2" in parsed.issues[0].message


@pytest.mark.parametrize("character", "¢¤¥¦§©ª¬®°±²µ\xd7ÿØ☺→")
def test_german_lines_with_special_characters_are_refused(character: str) -> None:
    data = BOM + f"a.wav\tdrei {character} vier\nb.wav\tÄpfel, „Öl“ \u2013 ß".encode()
    parsed = parse(data, "de-DE")
    assert [line.name for line in parsed.lines] == ["b.wav"]
    assert _issues(parsed) == [(1, "error", "special_character")]
    assert (parsed.issues[0].column, parsed.rejected) == (12, 1)
    assert parse(data, "fr-FR").rejected == 0


def test_japanese_sentences_have_a_limit() -> None:
    rows = ("a\t" + "あ" * 91, "b\t" + ("い" * 90 + "。") * 3, "c\tう。" + "え" * 91)
    parsed = parse(BOM + "\n".join(rows).encode(), "ja-JP")
    assert [line.name for line in parsed.lines] == ["b"]
    refused = [(i.line, i.rule, i.column) for i in parsed.issues if i.level == "error"]
    assert refused == [
        (1, "transcript.sentence_too_long", 3),
        (3, "transcript.sentence_too_long", 5),
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


def test_an_empty_transcript_is_refused() -> None:
    with pytest.raises(FormatError, match="is empty") as raised:
        parse(b"", "en-US")
    assert raised.value.code == "transcript.empty"


def test_one_huge_line_does_not_hurt() -> None:
    start = time.process_time()
    parsed = parse(b"good.wav\tyes\nx.wav\t" + b"a " * 25_000_000, "en-US")
    assert time.process_time() - start < 2
    assert _issues(parsed) == [(2, "error", "line_too_long")]


def test_a_million_bad_lines_are_counted_not_kept() -> None:
    parsed = parse(b"bad\n" * 1_000_000, "en-US")
    # The last is about the lines that are not read.
    assert parsed.rejected == 100_001
    assert len(parsed.issues) == 10_002
    assert parsed.issues[-1].message.startswith("90,000 more problems")


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
