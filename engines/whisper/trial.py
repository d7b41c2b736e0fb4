"""Whether a model can be used: it is loaded, and hears a moment of silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel

from engines.base import EngineError

_SILENCE = np.zeros(16_000, np.float32)  # a second


def attempt(folder: Path, threads: int) -> None:
    """With the times of the words. Raises `EngineError` (BadModel)."""
    try:
        model = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads
        )
        options = {"language": "en", "beam_size": 1, "word_timestamps": True}
        segments, _ = model.transcribe(_SILENCE, **options, max_new_tokens=8)
        list(segments)
    # The libraries raise nothing narrower for a file that is not theirs.
    except Exception as e:
        raise EngineError(f"The model could not be loaded: {e}", "BadModel") from e
