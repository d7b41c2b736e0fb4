from __future__ import annotations

import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.formats.acoustic import Reading, Summary, Utterance, read
from datasets.formats.base import Findings, FormatError, Issue
from datasets.tests.audio_files import encoded, lock, make_zip, speech, spoil, tone, wav
from speechstudio.tests.samples import ARCHIVES, sample


def _read(path: Path, locale: str = "en-US") -> tuple[Reading, list[Utterance]]:
    reading = read(path, locale, path.parent / "work")
    return reading, list(reading)


def _issues(reading: Reading) -> list[tuple[str, int | None, str]]:
    return [(i.file, i.line, i.rule) for i in reading.issues]


def test_it_works(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "clips/b.wav": wav(tone(2.0)),
        "clips/a.wav": wav(tone(1.0, 8_000), 8_000),
        "trans.txt": "a.wav\thello\nb.wav\tworld\n",
    }
    path = make_zip(tmp_path / "a.zip", files)
    seen: list[tuple[int, int]] = []
    reading = read(
        path, "en-US", tmp_path / "work", lambda n, total: seen.append((n, total))
    )
    assert reading.total == 2
    first, second = reading
    assert (first.position, first.name, first.transcript) == (0, "a.wav", "hello")
    assert (second.position, second.seconds) == (1, 2.0)
    assert first.path == tmp_path / "work" / "000000.wav"
    assert sorted(p.name for p in (tmp_path / "work").iterdir()) == [
        "000000.wav",
        "000001.wav",
    ]
    assert seen == [(1, 2), (2, 2)]
    assert reading.issues == []
    assert reading.summary == Summary(accepted=2, rejected=0, seconds=3.0)
    assert first.measures.source_rate_hz == 8_000
    assert first.labels == {}


def test_names_that_nearly_match(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "ONE.wav": wav(),
        "two.wav": wav(),
        "three.flac": encoded("flac", "flac"),
        "four": wav(),
        "t.tsv": "one.WAV\t1\ntwo\t2\nx/three.wav\t3\ntwo.wav\t4\nfour.wav\t5",
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.name for u in utterances] == ["ONE.wav", "two.wav", "three.flac", "four"]
    assert _issues(reading) == [
        ("t.tsv", 1, "acoustic.near_name"),
        ("t.tsv", 2, "acoustic.near_name"),
        ("t.tsv", 3, "acoustic.near_name"),
        ("t.tsv", 4, "acoustic.no_audio"),
        ("t.tsv", 5, "acoustic.near_name"),
        ("three.flac", None, "audio.converted"),
    ]
    assert [i.rule for i in utterances[2].issues] == ["audio.converted"]


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        ({"words.txt": "a.wav\tx"}, "words.txt"),
        ({"README.txt": "a\tb", "Trans1.txt": "a.wav\tx"}, "Trans1.txt"),
        ({"README.txt": "read me", "words.tsv": "a.wav\tx"}, "words.tsv"),
        ({"one.txt": "a.wav\tx", "two.txt": "a.wav\ty"}, None),
        ({"trans1.txt": "a.wav\tx", "trans2.txt": "a.wav\ty"}, None),
    ],
)
def test_which_text_is_the_transcript(
    tmp_path: Path, texts: dict[str, str], chosen: str | None
) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": wav(), **texts})
    if chosen is None:
        with pytest.raises(FormatError, match="not clear") as raised:
            _read(path)
        assert raised.value.code == "acoustic.many_transcripts"
        assert all(name in str(raised.value) for name in texts)
        return
    reading, utterances = _read(path)
    assert len(utterances) == 1
    others = [name for name in texts if name != chosen]
    assert [i.file for i in reading.issues] == others


