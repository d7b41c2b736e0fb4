"""The kind "audio + human-labelled transcript": a zip of audio files and one text.

The transcript is the only .txt or .tsv file of the archive. If there are several,
it is the one whose name begins with `trans`, else the one with TABs in it; if that
does not decide, the upload is refused. A line is matched with the audio file of
that name; failing that, with the one whose name differs only by case, then with
the only one of that name with another extension or none.

A line without audio, an audio file without a line and a file that cannot be
decoded are reported, and the others are used.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from datasets.formats import audio, transcript
from datasets.formats.archive import TEXT, Archive, Member, open_archive
from datasets.formats.base import (
    Findings,
    FormatError,
    Issue,
    bare_name,
    duration_text,
    key,
    shown,
)

# A small archive of compressed silence may hold months of it. The reference
# trains on 100 hours at most.
MAX_TOTAL_SECONDS = 200 * 60 * 60
WORKERS = 2  # threads; unpacking and resampling let others run meanwhile

T = TypeVar("T")


@dataclass(frozen=True)
class Utterance:
    """An audio file that was accepted, with its text."""

    position: int  # of its line among the matched ones, from 0; always the same
    name: str  # of the audio file, without folders
    path: Path  # a 16 kHz mono 16-bit WAV
    transcript: str
    seconds: float
    peaks: bytes  # as in audio.Audio
    issues: tuple[Issue, ...]  # warnings and notes about this file


@dataclass(frozen=True)
class Summary:
    """What became of an upload."""

    accepted: int  # utterances, with those that were done before
    rejected_lines: int
    unused_files: int  # by no line; the file of a rejected line is not among them
    seconds: float  # of the utterances read in this run


@dataclass
class Reading:
    """An upload being read: iterate once, take the utterances, then the `issues`.

    Iterating raises FormatError at its end when not one line could be used; the
    issues are complete then too.
    """

    path: Path
    locale: str
    workdir: Path
    report: Callable[[int, int], None]
    name: str
    done: Container[int]
    pairs: list[_Pair] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    accepted: int = 0
    rejected_lines: int = 0
    unused_files: int = 0
    seconds: float = 0.0
    conversions: Counter[str] = field(default_factory=Counter)
    converted: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many lines have an audio file: the end of the progress bar."""
        return len(self.pairs)

    @contextmanager
    def errors_with_issues(self) -> Iterator[None]:
        """A refusal of the whole upload takes along what was found until then."""
        try:
            yield
        except FormatError as error:
            error.issues = self.issues
            raise

    @property
    def issues(self) -> list[Issue]:
        """All that was found. Files that were converted share one note for each
        format they had; every utterance has its own as well."""
        return self.findings.all() + [
            Issue(
                level="note",
                file=self.converted[form],
                line=None,
                rule="audio.converted",
                message=f"converted to 16 kHz, mono, 16-bit from {form} "
                f"(such files in all: {count:,})",
            )
            for form, count in self.conversions.items()
        ]

    @property
    def summary(self) -> Summary:
        return Summary(
            self.accepted, self.rejected_lines, self.unused_files, self.seconds
        )

    def __iter__(self) -> Iterator[Utterance]:
        self.workdir.mkdir(parents=True, exist_ok=True)
        with self.errors_with_issues():
            yield from self._read()

    def _read(self) -> Iterator[Utterance]:
        with open_archive(self.path, self.name) as archive:
            todo = (p for p in self.pairs if p.position not in self.done)
            self.accepted = sum(p.position in self.done for p in self.pairs)
            finished = self.accepted
            for pair, result in _in_order(todo, lambda p: _convert(archive, p, self)):
                finished += 1
                utterance = self._take(pair, result)
                if utterance is not None:
                    yield utterance
                self.report(finished, self.total)
        if not self.accepted:
            raise self._nothing_usable()

    def _take(self, pair: _Pair, result: audio.Audio | Issue) -> Utterance | None:
        """Count one result; None when it is an error."""
        if isinstance(result, Issue):
            self.findings.add(result)
            self.rejected_lines += 1
            return None
        self.accepted += 1
        self.seconds += result.seconds
        if self.seconds > MAX_TOTAL_SECONDS:
            raise FormatError(
                f"{self.name} holds more than {duration_text(MAX_TOTAL_SECONDS)} of "
                "audio; split it into several archives.",
                "acoustic.too_long",
            )
        if result.was_converted:
            self.conversions[result.source_format] += 1
            self.converted.setdefault(result.source_format, pair.member.path)
        for issue in result.issues:
            if issue.rule != "audio.converted":
                self.findings.add(issue)
        return Utterance(
            pair.position,
            pair.member.name,
            _target(self.workdir, pair),
            pair.line.text,
            result.seconds,
            result.peaks,
            result.issues,
        )

    def _nothing_usable(self) -> FormatError:
        errors = [issue for issue in self.issues if issue.level == "error"]
        message = f"Nothing in {self.name} can be used (refused lines: "
        message += f"{self.rejected_lines:,}, unused files: {self.unused_files:,})."
        if errors:
            message += f" The first problem: {errors[0]}."
        return FormatError(message, "acoustic.nothing_usable")


