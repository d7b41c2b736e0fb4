"""Parts of a WAV file as WAV files of their own."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import IO

_FRAMES = 64 * 1024  # copied at once


def cut(source: Path, start: float, end: float, target: Path | IO[bytes]) -> float:
    """Write the sound from `start` to `end`, in seconds, to `target`.

    `target` need not be seekable. Gives the length of what was written, in
    seconds: less than asked for where the source ends.
    """
    place = str(target) if isinstance(target, Path) else target
    with wave.open(str(source), "rb") as audio, wave.open(place, "wb") as out:
        rate = audio.getframerate()
        first = min(round(start * rate), audio.getnframes())
        last = min(round(end * rate), audio.getnframes())
        audio.setpos(first)
        out.setparams(audio.getparams())
        # Known before, it is not written into the head afterwards.
        out.setnframes(last - first)
        for at in range(first, last, _FRAMES):
            out.writeframesraw(audio.readframes(min(_FRAMES, last - at)))
        return (last - first) / rate
