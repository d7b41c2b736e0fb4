"""The kind "transcript": sentences for a test, to be spoken by a voice.

A text file (.txt or .tsv) with one sentence on each line, or with a name for its
audio before it, as in the transcript of recordings:

    Patient takes metoprolol twice daily.
    call_002<TAB>Blood pressure is 120 over 80.

The reference names this kind and describes no format for it, so the one of
transcripts is taken, with the name left out or not. At most 1,000 lines, each of
at most 500 characters: more says no more about a model. Between two spaces at most
60 characters may stand: the time that the voice needs for what is joined by hyphens
or slashes grows with the cube of its length.

Reference:
https://learn.microsoft.com/azure/ai-services/speech-service/how-to-custom-speech-test-and-train
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from datasets.formats.base import Entry, Findings, FormatError, key, shown
from datasets.formats.text import Reporter, read_lines

MAX_BYTES = 2**20
MAX_LINES = 1_000
MAX_CHARACTERS = 500
MAX_WORD_CHARACTERS = 60


def read(
    path: Path, locale: str, findings: Findings, *, name: str = ""
) -> Iterator[Entry]:
    """The sentences, each with the name of its audio in `other`.

    Raises FormatError when the file is no text or holds nothing to speak.
    """
    file = shown(name or path.name)
    reporter = Reporter(findings, file, "spoken")
    names: set[str] = set()
    count = 0
    for number, line in read_lines(path, locale, reporter, max_bytes=MAX_BYTES):
        if not line.strip():
            continue
        called, text = _parts(number, line)
        problem = _problem(called, text, names)
        if problem is None and count == MAX_LINES:
            message = f"is after the first {MAX_LINES:,} sentences, which are spoken"
            problem = ("too_many", message, "keep the most telling ones")
        if problem is not None:
            reporter.refuse(number, *problem, row=line)
            continue
        names.add(key(called))
        count += 1
        yield Entry("sentence", number, text, called)
    if not count:
        message = (
            f"{file} holds no sentence that can be spoken. Write one on each line."
        )
        raise FormatError(message, "spoken.nothing_usable")


def _parts(number: int, line: str) -> tuple[str, str]:
    """The name of the audio and what is to be spoken.

    >>> _parts(7, "Hello."), _parts(7, "a.wav\\tHello.")
    (('0007.wav', 'Hello.'), ('a.wav', 'Hello.'))
    """
    first, tab, rest = line.strip().partition("\t")
    called = first.strip() if tab else f"{number:04}"
    stem = called.removesuffix(".wav")
    return f"{stem}.wav", " ".join((rest if tab else first).split())


def _problem(called: str, text: str, names: set[str]) -> tuple[str, str, str] | None:
    if not any(character.isalpha() for character in text):
        return "no_words", "there is nothing in it to speak", "write words"
    if len(text) > MAX_CHARACTERS:
        message = f"is longer than {MAX_CHARACTERS} characters"
        return "too_long", message, "write one sentence on each line"
    longest = max(text.split(), key=len)
    if len(longest) > MAX_WORD_CHARACTERS:
        message = f"{shown(longest[:20])}... has {len(longest)} characters without a "
        message += f"space; a voice takes {MAX_WORD_CHARACTERS}"
        return "long_word", message, "write it as it is spoken, in words"
    if len(called) > 255:
        return "long_name", "the name is longer than 255 characters", "shorten it"
    if key(called) in names:
        message = f"{shown(called)} is the name of an earlier line"
        return "duplicate_name", message, "give each line a name of its own"
    return None
