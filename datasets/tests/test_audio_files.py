from __future__ import annotations

from pathlib import Path

import pytest

from datasets.formats.audio_files import read
from datasets.formats.base import Findings, FormatError
from datasets.formats.clips import Reading, Summary, Utterance
from datasets.tests.audio_files import encoded, make_zip, spoil, tone, wav
from speechstudio.tests.samples import sample


def _read(
    path: Path, name: str = "", findings: Findings | None = None
) -> tuple[Reading, list[Utterance]]:
    reading = read(path, "en-US", path.parent / "work", name=name, findings=findings)
    return reading, list(reading)


def _issues(reading: Reading) -> list[tuple[str, int | None, str]]:
    return [(i.file, i.line, i.rule) for i in reading.issues]


def test_it_works(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "clips/b.wav": wav(tone(2.0)),
        "clips/a.wav": wav(tone(1.0)),
    }
    seen: list[tuple[int, int]] = []
    reading = read(
        make_zip(tmp_path / "a.zip", files),
        "en-US",
        tmp_path / "work",
        lambda n, total: seen.append((n, total)),
        use="testing",
    )
    first, second = reading
    assert (first.position, first.name, first.transcript) == (0, "a.wav", "")
    assert (second.position, second.seconds, second.labels) == (1, 2.0, {})
    assert first.path == tmp_path / "work" / "000000.wav" and first.path.exists()
    assert (seen, reading.issues) == ([(1, 2), (2, 2)], [])
    assert reading.summary == Summary(accepted=2, rejected=0, seconds=3.0)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("one.wav", wav()),
        ("one.mp3", encoded("mp3", "libmp3lame")),
        ("one.flac", encoded("flac", "flac")),
        ("one.ogg", encoded("ogg", "libopus")),
        ("one.m4a", encoded("mp4", "aac")),
        ("one.webm", encoded("webm", "libopus")),
        ("without extension", wav()),
    ],
)
def test_one_file_need_not_be_packed(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    reading, utterances = _read(path, name)
    assert [(u.name, u.transcript) for u in utterances] == [(name, "")]
    assert utterances[0].seconds == pytest.approx(1.0, abs=0.1)
    assert path.read_bytes() == data
    assert {i.rule for i in reading.issues} <= {"audio.converted"}


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"a.wav\thello", "plain text"), (b"", "an empty file"), (b"%PDF-1.7", "PDF")],
)
def test_what_is_neither_audio_nor_a_zip_is_refused(
    tmp_path: Path, data: bytes, words: str
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=words) as raised:
        _read(path, "what.wav")
    assert raised.value.code == "audio_files.not_audio"


@pytest.mark.parametrize("data", [bytes(range(256)) * 9, wav(tone() // 1_000)])
def test_one_file_that_cannot_be_used(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    findings = Findings()
    with pytest.raises(FormatError, match=r"Nothing in one\.wav") as raised:
        _read(path, "one.wav", findings)
    assert raised.value.code == "audio_files.nothing_usable"
    assert [i.file for i in findings.all()] == ["one.wav"]


def test_a_text_is_pointed_to_the_right_kind(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"a.wav": wav(), "trans.txt": "a.wav\tone"}
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.transcript for u in utterances] == [""]
    assert _issues(reading) == [("trans.txt", None, "audio_files.text")]
    assert reading.issues[0].level == "note"
    assert "Audio + human-labeled transcript" in reading.issues[0].advice
    assert reading.summary.rejected == 0


def test_every_fault_is_named_and_the_rest_kept(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "good.wav": wav(),
        "text.wav": "this is no sound",
        "crc.wav": wav(tone(1.5)),
        "picture.png": b"\x89PNG" + bytes(99),
        "more.zip": b"PK",
    }
    path = make_zip(tmp_path / "a.zip", files)
    spoil(path, "crc.wav")
    reading, utterances = _read(path)
    assert [u.name for u in utterances] == ["good.wav"]
    assert sorted(_issues(reading)) == [
        ("crc.wav", None, "archive.damaged_file"),
        ("more.zip", None, "archive.nested"),
        ("picture.png", None, "audio.not_audio"),
        ("text.wav", None, "audio.not_audio"),
    ]
    assert reading.summary.rejected == 4


def test_an_archive_without_audio_is_refused(tmp_path: Path) -> None:
    path, findings = (
        make_zip(tmp_path / "a.zip", {"trans.txt": "a.wav\tone"}),
        Findings(),
    )
    with pytest.raises(FormatError, match="no audio files") as raised:
        _read(path, findings=findings)
    assert raised.value.code == "audio_files.no_audio"
    assert [i.rule for i in findings.all()] == ["audio_files.text"]


def test_a_manifest_gives_labels_and_parts(tmp_path: Path) -> None:
    rows = (
        '{"audio_filepath": "a.wav", "speaker": "anna", "text": "not used"}',
        '{"audio_filepath": "long.wav", "offset": 1, "duration": 2, "room": 4}',
        '{"audio_filepath": "long.wav", "offset": 4, "duration": 2}',
        '{"audio_filepath": "none.wav"}',
    )
    files: dict[str, bytes | str] = {
        "a.wav": wav(),
        "b.wav": wav(),
        "long.wav": wav(tone(8.0)),
        "manifest.json": "\n".join(rows),
    }
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [(u.name, u.labels, u.seconds) for u in utterances] == [
        ("a.wav", {"speaker": "anna"}, 1.0),
        ("b.wav", {}, 1.0),
        ("long-00001.000.wav", {"room": "4"}, 2.0),
        ("long-00004.000.wav", {}, 2.0),
    ]
    assert {u.transcript for u in utterances} == {""}
    assert _issues(reading) == [
        ("manifest.json", 4, "audio_files.no_audio_file"),
        ("manifest.json", None, "audio_files.text"),
    ]


def test_folders_are_speakers(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"x/a.wav": wav(), "y/b.wav": wav()}
    reading, utterances = _read(make_zip(tmp_path / "a.zip", files))
    assert [u.labels["speaker"] for u in utterances] == ["x", "y"]
    assert _issues(reading) == [("a.zip", None, "audio_files.speaker_from_folder")]


def test_training_audio_may_be_long(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": wav(tone(41.0))})
    reading = read(path, "en-US", tmp_path / "work", use="training")
    assert [u.seconds for u in reading] == [41.0]
    assert reading.issues == []


def test_a_real_archive(tmp_path: Path) -> None:
    path = sample("customspeech/en-US-general/testing/audio.zip")
    reading = read(path, "en-US", tmp_path)
    assert len(list(reading)) == 2
    assert [i for i in reading.issues if i.level != "note"] == []
