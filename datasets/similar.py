"""Finds, among the utterances of tests, those that training data gives away.

An utterance has the same audio when its samples are the same. It has the same text
when the words are the same but for case and punctuation, from three words on (six
characters where no spaces are written): "yes" and "next page" are in every set.
From five words (ten characters) on nearly the same is enough: at least 85 % of the
words, counted by the insertions, deletions and substitutions between them.

How the nearly equal ones are found without comparing each with each: an edit
changes at most two pairs of neighbouring words. Of 2d + 1 pairs of a text at least
one is still there after d edits, so it is enough to look up the 2d + 1 rarest of
each text. Nothing is missed but in texts of more than a hundred words, and where
more than a hundred texts share their rarest pairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, TypeVar

from rapidfuzz.distance import Levenshtein

from datasets.words import bare, is_spaced

T = TypeVar("T")
Kind = Literal["audio", "text", "speaker"]

SIMILAR = 0.85
MIN_SAME_WORDS = 3
MIN_SIMILAR_WORDS = 5
_UNSPACED_FACTOR = 2  # characters that stand for a word
_MAX_PAIRS = 40  # looked up for one text
_MAX_SHARED = 100  # texts that have the same rare pair
_MAX_COMPARED = 200  # texts that one text is compared with


@dataclass(frozen=True, slots=True)
class Place:
    """An utterance of a test: whose, and which."""

    owner: int
    position: int  # as the database counts, from 1
    name: str
    text: str


@dataclass
class Index:
    """The utterances of some tests: first `add` all, then look others up.

    A group is all utterances of the same audio, or the same text; groups that are
    in `known` are passed over.
    """

    locale: str
    count: int = 0
    places: list[list[Place]] = field(default_factory=list)  # of each group
    speakers: dict[str, list[Place]] = field(default_factory=dict)
    _audio: dict[int, int] = field(default_factory=dict)
    _texts: dict[str, int] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)
    _pairs: dict[int, list[int]] | None = None

    def add(self, place: Place, audio_hash: int | None, speaker: str) -> None:
        self.count += 1
        if audio_hash is not None:
            self._group(self._audio, audio_hash).append(place)
        if speaker:
            self.speakers.setdefault(speaker, []).append(place)
        text = self._key(place.text)
        if text and self._size(text) >= MIN_SAME_WORDS:
            self._group(self._texts, text).append(place)

    def same_audio(self, audio_hash: int | None, known: set[int]) -> list[int]:
        """The group of that audio, or none."""
        group = None if audio_hash is None else self._audio.get(audio_hash)
        return [] if group is None or group in known else [group]

    def same_text(self, text: str, known: set[int]) -> list[int]:
        """The groups of that text and of nearly the same texts."""
        key = self._key(text)
        if not key:
            return []
        same = self._texts.get(key)
        groups = set(self._similar(key, known))
        if same is not None and same not in known:
            groups.add(same)
        return sorted(groups)

    def _group(self, index: dict[T, int], value: T) -> list[Place]:
        group = index.setdefault(value, len(self.places))
        if group == len(self.places):
            self.places.append([])
        return self.places[group]

    def _key(self, text: str) -> str:
        return bare(text, self.locale) if text else ""

    def _size(self, key: str) -> float:
        """Words, or what stands for them."""
        words = key.count(" ") + 1
        return words if is_spaced(self.locale) else words / _UNSPACED_FACTOR

    def _similar(self, key: str, known: set[int]) -> Iterator[int]:
        if self._size(key) < MIN_SIMILAR_WORDS * SIMILAR:
            return
        if self._pairs is None:
            self._pairs = self._index()
        words = key.split(" ")
        pairs = _pairs_of(words)
        if self._pairs.keys().isdisjoint(pairs):
            return
        candidates: dict[int, None] = {}
        for pair in dict.fromkeys(pairs):
            for group in self._pairs.get(pair, ()):
                if group not in known:
                    candidates[group] = None
        compared = 0
        for group in candidates:
            other = self._keys[group]
            size = other.count(" ") + 1
            if min(size, len(words)) < SIMILAR * max(size, len(words)):
                continue
            compared += 1
            if compared > _MAX_COMPARED:
                return
            if _is_similar(words, other.split(" ")):
                yield group

    def _index(self) -> dict[int, list[int]]:
        """From a pair of words to the groups that have it among their rarest."""
        self._keys = {
            group: key
            for key, group in self._texts.items()
            if self._size(key) >= MIN_SIMILAR_WORDS
        }
        counts: Counter[int] = Counter()
        for key in self._keys.values():
            counts.update(set(_pairs_of(key.split(" "))))
        index: dict[int, list[int]] = {}
        for group, key in self._keys.items():
            words = key.split(" ")
            edits = int((1 - SIMILAR) / SIMILAR * len(words) + 1e-9)
            pairs = sorted(dict.fromkeys(_pairs_of(words)), key=counts.__getitem__)
            for pair in pairs[: min(2 * edits + 1, _MAX_PAIRS)]:
                groups = index.setdefault(pair, [])
                if len(groups) < _MAX_SHARED:
                    groups.append(group)
        return index


def _pairs_of(words: list[str]) -> list[int]:
    return list(map(hash, pairwise(words)))


def _is_similar(words: list[str], others: list[str]) -> bool:
    score = Levenshtein.normalized_similarity(words, others, score_cutoff=SIMILAR)
    return score >= SIMILAR
