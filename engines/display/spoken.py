"""English text as it was spoken: `$20 at 5:30` is *twenty dollars at five thirty*.

The other way round than `numbers.py`. Numbers are read as most people would: years and
telephone numbers in their ways, long rows of digits one by one. What may be said in
several ways (`1984`, `152/94`) is read in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from engines.display.cardinals import SCALES, TEENS, TENS, UNITS

_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_SIGNS = {"%": "percent", "&": "and", "@": "at", "+": "plus", "=": "equals"}
_SIGNS |= {"°": "degrees", "#": "number", "§": "section"}
_FRACTIONS = {"1/2": "one half", "1/3": "one third", "2/3": "two thirds"}
_FRACTIONS |= {"1/4": "one quarter", "3/4": "three quarters"}
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth"}
_ORDINALS |= {"eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
# What stands before a word; not the point of a number without a whole part.
_LEAD = re.compile(r'^(?:(?!\.\d)[.,;:!?"“”()\[\]…])+')
_LONG = 5  # digits without commas are read one by one

_PIECES = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)*|\S")  # noqa: RUF001


def spoken(chunks: Sequence[str]) -> list[list[str]]:
    """The spoken words of each of the chunks, what stands between spaces.

    >>> spoken(["It", "costs", "$3.5", "million,", "no?"])
    [['it'], ['costs'], ['three', 'point', 'five'], ['million', 'dollars'], ['no']]
    """
    plain = [_LEAD.sub("", chunk.rstrip('.,;:!?"“”()[]…')).lower() for chunk in chunks]
    plain = [chunk.replace("’", "'") for chunk in plain]  # noqa: RUF001
    result = [_chunk(chunk) for chunk in plain]
    for at, (chunk, following) in enumerate(pairwise(plain)):
        # `$3 million` has its dollars behind the million.
        if chunk[:1] in _CURRENCIES and following in SCALES:
            result[at] = _number(chunk[1:])
            result[at + 1] = [following, _CURRENCIES[chunk[0]][1]]
        elif chunk[-1:].isdecimal() and following in ("a.m", "p.m", "am", "pm"):
            result[at] = _chunk(chunk.removesuffix(":00"))
            result[at + 1] = _letters(following)
    return result


def _chunk(chunk: str) -> list[str]:
    for pattern, say in _KINDS:
        if found := re.fullmatch(pattern, chunk):
            return say(found)
    return [word for piece in _PIECES.findall(chunk) for word in _piece(piece)]


def _piece(piece: str) -> list[str]:
    """A part of a word: letters, a number, or a sign, most of which are not said."""
    if piece[0].isdecimal():
        return _number(piece)
    if piece[0].isalpha():
        return [piece]
    return [_SIGNS[piece]] if piece in _SIGNS else []


def _number(text: str) -> list[str]:
    """
    >>> " ".join(_number("1,984.05")), " ".join(_number("007"))
    ('one thousand nine hundred eighty four point zero five', 'zero zero seven')
    """
    whole, _, fraction = text.partition(".")
    digits = whole.replace(",", "")
    words = _cardinal(int(digits)) if len(digits) <= 15 else _row(digits)
    if digits[0] == "0" and len(digits) > 1:
        words = _row(digits)
    elif digits == whole and not fraction:
        if _is_year(digits):
            words = _year(digits)
        elif len(digits) >= _LONG:
            words = _row(digits)
    return [*words, "point", *_row(fraction)] if fraction else words


def _cardinal(value: int) -> list[str]:
    """
    >>> " ".join(_cardinal(2005)), " ".join(_cardinal(1_000_021))
    ('two thousand five', 'one million twenty one')
    """
    if value < 10:
        return [UNITS[value]]
    if value < 20:
        return [TEENS[value - 10]]
    if value < 100:
        return [TENS[value // 10 - 2], *_rest(value % 10)]
    if value < 1000:
        return [UNITS[value // 100], "hundred", *_rest(value % 100)]
    name, size = max((n for n in SCALES.items() if n[1] <= value), key=lambda n: n[1])
    return [*_cardinal(value // size), name, *_rest(value % size)]


def _rest(value: int) -> list[str]:
    return _cardinal(value) if value else []


def _row(digits: str) -> list[str]:
    return [UNITS[int(digit)] for digit in digits]


def _is_year(digits: str) -> bool:
    return len(digits) == 4 and digits[:2] in ("16", "17", "18", "19", "20")


def _year(digits: str) -> list[str]:
    """
    >>> [" ".join(_year(year)) for year in ("1984", "1905", "2005")]
    ['nineteen eighty four', 'nineteen oh five', 'two thousand five']
    """
    first, last = int(digits[:2]), int(digits[2:])
    if digits.startswith("200"):
        return _cardinal(int(digits))
    if not last:
        return [*_cardinal(first), "hundred"]
    return [*_cardinal(first), *(["oh"] if last < 10 else []), *_cardinal(last)]


def _ordinal(found: re.Match[str]) -> list[str]:
    *before, last = _cardinal(int(found[1].replace(",", "")))
    tens = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return [*before, _ORDINALS.get(last, tens)]


def _decade(found: re.Match[str]) -> list[str]:
    """`1990s`, `90s`."""
    *before, last = _number(found[1])
    return [*before, f"{last[:-1]}ies" if last.endswith("y") else f"{last}s"]


def _time(found: re.Match[str]) -> list[str]:
    hours, minutes, half = _cardinal(int(found[1])), int(found[2]), found[3] or ""
    if minutes:
        said = [*(["oh"] if minutes < 10 else []), *_cardinal(minutes)]
    else:
        said = [] if half else ["o'clock"]
    return [*hours, *said, *_letters(half)]


def _half_of_day(found: re.Match[str]) -> list[str]:
    return [*_cardinal(int(found[1])), *_letters(found[2])]


def _letters(text: str) -> list[str]:
    return [letter for letter in text if letter.isalpha()]


def _money(found: re.Match[str]) -> list[str]:
    one, many, hundredth, hundredths = _CURRENCIES[found[1]]
    whole, _, cents = found[2].partition(".")
    if cents and len(cents) != 2:
        return [*_number(found[2]), many]
    words: list[str] = []
    if whole.strip("0") or not cents.strip("0"):
        value = int(whole.replace(",", "") or "0")
        words = [*_cardinal(value), one if value == 1 else many]
    if cents.strip("0"):
        said = [*_cardinal(int(cents)), hundredth if cents == "01" else hundredths]
        words += ["and", *said] if words else said
    return words


def _telephone(found: re.Match[str]) -> list[str]:
    return _row("".join(c for c in found[0] if c.isdecimal()))


def _negative(found: re.Match[str]) -> list[str]:
    return ["minus", *_chunk(found[1])]


def _fraction_alone(found: re.Match[str]) -> list[str]:
    """`.5`"""
    return ["point", *_row(found[1])]


def _date(found: re.Match[str]) -> list[str]:
    """`6/21/2024`"""
    return [word for part in re.split("[/-]", found[0]) for word in _number(part)]


def _fraction(found: re.Match[str]) -> list[str]:
    """`1/2`; of anything else what doctors say: `152/94`."""
    if found[0] in _FRACTIONS:
        return _FRACTIONS[found[0]].split()
    return [*_cardinal(int(found[1])), "over", *_cardinal(int(found[2]))]


def _range(found: re.Match[str]) -> list[str]:
    return [*_number(found[1]), "to", *_number(found[2])]


_KINDS: Sequence[tuple[str, Callable[[re.Match[str]], list[str]]]] = (
    (r"[a-z'\-]*[a-z]", lambda found: found[0].replace("-", " ").split()),
    (r"(?:[^\W\d_]\.)+[^\W\d_]", lambda found: _letters(found[0])),
    (r"(\d{1,3}(?:,\d{3})*|\d{1,15})(?:st|nd|rd|th)", _ordinal),
    (r"'?(\d{2}|\d{4})s", _decade),
    (r"(\d{1,2}):(\d{2})([ap]\.?m)?", _time),
    (r"(\d{1,2})([ap]\.?m)", _half_of_day),
    (r"([$£€¥₹])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,15}(?:\.\d+)?|\.\d\d)", _money),
    (r"[-−]([$£€¥₹]?\.?\d.*)", _negative),  # noqa: RUF001
    (r"\.(\d+)", _fraction_alone),
    (r"\d{1,2}[/-]\d{1,2}[/-](?:\d{2}|\d{4})", _date),
    (r"\+?\(?\d{1,3}\)?(?:-\d{2,4})*-\d{4}|\d{3}\.\d{3}\.\d{4}", _telephone),
    (r"(\d{1,4})/(\d{1,4})", _fraction),
    (r"(\d{1,4})[-–](\d{1,4})", _range),  # noqa: RUF001
)
