"""What is suspicious about a text dataset: warnings and notes, never refusals.

Only sentences are judged (sections that begin with "sentence"), not the items of
lists, pronunciations or rules of display.

doctor.same_text         A note for each of the 100 sentences that occur most often,
                         whatever their case; repeating one gives it weight. One
                         warning where more than a tenth of all lines are repeats.
doctor.other_language    See `datasets.language`. At most 2,000 sentences are looked
                         at, evenly spread, and 100 named; one warning for the whole
                         file where it is a third of them.
doctor.other_script      In the same way, of the same sentences.
doctor.rare_characters   From 100 sentences on: what occurs once and is no letter,
                         digit or usual punctuation of the locale.
doctor.word_list         More than half of the lines are one word.
doctor.little_text       Fewer than 100 sentences, and no lists to stand in them.

Memory is bounded: of up to a million different sentences a hash of 64 bits is
kept; of a text with more, every second, fourth, ... hash, which is still the same
for equal sentences, and counts are scaled up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from datasets.doctor import is_usual, named
from datasets.formats.base import Entry, Issue, Level
from datasets.language import foreign_language, foreign_script
from datasets.words import is_spaced
from projects.locales import language_name

_BLOCK = 1_000  # entries that are looked at together
_MAX_HASHES = 1_000_000
_MAX_PENDING = 500_000
_MAX_NAMED = 100
_MAX_CHECKED = 2_000
_MAX_NEW_CHARACTERS = 10_000
_MANY_REPEATS = 0.1
_MOSTLY = 1 / 3
_MIN_SENTENCES = 100

_Integers = npt.NDArray[np.int64]


class TextDoctor:
    """Give it every entry, then ask what it found.

    doctor = TextDoctor("en-US", "sentences.txt")
    for entry in entries:
        doctor.add(entry)
    issues = list(doctor.finish())
    """

    def __init__(self, locale: str, file: str = "") -> None:
        self.locale = locale
        self.file = file  # what the user calls it, fit to be shown
        self._block: list[Entry] = []
        self._lists = False
        self._count = 0
        self._single = 0  # sentences of one word
        self._repeats = _Repeats()
        self._characters = _Characters()
        self._sample: list[tuple[int, str]] = []
        self._stride = 1

    def add(self, entry: Entry) -> None:
        self._block.append(entry)
        if len(self._block) == _BLOCK:
            self._take()

    def finish(self) -> Iterator[Issue]:
        self._take()
        if not self._count:
            return
        yield from self._amount()
        yield from self._same_text()
        yield from self._foreign()
        if self._count >= _MIN_SENTENCES:
            for character, line in self._characters.rare(self.locale):
                message = f"has {named([character])}, seen nowhere else in the file"
                advice = "is it a slip, or wrongly decoded?"
                yield self._issue(line, "rare_characters", message, advice)

    def _take(self) -> None:
        block = [e for e in self._block if e.section.startswith("sentence")]
        self._lists = self._lists or len(block) < len(self._block)
        self._block.clear()
        if not block:
            return
        lines = [entry.line for entry in block]
        joined = "\n".join([entry.text for entry in block])
        texts = joined.lower().split("\n")
        if len(texts) == len(lines):  # or else a text has a line end in it
            self._repeats.add(texts, lines)
        self._characters.add(joined, lines)
        self._single += sum(" " not in text for text in texts)
        for i in range(-self._count % self._stride, len(block), self._stride):
            self._sample.append((block[i].line, block[i].text))
        self._count += len(block)
        while len(self._sample) > _MAX_CHECKED:
            self._sample = self._sample[::2]
            self._stride *= 2

    def _issue(
        self,
        line: int | None,
        rule: str,
        message: str,
        advice: str = "",
        level: Level = "warning",
    ) -> Issue:
        return Issue(level, self.file, line, f"doctor.{rule}", message, advice)

    def _amount(self) -> Iterator[Issue]:
        if is_spaced(self.locale) and self._single * 2 > self._count:
            message = f"{self._single:,} of {self._count:,} lines are one word"
            advice = "write sentences as people say them; whole sentences help more "
            advice += "than lists of words"
            yield self._issue(None, "word_list", message, advice)
        if self._count < _MIN_SENTENCES and not self._lists:
            many = "sentence" if self._count == 1 else "sentences"
            message = f"has only {self._count} {many}, from which a model learns little"
            advice = "add sentences in which the words of your domain stand"
            yield self._issue(None, "little_text", message, advice, "note")

    def _same_text(self) -> Iterator[Issue]:
        repeats, groups = self._repeats.result()
        if repeats > _MANY_REPEATS * self._count and self._count > 1:
            about = "about " if self._repeats.is_sampled else ""
            message = f"{about}{repeats:,} of {self._count:,} sentences occur before"
            advice = "repeat only sentences that are to have more weight"
            yield self._issue(None, "same_text", message, advice)
        for line, count in groups:
            message = f"this sentence occurs {count:,} times"
            yield self._issue(line, "same_text", message, level="note")

    def _foreign(self) -> Iterator[Issue]:
        found = [
            (line, *what) for line, text in self._sample if (what := self._of(text))
        ]
        ours = language_name(self.locale).split(" (")[0]
        advice = "check that the file, and the language of the project, are right"
        if len(self._sample) > 2 and len(found) > _MOSTLY * len(self._sample):
            message = f"{len(found):,} of {len(self._sample):,} sentences that were "
            message += f"looked at are not in {ours}; line {found[0][0]}, for example, "
            message += f"looks like {found[0][2]}"
            yield self._issue(None, found[0][1], message, advice)
        for line, rule, looks in found[:_MAX_NAMED]:
            yield self._issue(line, rule, f"looks like {looks}, not {ours}", advice)

    def _of(self, text: str) -> tuple[str, str] | None:
        letters = foreign_script(text, self.locale)
        if letters:
            return "other_script", letters
        other = foreign_language(text, self.locale)
        return ("other_language", other) if other else None


@dataclass
class _Repeats:
    """Finds equal texts by their hashes; the first line of each is remembered."""

    hashes: _Integers = field(default_factory=lambda: np.empty(0, np.int64))
    lines: _Integers = field(default_factory=lambda: np.empty(0, np.int64))
    counts: _Integers = field(default_factory=lambda: np.empty(0, np.int64))
    pending: list[tuple[_Integers, _Integers]] = field(default_factory=list)
    waiting: int = 0
    mask: int = 0  # only hashes without these bits are kept

    @property
    def is_sampled(self) -> bool:
        return self.mask > 0

    def add(self, texts: Sequence[str], lines: Sequence[int]) -> None:
        hashes = np.fromiter(map(hash, texts), np.int64, len(texts))
        numbers = np.array(lines, np.int64)
        if self.mask:
            kept = (hashes & self.mask) == 0
            hashes, numbers = hashes[kept], numbers[kept]
        self.pending.append((hashes, numbers))
        self.waiting += len(hashes)
        if self.waiting >= _MAX_PENDING:
            self._merge()

    def result(self) -> tuple[int, list[tuple[int, int]]]:
        """How many texts occur before, and line and number of the most frequent
        ones, in the order of the lines."""
        self._merge()
        repeats = int((self.counts - 1).sum()) * (self.mask + 1)
        most = np.argsort(-self.counts, kind="stable")[:_MAX_NAMED]
        pairs = [(int(self.lines[i]), int(self.counts[i])) for i in most]
        return repeats, sorted(pair for pair in pairs if pair[1] > 1)

    def _merge(self) -> None:
        if not self.pending:
            return
        hashes = np.concatenate([self.hashes, *(h for h, _ in self.pending)])
        lines = np.concatenate([self.lines, *(n for _, n in self.pending)])
        counts = np.concatenate([self.counts, np.ones(self.waiting, np.int64)])
        self.pending, self.waiting = [], 0
        # Stable: the first of equal hashes stays the one that came first.
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]])
        self.hashes, self.lines = hashes[starts], lines[order][starts]
        self.counts = np.add.reduceat(counts[order], starts)
        while len(self.hashes) > _MAX_HASHES:
            self.mask = self.mask * 2 + 1
            kept = (self.hashes & self.mask) == 0
            self.hashes, self.lines = self.hashes[kept], self.lines[kept]
            self.counts = self.counts[kept]


@dataclass
class _Characters:
    """Counts characters that are not ASCII, or unusual there, with a line of each."""

    counts: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def add(self, joined: str, lines: Sequence[int]) -> None:
        if joined.isascii():
            codes = np.frombuffer(joined.encode(), np.uint8)
        else:
            codes = np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32)
        counted = np.bincount(codes)
        for code in np.flatnonzero(counted).tolist():
            character = chr(code)
            if character not in self.lines:
                if len(self.lines) == _MAX_NEW_CHARACTERS:
                    continue
                number = joined.count("\n", 0, joined.find(character))
                self.lines[character] = lines[min(number, len(lines) - 1)]
            before = self.counts.get(character, 0)
            self.counts[character] = before + int(counted[code])

    def rare(self, locale: str) -> list[tuple[str, int]]:
        """Unusual characters that occur once, with their lines, in order."""
        found = [
            (c, self.lines[c])
            for c, count in self.counts.items()
            if count == 1 and c != "\n" and not is_usual(c, locale)
        ]
        return sorted(found, key=lambda pair: pair[1])[:_MAX_NAMED]
