"""An uploaded zip archive, opened without trusting it.

The kinds of data with audio come as one .zip of at most 2 GB and 10,000 files
(Custom Speech, "Training and testing datasets"); a few texts beside them do not
count, so that 10,000 recordings may have a transcript. Names in the archive are never
used as paths on the disk, sizes in its headers are checked while reading, and
one bad file does not spoil the others.

Folders are allowed, but a transcript names the bare file name. So two audio
files with the same bare name, in different folders or differing only by case,
cannot be told apart: if their contents are the same the first is used, if not,
none of them is.

Reference: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO

from datasets.formats.base import (
    FormatError,
    Issue,
    bare_name,
    key,
    looks_like,
    shown,
    size_text,
)

MAX_UPLOAD_BYTES = 2 * 2**30
MAX_FILES = 10_000
MAX_TEXTS = 20  # of the files beside those: the transcript and manifests
MAX_UNPACKED_BYTES = 8 * 2**30  # all files together, as declared
MAX_FILE_BYTES = 3 * 2**30  # 2 hours of 48 kHz, 32-bit, stereo are 2.6 GB
MAX_RATIO = 200  # unpacked : packed, for files over RATIO_FREE_BYTES
RATIO_FREE_BYTES = 10 * 2**20
MAX_DIRECTORY_BYTES = 8 * 2**20  # the list of files, read as a whole
MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024
CHUNK_BYTES = 256 * 1024
MEMORY_BYTES = 8 * 2**20  # what is smaller is unpacked in memory

TEXT = frozenset({".txt", ".tsv"})
ARCHIVES = frozenset(
    {".zip", ".gz", ".tgz", ".tar", ".rar", ".7z", ".bz2", ".xz", ".zst"}
)
_BESIDE = (".txt", ".tsv", ".csv", ".json", ".jsonl", ".ndjson")
_RUBBISH = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
_METHODS = {
    9: "Deflate64",
    12: "bzip2",
    14: "LZMA",
    93: "Zstandard",
    95: "xz",
    98: "PPMd",
}
_BAD_DATA = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Member:
    """A file in the archive that may be used."""

    name: str  # without folders
    path: str  # as in the archive, fit to be shown
    size: int  # bytes unpacked, as declared; `extract` holds it to that
    info: zipfile.ZipInfo = field(repr=False)

    @property
    def suffix(self) -> str:
        """The extension in lower case, with its dot; empty when there is none."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def folder(self) -> str:
        """The name of the folder that it is in, fit to be shown; empty for none."""
        return shown(PurePosixPath(_true_name(self.info)).parent.name)


@dataclass(frozen=True)
class Archive:
    """An open archive: `members` may be used, `issues` says what may not."""

    name: str
    members: list[Member]
    issues: list[Issue]
    source: zipfile.ZipFile = field(repr=False)

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        file = self.source.fp
        self.source.close()
        if file is not None:
            file.close()

    def extract(
        self, member: Member, target: Path, limit: int = MAX_FILE_BYTES
    ) -> Issue | None:
        """Write one file to `target` in constant memory. None when all is well;
        otherwise what is wrong with it, and there is no `target`.

        Several threads may extract from one archive at the same time.
        """
        if member.size > limit:
            message = f"has {size_text(member.size)}; at most {size_text(limit)} fit"
            return _issue(member.path, "archive.file_too_large", message)
        with target.open("wb") as out:
            is_whole = self._unpacked(member, out)
        if is_whole:
            return None
        target.unlink(missing_ok=True)
        return _damaged(member)

    def load(self, member: Member, spare: Path) -> BinaryIO | Issue:
        """One file, open for reading; or what is wrong with it.

        A small one is in memory. A large one is unpacked to `spare`, which the
        caller removes after closing the file. Threads may load at the same time.
        """
        if member.size > MEMORY_BYTES:
            return self.extract(member, spare) or spare.open("rb")
        out = io.BytesIO()
        if not self._unpacked(member, out):
            return _damaged(member)
        out.seek(0)
        return out

    def head(self, member: Member, count: int = 65_536) -> bytes:
        """The first `count` bytes of a file, or none when it cannot be read."""
        try:
            with self.source.open(member.info) as file:
                return file.read(count)
        except _BAD_DATA:
            return b""

    def _unpacked(self, member: Member, out: BinaryIO) -> bool:
        """Whether the file came out as promised; a lying header is stopped short."""
        written = 0
        try:
            with self.source.open(member.info) as file:
                while chunk := file.read(CHUNK_BYTES):
                    written += len(chunk)
                    if written > member.size:
                        return False
                    out.write(chunk)
        except _BAD_DATA:
            return False
        return written == member.size


