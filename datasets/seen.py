"""What the import tells of an utterance to those who judge the set as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SPEAKER = "speaker"  # the label that says who speaks


@dataclass(frozen=True, slots=True)
class Seen:
    """One accepted utterance, without its audio. None is what was not measured."""

    position: int  # from 0
    name: str  # of the audio file, fit to be shown
    transcript: str = ""  # empty when nobody has written it
    seconds: float = 0.0
    file: str = ""  # where the transcript stands, fit to be shown
    line: int | None = None  # in `file`
    audio_hash: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    level_dbfs: float | None = None
    snr_db: float | None = None
    silence: float | None = None  # share, 0 to 1
    source_rate_hz: int = 0  # before the conversion; 0 when it is not known

    @property
    def speaker(self) -> str:
        return self.labels.get(SPEAKER, "")
