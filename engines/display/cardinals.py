"""English numbers in words: their grammar, without regard to what is around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


def _words(text: str) -> list[str]:
    return text.split()


UNITS = _words("zero one two three four five six seven eight nine")
TEENS = _words(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
TENS = _words("twenty thirty forty fifty sixty seventy eighty ninety")
OH = ("oh", "o")
MULTIPLES = {"double": 2, "triple": 3}
UNIT = {word: value for value, word in enumerate(UNITS)}
SMALL = {word: value for value, word in enumerate(TEENS, 10)}
SMALL.update({word: 10 * value for value, word in enumerate(TENS, 2)})
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


class Cardinal(NamedTuple):
    """A number in words, and where its parts end, so that `five hundred one
    fifteen` can be 500 115 as well."""

    value: int
    end: int
    prefixes: tuple[tuple[int, int], ...] = ()  # value and end, shorter ones first


def is_number_word(word: str) -> bool:
    """True for `five`, `fifteen` and `fifty`, not for `hundred`, `oh` and `fifth`."""
    return word in UNIT or word in SMALL


def small_value(word: str) -> str:
    """The digits of a word of which `is_number_word` is true."""
    return str(UNIT[word] if word in UNIT else SMALL[word])


def cardinal(words: Sequence[str], at: int) -> Cardinal | None:
    """The longest number that begins here: `a hundred`, `two thousand and five`.

    >>> cardinal("five hundred one fifteen".split(), 0)
    Cardinal(value=501, end=3, prefixes=((500, 2),))
    """
    total, end, below = 0, at, 10**15
    prefixes: list[tuple[int, int]] = []
    while True:
        start = end
        if total and word_at(words, end) == "and":
            if not _is_last_part(words, end + 1):
                break
            start = end + 1
        group = _group(words, start)
        if group is None or not group.value:
            break
        scale = SCALES.get(word_at(words, group.end), 0)
        value = group.value * (scale or 1)
        if value >= below:
            break
        prefixes += [] if scale else [(total + v, e) for v, e in group.prefixes]
        total, end = total + value, group.end + bool(scale)
        if not scale:
            break
        prefixes.append((total, end))
        below = scale
    if end == at:
        return None
    return Cardinal(total, end, tuple(p for p in prefixes if p[1] < end))


def word_at(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


def _is_last_part(words: Sequence[str], at: int) -> bool:
    """`two thousand and five`, not `two thousand and five hundred`."""
    rest = below_hundred(words, at)
    return rest is not None and word_at(words, rest.end) not in ("hundred", *SCALES)


def below_hundred(words: Sequence[str], at: int) -> Cardinal | None:
    word = word_at(words, at)
    if UNIT.get(word):
        return Cardinal(UNIT[word], at + 1)
    if word not in SMALL:
        return None
    unit = UNIT.get(word_at(words, at + 1), 0) if SMALL[word] >= 20 else 0
    return Cardinal(SMALL[word] + unit, at + 1 + bool(unit))


def _group(words: Sequence[str], at: int) -> Cardinal | None:
    """A number below 10,000 without a thousand: `nineteen hundred and five`."""
    head = below_hundred(words, at)
    if head is None:
        following = word_at(words, at + 1)
        is_one = following in ("hundred", "thousand") and word_at(words, at) == "a"
        if not is_one or word_at(words, at - 1) in ("half", "many"):
            return None
        head = Cardinal(1, at + 1)
    if word_at(words, head.end) != "hundred":
        return head
    value, end = head.value * 100, head.end + 1
    rest = below_hundred(words, end + (word_at(words, end) == "and"))
    if rest is None or word_at(words, rest.end) == "hundred":
        return Cardinal(value, end)
    return Cardinal(value + rest.value, rest.end, ((value, end),))
