"""How English numbers are said: one token for each digit, whatever was written.

`3585`, `3,585`, `3 5 8 5`, `three five eight five`, `thirty five eighty five` and
`three thousand five hundred and eighty five` are all *three five eight five*. What
cannot be told apart by sound is taken the longer way: `twenty five` is 25, never
20 and 5. Fractions (`1/2`, `one half`) and Roman numerals are left as they stand.

A lexeme is a compared word with its place in the (case-folded) text. Rules look at
a bounded number of lexemes, so that the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple


class Lexeme(NamedTuple):
    """A word, a run of digits (with commas between thousands) or a spoken sign."""

    text: str
    start: int
    end: int


class _Rank(IntEnum):
    ZERO = 0
    UNIT = 1
    TEEN = 2
    TENS = 3
    HUNDRED = 4
    SCALE = 5


class _Word(NamedTuple):
    rank: _Rank
    value: int
    ending: str  # "", "th" of an ordinal, "s" of a plural


class _Number(NamedTuple):
    value: int
    ending: str
    until: int  # index of the first lexeme after the number


_Lexemes = Sequence[Lexeme]
_Reading = tuple[list[Lexeme], int]  # tokens, index of the first lexeme not used

_BY_ENDING = {
    "": "zero one two three four five six seven eight nine",
    "th": "zeroth first second third fourth fifth sixth seventh eighth ninth",
    "s": "zeros ones twos threes fours fives sixes sevens eights nines",
}
_ENDINGS = {ending: names.split() for ending, names in _BY_ENDING.items()}
_DIGITS = _ENDINGS[""]
_TEENS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = ("twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet")
_TENS_ENDINGS = {"y": "", "ieth": "th", "ies": "s"}
_SCALES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_MULTIPLES = {"double": 2, "triple": 3}
_SUFFIXES = {"st": "th", "nd": "th", "rd": "th", "th": "th", "s": "s"}
# Unit of one, of many; hundredth of one, of many.
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}
_MAJOR = {word for names in _CURRENCIES.values() for word in names[:2]}
_MINOR = {word for names in _CURRENCIES.values() for word in names[2:]}


def _vocabulary() -> dict[str, _Word]:
    words = {"nought": _Word(_Rank.ZERO, 0, ""), "zeroes": _Word(_Rank.ZERO, 0, "s")}
    for ending, names in _ENDINGS.items():
        for value, name in enumerate(names):
            words[name] = _Word(_Rank.UNIT if value else _Rank.ZERO, value, ending)
    for value, name in enumerate(_TEENS.split(), start=10):
        words[name] = _Word(_Rank.TEEN, value, "")
        words[name.replace("lve", "lf") + "th"] = _Word(_Rank.TEEN, value, "th")
    for tens, stem in enumerate(_TENS, start=2):
        for tail, ending in _TENS_ENDINGS.items():
            words[stem + tail] = _Word(_Rank.TENS, tens * 10, ending)
    for ending in ("", "th"):
        words["hundred" + ending] = _Word(_Rank.HUNDRED, 100, ending)
        for name, zeros in _SCALES.items():
            words[name + ending] = _Word(_Rank.SCALE, 10**zeros, ending)
    return words


_WORDS = _vocabulary()
#: A text without digits, currency signs and these words is left as it is by `spell`.
NUMBER_WORDS = frozenset(_WORDS) | {"cent"}
CURRENCY_SIGNS = frozenset(_CURRENCIES)
_BEGINNINGS = {*_WORDS, *_CURRENCIES, *_MULTIPLES, "a", "per", "am", "pm"}


def spell(lexemes: Sequence[Lexeme]) -> list[Lexeme]:
    """The lexemes with every number as the words of its digits.

    >>> [token.text for token in spell([Lexeme("twenty", 0, 6), Lexeme("5", 7, 8)])]
    ['two', 'zero', 'five']
    """
    lexemes = _with_zeros(lexemes)
    tokens: list[Lexeme] = []
    at, is_fraction = 0, False
    while at < len(lexemes):
        reading: _Reading | None = None
        text = lexemes[at].text
        if text in _BEGINNINGS or text[0].isdecimal():
            reading = _number(lexemes, at, is_fraction) or _other(lexemes, at)
        if reading:
            tokens += reading[0]
            at = reading[1]
            continue
        is_fraction = text == "point" and _is_point(lexemes, at)
        tokens.append(lexemes[at])
        at += 1
    return _without_and(tokens)


def _number(lexemes: _Lexemes, at: int, is_fraction: bool) -> _Reading | None:
    """The number that begins here, if one does.

    Behind the decimal point no hundred or thousand belongs to the digits:
    `3.5 million` is *three point five million*.
    """
    text = lexemes[at].text
    if not is_fraction:
        cardinal = _cardinal(lexemes, at)
        if cardinal is not None:
            return _spelled(lexemes, at, cardinal), cardinal.until
    if text[0].isdecimal():
        return _figure(lexemes, at)
    word = _WORDS.get(text)
    number = _below_hundred(lexemes, at)
    if number is None and word and (word.rank == _Rank.ZERO or word.ending):
        number = _Number(word.value, word.ending, at + 1)
    return (_spelled(lexemes, at, number), number.until) if number else None


def _other(lexemes: _Lexemes, at: int) -> _Reading | None:
    """What is said with numbers: money, doubles, `per cent`, `pm`."""
    first = lexemes[at]
    if first.text in _CURRENCIES:
        return _money(lexemes, at)
    if first.text in _MULTIPLES:
        return _multiple(lexemes, at)
    if first.text == "per" and _text(lexemes, at + 1) == "cent":
        return [Lexeme("percent", first.start, lexemes[at + 1].end)], at + 2
    if first.text in ("am", "pm") and at and _is_numeral(lexemes[at - 1].text):
        middle = first.start + 1
        letter = Lexeme(first.text[0], first.start, middle)
        return [letter, Lexeme("m", middle, first.end)], at + 1
    return None


def _with_zeros(lexemes: _Lexemes) -> list[Lexeme]:
    """`oh` is a zero beside a digit, and so is `o` after `double`."""
    result = list(lexemes)
    places = [at for at, lexeme in enumerate(lexemes) if lexeme.text in ("o", "oh")]
    for at in places:
        before = result[at - 1].text if at else ""
        is_spoken = lexemes[at].text == "oh" and _is_numeral(before)
        if is_spoken or before in _MULTIPLES:
            result[at] = lexemes[at]._replace(text="zero")
    for at in reversed(places):
        behind = _text(result, at + 1)
        if result[at].text == "oh" and (_is_numeral(behind) or behind in _MULTIPLES):
            result[at] = lexemes[at]._replace(text="zero")
    return result


def _is_numeral(text: str) -> bool:
    word = _WORDS.get(text)
    if word is None:
        return text[:1].isdecimal()
    return word.rank < _Rank.HUNDRED and not word.ending


def _is_point(lexemes: _Lexemes, at: int) -> bool:
    """Whether a decimal point is here: the sign, or the word after a number."""
    this = lexemes[at]
    is_sign = this.end - this.start == 1
    is_after_number = at > 0 and _is_numeral(lexemes[at - 1].text)
    return this.text == "point" and (is_sign or is_after_number)


def _text(lexemes: _Lexemes, at: int) -> str:
    return lexemes[at].text if at < len(lexemes) else ""


def _rank(lexemes: _Lexemes, at: int) -> _Rank | None:
    word = _WORDS.get(_text(lexemes, at))
    return word.rank if word else None


def _cardinal(lexemes: _Lexemes, at: int) -> _Number | None:
    """A number in words, its thousands first, or None."""
    has_and = not at or lexemes[at - 1].text != "between"
    total: _Number | None = None
    below = 10**15
    while True:
        start = total.until if total else at
        if total and has_and and _text(lexemes, start) == "and":
            start = _after_and(lexemes, start)
        group = _group(lexemes, start, has_and)
        if group is None:
            return total
        scale = _WORDS.get(_text(lexemes, group.until))
        is_scaled = bool(scale and scale.rank == _Rank.SCALE and not group.ending)
        if scale and is_scaled:
            group = _Number(group.value * scale.value, scale.ending, group.until + 1)
        if group.value >= below:
            return total
        value = group.value + (total.value if total else 0)
        total = _Number(value, group.ending, group.until)
        if not scale or not is_scaled or scale.ending:
            return total
        below = scale.value


def _after_and(lexemes: _Lexemes, at: int) -> int:
    """Past the `and` of `two thousand and five`; here, if it is no such `and`."""
    rest = _below_hundred(lexemes, at + 1)
    if rest is None or _rank(lexemes, rest.until) in (_Rank.HUNDRED, _Rank.SCALE):
        return at
    return at + 1


def _group(lexemes: _Lexemes, at: int, has_and: bool) -> _Number | None:
    """A number below ten thousand without a thousand: `five`, `thirty five hundred`."""
    head = _below_hundred(lexemes, at) or _head(lexemes, at)
    if head is None or head.ending or _rank(lexemes, head.until) != _Rank.HUNDRED:
        return head
    hundred = _WORDS[lexemes[head.until].text]
    number = _Number(head.value * 100, hundred.ending, head.until + 1)
    if head.value > 99 or hundred.ending:
        return number
    is_joined = has_and and _text(lexemes, number.until) == "and"
    rest = _below_hundred(lexemes, number.until + is_joined)
    if rest is None or _rank(lexemes, rest.until) == _Rank.HUNDRED:
        return number
    return _Number(number.value + rest.value, rest.ending, rest.until)


def _head(lexemes: _Lexemes, at: int) -> _Number | None:
    """The `a` or the digits before `hundred`, `thousand`; None when nothing follows.

    `half a million` is no million.
    """
    following = _WORDS.get(_text(lexemes, at + 1))
    if following is None or following.rank < _Rank.HUNDRED:
        return None
    text = lexemes[at].text
    if text == "a" and not following.ending:
        is_part = at > 0 and lexemes[at - 1].text in ("half", "many")
        return None if is_part else _Number(1, "", at + 1)
    if not text[0].isdecimal() or text[0] == "0" or len(text) > 3:
        return None
    if at and _is_point(lexemes, at - 1):
        return None
    return _Number(int(text), "", at + 1)


def _below_hundred(lexemes: _Lexemes, at: int) -> _Number | None:
    """A number from 1 to 99 in words."""
    word = _WORDS.get(_text(lexemes, at))
    if word is None or not _Rank.UNIT <= word.rank <= _Rank.TENS:
        return None
    if word.rank == _Rank.TENS and not word.ending:
        unit = _WORDS.get(_text(lexemes, at + 1))
        if unit and unit.rank == _Rank.UNIT:
            return _Number(word.value + unit.value, unit.ending, at + 2)
    return _Number(word.value, word.ending, at + 1)


def _spelled(lexemes: _Lexemes, at: int, number: _Number) -> list[Lexeme]:
    """The digits; those of a phrase share its place, `twenty` and `five` do not."""
    names = _names(str(number.value), number.ending)
    words = lexemes[at : number.until]
    if len(words) == len(names) == 2 and number.value < 100:
        return [w._replace(text=name) for w, name in zip(words, names, strict=True)]
    return [Lexeme(name, words[0].start, words[-1].end) for name in names]


def _names(digits: str, ending: str = "") -> list[str]:
    names = [_DIGITS[int(digit)] for digit in digits]
    names[-1] = _ENDINGS[ending][int(digits[-1])]
    return names


def _figure(lexemes: _Lexemes, at: int) -> _Reading:
    """A number in digits, each with a place of its own.

    `30 second` is read as `thirty second`, which cannot be told from 32nd.
    """
    text, start, end = lexemes[at]
    places = [(c, start + k) for k, c in enumerate(text) if c != ","]
    tokens = [Lexeme(_DIGITS[int(c)], place, place + 1) for c, place in places]
    following = lexemes[at + 1] if at + 1 < len(lexemes) else Lexeme("", end, end)
    digit, place = places[-1]
    if following.start == end and following.text in _SUFFIXES:
        name = _ENDINGS[_SUFFIXES[following.text]][int(digit)]
    elif following.text == "second" and re.search(r"[^1]0$", text):
        name = "second"
    else:
        return tokens, at + 1
    tokens[-1] = Lexeme(name, place, following.end)
    return tokens, at + 2


def _multiple(lexemes: _Lexemes, at: int) -> _Reading | None:
    """`double oh`, `triple five`; None when no single digit follows."""
    text = _text(lexemes, at + 1)
    word = _WORDS.get(text)
    if _rank(lexemes, at + 2) in (_Rank.HUNDRED, _Rank.SCALE):
        return None
    if word and word.rank <= _Rank.UNIT and not word.ending:
        name = _DIGITS[word.value]
    elif len(text) == 1 and text.isdecimal():
        name = _DIGITS[int(text)]
    else:
        return None
    token = Lexeme(name, lexemes[at].start, lexemes[at + 1].end)
    return [token] * _MULTIPLES[lexemes[at].text], at + 2


def _money(lexemes: _Lexemes, at: int) -> _Reading | None:
    """`$5.50` is *five dollars fifty cents*: one place for all of its words."""
    whole, until = "", at + 1
    if _text(lexemes, until)[:1].isdecimal():
        whole, until = lexemes[until].text.replace(",", ""), until + 1
    fraction = ""
    if _text(lexemes, until) == "point" and _text(lexemes, until + 1).isdecimal():
        fraction, until = lexemes[until + 1].text, until + 2
    if not whole and not fraction:
        return _money_behind(lexemes, at)
    if _rank(lexemes, until) == _Rank.SCALE:
        names, until = _scaled(lexemes, at + 1, until)
        names.append(_CURRENCIES[lexemes[at].text][1])
    else:
        names = _amount(whole, fraction, _CURRENCIES[lexemes[at].text])
    start, end = lexemes[at].start, lexemes[until - 1].end
    return [Lexeme(name, start, end) for name in names], until


def _money_behind(lexemes: _Lexemes, at: int) -> _Reading | None:
    """The sign of `5 €`; None when there is no number before it."""
    if not at or not lexemes[at - 1].text[0].isdecimal():
        return None
    one, many = _CURRENCIES[lexemes[at].text][:2]
    name = one if lexemes[at - 1].text == "1" else many
    return [lexemes[at]._replace(text=name)], at + 1


def _scaled(lexemes: _Lexemes, at: int, end: int) -> tuple[list[str], int]:
    """The words of `5 million` or `3.5 million`, and where they end."""
    number = _cardinal(lexemes, at)
    if number is not None:
        return _names(str(number.value), number.ending), number.until
    names: list[str] = []
    for text in [lexeme.text for lexeme in lexemes[at:end]]:
        names += _names(text.replace(",", "")) if text[0].isdecimal() else [text]
    return [*names, lexemes[end].text], end + 1


def _amount(whole: str, fraction: str, currency: Sequence[str]) -> list[str]:
    one, many, hundredth, hundredths = currency
    if len(fraction) not in (0, 2):
        before = _names(whole) if whole else []
        return [*before, "point", *_names(fraction), many]
    names: list[str] = []
    cents = fraction.lstrip("0")
    if whole.strip("0") or not cents:
        names = [*_names(whole or "0"), one if whole == "1" else many]
    if cents:
        names += [*_names(cents), hundredth if cents == "1" else hundredths]
    return names


def _without_and(tokens: list[Lexeme]) -> list[Lexeme]:
    """`five dollars and fifty cents` is `five dollars fifty cents`."""
    result: list[Lexeme] = []
    for index, token in enumerate(tokens):
        if token.text == "and" and result and result[-1].text in _MAJOR:
            digits = 0
            while digits < 2 and _text(tokens, index + 1 + digits) in _DIGITS:
                digits += 1
            if digits and _text(tokens, index + 1 + digits) in _MINOR:
                continue
        result.append(token)
    return result
