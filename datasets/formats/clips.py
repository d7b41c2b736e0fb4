"""What the kinds with audio share: recordings that are read one after the other.

A recording is a file of an archive, or the upload itself. It is one utterance, or
several when a manifest names parts of it. Each becomes `workdir/NNNNNN.wav`; what
is wrong with it is reported, and the others are used.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, Literal, Protocol, Self, TypeVar

from datasets.formats import audio
from datasets.formats.archive import Member
from datasets.formats.base import Findings, FormatError, Issue, duration_text
from datasets.formats.labels import MAX_VALUE_CHARACTERS
from datasets.formats.measure import Measures
from datasets.formats.transcript import Line

# A small archive of compressed silence may hold months of it. The reference
# trains on 100 hours at most.
MAX_TOTAL_SECONDS = 200 * 60 * 60
MAX_TRAINING_SECONDS = 40  # of an utterance; what is longer trains as text only
MAX_OVERLAP = 1.5  # all parts of a recording together, in its own length
MARGIN_SECONDS = 0.5  # of silence are advised before and after speech
AUDIBLE_SNR_DB = 20.0  # where silence can be told from noise
WORKERS = 2  # threads; unpacking, resampling and measuring let others run

Use = Literal["training", "testing", ""]
T = TypeVar("T")


class Source(Protocol):
    """Where recordings come from: an `Archive` or a `SingleFile`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def load(self, member: Member, spare: Path) -> BinaryIO | Issue: ...


@dataclass(frozen=True)
class Clip:
    """What is to become an utterance."""

    position: int  # from 0, in the order of the lines, or of the files without any
    line: Line
    member: Member

    @property
    def name(self) -> str:
        """Of the utterance; a part has its start in seconds in it."""
        if self.line.start is None:
            return self.member.name
        path = PurePosixPath(self.member.name)
        return f"{path.stem}-{self.line.start:09.3f}{path.suffix}"


@dataclass(frozen=True)
class Utterance:
    """An utterance that was accepted."""

    position: int  # from 0, in the order of the upload; gaps where one was refused
    name: str  # of the audio file, without folders
    path: Path  # a 16 kHz mono 16-bit WAV
    transcript: str  # empty when the upload has none
    labels: dict[str, str]  # as in `formats.labels`; "speaker" among them
    seconds: float
    peaks: bytes  # as in `audio.Audio`
    measures: Measures
    issues: tuple[Issue, ...]  # warnings and notes about this utterance


@dataclass(frozen=True)
class Summary:
    """What became of an upload."""

    accepted: int  # utterances
    rejected: int  # lines and files that are not used
    seconds: float  # of the accepted utterances


