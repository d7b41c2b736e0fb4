"""Sentences spoken by the machine among the lessons, where it has a voice for them.

A network that hears nothing but one domain soon takes everything for it: after 120
clips of digit strings it heard words in plain English speech four times as badly as
before. Sentences of everyday language prevent that. And where few people speak the
domain, it soon knows its words from their voices alone: sentences of the domain are
spoken as well.
"""

from __future__ import annotations

import hashlib
import random
import wave
from collections.abc import Iterable
from pathlib import Path

from engines.base import EngineError
from engines.voices import get_voice
from scoring.locale import language_of

_SENTENCES = Path(__file__).parent
_LONGEST = 200  # characters of a sentence that is spoken
_MOST_SECONDS = 20.0


def general(locale: str) -> list[str]:
    """Sentences of everyday language."""
    name = f"general.{language_of(locale)}.txt"
    text = (_SENTENCES / name).read_text("utf-8")
    return text.splitlines()


def drawn(sentences: Iterable[str], count: int, seed: int) -> list[str]:
    """So many of them by chance, as good as all different; there may be millions."""
    chance = random.Random(seed)
    found: list[str] = []
    for number, sentence in enumerate(s for s in sentences if len(s) <= _LONGEST):
        if number < count:
            found.append(sentence)
        elif (place := chance.randrange(number + 1)) < count:
            found[place] = sentence
    return list(dict.fromkeys(found))


def speak(
    locale: str, sentences: Iterable[str], folder: Path
) -> list[tuple[Path, str, float]]:
    """Recordings of what can be spoken of the sentences, the text of each, and its
    seconds. Recordings that are in `folder` already are kept. A hundred take some
    ten seconds. The locale must have a voice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    voice = get_voice(locale)
    spoken = []
    for sentence in sentences:
        name = hashlib.sha256(sentence.encode()).hexdigest()[:16]
        path = folder / f"{name}.wav"
        if not path.exists():
            part = path.with_suffix(".part")
            try:
                voice.speak(sentence, part)
            except EngineError:
                continue  # There is nothing in it to speak.
            part.rename(path)
        seconds = _seconds(path)
        if seconds <= _MOST_SECONDS:
            spoken.append((path, sentence, seconds))
    return spoken


def _seconds(path: Path) -> float:
    with wave.open(str(path), "rb") as audio:
        return audio.getnframes() / audio.getframerate()