def read(
    path: Path,
    locale: str,
    workdir: Path,
    report: Callable[[int, int], None] = lambda done, total: None,
    *,
    name: str = "",
    done: Container[int] = frozenset(),
) -> Reading:
    """Open an upload and match its lines with its audio files; iterating over the
    result converts each to `workdir/NNNNNN.wav`, in the order of the transcript.

    `report(done, total)` is called after each line, `name` is what the user calls
    the upload, and `done` are the positions that an earlier run has stored, which
    are left out. Raises FormatError when there is no archive or no transcript to
    read; that nothing matches is said by iterating, with the issues at hand.
    """
    name = shown(name or path.name)
    reading = Reading(path, locale, workdir, report, name, done)
    with reading.errors_with_issues(), open_archive(path, name) as archive:
        for issue in archive.issues:
            reading.findings.add(issue)
            reading.unused_files += issue.level == "error"
        text = _choose_transcript(archive, reading)
        parsed = _parse(archive, text, reading)
        reading.rejected_lines = parsed.rejected
        _match(archive, text, parsed.lines, reading)
    return reading


@dataclass(frozen=True)
class _Pair:
    """A line and its audio file."""

    position: int
    line: transcript.Line
    member: Member


def _choose_transcript(archive: Archive, reading: Reading) -> Member:
    texts = [m for m in archive.members if m.suffix in TEXT]
    if not texts:
        message = f"{archive.name} holds no transcript. Add one .txt or .tsv file "
        message += "with a line `name.wav<TAB>what is said` for each audio file."
        raise FormatError(message, "acoustic.no_transcript")
    named = [m for m in texts if m.name.lower().startswith("trans")]
    tabbed = [m for m in texts if b"\t" in archive.head(m)]
    chosen = next((some for some in (texts, named, tabbed) if len(some) == 1), None)
    if chosen is None:
        names = ", ".join(m.path for m in texts[:10])
        message = f"{archive.name} holds {len(texts)} text files and it is not clear "
        message += f"which one is the transcript: {names}. Keep only one."
        raise FormatError(message, "acoustic.many_transcripts")
    for other in texts:
        if other is not chosen[0]:
            message = f"is not used: {chosen[0].path} was taken as the transcript"
            reading.findings.add(_issue(other.path, "other_text", message, "remove it"))
            reading.unused_files += 1
    return chosen[0]


def _parse(archive: Archive, text: Member, reading: Reading) -> transcript.Parsed:
    reading.workdir.mkdir(parents=True, exist_ok=True)
    target = reading.workdir / "transcript.part"
    try:
        problem = archive.extract(text, target, transcript.MAX_BYTES)
        if problem is not None:
            raise FormatError(f"{problem}.", problem.rule)
        parsed = transcript.parse(target, reading.locale, text.path)
    finally:
        target.unlink(missing_ok=True)
    for issue in parsed.issues:
        reading.findings.add(issue)
    return parsed


