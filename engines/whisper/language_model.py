"""Which words follow which in the texts of a domain: a trigram model of words.

Probabilities are interpolated after Witten and Bell: a context that was seen with
many different words leaves more to the shorter context than one that was always
followed by the same. Words are those that scoring compares (`scoring.normalization`),
so `21`, `twenty-one` and `Twenty one` are the same to it.

The memory is bounded however long the texts are: so many words are counted, and of
the pairs and triples only the more frequent are kept. The same texts give the same
file, byte for byte.

Reference: Witten and Bell, The zero-frequency problem, IEEE Transactions on
Information Theory 37 (1991)
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scoring.normalization import words

MOST_WORDS = 1_000_000  # counted
_MOST_DIFFERENT = 300_000  # words that are told apart
_MOST_NGRAMS = 1_000_000  # kept of pairs, and of triples
_BLOCK = 500_000  # words counted at a time
_BITS = 21  # of a word's number in the key of an n-gram
_START, _END, _UNKNOWN = 0, 1, 2
_SPECIAL = ("<s>", "</s>", "<unk>")
# Among so many words the mass is spread that was kept for unknown ones.
_UNSEEN = 50_000

Keys = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """How probable a text is. `words` counts the end of the sentence as well."""

    log_probability: float  # nats
    words: int
    unknown: int  # words that no text of the domain has

    @property
    def per_word(self) -> float:
        """Nats per word; its negative is the cross-entropy."""
        return self.log_probability / self.words


class LanguageModel:
    """Made with `build` or `load`."""

    def __init__(
        self,
        vocabulary: Sequence[str],
        unigrams: Counts,
        pairs: tuple[Keys, Counts],
        triples: tuple[Keys, Counts],
        locale: str,
    ) -> None:
        self.locale = locale
        self._vocabulary = list(vocabulary)
        self._numbers = {word: at for at, word in enumerate(vocabulary)}
        self._unigrams = unigrams
        self._pairs, self._triples = pairs, triples
        total, different = int(unigrams.sum()), int((unigrams > 0).sum())
        mass = max(total + different, 1)
        self._unseen = max(different, 1) / mass / _UNSEEN
        self._singles: Floats = unigrams / mass + self._unseen
        # What stood before: how often, and with how many different words behind it.
        size = len(self._vocabulary)
        first = (pairs[0] >> np.uint64(_BITS)).astype(np.int64)
        self._after_one = (
            np.bincount(first, pairs[1], size).astype(np.float64),
            np.bincount(first, minlength=size).astype(np.float64),
        )
        place, known = _find(pairs[0], triples[0] >> np.uint64(_BITS))
        place, weight = place[known], triples[1][known]
        self._after_two = (
            np.bincount(place, weight, len(pairs[0])).astype(np.float64),
            np.bincount(place, minlength=len(pairs[0])).astype(np.float64),
        )

    @classmethod
    def build(
        cls, texts: Iterable[str], locale: str, most_words: int = MOST_WORDS
    ) -> LanguageModel:
        """Count the words of these texts, each of them a sentence."""
        vocabulary = {word: at for at, word in enumerate(_SPECIAL)}
        unigrams: Counts = np.zeros(0, np.int64)
        pairs = triples = (np.zeros(0, np.uint64), np.zeros(0, np.int64))
        for block in _blocks(texts, locale, vocabulary, most_words):
            more = np.bincount(block[block != _START], minlength=len(vocabulary))
            more[: len(unigrams)] += unigrams
            unigrams = more
            one, two, three = _ngrams(block)
            pairs = _added(pairs, (one << np.uint64(_BITS)) | two)
            before = (one[:-1] << np.uint64(_BITS)) | two[:-1]
            inside = two[:-1] != _START
            triples = _added(triples, (before << np.uint64(_BITS) | three)[inside])
        if not len(unigrams):
            unigrams = np.zeros(len(vocabulary), np.int64)
        return cls(list(vocabulary), unigrams, pairs, triples, locale)

    @property
    def is_empty(self) -> bool:
        return not self._unigrams.any()

    def score(self, text: str) -> Score:
        """How probable this text is, as one sentence."""
        found = self.words(text)
        unknown = sum(word not in self._numbers for word in found)
        return Score(float(self._chances(found).sum()), len(found) + 1, unknown)

    def _chances(self, found: Sequence[str]) -> Floats:
        """The log probability of each word, and of the end behind them."""
        numbers = [self._numbers.get(word, _UNKNOWN) for word in found]
        sentence = np.array([_START, _START, *numbers, _END], np.uint64)
        one, two, three = sentence[:-2], sentence[1:-1], sentence[2:]
        chances = self._singles[three.astype(np.int64)]
        chances[three == _UNKNOWN] = self._unseen
        pair = (two << np.uint64(_BITS)) | three
        chances = _interpolated(
            chances, self._pairs, pair, two.astype(np.int64), self._after_one
        )
        before, known = _find(self._pairs[0], (one << np.uint64(_BITS)) | two)
        triple = (((one << np.uint64(_BITS)) | two) << np.uint64(_BITS)) | three
        longer = _interpolated(chances, self._triples, triple, before, self._after_two)
        result: Floats = np.log(np.where(known, longer, chances))
        return result

    def words(self, text: str) -> list[str]:
        """The words of a text as this model counts them."""
        return words(text, self.locale)

    def save(self, path: Path) -> None:
        text = "\n".join([self.locale, *self._vocabulary]).encode()
        np.savez(
            path,
            words=np.frombuffer(text, np.uint8),
            unigrams=self._unigrams,
            pairs=self._pairs[0],
            pair_counts=self._pairs[1],
            triples=self._triples[0],
            triple_counts=self._triples[1],
        )

    @classmethod
    def load(cls, path: Path) -> LanguageModel:
        """Raises `ValueError` when the file is not whole."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                text = kept["words"].tobytes().decode()
                locale, *vocabulary = text.split("\n")
                pairs = kept["pairs"], kept["pair_counts"]
                triples = kept["triples"], kept["triple_counts"]
                return cls(vocabulary, kept["unigrams"], pairs, triples, locale)
        except (OSError, EOFError, LookupError, ValueError, zipfile.BadZipFile) as e:
            raise ValueError(f"{path.name} is no language model: {e}") from e


