"""Sentences that stand for a domain: what a model is told to have heard before.

Whisper was trained to go on in the language of the text before a window: its words,
names and way of writing. So many sentences are chosen as fit into that room: such
as have the frequent words of all texts between them, then any.
"""

from __future__ import annotations

import heapq
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from scoring.locale import language_of
from scoring.normalization import words

_CANDIDATES = 2_000  # sentences that are chosen from
_CHARACTERS = 300  # of a sentence that may be chosen
_LEAST_ROOM = 4  # in which no sentence fits
_NAMES_SHARE = 0.5  # of the room, for the display forms of pronunciations
_ENDS = re.compile(r"""[.?!…。？！।؟]["'”’»)]*$""")  # noqa: RUF001
_UNSPACED = ("ja", "th", "yue", "zh")


def sample(texts: Iterable[str], seed: int) -> list[str]:
    """Some of the texts, drawn evenly (reservoir sampling), in constant memory."""
    rng = random.Random(seed)
    kept: list[str] = []
    for number, text in enumerate(texts):
        if number < _CANDIDATES:
            kept.append(text)
        elif (place := rng.randrange(number + 1)) < _CANDIDATES:
            kept[place] = text
    return kept


def prompt(
    sentences: Sequence[str],
    names: Sequence[str],
    locale: str,
    room: int,
    size: Callable[[str], int],
) -> str:
    """Sentences, and names behind them, of together at most `room` by `size`."""
    behind = _fitting(dict.fromkeys(names), int(room * _NAMES_SHARE), size)
    tail = f"{', '.join(behind)}." if behind else ""
    left = room - (size(tail) if tail else 0)
    chosen = _chosen(sentences, locale, left, size)
    glue = "" if language_of(locale) in _UNSPACED else " "
    return glue.join([*chosen, tail] if tail else chosen)


def sentence(text: str, locale: str) -> str:
    """As it would be read: with a capital, and a full stop behind it.

    >>> sentence("five two eight", "en-US"), sentence("Is it?", "en-US")
    ('Five two eight.', 'Is it?')
    """
    text = " ".join(text.split())
    text = text[:1].title() + text[1:]
    if not text or _ENDS.search(text):
        return text
    return text + ("。" if language_of(locale) in ("ja", "zh", "yue") else ".")


def _fitting(names: Iterable[str], room: int, size: Callable[[str], int]) -> list[str]:
    kept: list[str] = []
    for name in names:
        needed = size(f"{name},")
        if needed <= room:
            kept.append(name)
            room -= needed
    return kept


def _chosen(
    sentences: Sequence[str], locale: str, room: int, size: Callable[[str], int]
) -> list[str]:
    """First those that bring the most frequent words for their length, until nothing
    new comes; then others as they come, for they are like the texts as a whole."""
    chosen: list[str] = []
    order = list(_covering([_words(text, locale) for text in sentences]))
    covering = set(order)
    left = (at for at in range(len(sentences)) if at not in covering)
    for at in chain(order, left):
        text = sentence(sentences[at], locale)
        needed = size(text)
        # What is read over and over again is gone on with, whatever is said.
        is_new = text not in chosen
        if is_new and 0 < needed <= room and len(text) <= _CHARACTERS:
            chosen.append(text)
            room -= needed
        if room < _LEAST_ROOM:
            break
    return chosen


def _covering(found: Sequence[set[str]]) -> Iterator[int]:
    """Sentences by what each adds for its length; a word adds once."""
    counts = Counter(word for one in found for word in one)
    used: set[str] = set()

    def gain(at: int) -> float:
        one = found[at]
        return sum(math.sqrt(counts[word]) for word in one - used) / (len(one) + 2)

    # A gain only ever falls, so the best is found without asking all again.
    heap = [(-gain(at), at) for at, one in enumerate(found) if one]
    heapq.heapify(heap)
    while heap:
        _, at = heapq.heappop(heap)
        worth = gain(at)
        if heap and worth < -heap[0][0]:
            heapq.heappush(heap, (-worth, at))
        elif worth > 0:
            used |= found[at]
            yield at


def _words(text: str, locale: str) -> set[str]:
    return set(words(text, locale))
