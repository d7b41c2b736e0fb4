from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from datasets.formats import archive as archives
from datasets.formats.archive import open_archive
from datasets.formats.base import FormatError, Issue
from datasets.tests.audio_files import lock, make_zip, spoil, wav


def _rules(path: Path) -> list[str]:
    with open_archive(path) as archive:
        return [issue.rule for issue in archive.issues]


def test_it_works(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "clips/one.wav": b"1" * 1_000_000,
        "trans.txt": "one.wav\thello",
        "__MACOSX/clips/._one.wav": "rubbish",
        ".DS_Store": "rubbish",
        "clips/Thumbs.db": "rubbish",
        "clips/": "",
    }
    path = make_zip(tmp_path / "a.zip", files)
    with open_archive(path) as archive:
        assert [m.name for m in archive.members] == ["one.wav", "trans.txt"]
        assert archive.issues == []
        assert archive.head(archive.members[1], 5) == b"one.w"
        assert archive.extract(archive.members[0], tmp_path / "out") is None
        problem = archive.extract(archive.members[0], tmp_path / "x", limit=10)
        loaded = archive.load(archive.members[1], tmp_path / "spare")
        assert not isinstance(loaded, Issue)
        assert loaded.read() == b"one.wav\thello"
        assert not (tmp_path / "spare").exists()
    assert (tmp_path / "out").read_bytes() == b"1" * 1_000_000
    assert problem is not None and problem.rule == "archive.file_too_large"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "an empty file"),
        (b"\x1f\x8b\x08" + bytes(20), "gzip"),
        (b"Rar!\x1a\x07\x00" + bytes(20), "RAR"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(20), "7z"),
        (wav(), "WAV"),
        (b"one.wav\thello", "plain text"),
        (b"<!DOCTYPE html><html>", "web page"),
        (bytes(range(256)), "binary data"),
    ],
)
def test_not_a_zip_says_what_it_is(tmp_path: Path, head: bytes, words: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(head)
    with pytest.raises(FormatError, match=words) as raised:
        open_archive(path)
    assert raised.value.code == "archive.not_zip"


def test_a_cut_off_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"one.wav": wav()})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FormatError, match="cut-off") as raised:
        open_archive(path)
    assert raised.value.code == "archive.broken"


def test_an_archive_of_nothing_is_refused(tmp_path: Path) -> None:
    for number, files in enumerate(({}, {"a/": b"", ".DS_Store": b"x"})):
        with pytest.raises(FormatError, match="contains no files"):
            open_archive(make_zip(tmp_path / f"{number}.zip", files))


def test_a_password_is_named(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"one.wav": b"1", "two.wav": b"2"})
    lock(path, "two.wav")
    assert _rules(path) == ["archive.encrypted_file"]
    lock(path, "one.wav")
    with pytest.raises(FormatError, match="password"):
        open_archive(path)


def test_more_than_2_gb_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"one.wav": b"1"})
    os.truncate(path, archives.MAX_UPLOAD_BYTES + 1)
    with pytest.raises(FormatError, match="at most 2 GB"):
        open_archive(path)


def test_more_than_10000_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    make_zip(path, {f"{n}": b"" for n in range(10_001)}, zipfile.ZIP_STORED)
    with pytest.raises(FormatError, match="more than 10,000 files"):
        open_archive(path)


def test_a_huge_list_of_files_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_zip(tmp_path / "a.zip", {f"{n}": b"" for n in range(100)})
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 1_000)
    with pytest.raises(FormatError, match="more than 10,000 files"):
        open_archive(path)


def test_a_bomb_of_many_files_is_refused(tmp_path: Path) -> None:
    """As 42.zip is made: every file of the list is the same data."""
    path = make_zip(tmp_path / "a.zip", {"0.wav": bytes(5_000_000)})
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(1, 2_000):
            twin = archive.getinfo("0.wav")
            copy = zipfile.ZipInfo(f"{number}.wav")
            for name in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(copy, name, getattr(twin, name))
            copy.compress_type = twin.compress_type
            archive.filelist.append(copy)
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(FormatError, match="would unpack to") as raised:
        open_archive(path)
    assert raised.value.code == "archive.bomb"


