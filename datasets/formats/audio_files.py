"""The kind "audio" (`AudioFiles`): recordings without a transcript.

A zip of audio files, or more than the reference takes: one audio file of any format
that `datasets.formats.audio` reads, not packed. Each file may have 2 hours; in
training as well, as the editor cuts long recordings. The utterances have no text.

A manifest (`datasets.formats.manifest`) adds labels, or names the parts of long
recordings that become utterances; its texts are not used. Without one, folders
name the speakers: each of the audio files must be in one, of two at least.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from zipfile import ZipInfo

from datasets.formats.archive import TEXT, Archive, Member, open_archive
from datasets.formats.base import Findings, FormatError, Issue, key, looks_like, shown
from datasets.formats.clips import Clip, Reading, Use, with_speakers
from datasets.formats.sidecars import Sidecars
from datasets.formats.transcript import Line

_ADVICE = 'choose "Audio + human-labeled transcript" as the type to use its text'


@dataclass(frozen=True)
class SingleFile:
    """An upload that is one audio file, in the place of an archive."""

    path: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is open between two calls of `load`."""

    def load(self, member: Member, spare: Path) -> BinaryIO | Issue:
        return self.path.open("rb")


def read(
    path: Path,
    locale: str,
    workdir: Path,
    report: Callable[[int, int], None] = lambda done, total: None,
    *,
    name: str = "",
    use: Use = "",
    findings: Findings | None = None,
) -> Reading:
    """Open an upload; iterating over the result converts each audio file to
    `workdir/NNNNNN.wav`, in the order of their names.

    The arguments are those of `acoustic.read`. Raises FormatError when there is
    neither an archive nor audio, or no audio file in the archive; that none can be
    decoded is said by iterating, with the issues at hand.
    """
    name = shown(name or path.name)
    findings = Findings() if findings is None else findings
    with path.open("rb") as file:
        looks = looks_like(file.read(512))
    workdir.mkdir(parents=True, exist_ok=True)
    if "zip archive" not in looks:
        _check_audio(name, looks)
        alone = partial(SingleFile, path)
        reading = Reading("audio_files", workdir, name, report, use, findings, alone)
        member = Member(name, name, path.stat().st_size, ZipInfo())
        reading.clips = [Clip(0, Line(0, name, ""), member)]
        return reading
    opened = partial(open_archive, path, name)
    reading = Reading("audio_files", workdir, name, report, use, findings, opened)
    with opened() as archive:
        _read_archive(archive, locale, reading)
    return reading


def _check_audio(name: str, looks: str) -> None:
    if any(word in looks for word in ("audio", "MP4", "WebM", "unknown")):
        return
    message = f"{name} is neither a zip archive nor an audio file; it looks like "
    message += f"{looks}. Upload a .zip of audio files, or one audio file."
    raise FormatError(message, "audio_files.not_audio")


def _read_archive(archive: Archive, locale: str, reading: Reading) -> None:
    findings = reading.findings
    for issue in archive.issues:
        findings.add(issue)
    sidecars = Sidecars(archive)
    rows = sidecars.lines(locale, findings, reading.workdir)
    others = [m for m in archive.members if m not in sidecars]
    sounds = [m for m in others if m.suffix not in TEXT]
    for member in others:
        if member.suffix in TEXT:
            message = "is a text file; it is not used"
            rule = "audio_files.text"
            findings.add(Issue("note", member.path, None, rule, message, _ADVICE))
    if not sounds:
        message = f"{archive.name} holds no audio files. Add the recordings."
        raise FormatError(message, "audio_files.no_audio")
    clips = _clips(sorted(sounds, key=lambda m: m.path), rows, reading)
    reading.clips = with_speakers(clips, reading, sounds)


def _clips(sounds: list[Member], rows: list[Line], reading: Reading) -> list[Clip]:
    by_name: dict[str, list[Line]] = {}
    for row in rows:
        by_name.setdefault(key(row.name), []).append(row)
    clips: list[Clip] = []
    for member in sounds:
        said = by_name.pop(key(member.name), [])
        for line in _parts(member, said):
            clips.append(Clip(len(clips), line, member))
    for line in (line for lines in by_name.values() for line in lines):
        message = f"there is no audio file {shown(line.name)} in the archive"
        advice = "add it, or correct the name"
        rule = "audio_files.no_audio_file"
        reading.findings.add(
            Issue("error", line.file, line.number, rule, message, advice, row=line.row)
        )
    with_text = next((row for row in rows if row.text), None)
    if with_text is not None:
        message = "has texts; they are not used"
        rule, file = "audio_files.text", with_text.file
        reading.findings.add(Issue("note", file, None, rule, message, _ADVICE))
    return clips


def _parts(member: Member, said: list[Line]) -> Iterator[Line]:
    """The parts of a recording that manifests name, or the whole of it."""
    labels: dict[str, str] = {}
    for line in said:
        if line.start is None:
            labels = {**line.labels, **labels}
    parts = [line for line in said if line.start is not None]
    for line in parts or [Line(0, member.name, "")]:
        yield replace(line, text="", labels={**labels, **line.labels})