def _blocks(
    texts: Iterable[str], locale: str, vocabulary: dict[str, int], most_words: int
) -> Iterator[npt.NDArray[np.uint64]]:
    """The numbers of the words, with the marks of sentences. Fills the vocabulary;
    once that is full, new words are unknown ones."""
    block: list[int] = []
    counted = 0
    for text in texts:
        found = words(text, locale)
        if not found:
            continue
        block.append(_START)
        for word in found:
            number = vocabulary.get(word)
            if number is None:
                is_full = len(vocabulary) >= _MOST_DIFFERENT
                number = _UNKNOWN if is_full else len(vocabulary)
                if not is_full:
                    vocabulary[word] = number
            block.append(number)
        block.append(_END)
        counted += len(found)
        if len(block) >= _BLOCK or counted >= most_words:
            yield np.array(block, np.uint64)
            block = []
        if counted >= most_words:
            return
    if block:
        yield np.array(block, np.uint64)


def _ngrams(block: Keys) -> tuple[Keys, Keys, Keys]:
    """Words that follow each other: the first two of each pair, and the third."""
    # A second mark before each sentence, so that its first word has two before it.
    starts = np.flatnonzero(block == _START)
    whole = np.insert(block, starts, _START)
    return whole[:-1], whole[1:], whole[2:]


def _added(kept: tuple[Keys, Counts], keys: Keys) -> tuple[Keys, Counts]:
    """The counts with those of these n-grams; rare ones go when there are too many."""
    new, counts = np.unique(keys, return_counts=True)
    merged, where = np.unique(np.concatenate([kept[0], new]), return_inverse=True)
    total = np.bincount(
        where, weights=np.concatenate([kept[1], counts]), minlength=len(merged)
    ).astype(np.int64)
    if len(merged) > _MOST_NGRAMS:
        best = np.sort(np.argsort(-total, kind="stable")[:_MOST_NGRAMS])
        merged, total = merged[best], total[best]
    return merged, total


def _find(keys: Keys, wanted: Keys) -> tuple[Counts, npt.NDArray[np.bool_]]:
    """Where each key is, and whether it is there at all."""
    if not len(keys):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1).astype(np.int64)
    return place, keys[place] == wanted


def _interpolated(
    shorter: Floats,
    ngrams: tuple[Keys, Counts],
    keys: Keys,
    context: Counts,
    after: tuple[Floats, Floats],
) -> Floats:
    """The probabilities by a longer context, mixed with those by the shorter one."""
    if not len(ngrams[0]):
        return shorter
    place, known = _find(ngrams[0], keys)
    seen = np.where(known, ngrams[1][place], 0)
    total, different = after[0][context], after[1][context]
    weight = total + different
    mixed: Floats = (seen + different * shorter) / np.maximum(weight, 1)
    return np.where(weight > 0, mixed, shorter)
