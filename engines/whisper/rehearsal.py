"""General speech, so that a model that learns a domain forgets nothing else.

A network that hears nothing but one domain soon takes everything for it: after 120
clips of digit strings it heard words in plain English speech four times as badly
as before. A few sentences of everyday language among the lessons prevent that.
They are spoken by the machine's own voice, where it has one for the language.
"""

from __future__ import annotations

from pathlib import Path

from engines.voice import EnglishVoice

_SENTENCES = Path(__file__).parent
_VOICES = {"en": EnglishVoice}


def speak(language: str, folder: Path) -> list[tuple[Path, str]]:
    """Recordings of general sentences; those that are there already are kept.

    Empty when there is no voice for the language. Takes some ten seconds.
    """
    if language not in _VOICES:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    voice = _VOICES[language]()
    text = (_SENTENCES / f"general.{language}.txt").read_text("utf-8")
    spoken = []
    for number, sentence in enumerate(text.splitlines()):
        path = folder / f"{number}.wav"
        if not path.exists():
            part = path.with_suffix(".part")
            voice.speak(sentence, part)
            part.rename(path)
        spoken.append((path, sentence))
    return spoken