def open_archive(path: Path, name: str = "") -> Archive:
    """Open an uploaded zip. `name` is what the user calls it (default: as `path`).

    Raises FormatError when nothing in it can be used.
    """
    name = shown(name or path.name)
    _check_upload(path, name)
    source = _open_zip(path, name)
    try:
        infos = [i for i in source.infolist() if not _is_rubbish(i)]
        _check_whole(infos, path.stat().st_size, name)
        members, issues = _sort_out(infos, path.stat().st_size)
    except BaseException:
        Archive(name, [], [], source).close()
        raise
    return Archive(name, members, issues, source)


class _BoundedFile(io.FileIO):
    """A file of which no single read may take more than 8 MB: the list of files
    is read as a whole, and must not be able to fill the memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise _too_many()
        return super().read(size)


def _check_upload(path: Path, name: str) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(512)
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"PK00")):
        message = f"{name} is not a zip archive; it looks like {looks_like(head)}. "
        message += "Pack the files into one .zip and upload that."
        raise FormatError(message, "archive.not_zip")
    if size > MAX_UPLOAD_BYTES:
        message = f"{name} has {size_text(size)}; an archive may have at most "
        message += "2 GB. Split it into several datasets."
        raise FormatError(message, "archive.too_large")


def _open_zip(path: Path, name: str) -> zipfile.ZipFile:
    file = _BoundedFile(path)
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError as error:
        file.close()
        message = f"{name} holds a file name that is not valid UTF-8. Rename the "
        message += "file and make the archive again."
        raise FormatError(message, "archive.broken") from error
    except (*_BAD_DATA, OSError) as error:
        file.close()
        message = f"{name} is a broken or cut-off zip archive (its list of files "
        message += "is missing or damaged). Make it again, or upload it again."
        raise FormatError(message, "archive.broken") from error
    except FormatError:
        file.close()
        raise


def _is_rubbish(info: zipfile.ZipInfo) -> bool:
    """Folders, and what operating systems leave behind."""
    path = info.filename
    parts = path.split("/")
    return (
        info.is_dir()
        or "__MACOSX" in parts[:-1]
        or parts[-1].lower() in _RUBBISH
        or (parts[-1].startswith(".") and set(parts[-1]) != {"."})
    )


def _check_whole(infos: list[zipfile.ZipInfo], size: int, name: str) -> None:
    """Refuse an archive of which no part can be used."""
    if not infos:
        raise FormatError(f"{name} contains no files.", "archive.empty")
    texts = sum(info.filename.lower().endswith(_BESIDE) for info in infos)
    if len(infos) - min(texts, MAX_TEXTS) > MAX_FILES:
        raise _too_many()
    unpacked = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if unpacked > MAX_UNPACKED_BYTES or packed > size:
        message = f"{name} would unpack to {size_text(unpacked)}; at most "
        message += f"{size_text(MAX_UNPACKED_BYTES)} are allowed, and no two files "
        message += "may share their data. Split it into several datasets."
        raise FormatError(message, "archive.bomb")
    if all(info.flag_bits & 1 for info in infos):
        message = f"{name} is protected by a password. Make it again without one."
        raise FormatError(message, "archive.encrypted")


def _too_many() -> FormatError:
    message = f"The archive holds more than {MAX_FILES:,} files. Split it into "
    message += "several datasets."
    return FormatError(message, "archive.too_many_files")


def _sort_out(
    infos: Iterable[zipfile.ZipInfo], size: int
) -> tuple[list[Member], list[Issue]]:
    members: list[Member] = []
    issues: list[Issue] = []
    for info in infos:
        path = _true_name(info)
        issue = _name_issue(path) or _content_issue(info, path, size)
        if issue is not None:
            issues.append(issue)
            continue
        members.append(Member(bare_name(path), shown(path), info.file_size, info))
    unique, doubles = _without_duplicates(members)
    return unique, issues + doubles


def _true_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: some packers write UTF-8 without saying so, which
    is then read as the zip format's old code page 437."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _name_issue(path: str) -> Issue | None:
    bare = bare_name(path)
    if re.search(r"[\x00-\x1f\x7f-\x9f]", path):
        message = "its name contains control characters"
        return _issue(path, "archive.control_in_name", message, "rename the file")
    is_absolute = path.startswith("/") or re.match(r"[A-Za-z]:", path)
    if is_absolute or "\\" in path or ".." in path.split("/"):
        message = "its name leads out of the archive or holds a backslash or a drive"
        advice = "use plain names, with / between folders"
        return _issue(path, "archive.unsafe_name", message, advice)
    is_long = len(bare.encode()) > MAX_NAME_BYTES
    if is_long or len(path.encode()) > MAX_PATH_BYTES:
        message = f"its name is longer than {MAX_NAME_BYTES} bytes "
        message += f"({MAX_PATH_BYTES:,} with folders)"
        return _issue(path, "archive.long_name", message, "rename the file")
    return None


def _content_issue(info: zipfile.ZipInfo, path: str, size: int) -> Issue | None:
    mode = stat.S_IFMT(info.external_attr >> 16)
    if mode not in {0, stat.S_IFREG}:
        message = "is a symbolic link or another special file, not a file"
        return _issue(path, "archive.link", message, "pack the file itself")
    if PurePosixPath(path).suffix.lower() in ARCHIVES:
        message = "is an archive inside the archive"
        return _issue(path, "archive.nested", message, "pack its files directly")
    if info.flag_bits & 1:
        message = "is protected by a password"
        return _issue(path, "archive.encrypted_file", message, "pack it without one")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        method = _METHODS.get(info.compress_type, f"number {info.compress_type}")
        message = f"is packed with the unsupported method {method}"
        advice = "pack it with the usual method, Deflate"
        return _issue(path, "archive.method", message, advice)
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > RATIO_FREE_BYTES and ratio > MAX_RATIO:
        message = f"would unpack from {size_text(info.compress_size)} to "
        message += f"{size_text(info.file_size)}, which no recording of speech does"
        return _issue(path, "archive.bomb_file", message)
    if not 0 <= info.header_offset < size:
        message = "lies outside the archive, which is damaged"
        return _issue(path, "archive.damaged_file", message, "make it again")
    return None


def _without_duplicates(
    members: list[Member],
) -> tuple[list[Member], list[Issue]]:
    """Text files may share a name: nothing refers to them by it."""
    groups: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        if member.suffix not in TEXT:
            groups[key(member.name)].append(member)
    dropped: set[int] = set()
    issues: list[Issue] = []
    for group in groups.values():
        if len(group) == 1:
            continue
        contents = {(m.info.CRC, m.size) for m in group}
        unused = group[1:] if len(contents) == 1 else group
        dropped |= {id(member) for member in unused}
        issues += [_duplicate(m, group, len(contents) == 1) for m in unused]
    return [m for m in members if id(m) not in dropped], issues


def _duplicate(member: Member, group: list[Member], is_same: bool) -> Issue:
    if is_same:
        message = f"is the same file as {group[0].path}, which is used"
        return Issue("note", member.path, None, "archive.same_file", message)
    other = next(m for m in group if m is not member)
    message = f"has the same name as {other.path} but another content (folders "
    message += "and upper or lower case do not count), so none of them is used"
    return _issue(member.path, "archive.duplicate_name", message, "rename one of them")


def _damaged(member: Member) -> Issue:
    message = "is damaged inside the archive: its data does not unpack to what "
    message += "the archive promises (size or checksum)"
    advice = "make the archive again and check it with `unzip -t`"
    return _issue(member.path, "archive.damaged_file", message, advice)


def _issue(path: str, rule: str, message: str, advice: str = "") -> Issue:
    return Issue("error", shown(path), None, rule, message, advice)
