from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.formats.base import Findings, FormatError
from datasets.formats.manifest import read_kaldi, read_table
from datasets.formats.transcript import Line


def _table(data: str | bytes, name: str) -> tuple[list[Line], Findings]:
    findings = Findings()
    with tempfile.NamedTemporaryFile() as file:
        file.write(data.encode() if isinstance(data, str) else data)
        file.flush()
        lines = list(read_table(Path(file.name), "en-US", findings, name=name))
    return lines, findings


def _kaldi(folder: Path, files: dict[str, str]) -> tuple[list[Line], Findings]:
    findings = Findings()
    for name, text in files.items():
        (folder / name).write_text(text)
    paths = {name: (folder / name, name) for name in files}
    return list(read_kaldi(paths, "en-US", findings, {"u1": "u1.flac"})), findings


def _rules(findings: Findings) -> list[tuple[int | None, str]]:
    return [(i.line, i.rule.removeprefix("manifest.")) for i in findings.all()]


def test_it_works() -> None:
    data = 'file,text,speaker,Room size\nx/a.wav,"one, two",anna,12\n\nb.wav,,,\n'
    lines, findings = _table(data, "metadata.csv")
    assert lines == [
        Line(
            number=2,
            name="a.wav",
            text="one, two",
            labels={"speaker": "anna", "room_size": "12"},
            row='x/a.wav,"one, two",anna,12',
            file="metadata.csv",
        ),
        Line(4, "b.wav", "", {}, "b.wav,,,", "metadata.csv"),
    ]
    assert (findings.all(), findings.rejected) == ([], 0)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("file,text,accent\na.wav,hi,x", "m.csv"),
        ("\ufeffFile;Accent;Transcript\na.wav;x;hi", "m.csv"),
        ("text\taccent\taudio_filepath\nhi\tx\tq/a.wav", "metadata.tsv"),
        ("accent,path,sentence\r\nx,a.wav,hi\r\n", "m.csv"),
        ('{"audio_filepath": "/d/a.wav", "text": "hi", "accent": "x"}', "m.jsonl"),
        ('{"accent": "x", "file_name": "a.wav", "transcription": "hi"}', "m.ndjson"),
    ],
)
def test_any_table_says_the_same(data: str, name: str) -> None:
    lines, findings = _table(data, name)
    assert [(n.name, n.text, n.labels) for n in lines] == [
        ("a.wav", "hi", {"accent": "x"})
    ]
    assert findings.all() == []


def test_scalars_are_labels_and_the_rest_is_left_out() -> None:
    row = '{"file": "a.wav", "duration": 1.5, "snr": 3, "ok": true, "none": null, '
    row += '"list": [1], "lang": "en\\n\\u0000us"}'
    lines, _ = _table(row, "m.json")
    assert lines[0].labels == {"snr": "3", "ok": "true", "lang": "en us"}
    assert (lines[0].start, lines[0].seconds) == (None, None)


def test_a_part_has_a_start_and_a_length() -> None:
    lines, findings = _table(
        "file,start,duration,text\na,1.5,2,x\na,4,1,y\nb,,3,z", "m.csv"
    )
    assert [(n.start, n.seconds) for n in lines] == [
        (1.5, 2.0),
        (4.0, 1.0),
        (None, None),
    ]
    assert findings.all() == []


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ('a.wav,"open,1,1', "open_quote"),
        ("a.wav,hi,1,1,too,many", "many_cells"),
        (",hi,,", "no_name"),
        ("a.wav,hi,x,1", "bad_time"),
        ("a.wav,hi,1,", "bad_time"),
        ("a.wav,hi,-1,1", "bad_time"),
        ("a.wav,hi,nan,1", "bad_time"),
        ("a.wav,hi,1,inf", "bad_time"),
        ("a.wav,hi\ufffd,,", "lost_characters"),
        ("good.wav,another,,", "duplicate_name"),
    ],
)
def test_bad_rows_of_a_table_are_named(row: str, rule: str) -> None:
    data = f"file,text,offset,duration\ngood.wav,one,,\n{row}\nz.wav,two,,"
    lines, findings = _table(data, "m.csv")
    assert [line.name for line in lines] == ["good.wav", "z.wav"]
    assert (3, rule) in _rules(findings)
    assert findings.rejected == 1
    error = next(i for i in findings.all() if i.level == "error")
    assert error.row == row and error.message


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("{oops}", "json"),
        ('{"file": "a.wav"', "json"),
        ("[" * 50_000, "json"),
        ('{"file": "a.wav", "n": ' + "9" * 5_000 + "}", "json"),
        ('["a.wav"]', "no_file"),
        ('{"text": "hi"}', "no_file"),
        ('{"file": 7}', ""),
        ('{"file": ["a.wav"]}', "no_name"),
        ('{"file": "a.wav", "text": "\\ud800"}', "lost_characters"),
    ],
)
def test_bad_json_lines_are_named(row: str, rule: str) -> None:
    lines, findings = _table(
        f'{{"file": "good.wav"}}\n{row}\n{{"file": "z.wav"}}', "m.jsonl"
    )
    assert [lines[0].name, lines[-1].name] == ["good.wav", "z.wav"]
    assert _rules(findings) == ([(2, rule)] if rule else [])


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        ("", "m.csv", "empty"),
        ("one,two\n1,2", "m.csv", "no_file_column"),
        ("\n\n", "m.csv", "no_file_column"),
        ('[\n{"file": "a.wav"}\n]', "m.json", "not_lines"),
        ('{\n"file": "a.wav"\n}', "m.json", "not_lines"),
        (b"PK\x03\x04" + bytes(99), "m.csv", "not_text"),
    ],
)
def test_what_is_no_manifest_is_refused(
    data: str | bytes, name: str, code: str
) -> None:
    with pytest.raises(FormatError) as raised:
        _table(data, name)
    assert raised.value.code == f"manifest.{code}"
    assert name in str(raised.value)


