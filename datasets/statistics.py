"""The figures of a dataset's page, as plain values that JSON can hold.

Of utterances (`of_utterances`):

unit            "words", or "characters" in locales that are written without spaces;
                all that is called words is counted in this unit
utterances, with_text, seconds
words           of all texts
vocabulary      {"size", "at_least"}: different words; at_least is true when there
                are more than were counted
rate            words a second: {"median", "bins"}; median is None without texts
length          bins of the utterances' seconds
level, snr      bins of dBFS and of dB; empty when nothing was measured
labels          {name: {"values": [{"value", "utterances", "seconds"}], "more"}}: the 50
                values with the most utterances, and the number of the others
frequent        the 50 most frequent words, as [word, count]
telling         in English the same without function words and numbers
unknown         words outside the base model's vocabulary, see `Vocabulary`:
                {"model", "words", "total", "occurrences", "at_least", "missing"}:
                the 100 most frequent as [word, count], how many there are (at_least:
                or more), how often they occur; `missing` says why there is nothing,
                and is empty otherwise

Of a text (`TextFigures`): unit, words, vocabulary, frequent, telling and unknown as
above, and

sentences       lines that are sentences
entries         {group: count} of all there is: "sentence", "list", "lexicon", ...
length          bins of the sentences' words
counted         the share of the sentences whose words went into vocabulary, frequent
                and unknown: all of the first 50,000, a sixteenth of the others

A bin is {"from", "to", "count"}; from is included, to is not, and None stands for no
limit. Empty bins before the first and after the last are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

from datasets.formats.base import Entry
from datasets.seen import Seen
from datasets.words import as_in_a_dictionary, is_spaced, words
from engines.base import EngineError
from scoring.locale import language_of

MAX_VALUES = 50  # of one label
MAX_FREQUENT = 50
MAX_UNKNOWN = 100
# Of so many different words the rarest are dropped, until this many are left.
MAX_WORDS = 300_000
KEPT_WORDS = 150_000
MAX_WORD_CHARACTERS = 100  # what is longer is no word, and counted as none
MAX_ASKED = 50_000  # words that the vocabulary is asked about, most frequent first
_BLOCK = 1_000  # sentences counted together
_WHOLE_BLOCKS = 50
_ONE_IN = 16

_LENGTHS = (0, 1, 2, 3, 5, 10, 15, 20, 30, 40, 60, 300, 1_800)  # seconds
_RATES = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8)
_LEVELS = tuple(range(-60, 0, 5))
_NOISE = tuple(range(0, 65, 5))
_SENTENCES = (1, 2, 3, 5, 8, 12, 20, 30, 50, 100)  # words

_FUNCTION_WORDS = """
a about after all also am an and any are as at be because been before but by can
could did do does for from get go had has have he her here him his how i i'm if
in into is it it's its just like me more my no not now of on one or our out over
she should so some than that the their them then there these they this those to
too up us was we were what when where which who will with would you your
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())

Bins = list[dict[str, float | None]]


@dataclass(frozen=True)
class Vocabulary:
    """The words that a base model can write without putting them together.

    A word that it has to put together of many pieces is rare where it learnt, and
    worth a look: a name or a term of the domain, or a typing error.
    """

    model: str = ""  # its name
    missing: str = ""  # why there is none, for people
    # For each word whether it is outside; may raise EngineError.
    outside: Callable[[Sequence[str]], Sequence[bool]] = lambda words: (
        [False] * len(words)
    )