def test_no_transcript(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no transcript") as raised:
        _read(make_zip(tmp_path / "a.zip", {"a.wav": wav()}))
    assert raised.value.code == "acoustic.no_transcript"


@pytest.mark.parametrize(
    ("audio", "line"),
    [
        (wav(), "other.wav\tx"),
        (wav(), "a.wav x"),
        (wav(), "\n"),
        (b"hello", "a.wav\tx"),
    ],
)
def test_nothing_usable(tmp_path: Path, audio: bytes, line: str) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": audio, "t.txt": line})
    reading = read(path, "en-US", tmp_path / "work")
    with pytest.raises(FormatError, match=r"Nothing in a\.zip can be") as raised:
        list(reading)
    assert raised.value.code == "acoustic.nothing_usable"
    assert reading.issues and reading.summary.accepted == 0
    assert not list((tmp_path / "work").iterdir())


def _faulty(path: Path) -> Path:
    """Good files and twelve faults, one of each kind."""
    good = wav()
    lines = [
        *("good1.wav\tone", "text.wav\ttwo", "silent.wav\tthree", "cut.wav\tfour"),
        *("crc.wav\tfive", "locked.wav\tsix", "missing.wav\tseven", "no tab here"),
        *("empty.wav\tnine", "good2.wav\tten", "good1.wav\televen", "notext.wav\t"),
    ]
    files: dict[str, bytes | str] = {
        "good1.wav": good,
        "text.wav": "this is no sound",
        "silent.wav": wav(np.zeros(16_000, "<i2")),
        "cut.wav": good[:20_000],
        "crc.wav": wav(tone(1.5)),
        "locked.wav": good,
        "empty.wav": b"",
        "good2.wav": wav(tone(hertz=300)),
        "unnamed.wav": good,
        "../out.wav": good,
        "more.zip": b"PK",
        "trans.txt": "\n".join(lines),
    }
    make_zip(path, files)
    link = zipfile.ZipInfo("link.wav")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    spoil(path, "crc.wav")
    lock(path, "locked.wav")
    return path


def test_every_fault_is_named_and_the_rest_kept(tmp_path: Path) -> None:
    reading, utterances = _read(_faulty(tmp_path / "a.zip"))
    assert [u.name for u in utterances] == ["good1.wav", "cut.wav", "good2.wav"]
    assert sorted(_issues(reading), key=str) == sorted(
        [
            ("../out.wav", None, "archive.unsafe_name"),
            ("more.zip", None, "archive.nested"),
            ("link.wav", None, "archive.link"),
            ("locked.wav", None, "archive.encrypted_file"),
            ("trans.txt", 6, "acoustic.no_audio"),  # the locked one
            ("trans.txt", 7, "acoustic.no_audio"),
            ("trans.txt", 8, "transcript.no_tab"),
            ("trans.txt", 1, "transcript.duplicate_name"),
            ("trans.txt", 11, "transcript.duplicate_name"),
            ("trans.txt", 12, "transcript.no_text"),
            ("text.wav", None, "audio.not_audio"),
            ("silent.wav", None, "audio.silent"),
            ("cut.wav", None, "audio.truncated"),
            ("crc.wav", None, "archive.damaged_file"),
            ("empty.wav", None, "audio.empty"),
            ("unnamed.wav", None, "acoustic.no_line"),
        ],
        key=str,
    )
    assert all(issue.message for issue in reading.issues)
    # As many as there are errors: the locked file, and its line.
    errors = [issue for issue in reading.issues if issue.level == "error"]
    assert len(errors) == 14
    assert reading.summary == Summary(3, 14, pytest.approx(2.6, abs=0.1))
    rows = {i.line or i.file: i.row for i in reading.issues if i.level == "error"}
    assert (rows[8], rows["crc.wav"]) == ("no tab here", "crc.wav\tfive")
    assert not list((tmp_path / "work").glob("*.part"))


@pytest.mark.parametrize(("name", "locale", "number"), ARCHIVES)
def test_real_archives(tmp_path: Path, name: str, locale: str, number: int) -> None:
    reading = read(sample(name), locale, tmp_path)
    assert len(list(reading)) == number
    assert reading.summary.rejected == 0
    assert [i for i in reading.issues if i.level != "note"] == []


def _length(rows: int, seconds: float) -> dict[str, bytes | str]:
    """So many files of this length, and their transcript."""
    files: dict[str, bytes | str] = {
        f"{n}.wav": wav(tone(seconds)) for n in range(rows)
    }
    files["trans.txt"] = "".join(f"{n}.wav\thello\n" for n in range(rows))
    return files


def test_what_is_too_long_to_train_is_said_of_each(tmp_path: Path) -> None:
    files = _length(2, 41.0) | {"z.wav": wav()}
    files["trans.txt"] = "0.wav\ta\n1.wav\tb\nz.wav\tc\n"
    path = make_zip(tmp_path / "a.zip", files)
    reading = read(path, "en-US", tmp_path / "work", use="training")
    first, _, last = reading
    assert _issues(reading) == [
        ("0.wav", None, "acoustic.over_40_seconds"),
        ("1.wav", None, "acoustic.over_40_seconds"),
    ]
    assert [issue.position for issue in reading.issues] == [0, 1]
    assert "only its text" in first.issues[0].message and last.issues == ()
    for use in ("testing", ""):
        reading = read(path, "en-US", tmp_path / "work", use=use)
        assert len(list(reading)) == 3 and reading.issues == []


def test_a_training_set_of_which_all_is_too_long_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", _length(1, 41.0))
    reading = read(path, "en-US", tmp_path / "work", use="training")
    with pytest.raises(FormatError, match="longer than 40 s") as raised:
        list(reading)
    assert raised.value.code == "acoustic.all_too_long"
    assert [i.rule for i in reading.issues] == ["acoustic.over_40_seconds"]


def test_the_caller_s_findings_get_everything(tmp_path: Path) -> None:
    spilled: list[Issue] = []
    findings = Findings(spill=spilled.append)
    reading = read(
        _faulty(tmp_path / "a.zip"), "en-US", tmp_path / "work", findings=findings
    )
    list(reading)
    # What may be large is in the file only.
    assert any(issue.row for issue in spilled)
    assert [replace(issue, row="") for issue in spilled] == findings.all()
    assert reading.issues == findings.all()
    assert findings.rejected == reading.summary.rejected


def test_what_the_doctor_says_names_its_utterance(tmp_path: Path) -> None:
    quiet = speech(3.0, loudness=0.01, noise=0.00005)
    files: dict[str, bytes | str] = {
        "a.wav": wav(speech(2.0)),
        "b.wav": wav(quiet),
        "c.wav": wav(speech(2.0, lead=0.1)),
        "trans.txt": "a.wav\tone\nb.wav\ttwo\nc.wav\tthree\n",
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    found = [(i.file, i.rule, i.position) for i in reading.issues]
    assert found == [
        ("b.wav", "doctor.low_level", 1),
        ("a.zip", "doctor.no_margin", None),
    ]
    assert "1 of 3" in reading.issues[1].message
    assert [i.rule for i in utterances[1].issues] == ["doctor.low_level"]
    assert len({u.measures.audio_hash for u in utterances}) == 3


def test_folders_are_speakers_when_nothing_else_names_them(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "set/anna/a.wav": wav(),
        "set/ben/b.wav": wav(tone(hertz=300)),
        "set/trans.txt": "a.wav\tone\nb.wav\ttwo\n",
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.labels for u in utterances] == [{"speaker": "anna"}, {"speaker": "ben"}]
    assert _issues(reading) == [("a.zip", None, "acoustic.speaker_from_folder")]


@pytest.mark.parametrize(
    "paths",
    [
        ("one/a.wav", "one/b.wav"),
        ("a.wav", "two/b.wav"),
        ("a.wav", "b.wav"),
    ],
)
def test_other_folders_say_nothing_of_speakers(
    tmp_path: Path, paths: tuple[str, str]
) -> None:
    files: dict[str, bytes | str] = {path: wav() for path in paths}
    files["trans.txt"] = "a.wav\tone\nb.wav\ttwo\n"
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.labels for u in utterances] == [{}, {}] and reading.issues == []


def test_what_several_manifests_have_too_much_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.formats.sidecars.MAX_LINES", 3)
    files: dict[str, bytes | str] = {"a.wav": wav(), "b.wav": wav()}
    files["m1.csv"] = "file,text\na.wav,one\nb.wav,two"
    files["m2.csv"] = "file,speaker\na.wav,anna\nb.wav,ben"
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.labels for u in utterances] == [{"speaker": "anna"}, {}]
    assert _issues(reading) == [("m2.csv", None, "manifest.too_many_lines")]