def test_a_bomb_of_one_file_is_left_out(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": bytes(50_000_000), "b.wav": b"b"})
    with open_archive(path) as archive:
        assert [m.name for m in archive.members] == ["b.wav"]
        assert [i.rule for i in archive.issues] == ["archive.bomb_file"]


@pytest.mark.parametrize("declared", [10, 100_001])
def test_a_lying_header_writes_no_more_than_it_says(
    tmp_path: Path, declared: int
) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": bytes(100_000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, declared)
    path.write_bytes(data)
    with open_archive(path) as archive:
        problem = archive.extract(archive.members[0], tmp_path / "out")
    assert problem is not None and problem.rule == "archive.damaged_file"
    assert not (tmp_path / "out").exists()


def test_a_wrong_checksum_is_an_issue_of_that_file(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.wav": wav(), "b.wav": wav()[:-2]})
    spoil(path, "a.wav")
    with open_archive(path) as archive:
        first = archive.extract(archive.members[0], tmp_path / "a")
        assert archive.extract(archive.members[1], tmp_path / "b") is None
    assert first is not None
    assert (first.file, first.rule) == ("a.wav", "archive.damaged_file")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("../a.wav", "archive.unsafe_name"),
        ("x/../../a.wav", "archive.unsafe_name"),
        ("/etc/a.wav", "archive.unsafe_name"),
        ("C:/a.wav", "archive.unsafe_name"),
        ("x\\a.wav", "archive.unsafe_name"),
        ("a\nb.wav", "archive.control_in_name"),
        ("a\x00.wav", "archive.control_in_name"),
        ("a" * 300 + ".wav", "archive.long_name"),
        ("d/" * 600 + "a.wav", "archive.long_name"),
        ("more.ZIP", "archive.nested"),
        ("more.tar.gz", "archive.nested"),
    ],
)
def test_bad_names_are_left_out(tmp_path: Path, name: str, rule: str) -> None:
    path = make_zip(tmp_path / "a.zip", {"good.wav": b"1", "NAME": b"2"})
    with zipfile.ZipFile(path, "a") as archive:
        info = archive.infolist()[1]
        info.filename = info.orig_filename = name
        archive._didModify = True  # type: ignore[attr-defined]
    with open_archive(path) as opened:
        assert [m.name for m in opened.members] == ["good.wav"]
        assert [i.rule for i in opened.issues] == [rule]
        assert not any(ord(c) < 32 for i in opened.issues for c in i.file)


def test_links_are_left_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.wav")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = make_zip(tmp_path / "a.zip", {"one.wav": b"1"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert _rules(path) == ["archive.link"]


def test_rare_methods_are_named(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"one.wav": b"1"}, zipfile.ZIP_LZMA)
    with open_archive(path) as archive:
        assert "LZMA" in archive.issues[0].message
        assert archive.issues[0].rule == "archive.method"


def test_names_that_cannot_be_told_apart(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "a/one.wav": b"1",
        "b/ONE.wav": b"2",
        "a/two.wav": b"same",
        "b/two.wav": b"same",
        "three.wav": b"3",
        "a/notes.txt": b"x",
        "b/notes.txt": b"y",
    }
    with open_archive(make_zip(tmp_path / "a.zip", files)) as archive:
        used = [m.path for m in archive.members]
        found = [(i.file, i.level, i.rule) for i in archive.issues]
    assert used == ["a/two.wav", "three.wav", "a/notes.txt", "b/notes.txt"]
    assert found == [
        ("a/one.wav", "error", "archive.duplicate_name"),
        ("b/ONE.wav", "error", "archive.duplicate_name"),
        ("b/two.wav", "note", "archive.same_file"),
    ]


def test_each_of_many_files_of_one_name_is_reported(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"{n}/a.wav": b"%d" % n for n in range(150)}
    with open_archive(make_zip(tmp_path / "a.zip", files)) as archive:
        assert archive.members == []
        assert len(archive.issues) == 150


def test_utf8_names_without_the_flag_are_read(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"für.wav": b"1"})
    data = path.read_bytes().replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00")
    path.write_bytes(data)
    with zipfile.ZipFile(path) as plain:
        assert plain.namelist() != ["für.wav"]
    with open_archive(path) as archive:
        assert archive.members[0].name == "für.wav"
        assert archive.extract(archive.members[0], tmp_path / "out") is None


def test_zip64_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open("one.wav", "w", force_zip64=True) as file,
    ):
        file.write(b"1234")
    with open_archive(path) as opened:
        assert opened.extract(opened.members[0], tmp_path / "out") is None


@pytest.mark.parametrize("memory", [0, 2**20])
def test_loading_is_checked_in_memory_and_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int
) -> None:
    monkeypatch.setattr(archives, "MEMORY_BYTES", memory)
    path = make_zip(tmp_path / "a.zip", {"good.wav": b"12" * 99, "bad.wav": wav()})
    spoil(path, "bad.wav")
    with open_archive(path) as archive:
        good, bad = (archive.load(m, tmp_path / m.name) for m in archive.members)
    assert not isinstance(good, Issue)
    with good:
        good.seek(2)
        assert good.read(4) == b"1212"
    assert isinstance(bad, Issue) and bad.rule == "archive.damaged_file"


def test_texts_beside_ten_thousand_recordings_do_not_count(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"{n}.wav": b"" for n in range(10_000)}
    texts = {"trans.txt": "a", "metadata.csv": "b"}
    path = make_zip(tmp_path / "a.zip", {**files, **texts}, zipfile.ZIP_STORED)
    with open_archive(path) as archive:
        assert len(archive.members) == 10_002
    texts = {f"{n}.txt": "" for n in range(21)}
    path = make_zip(tmp_path / "b.zip", {**files, **texts}, zipfile.ZIP_STORED)
    with pytest.raises(FormatError, match="more than 10,000 files"):
        open_archive(path)