class WordCounter:
    """Counts words in bounded memory; what is dropped are the rarest."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.has_dropped = False
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> int:
        """Count the words of a text; how many there are."""
        found = words(text, self.locale)
        if max(map(len, found), default=0) > MAX_WORD_CHARACTERS:
            self._counts.update(w for w in found if len(w) <= MAX_WORD_CHARACTERS)
        else:
            self._counts.update(found)
        least = 1
        while len(self._counts) > (KEPT_WORDS if least > 1 else MAX_WORDS):
            self.has_dropped = True
            self._counts = Counter(
                {word: n for word, n in self._counts.items() if n > least}
            )
            least += 1
        return len(found)

    def figures(self, vocabulary: Vocabulary) -> dict[str, Any]:
        counts = as_in_a_dictionary(self._counts)
        telling = counts.most_common() if language_of(self.locale) == "en" else []
        return {
            "vocabulary": {"size": len(counts), "at_least": self.has_dropped},
            "frequent": _pairs(counts.most_common(MAX_FREQUENT)),
            "telling": _pairs(list(islice(filter(_is_telling, telling), MAX_FREQUENT))),
            "unknown": self._unknown(counts, vocabulary),
        }

    def _unknown(self, counts: Counter[str], vocabulary: Vocabulary) -> dict[str, Any]:
        found: list[tuple[str, int]] = []
        missing = vocabulary.missing
        if not is_spaced(self.locale):
            missing = "Words are not told apart where no spaces are between them."
        if not missing:
            asked = counts.most_common(MAX_ASKED)
            try:
                answers = vocabulary.outside([word for word, _ in asked])
            except EngineError as e:
                missing, answers = str(e), [False] * len(asked)
            found = [pair for pair, out in zip(asked, answers, strict=True) if out]
        return {
            "model": vocabulary.model,
            "missing": missing,
            "words": _pairs(found[:MAX_UNKNOWN]),
            "total": len(found),
            "at_least": self.has_dropped or len(counts) > MAX_ASKED,
            "occurrences": sum(count for _, count in found),
        }


def of_utterances(
    utterances: Sequence[Seen], locale: str, vocabulary: Vocabulary
) -> dict[str, Any]:
    """The figures of a set of recordings."""
    counter = WordCounter(locale)
    total, with_text = 0, 0
    rates = []
    for u in utterances:
        if not u.transcript:
            continue
        count = counter.add(u.transcript)
        total, with_text = total + count, with_text + 1
        if u.seconds > 0:
            rates.append(count / u.seconds)
    return {
        "unit": _unit(locale),
        "utterances": len(utterances),
        "with_text": with_text,
        "seconds": round(sum(u.seconds for u in utterances), 2),
        "words": total,
        "rate": {
            "median": round(median(rates), 2) if rates else None,
            "bins": bins(rates, _RATES),
        },
        "length": bins([u.seconds for u in utterances], _LENGTHS),
        "level": bins(_measured(u.level_dbfs for u in utterances), _LEVELS),
        "snr": bins(_measured(u.snr_db for u in utterances), _NOISE),
        "labels": _labels(utterances),
        **counter.figures(vocabulary),
    }


class TextFigures:
    """Give it every entry of a text, then ask for the figures."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._entries: Counter[str] = Counter()
        self._block: list[str] = []
        self._blocks = 0
        self._counted = 0
        self._words = 0
        self._lengths: Counter[int] = Counter()
        self._counter = WordCounter(locale)

    def add(self, entry: Entry) -> None:
        group = entry.section
        if not group.startswith("sentence"):
            self._entries[group.partition(" ")[0]] += 1
            return
        self._block.append(entry.text)
        if len(self._block) == _BLOCK:
            self._take()

    def figures(self, vocabulary: Vocabulary) -> dict[str, Any]:
        self._take()
        sentences = sum(self._lengths.values())
        groups = {"sentence": sentences} if sentences else {}
        return {
            "unit": _unit(self.locale),
            "sentences": sentences,
            "entries": groups | dict(self._entries),
            "words": self._words,
            "length": bins(self._lengths, _SENTENCES, self._lengths),
            "counted": round(self._counted / sentences, 3) if sentences else 1.0,
            **self._counter.figures(vocabulary),
        }

    def _take(self) -> None:
        block, self._block = self._block, []
        if not block:
            return
        if is_spaced(self.locale):
            lengths = [text.count(" ") + 1 for text in block]
        else:
            lengths = [len(words(text, self.locale)) for text in block]
        self._words += sum(lengths)
        self._lengths.update(lengths)
        if self._blocks < _WHOLE_BLOCKS or self._blocks % _ONE_IN == 0:
            self._counted += len(block)
            self._counter.add("\n".join(block))
        self._blocks += 1


def bins(
    values: Iterable[float],
    edges: Sequence[float],
    weights: Mapping[int, int] | None = None,
) -> Bins:
    """How many values lie between each two edges, below the first, above the last.

    >>> bins([-1, 2.5], (1, 2))
    [{'from': None, 'to': 1, 'count': 1}, {'from': 1, 'to': 2, 'count': 0}, \
{'from': 2, 'to': None, 'count': 1}]
    """
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_right(edges, value)] += weights[int(value)] if weights else 1
    used = [place for place, count in enumerate(counts) if count]
    if not used:
        return []
    limits = [None, *edges, None]
    return [
        {"from": limits[place], "to": limits[place + 1], "count": counts[place]}
        for place in range(used[0], used[-1] + 1)
    ]


def _unit(locale: str) -> str:
    return "words" if is_spaced(locale) else "characters"


def _is_telling(pair: tuple[str, int]) -> bool:
    word = pair[0]
    return not word.isdigit() and word.replace("\u2019", "'") not in _FUNCTION


def _measured(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _pairs(counts: Sequence[tuple[str, int]]) -> list[list[Any]]:
    return [[word, count] for word, count in counts]


def _labels(utterances: Sequence[Seen]) -> dict[str, Any]:
    counts: dict[str, Counter[str]] = {}
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    for u in utterances:
        for name, value in u.labels.items():
            counts.setdefault(name, Counter())[value] += 1
            seconds[name, value] += u.seconds
    return {
        name: {
            "values": [
                {
                    "value": value,
                    "utterances": count,
                    "seconds": round(seconds[name, value], 2),
                }
                for value, count in values.most_common(MAX_VALUES)
            ],
            "more": max(0, len(values) - MAX_VALUES),
        }
        for name, values in sorted(counts.items())
    }