@dataclass
class Reading:
    """An upload being read: iterate once, take the utterances, then the `issues`.

    Iterating raises FormatError at its end when nothing could be used (code
    `<kind>.nothing_usable`) or all is too long to train (`acoustic.all_too_long`),
    and at once when there is more than 200 hours (`<kind>.too_long`). The findings
    are complete then too.
    """

    kind: str  # what the rules begin with: `acoustic` or `audio_files`
    workdir: Path
    name: str  # of the upload, fit to be shown
    report: Callable[[int, int], None]
    use: Use
    findings: Findings
    open_source: Callable[[], Source]
    normalizes: bool = True  # the texts; else they are taken as they are
    clips: list[Clip] = field(default_factory=list)
    accepted: int = 0
    seconds: float = 0.0
    _set: _Set = field(default_factory=lambda: _Set())

    @property
    def total(self) -> int:
        """How many utterances there may be: the end of the progress bar."""
        return len(self.clips)

    @property
    def issues(self) -> list[Issue]:
        return self.findings.all()

    @property
    def summary(self) -> Summary:
        return Summary(self.accepted, self.findings.rejected, self.seconds)

    def __iter__(self) -> Iterator[Utterance]:
        self.workdir.mkdir(parents=True, exist_ok=True)
        finished = 0
        with self.open_source() as source:
            work = _in_order(
                _recordings(self.clips), lambda r: _convert(source, r, self.workdir)
            )
            for results in work:
                for clip, result in results:
                    finished += 1
                    utterance = self._take(clip, result)
                    if utterance is not None:
                        yield utterance
                    self.report(finished, self.total)
        self._set.finish(self)
        if not self.accepted:
            raise self._nothing_usable()
        if self._limits_length and self._set.long == self.accepted:
            message = f"Every recording in {self.name} is longer than "
            message += f"{MAX_TRAINING_SECONDS} s, so none of them can train. Cut them "
            message += "in the editor, or upload them as testing data."
            raise FormatError(message, f"{self.kind}.all_too_long")

    @property
    def _limits_length(self) -> bool:
        """Audio without text is not trained as it is: the editor cuts it first."""
        return self.kind == "acoustic" and self.use == "training"

    def _take(self, clip: Clip, result: audio.Audio | Issue) -> Utterance | None:
        """Count one result; None when it is an error."""
        if isinstance(result, Issue):
            self.findings.add(result)
            return None
        self.accepted += 1
        self.seconds += result.seconds
        if self.seconds > MAX_TOTAL_SECONDS:
            message = f"{self.name} holds more than {duration_text(MAX_TOTAL_SECONDS)} "
            message += "of audio; split it into several archives."
            raise FormatError(message, f"{self.kind}.too_long")
        found = [replace(issue, position=clip.position) for issue in result.issues]
        if self._limits_length and result.seconds > MAX_TRAINING_SECONDS:
            self._set.long += 1
            found.append(_too_long(clip, result.seconds))
        self._set.count(clip, result)
        for issue in found:
            if issue.rule != "audio.converted":
                self.findings.add(issue)
        return Utterance(
            position=clip.position,
            name=clip.name,
            path=_target(self.workdir, clip),
            transcript=clip.line.text,
            labels=clip.line.labels,
            seconds=result.seconds,
            peaks=result.peaks,
            measures=result.measures,
            issues=tuple(found),
        )

    def _nothing_usable(self) -> FormatError:
        errors = [issue for issue in self.issues if issue.level == "error"]
        message = f"Nothing in {self.name} can be used (refused lines and files: "
        message += f"{self.findings.rejected:,})."
        if errors:
            message += f" The first problem: {errors[0]}."
        return FormatError(message, f"{self.kind}.nothing_usable")


@dataclass
class _Set:
    """What is said once about all utterances together."""

    long: int = 0  # too long to train with their audio
    tight: int = 0  # with less silence around the speech than advised
    conversions: Counter[str] = field(default_factory=Counter)
    converted: dict[str, str] = field(default_factory=dict)

    def count(self, clip: Clip, result: audio.Audio) -> None:
        measures = result.measures
        margin = min(measures.lead_seconds, measures.tail_seconds)
        self.tight += margin < MARGIN_SECONDS and measures.snr_db >= AUDIBLE_SNR_DB
        if result.was_converted:
            self.conversions[measures.source_format] += 1
            self.converted.setdefault(measures.source_format, clip.member.path)

    def finish(self, reading: Reading) -> None:
        for form, count in self.conversions.items():
            message = f"converted to 16 kHz, mono, 16-bit from {form} "
            message += f"(such files in all: {count:,})"
            file, rule = self.converted[form], "audio.converted"
            reading.findings.add(Issue("note", file, None, rule, message))
        if self.tight:
            message = (
                f"{self.tight:,} of {reading.accepted:,} recordings have less than "
            )
            message += "half a second of silence before or after speech"
            advice = "leave more when you record the next ones"
            issue = Issue(
                "note", reading.name, None, "doctor.no_margin", message, advice
            )
            reading.findings.add(issue)


def with_speakers(
    clips: list[Clip], reading: Reading, members: Iterable[Member]
) -> list[Clip]:
    """The clips with their folder as the speaker, when nothing else names speakers
    and every audio file is in a folder, of at least two names."""
    names = {member.folder for member in members}
    named = any("speaker" in clip.line.labels for clip in clips)
    if named or len(names) < 2 or "" in names:
        return clips
    message = f"the folders of the audio files were taken as {len(names):,} speakers"
    advice = "if they are none, put all files into one folder"
    rule = f"{reading.kind}.speaker_from_folder"
    reading.findings.add(Issue("note", reading.name, None, rule, message, advice))
    return [_with_speaker(clip) for clip in clips]