def test_times_that_no_recording_has_are_refused() -> None:
    row = '{"file": "a.wav", "offset": %s, "duration": %s}'
    rows = [row % times for times in ((0, 2), (1, 1.7e308), (1e300, 1), (0, "NaN"))]
    lines, findings = _table("\n".join(rows), "m.jsonl")
    assert [line.start for line in lines] == [0]
    assert _rules(findings) == [(2, "bad_time"), (3, "bad_time"), (4, "bad_time")]


def test_a_file_has_no_more_than_a_hundred_different_labels() -> None:
    rows = [
        f'{{"file": "{n}.wav", "a {n}": 1, "b {n}": 1, "x": 2}}' for n in range(120)
    ]
    lines, findings = _table("\n".join(rows), "m.jsonl")
    assert len({name for line in lines for name in line.labels}) == 100
    assert all(line.labels["x"] == "2" for line in lines)
    assert _rules(findings) == [(50, "many_names")]
    assert "lines in all: 71" in findings.all()[0].message


def test_kaldi(tmp_path: Path) -> None:
    files = {
        "text": "u1 hello world\nu2  bye\nu3 part\nu4 evil\n",
        "utt2spk": "u1 anna\nu2 ben\nu9 none\n",
        "wav.scp": "u2 /data/two.wav\nrec /data/long.wav\nu4 rm -rf /tmp/x |\n",
        "segments": "u3 rec 1.5 4.0\n",
    }
    lines, findings = _kaldi(tmp_path, files)
    assert [(n.name, n.text, n.labels, n.start, n.seconds) for n in lines] == [
        ("u1.flac", "hello world", {"speaker": "anna"}, None, None),
        ("two.wav", "bye", {"speaker": "ben"}, None, None),
        ("long.wav", "part", {}, 1.5, 2.5),
    ]
    assert _rules(findings) == [(4, "command")]
    assert "not executed" in findings.all()[0].message
    assert findings.rejected == 1


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"text": "u1 hi\nu2\n"}, (2, "no_value")),
        ({"text": "u1 hi\nu1 ho\n"}, (2, "repeated_id")),
        ({"text": "u1 hi\nu2 x\n", "segments": "u2 rec 1\n"}, (2, "bad_time")),
        ({"text": "u1 hi\nu2 x\n", "segments": "u2 rec 3 2\n"}, (2, "bad_time")),
        ({"text": "u1 hi\nu2 x\n", "wav.scp": "u2 | cat a.wav\n"}, (2, "command")),
    ],
)
def test_bad_lines_of_kaldi_are_named(
    tmp_path: Path, files: dict[str, str], rule: tuple[int, str]
) -> None:
    lines, findings = _kaldi(tmp_path, files)
    assert [line.text for line in lines] == ["hi"]
    assert (_rules(findings), findings.rejected) == ([rule], 1)


def test_kaldi_speakers_alone_are_labels(tmp_path: Path) -> None:
    lines, _ = _kaldi(tmp_path, {"utt2spk": "u1 anna\n"})
    assert [(n.name, n.text, n.labels) for n in lines] == [
        ("u1.flac", "", {"speaker": "anna"})
    ]


def test_a_long_table_takes_no_long_time() -> None:
    rows = "".join(f"{n}.wav,text {n},speaker {n % 9}\n" for n in range(100_001))
    start = time.process_time()
    lines, findings = _table("file,text,speaker\n" + rows, "m.csv")
    assert time.process_time() - start < 20
    assert (len(lines), _rules(findings)) == (99_999, [(None, "too_many_lines")])


@given(
    st.binary() | st.text(alphabet='a.wv,;"\t\r\n{}[]:1eé\ufeff').map(str.encode),
    st.sampled_from(["m.csv", "m.jsonl"]),
    st.sampled_from(["", "file,text,offset,duration,x\n", '{"file":']),
)
def test_no_bytes_crash_it(data: bytes, name: str, start: str) -> None:
    try:
        lines, findings = _table(start.encode() + data, name)
    except FormatError:
        return
    assert all(line.name for line in lines)
    assert all(i.line is None or i.line >= 1 for i in findings.all())