def _match(
    archive: Archive, text: Member, lines: Iterable[transcript.Line], reading: Reading
) -> None:
    """Fill `reading.pairs`, and report what has no partner."""
    sounds = [m for m in archive.members if m.suffix not in TEXT]
    names = {m.name: m for m in sounds}
    keys = {key(m.name): m for m in sounds}
    stems = _unique_stems(m for m in sounds if m.suffix in {"", *audio.MEDIA})
    refused = {key(bare_name(i.file)) for i in archive.issues if i.level == "error"}
    used: set[str] = set()
    for line in lines:
        folded = key(line.name)
        near = keys.get(folded) or stems.get(folded) or stems.get(_stem(folded))
        member = names.get(line.name) or near
        if member is None or member.name in used:
            problem = _no_audio(text, line, member, is_refused=folded in refused)
            reading.findings.add(problem)
            reading.rejected_lines += 1
            continue
        used.add(member.name)
        if member.name != line.name:
            message = f"{shown(line.name)} was matched with {member.path}"
            note = Issue("note", text.path, line.number, "acoustic.near_name", message)
            reading.findings.add(note)
        reading.pairs.append(_Pair(len(reading.pairs), line, member))
    for member in sounds:
        if member.name not in used:
            problem = _no_line(member, text)
            reading.findings.add(problem)
            reading.unused_files += problem.level == "error"


def _stem(name: str) -> str:
    """The name without its extension, if that is one of an audio file."""
    path = PurePosixPath(name)
    return path.stem if path.suffix.lower() in audio.MEDIA else name


def _unique_stems(members: Iterable[Member]) -> dict[str, Member]:
    found: dict[str, list[Member]] = {}
    for member in members:
        found.setdefault(_stem(key(member.name)), []).append(member)
    return {stem: group[0] for stem, group in found.items() if len(group) == 1}


def _no_audio(
    text: Member, line: transcript.Line, other: Member | None, *, is_refused: bool
) -> Issue:
    name = shown(line.name)
    message = f"there is no audio file {name} in the archive"
    advice = "add it, or correct the name"
    if is_refused:
        message = f"the audio file {name} could not be taken from the archive"
        advice = "see the problem reported for that file"
    if other is not None:
        message = f"{name} means {other.path}, to which another line belongs"
        advice = "keep one line for each audio file"
    return Issue("error", text.path, line.number, "acoustic.no_audio", message, advice)


def _no_line(member: Member, text: Member) -> Issue:
    if member.suffix not in audio.MEDIA:
        message = "is neither audio nor the transcript; it is not used"
        return _issue(member.path, "unknown_file", message, "remove it")
    message = f"no line of {text.path} names it; it is not used"
    advice = "add its line, or remove the file"
    return Issue("error", member.path, None, "acoustic.no_line", message, advice)


def _issue(file: str, rule: str, message: str, advice: str) -> Issue:
    return Issue("warning", file, None, f"acoustic.{rule}", message, advice)


def _target(workdir: Path, pair: _Pair) -> Path:
    return workdir / f"{pair.position:06}.wav"


def _convert(archive: Archive, pair: _Pair, reading: Reading) -> audio.Audio | Issue:
    """Unpack and convert one file. Runs in a thread; touches nothing shared."""
    target = _target(reading.workdir, pair)
    source = target.with_suffix(".part")
    try:
        problem = archive.extract(pair.member, source)
        if problem is not None:
            return problem
        return audio.convert(source, target, pair.member.path)
    except audio.AudioError as e:
        return Issue("error", pair.member.path, None, e.rule, str(e), e.advice)
    finally:
        source.unlink(missing_ok=True)


def _in_order(
    items: Iterable[_Pair], work: Callable[[_Pair], T]
) -> Iterator[tuple[_Pair, T]]:
    """Each item with its result, in order, a few of them worked on ahead."""
    with ThreadPoolExecutor(WORKERS) as pool:
        ahead: deque[tuple[_Pair, Future[T]]] = deque()
        for item in items:
            ahead.append((item, pool.submit(work, item)))
            if len(ahead) > 4 * WORKERS:
                first, future = ahead.popleft()
                yield first, future.result()
        for first, future in ahead:
            yield first, future.result()
