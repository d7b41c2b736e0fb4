"""Utterances in the formats of `sclite` (NIST SCTK): TRN, STM and CTM.

Every function makes what one utterance has in a file; the files are one after another.
With the words that were compared (`Scale.words`, those of a hypothesis `reconciled`),
these commands find the errors of `alignment.py`, which says when they do not:

    sclite -s -e utf-8 -i spu_id -r reference.trn trn -h hypothesis.trn trn
    sclite -s -e utf-8 -r reference.stm stm -h hypothesis.ctm ctm

`-s` since the scale has decided already whether case counts. Both files of a command
have the utterances in the same order, a TRN also those of which nothing was heard.

Characters that mean something to sclite, in words and in names, are written as in
quoted-printable (RFC 2045, section 6.7): `=` and their bytes in hexadecimal.

Formats: https://github.com/usnistgov/SCTK/blob/master/doc/infmts.htm
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

# Alternatives, nothing, comments, tags, labels, what may be left out, and spaces.
_SIGNS = r"{}/@*;:\\<>()=\"\s\x00-\x1f\x7f"
_SYNTAX = re.compile(f"[{_SIGNS}]")
_SPEAKER_SYNTAX = re.compile(f"[{_SIGNS}-]")  # a speaker ends at a hyphen
# sclite has room for 99 bytes.
_MOST_BYTES = 80
_CHANNEL = 1


class TimedWord(NamedTuple):
    """A word that was heard: seconds in its recording, confidence from 0 to 1."""

    text: str
    start: float
    end: float
    confidence: float | None = None


def trn(words: Iterable[str], speaker: str, utterance: str) -> str:
    """The line of one utterance. Each has a name that no other of its speaker has.

    >>> trn(["and", "/", "or"], "anna-lena", "12 b")
    'and =2F or (anna=2Dlena-12=20b)\\n'
    """
    name = f"{_name(speaker, _SPEAKER_SYNTAX)}-{_name(utterance)}"
    return " ".join([*map(_word, words), f"({name})"]) + "\n"


def stm(words: Iterable[str], recording: str, speaker: str, seconds: float) -> str:
    """The line of a reference: all that is said in a recording of this length.

    >>> stm(["one", "two"], "call 7", "anna", 2.5)
    'call=207 1 anna 0.000 2.500 one two\\n'
    """
    fields = [
        _name(recording),
        f"{_CHANNEL}",
        _name(speaker),
        "0.000",
        f"{seconds:.3f}",
    ]
    return " ".join([*fields, *map(_word, words)]) + "\n"


def ctm(words: Sequence[TimedWord], recording: str) -> str:
    """The lines of a hypothesis, one for each word; none if nothing was heard.

    >>> ctm([TimedWord("one", 0.1, 0.4, 0.98), TimedWord("two", 0.5, 0.7)], "call 7")
    'call=207 1 0.100 0.300 one 0.980\\ncall=207 1 0.500 0.200 two\\n'
    """
    name = _name(recording)
    lines: list[str] = []
    for text, start, end, confidence in words:
        line = f"{name} {_CHANNEL} {start:.3f} {end - start:.3f} {_word(text)}"
        lines.append(line if confidence is None else f"{line} {confidence:.3f}")
    return "".join(f"{line}\n" for line in lines)


def _name(text: str, syntax: re.Pattern[str] = _SYNTAX) -> str:
    return syntax.sub(_escaped, text) or "="


def _word(text: str) -> str:
    """The word; of one that is too long, its beginning and a digest of it all."""
    word = _SYNTAX.sub(_escaped, text)
    if len(word) * 4 <= _MOST_BYTES or len(word.encode()) <= _MOST_BYTES:
        return word
    beginning = word.encode()[: _MOST_BYTES // 2].decode(errors="ignore")
    return f"{beginning}={sha256(word.encode()).hexdigest()[:16]}"


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"={byte:02X}" for byte in match[0].encode())
