"""Give the sentences of a transcript a voice: the recordings of such a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from datasets.formats import audio, spoken
from datasets.formats.base import (
    AudioError,
    Entry,
    Findings,
    FormatError,
    Issue,
    shown,
)
from datasets.formats.clips import Utterance
from engines.base import EngineError, Voice
from engines.voices import get_voice

VOICE_LABEL = "synthetic"  # of every utterance, as its speaker


def read(
    path: Path,
    locale: str,
    workdir: Path,
    report: Callable[[int, int], None],
    *,
    name: str,
    findings: Findings,
) -> Iterator[Utterance]:
    """The sentences of a text, spoken one after the other.

    Raises FormatError when there is no voice for the locale, or nothing to speak.
    """
    name = shown(name)
    try:
        voice = get_voice(locale)
    except EngineError as error:
        raise FormatError(str(error), "spoken.no_voice") from error
    entries = list(spoken.read(path, locale, findings, name=name))
    accepted = 0
    for position, entry in enumerate(entries):
        try:
            yield _spoken(voice, position, entry, workdir)
            accepted += 1
        except (EngineError, AudioError) as error:
            findings.add(_refused(name, entry, str(error)))
        report(position + 1, len(entries))
    if not accepted:
        message = f"Nothing in {name} could be spoken."
        raise FormatError(message, "spoken.nothing_usable")


def _spoken(voice: Voice, position: int, entry: Entry, workdir: Path) -> Utterance:
    raw, target = workdir / "voice.wav", workdir / f"{position:06}.wav"
    voice.speak(entry.text, raw)
    with raw.open("rb") as file:
        sound = audio.convert(file, target, entry.other)
    return Utterance(
        position=position,
        name=entry.other,
        path=target,
        transcript=entry.text,
        labels={"speaker": VOICE_LABEL},
        seconds=sound.seconds,
        peaks=sound.peaks,
        measures=sound.measures,
        issues=(),
    )


def _refused(file: str, entry: Entry, message: str) -> Issue:
    rule, advice = "spoken.no_sound", "write it in words"
    return Issue("error", file, entry.line, rule, message, advice, row=entry.text)
