"""Sentences that stand for a domain: what a model is told to have heard before.

Whisper was trained to go on in the language of the text before a window: its words,
names and way of writing. So many sentences are chosen as fit into that room, such
that together they have the frequent words and pairs of words of all texts, each of
them more than once if there is room.
"""

from __future__ import annotations

import heapq
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from scoring.normalization import words

_CANDIDATES = 2_000  # sentences that are chosen from
_WORDS = 40  # of a sentence that may be chosen
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
    glue = "" if locale.split("-")[0] in _UNSPACED else " "
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
    return text + ("。" if locale.split("-")[0] in ("ja", "zh", "yue") else ".")


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
    """Greedily by what a sentence adds for its length; what was chosen already adds
    the less the more often."""
    features = [_features(text, locale) for text in sentences]
    counts = Counter(each for one in features for each in one)
    used: Counter[str] = Counter()

    def gain(at: int) -> float:
        one = features[at]
        worth = sum(math.sqrt(counts[each]) / (1 + used[each]) ** 2 for each in one)
        return worth / math.sqrt(len(one))

    # A gain only ever falls, so the best is found without asking all again.
    heap = [(-gain(at), at) for at, one in enumerate(features) if one]
    heapq.heapify(heap)
    chosen: list[str] = []
    while heap and room > 0:
        _, at = heapq.heappop(heap)
        worth = gain(at)
        if heap and worth < -heap[0][0]:
            heapq.heappush(heap, (-worth, at))
            continue
        text = sentence(sentences[at], locale)
        needed = size(text)
        if needed > room:
            continue
        chosen.append(text)
        room -= needed
        used.update(features[at])
    return chosen


def _features(text: str, locale: str) -> list[str]:
    """Words and pairs of words; none of a sentence that is too long."""
    found = words(text, locale)
    if len(found) > _WORDS:
        return []
    pairs = (f"{one} {two}" for one, two in pairwise(found))
    return list(dict.fromkeys([*found, *pairs]))