def test_a_folder_of_any_name_is_a_speaker_that_can_be_stored(tmp_path: Path) -> None:
    deep = "x" * 150 + "/"
    files: dict[str, bytes | str] = {
        "a\u2028" * 60 + "/a.wav": wav(),
        f"{deep}{'b' * 60}/b.wav": wav(),
        "trans.txt": "a.wav\tone\nb.wav\ttwo",
    }
    _, utterances = _read(make_zip(tmp_path / "a.zip", files))
    one, two = (u.labels["speaker"] for u in utterances)
    assert (len(one), two) == (200, "b" * 60)


def test_a_column_of_speakers_wins_over_folders(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "x/a.wav": wav(),
        "y/b.wav": wav(),
        "trans.txt": "file\ttext\tspeaker\tdevice\n"
        "a.wav\tone\tanna\t\nb.wav\ttwo\t\tpc",
    }
    _, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.labels for u in utterances] == [{"speaker": "anna"}, {"device": "pc"}]


def test_a_transcript_and_a_manifest_together(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "a.wav": wav(),
        "b.wav": wav(),
        "trans.txt": "a.wav\tone\tanna\nb.wav\ttwo\n",
        "metadata.csv": "file,text,speaker,room\na.wav,ONE,ben,hall\nb.wav,two,ben,",
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [(u.transcript, u.labels) for u in utterances] == [
        ("one", {"speaker": "anna", "room": "hall"}),
        ("two", {"speaker": "ben"}),
    ]
    assert _issues(reading) == [
        ("metadata.csv", 2, "manifest.other_text"),
        ("trans.txt", 1, "transcript.label"),
    ]


MANIFESTS: list[dict[str, bytes | str]] = [
    {"metadata.csv": 'file,text,speaker\na.wav,"one, or",anna\nwavs/b.wav,two,ben'},
    {
        "manifest.tsv": "audio\tspeaker\ttranscript\n"
        "a.wav\tanna\tone, or\nb.wav\tben\ttwo"
    },
    {
        "train.json": '{"audio_filepath": "x/a.wav", "text": "one, or", '
        '"speaker": "anna"}\n'
        '{"audio_filepath": "b.wav", "duration": 1.0, "text": "two", "speaker": "ben"}'
    },
    {"text": "a one, or\nb two\n", "utt2spk": "a anna\nb ben\n", "spk2utt": "anna a"},
    {
        "text.txt": "u1 one, or\nu2 two\n",
        "utt2spk.txt": "u1 anna\nu2 ben\n",
        "wav.scp": "u1 data/a.wav\nu2 data/b.wav\n",
    },
    {
        "labels.csv": "file;speaker\na.wav;anna\nb.wav;ben\n",
        "text.jsonl": '{"file": "a.wav", "text": "one, or"}\n'
        '{"file": "b.wav", "text": "two"}',
        "README.txt": "read me",
    },
]


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_a_manifest_may_be_the_transcript(
    tmp_path: Path, manifest: dict[str, bytes | str]
) -> None:
    files = {"wavs/a.wav": wav(), "wavs/b.wav": wav(), **manifest}
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [(u.name, u.transcript, u.labels) for u in utterances] == [
        ("a.wav", "one, or", {"speaker": "anna"}),
        ("b.wav", "two", {"speaker": "ben"}),
    ]
    assert {i.file for i in reading.issues} <= {"README.txt"}
    assert not list((tmp_path / "work").glob("*.part"))


def test_parts_of_a_long_recording_become_utterances(tmp_path: Path) -> None:
    samples = tone(60.0)
    rows = (
        '{"audio_filepath": "long.flac", "offset": 0, "duration": 20, "text": "a"}',
        '{"audio_filepath": "b.wav", "duration": 1, "text": "b"}',
        '{"audio_filepath": "long.flac", "offset": 20.5, "duration": 9.5, "text": "c"}',
        '{"audio_filepath": "long.flac", "offset": 55, "duration": 9, "text": "d"}',
    )
    files: dict[str, bytes | str] = {
        "long.flac": encoded("flac", "flac", 60.0, 16_000),
        "b.wav": wav(samples[:16_000]),
        "manifest.json": "\n".join(rows),
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [(u.position, u.name, u.transcript, u.seconds) for u in utterances] == [
        (0, "long-00000.000.flac", "a", 20.0),
        (2, "long-00020.500.flac", "c", 9.5),
        (1, "b.wav", "b", 1.0),
    ]
    assert _issues(reading) == [
        ("manifest.json", 4, "audio.no_such_part"),
        ("long.flac", None, "audio.converted"),
    ]
    assert reading.issues[0].row == rows[3]
    assert sorted(p.name for p in (tmp_path / "work").iterdir()) == [
        "000000.wav",
        "000001.wav",
        "000002.wav",
    ]


def test_parts_cannot_multiply_a_recording(tmp_path: Path) -> None:
    rows = (
        f'{{"file": "a.wav", "offset": {n / 100}, "duration": 1.5, "text": "x"}}'
        for n in range(40)
    )
    files = {"a.wav": wav(tone(2.0)), "manifest.jsonl": "\n".join(rows)}
    reading = read(make_zip(tmp_path / "a.zip", files), "en-US", tmp_path / "work")
    with pytest.raises(FormatError, match="Nothing"):
        list(reading)
    assert {i.rule for i in reading.issues} == {"audio.overlapping_parts"}
    assert not list((tmp_path / "work").iterdir())


def test_a_bad_manifest_does_not_spoil_the_rest(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "a.wav": wav(),
        "trans.txt": "a.wav\tone\n",
        "package.json": '{\n"name": "x"\n}',
        "empty.csv": "",
        "titles.csv": "one,two\n1,2",
        "metadata.csv": "file,speaker\na.wav,anna",
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert utterances[0].labels == {"speaker": "anna"}
    assert _issues(reading) == [
        ("package.json", None, "manifest.not_lines"),
        ("empty.csv", None, "manifest.empty"),
        ("titles.csv", None, "manifest.no_file_column"),
    ]
    assert str(reading.issues[1]).startswith("empty.csv: is empty")


def test_too_many_manifests_are_not_read(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"a.wav": wav(), "trans.txt": "a.wav\tone\n"}
    files |= {f"{n}.csv": f"file,label{n}\na.wav,{n}" for n in range(50)}
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert len(utterances[0].labels) == 10
    assert _issues(reading) == [("10.csv", None, "manifest.too_many")]


def test_the_text_of_a_manifest_may_be_missing(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "a.wav": wav(),
        "b.wav": wav(),
        "metadata.csv": "file,text\na.wav,one\nb.wav,",
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.name for u in utterances] == ["a.wav"]
    assert _issues(reading)[0] == ("metadata.csv", 3, "manifest.no_text")
