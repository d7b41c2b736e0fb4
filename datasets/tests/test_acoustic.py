from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from datasets.formats.acoustic import Reading, Utterance, read
from datasets.formats.base import FormatError
from datasets.tests.audio_files import encoded, lock, make_zip, spoil, tone, wav
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
    summary = reading.summary
    assert (summary.accepted, summary.rejected_lines, summary.seconds) == (2, 0, 3.0)


def test_what_was_done_before_is_left_out(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"{n}.wav": wav() for n in range(4)}
    files["trans.txt"] = "".join(f"{n}.wav\thi\n" for n in range(4))
    path = make_zip(tmp_path / "a.zip", files)
    reading = read(path, "en-US", tmp_path / "work", done={0, 2})
    assert [u.position for u in reading] == [1, 3]
    assert reading.summary.accepted == 4


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
        (wav(), ""),
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
    assert (reading.summary.accepted, reading.summary.rejected_lines) == (3, 9)
    assert not list((tmp_path / "work").glob("*.part"))


@pytest.mark.parametrize(("name", "locale", "number"), ARCHIVES)
def test_real_archives(tmp_path: Path, name: str, locale: str, number: int) -> None:
    reading = read(sample(name), locale, tmp_path)
    assert len(list(reading)) == number
    assert reading.summary.rejected_lines == 0
    assert [i for i in reading.issues if i.level != "note"] == []
