"""The kind "audio + human-labelled transcript": a zip of audio files and their text.

The transcript is the only .txt or .tsv file of the archive. If there are several,
it is the one whose name begins with `trans`, else the one with TABs in it; if that
does not decide, the upload is refused. A manifest (`datasets.formats.manifest`) may
stand beside the transcript and add labels, or instead of it and give the texts,
for whole files or for parts of long recordings.

A line is matched with the audio file of that name; failing that, with the one whose
name differs only by case, then with the only one of that name with another
extension or none. When no column names the speakers, folders do: each of the audio
files must be in one, and there must be two at least.

A line without audio, an audio file without a line and a file that cannot be
decoded are reported, and the others are used. Audio may have 2 hours. In training
what is longer than 40 s gives only its text, which is said of each; when all is
longer, the upload is refused.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path, PurePosixPath

from datasets.formats import audio, transcript
from datasets.formats.archive import TEXT, Archive, Member, open_archive
from datasets.formats.base import Findings, FormatError, Issue, bare_name, key, shown
from datasets.formats.clips import (
    Clip,
    Reading,
    Summary,
    Use,
    Utterance,
    with_speakers,
)
from datasets.formats.sidecars import Sidecars, transcript_of, with_labels
from datasets.formats.transcript import Line

__all__ = ["Reading", "Summary", "Utterance", "read"]


def read(
    path: Path,
    locale: str,
    workdir: Path,
    report: Callable[[int, int], None] = lambda done, total: None,
    *,
    name: str = "",
    use: Use = "",
    findings: Findings | None = None,
    normalizes: bool = True,
) -> Reading:
    """Open an upload and match its lines with its audio files; iterating over the
    result converts each, in the order of the transcript, parts of a file together.

    `report(done, total)` is called after each line, `name` is what the user calls
    the upload, `use` is what it was uploaded for, `findings` takes the issues, and
    without `normalizes` texts are taken as they are. Raises FormatError when there
    is no archive or no transcript to read; that nothing matches is said by
    iterating, with the issues at hand.
    """
    name = shown(name or path.name)
    opened = partial(open_archive, path, name)
    findings = Findings() if findings is None else findings
    reading = Reading(
        "acoustic", workdir, name, report, use, findings, opened, normalizes
    )
    workdir.mkdir(parents=True, exist_ok=True)
    with opened() as archive:
        for issue in archive.issues:
            findings.add(issue)
        sidecars = Sidecars(archive)
        text = _choose_transcript(archive, sidecars, reading)
        lines = _lines(archive, text, sidecars, locale, reading)
        others = [m for m in archive.members if m not in sidecars]
        sounds = [m for m in others if m.suffix not in TEXT]
        _match(archive, sounds, lines, reading)
        heard = (m for m in sounds if m.suffix in audio.MEDIA)
        reading.clips = with_speakers(reading.clips, reading, heard)
    return reading


def _choose_transcript(
    archive: Archive, sidecars: Sidecars, reading: Reading
) -> Member | None:
    """None when manifests are to give the text."""
    texts = [m for m in archive.members if m.suffix in TEXT and m not in sidecars]
    named = [m for m in texts if m.name.lower().startswith("trans")]
    tabbed = [m for m in texts if b"\t" in archive.head(m)]
    chosen = next((some for some in (texts, named, tabbed) if len(some) == 1), [])
    if sidecars and not named and not tabbed:
        chosen = []  # a README beside the manifest
    elif not texts:
        message = f"{archive.name} holds no transcript. Add one .txt or .tsv file "
        message += "with a line `name.wav<TAB>what is said` for each audio file."
        raise FormatError(message, "acoustic.no_transcript")
    elif not chosen:
        names = ", ".join(m.path for m in texts[:10])
        message = f"{archive.name} holds {len(texts)} text files and it is not clear "
        message += f"which one is the transcript: {names}. Keep only one."
        raise FormatError(message, "acoustic.many_transcripts")
    text = chosen[0] if chosen else None
    for other in texts:
        if other is not text:
            taken = text.path if text else "the manifest"
            message = f"is not used: {taken} was taken as the transcript"
            reading.findings.add(_issue(other.path, "other_text", message, "remove it"))
    return text


def _lines(
    archive: Archive,
    text: Member | None,
    sidecars: Sidecars,
    locale: str,
    reading: Reading,
) -> list[Line]:
    rows = sidecars.lines(
        locale, reading.findings, reading.workdir, normalizes=reading.normalizes
    )
    if text is None:
        return transcript_of(rows, reading.findings)
    target = reading.workdir / "transcript.part"
    names = {key(m.name) for m in archive.members if m is not text}
    try:
        problem = archive.extract(text, target, transcript.MAX_BYTES)
        if problem is not None:
            raise FormatError(f"{problem}.", problem.rule)
        lines = transcript.read(
            target,
            locale,
            reading.findings,
            name=text.path,
            is_audio=lambda name: key(bare_name(name)) in names,
            normalizes=reading.normalizes,
        )
        return with_labels(lines, rows, reading.findings)
    finally:
        target.unlink(missing_ok=True)


def _match(
    archive: Archive, sounds: list[Member], lines: list[Line], reading: Reading
) -> None:
    names = {m.name: m for m in sounds}
    folded = {key(m.name): m for m in sounds}
    stems = _unique_stems(sounds)
    refused = {key(bare_name(issue.file)) for issue in archive.issues}
    used: set[tuple[str, float | None]] = set()
    for line in lines:
        low = key(line.name)
        near = folded.get(low) or stems.get(low) or stems.get(_stem(low))
        member = names.get(line.name) or near
        if member is None or (member.name, line.start) in used:
            issue = _no_audio(line, member, is_refused=low in refused)
            reading.findings.add(issue)
            continue
        used.add((member.name, line.start))
        if member.name != line.name:
            message = f"{shown(line.name)} was matched with {member.path}"
            rule = "acoustic.near_name"
            reading.findings.add(Issue("note", line.file, line.number, rule, message))
        reading.clips.append(Clip(len(reading.clips), line, member))
    matched = {name for name, _ in used}
    for member in sounds:
        if member.name not in matched:
            reading.findings.add(_no_line(member))


def _stem(name: str) -> str:
    """The name without its extension, if that is one of an audio file."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in audio.MEDIA else name


def _unique_stems(members: Iterable[Member]) -> dict[str, Member]:
    found: dict[str, list[Member]] = {}
    for member in members:
        found.setdefault(_stem(key(member.name)), []).append(member)
    return {stem: group[0] for stem, group in found.items() if len(group) == 1}


def _no_audio(line: Line, other: Member | None, *, is_refused: bool) -> Issue:
    name = shown(line.name)
    message = f"there is no audio file {name} in the archive"
    advice = "add it, or correct the name"
    if is_refused:
        message = f"the audio file {name} could not be taken from the archive"
        advice = "see the problem reported for that file"
    if other is not None:
        message = f"{name} means {other.path}, to which another line belongs"
        advice = "keep one line for each audio file"
    return Issue(
        "error",
        line.file,
        line.number,
        "acoustic.no_audio",
        message,
        advice,
        row=line.row,
    )


def _no_line(member: Member) -> Issue:
    if member.suffix not in audio.MEDIA:
        message = "is neither audio nor the transcript; it is not used"
        return _issue(member.path, "unknown_file", message, "remove it")
    message = "no line of the transcript names it; it is not used"
    advice = "add its line, or remove the file"
    return Issue("error", member.path, None, "acoustic.no_line", message, advice)


def _issue(file: str, rule: str, message: str, advice: str) -> Issue:
    return Issue("warning", file, None, f"acoustic.{rule}", message, advice)
