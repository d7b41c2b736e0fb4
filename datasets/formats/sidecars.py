"""The manifests of an archive, all of them read, and what they add to its lines.

When a transcript gives the text, a manifest adds labels only: its texts are
compared with those of the transcript, which win, and its times are not used. A
label that both give is taken from the transcript as well. Without a transcript the
lines of the manifests that have a text are the transcript.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath

from datasets.formats import audio, manifest
from datasets.formats.archive import Archive, Member
from datasets.formats.base import Findings, FormatError, Issue, key, shown
from datasets.formats.transcript import MAX_BYTES, MAX_LINES, Line

MAX_MANIFESTS = 10


class Sidecars:
    """What is a manifest in an archive, and what it says."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        members = archive.members
        is_kaldi = any(manifest.is_beside_text(m.name) for m in members)
        self._kaldi: dict[str, Member] = {}
        for member in members:
            kind = manifest.kaldi_name(member.name)
            if kind and (is_kaldi or member.name != "text.txt"):
                self._kaldi.setdefault(kind, member)
        self._tables = [m for m in members if manifest.is_table(m.name)]
        self._known = {id(m) for m in (*self._kaldi.values(), *self._tables)}

    def __contains__(self, member: Member) -> bool:
        return id(member) in self._known

    def __bool__(self) -> bool:
        return bool(self._known)

    def lines(
        self,
        locale: str,
        findings: Findings,
        workdir: Path,
        *,
        normalizes: bool = True,
    ) -> list[Line]:
        """All that the manifests say. One that cannot be read is reported."""
        target = workdir / "manifest.part"
        lines: list[Line] = []
        for number, member in enumerate(self._tables):
            with _problems(member, findings):
                if number == MAX_MANIFESTS:
                    message = f"and later manifests are not read: {MAX_MANIFESTS} are "
                    message += "enough. Put them together."
                    raise FormatError(message, "manifest.too_many")
                if number > MAX_MANIFESTS:
                    continue
                self._extract(member, target)
                name = member.path
                rows = manifest.read_table(
                    target, locale, findings, name=name, normalizes=normalizes
                )
                lines += islice(rows, MAX_LINES - len(lines))
                if next(rows, None) is not None:
                    message = f"has lines beyond the {MAX_LINES:,} that all manifests "
                    message += "may have together; they are not read"
                    raise FormatError(message, "manifest.too_many_lines")
        if self._kaldi:
            with _problems(next(iter(self._kaldi.values())), findings):
                lines += self._kaldi_lines(locale, findings, workdir, normalizes)
        for leftover in workdir.glob("*.part"):
            leftover.unlink()
        return lines

    def _kaldi_lines(
        self, locale: str, findings: Findings, workdir: Path, normalizes: bool
    ) -> Iterator[Line]:
        files: dict[str, tuple[Path, str]] = {}
        for kind in manifest.KALDI & self._kaldi.keys():
            member = self._kaldi[kind]
            target = workdir / f"{kind}.part"
            self._extract(member, target)
            files[kind] = (target, member.path)
        sounds = (m.name for m in self._archive.members if m.suffix in audio.MEDIA)
        names = {PurePosixPath(name).stem: name for name in sounds}
        return manifest.read_kaldi(
            files, locale, findings, names, normalizes=normalizes
        )

    def _extract(self, member: Member, target: Path) -> None:
        problem = self._archive.extract(member, target, MAX_BYTES)
        if problem is not None:
            raise FormatError(f"{problem}.", problem.rule)


@contextmanager
def _problems(member: Member, findings: Findings) -> Iterator[None]:
    """The audio is of use even where its manifest is of none."""
    try:
        yield
    except FormatError as error:
        message = str(error).removeprefix(member.path).strip()
        findings.add(Issue("error", member.path, None, error.code, message))


def with_labels(
    lines: Iterable[Line], rows: Iterable[Line], findings: Findings
) -> list[Line]:
    """The lines of a transcript with what manifests say of the same audio files."""
    labels: dict[str, dict[str, str]] = {}
    texts: dict[str, Line] = {}
    for row in rows:
        name = key(row.name)
        labels[name] = {**row.labels, **labels.get(name, {})}
        if row.text and row.start is None:
            texts.setdefault(name, row)
    result = []
    for line in lines:
        name = key(line.name)
        result.append(replace(line, labels={**labels.get(name, {}), **line.labels}))
        row = texts.get(name, line)
        if row.text != line.text:
            message = f"has another text for {shown(line.name)} than {line.file}, "
            message += f"line {line.number}, which is used"
            advice = "correct the one that is wrong"
            rule = "manifest.other_text"
            findings.add(Issue("warning", row.file, row.number, rule, message, advice))
    return result


def transcript_of(rows: Iterable[Line], findings: Findings) -> list[Line]:
    """The lines of the manifests that have a text, with the labels of those that
    have none. A file that only lines without a text name is reported."""
    rows = list(rows)
    texts = [row for row in rows if row.text]
    bare = [row for row in rows if not row.text]
    known = {key(line.name) for line in texts}
    for row in bare:
        if key(row.name) not in known:
            message = f"there is no text for {shown(row.name)}"
            findings.add(
                Issue(
                    level="error",
                    file=row.file,
                    line=row.number,
                    rule="manifest.no_text",
                    message=message,
                    advice="write what is said, or remove the line",
                    row=row.row,
                )
            )
    return with_labels(texts, bare, findings)