def _with_speaker(clip: Clip) -> Clip:
    speaker = clip.member.folder[:MAX_VALUE_CHARACTERS]
    labels = {"speaker": speaker, **clip.line.labels}
    return replace(clip, line=replace(clip.line, labels=labels))


def _too_long(clip: Clip, seconds: float) -> Issue:
    message = f"is {duration_text(seconds)} long, more than {MAX_TRAINING_SECONDS} s: "
    message += "training uses only its text"
    return Issue(
        "warning",
        clip.member.path,
        None,
        "acoustic.over_40_seconds",
        message,
        "cut it in the editor",
        position=clip.position,
    )


def _target(workdir: Path, clip: Clip) -> Path:
    return workdir / f"{clip.position:06}.wav"


def _recordings(clips: Iterable[Clip]) -> list[list[Clip]]:
    """The clips of each recording, in the order of the first ones."""
    found: dict[str, list[Clip]] = {}
    for clip in clips:
        found.setdefault(clip.member.name, []).append(clip)
    return list(found.values())


Results = list[tuple[Clip, audio.Audio | Issue]]


def _convert(source: Source, clips: list[Clip], workdir: Path) -> Results:
    """Unpack, convert and cut one recording. Runs in a thread; touches nothing
    shared."""
    first = clips[0]
    spare = _target(workdir, first).with_suffix(".part")
    is_whole = len(clips) == 1 and first.line.start is None
    target = _target(workdir, first) if is_whole else spare.with_suffix(".whole")
    try:
        loaded = source.load(first.member, spare)
        if isinstance(loaded, Issue):
            return [(clip, replace(loaded, row=clip.line.row)) for clip in clips]
        with loaded:
            whole = audio.convert(loaded, target, first.member.path)
        return [(first, whole)] if is_whole else _cut(target, whole, clips, workdir)
    except audio.AudioError as error:
        return [(clip, _refused(clip, error)) for clip in clips]
    finally:
        spare.unlink(missing_ok=True)
        if not is_whole:
            target.unlink(missing_ok=True)


def _cut(source: Path, whole: audio.Audio, clips: list[Clip], workdir: Path) -> Results:
    wanted = sum(clip.line.seconds or whole.seconds for clip in clips)
    if wanted > MAX_OVERLAP * whole.seconds + audio.BEYOND_SECONDS:
        message = f"has {duration_text(whole.seconds)}, and its parts have "
        message += f"{duration_text(wanted)} together"
        advice = "name no part twice; the editor cuts long recordings as well"
        raise audio.AudioError(message, "audio.overlapping_parts", advice)
    results: Results = []
    for clip in clips:
        start, seconds = clip.line.start or 0.0, clip.line.seconds or whole.seconds
        target = _target(workdir, clip)
        name = clip.member.path
        try:
            part = audio.cut(source, whole, target, start, seconds, name)
            results.append((clip, part if results else _first(part, whole)))
        except audio.AudioError as error:
            results.append((clip, _refused(clip, error)))
    return results


def _first(part: audio.Audio, whole: audio.Audio) -> audio.Audio:
    """What is to be said of the recording is said with its first part."""
    said = tuple(issue for issue in whole.issues if issue.rule.startswith("audio."))
    return replace(
        part, was_converted=whole.was_converted, issues=(*said, *part.issues)
    )


def _refused(clip: Clip, error: audio.AudioError) -> Issue:
    """About the audio file; about the line where it says what to cut of it."""
    line = clip.line
    if line.start is None:
        file, number, message = clip.member.path, None, str(error)
    else:
        file, number, message = line.file, line.number, f"{clip.member.path} {error}"
    return Issue("error", file, number, error.rule, message, error.advice, row=line.row)


def _in_order(
    items: Iterable[list[Clip]], work: Callable[[list[Clip]], T]
) -> Iterator[T]:
    """The result for each item, in order, a few of them worked on ahead."""
    with ThreadPoolExecutor(WORKERS) as pool:
        ahead: deque[Future[T]] = deque()
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > 4 * WORKERS:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
