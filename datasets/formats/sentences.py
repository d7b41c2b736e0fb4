"""What a sentence to adapt a model with may hold: the rules that texts share.

`datasets.formats.plain_text` says what they are and why.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from datasets.formats.base import shown

MAX_JAPANESE_CHARACTERS = 90
MAX_REPEATS = 3
MAX_DIGIT_REPEATS = 12  # a trillion has as many zeros
MAX_GROUP_WORDS = 10

_SPOKEN = frozenset("+<=>|~\xb0\xb1\xa9\xae\xd7\xf7\u2212\u2248\u2260\u2264\u2265")
_GERMAN = frozenset("¢¤¥¦§©ª¬®°±²³¶µ¹º÷ÿØø\xd7")
# Scripts whose own signs are symbols to Unicode: year, weather and number signs.
_SCRIPTS = (range(0x370, 0x2000), range(0x2E80, 0xA4D0), range(0xA800, 0xAC00))

# Written without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
UNSPACED += "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_GAPS = r"\s!-/:-@\[-`{-~\xa1-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb-\xbf\u2000-\u206f"
_GAPS += r"\u3000-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
WORD = re.compile(f"[{UNSPACED}]|[^{_GAPS}{UNSPACED}]+")
_CHARACTER_RUN = re.compile(rf"(\S)\1{{{MAX_REPEATS},}}", re.IGNORECASE)
_TOKEN = re.compile(r"\S+")
_URI = re.compile(  # of a token in lower case; begins only where a name does
    r"(?<![a-z0-9+.-])[a-z0-9+.-]+://."
    r"|(?<![a-z0-9])mailto:."
    r"|(?<![a-z0-9])www\.\w"
    r"|(?<![a-z0-9.-])(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}/\w"
)

# Where (the column, from 1), rule, message and advice.
Problem = tuple[int | None, str, str, str]


def problem(text: str, language: str) -> Problem | None:
    """The first problem of a sentence or a part of one; None when it can be used.

    >>> problem("see www.example.org", "en")[:2], problem("All is well.", "en")
    ((5, 'uri'), None)
    """
    return symbol(text, language) or uri(text) or repeated(text)


def repeated(text: str) -> Problem | None:
    """A character, a word or a group of words that comes too often in a row."""
    return repeated_character(text) or repeated_words(text)


def symbol(line: str, language: str) -> Problem | None:
    bad = {c for c in set(line) if not is_accepted(c, language == "de")}
    if not bad:
        return None
    column, found = min((line.index(c), c) for c in bad)
    if found == "\ufffd":
        message = "contains characters that were lost when the file was saved (\ufffd)"
        advice = "restore them and save the file as UTF-8"
        return column + 1, "lost_characters", message, advice
    name = unicodedata.name(found, "a character without a name").lower()
    message = f"contains {shown(found)} (U+{ord(found):04X}, {name}) in column "
    message += f"{column + 1}"
    if len(bad) > 1:
        message += f", and others (different ones in all: {len(bad)})"
    advice = "remove it, or write it as it is spoken"
    return column + 1, "special_character", message, advice


def uri(line: str) -> Problem | None:
    if not any(mark in line.lower() for mark in (":", "/", "www.")):
        return None
    for token in _TOKEN.finditer(line):
        match = _URI.search(token[0].lower())
        if match is not None:
            column = token.start() + match.start() + 1
            message = f"has a web address in column {column}"
            advice = "remove it, or write it as it is spoken, such as contoso dot com"
            return column, "uri", message, advice
    return None


def repeated_character(line: str) -> Problem | None:
    for run in _CHARACTER_RUN.finditer(line):
        length = run.end() - run.start()
        if not run[1].isdigit() or length > MAX_DIGIT_REPEATS:
            return _repeated(run.start(), run[1], length)
    return None


def repeated_words(line: str) -> Problem | None:
    """The first group of words that is repeated too often, short groups first."""
    matches = list(WORD.finditer(line))
    words = [match[0].casefold() for match in matches]
    for size in range(1, min(MAX_GROUP_WORDS, len(words) // (MAX_REPEATS + 1)) + 1):
        same = bytes(map(str.__eq__, words[size:], words))
        run = b"\x01" * (MAX_REPEATS * size)
        start = same.find(run)
        while start >= 0:
            end = same.find(b"\x00", start)
            end = len(same) if end < 0 else end
            first, last = matches[start], matches[start + size - 1]
            times = (end - start) // size + 1
            group = line[first.start() : last.end()]
            digits = all(word.isdigit() for word in words[start : start + size])
            if not digits or times > MAX_DIGIT_REPEATS:
                return _repeated(first.start(), group, times)
            start = same.find(run, end)
    return None


def _repeated(start: int, what: str, times: int) -> Problem:
    message = f'repeats "{shown(what)}" {times:,} times in a row'
    return start + 1, "repeated", message, f"keep {MAX_REPEATS} of them or fewer"


def no_word(line: str) -> Problem | None:
    if not line.strip() or WORD.search(line):
        return None
    return None, "no_word", "has no word, only punctuation", "remove the line"


def japanese_length(line: str) -> Problem:
    message = f"has {len(line.strip()):,} characters; in Japanese a line may have "
    message += f"at most {MAX_JAPANESE_CHARACTERS}"
    advice = "divide it into several lines"
    return None, "sentence_too_long", message, advice


@functools.lru_cache(maxsize=8192)
def is_accepted(character: str, german: bool = False) -> bool:
    """True for what may stand in a sentence.

    >>> [is_accepted(c) for c in "é字„%€☺→\\ufffd"]
    [True, True, True, True, True, False, False, False]
    """
    if german and character in _GERMAN:
        return False
    if character in _SPOKEN:
        return True
    category = unicodedata.category(character)
    code = ord(character)
    if category[0] in "LMNPZ" or category == "Sc" or character == "\t":
        return True
    if code > 0xFFFF or character == "\ufffd" or category in {"Cc", "Cs", "Co", "Cn"}:
        return False
    if category in {"Sk", "Cf"} or any(code in script for script in _SCRIPTS):
        return True
    plain = unicodedata.normalize("NFKC", character)
    return plain != character and all(is_accepted(c, german) for c in plain)
