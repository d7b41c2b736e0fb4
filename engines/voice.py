"""A voice that speaks text: for tests of transcripts of which there is no recording.

The voice is "heart" of hibari (Apache-2.0), American English, which comes with
its package; it speaks some fifty times faster than real time on one core.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from hibari import Hibari

from engines.base import EngineError

SAMPLE_RATE_HZ = 24_000
# As recordings should have it: half a second before and after the speech.
_MARGIN = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
_LOUDEST = 0.5  # of full scale


class EnglishVoice:
    """Speaks English; loads its 20 MB once."""

    def __init__(self) -> None:
        self._voice = Hibari(threads=1)

    def speak(self, text: str, target: Path) -> None:
        """Write `text`, spoken, as a 24 kHz mono WAV. The same text sounds the same.

        Raises `EngineError` when nothing in it can be spoken.
        """
        if not any(character.isalnum() for character in text):
            raise EngineError("There is nothing in it to speak.", "NothingToSpeak")
        try:
            sound = self._voice(text, seed=0)
        except (ArithmeticError, LookupError, ValueError) as e:
            # Such as a number that is longer than there are names for.
            raise EngineError("The voice cannot say it.", "NothingToSpeak") from e
        loudest = float(np.abs(sound).max()) if len(sound) else 0.0
        if not loudest:
            raise EngineError("The voice has no sound for it.", "NothingToSpeak")
        whole = np.concatenate((_MARGIN, sound * (_LOUDEST / loudest), _MARGIN))
        with wave.open(str(target), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE_HZ)
            out.writeframes((whole * 32767).astype("<i2").tobytes())
