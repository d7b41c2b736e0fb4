"""The sentences of a training, read from their files each time they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.files.storage import default_storage

from datasets.content import open_content
from datasets.formats.base import Entry
from datasets.language import foreign_script
from datasets.models import Dataset
from datasets.similar import MIN_SAME_WORDS
from datasets.words import bare
from engines.respelling import respelled
from training.expansion import expand
from training.used import NOT_SPELLED, Used, foreign

KINDS = (Dataset.Kind.PLAIN_TEXT, Dataset.Kind.STRUCTURED_TEXT)
_HELD_OUT = "said in the held-out part, which nothing may give away"


@dataclass(frozen=True)
class Sentences:
    """Give transcripts of what is not heard, then the sentences of the text datasets,
    when called."""

    sets: Sequence[Used]
    transcripts: Sequence[str]
    held_out: frozenset[str]  # `withheld` of what is said there
    locale: str
    seed: int

    def __call__(self) -> Iterator[str]:
        yield from self.transcripts
        for used in self.sets:
            for sentence in self._all(used):
                if not self._problem(sentence):
                    yield sentence

    def count(self) -> None:
        """Note for each dataset how many sentences are used, and why not the rest."""
        for used in self.sets:
            for sentence in self._all(used):
                reason = self._problem(sentence)
                if reason:
                    used.dropped[reason] += 1
                else:
                    used.sentences += 1

    def _problem(self, sentence: str) -> str:
        letters = foreign_script(sentence, self.locale)
        if letters:
            return foreign(letters)
        if self.held_out and bare(sentence, self.locale) in self.held_out:
            return _HELD_OUT
        return ""

    def _all(self, used: Used) -> Iterator[str]:
        if not used.dataset.content_file:
            return
        with default_storage.open(str(used.dataset.content_file.name)) as file:
            groups = open_content(file)
            lists: dict[str, list[str]] = {}
            for item in groups.get("list", ()):
                name = item.section.partition(" ")[2].casefold()
                lists.setdefault(name, []).append(item.text)
            templates = groups.get("sentence", ())
            if used.dataset.kind == Dataset.Kind.STRUCTURED_TEXT:
                yield from expand(_Texts(templates), lists, self.seed)
            else:
                yield from _Texts(templates)


@dataclass(frozen=True)
class _Texts:
    """The texts of entries, as often as they are asked for."""

    entries: Sequence[Entry]

    def __iter__(self) -> Iterator[str]:
        return (entry.text for entry in self.entries)


def withheld(texts: Iterator[str], locale: str) -> frozenset[str]:
    """What sentences are compared with, case and punctuation apart.

    Short ones, such as "yes", are said everywhere and give nothing away.
    """
    keys = (bare(text, locale) for text in texts)
    return frozenset(key for key in keys if len(key.split()) >= MIN_SAME_WORDS)


def pronunciations_of(used: Used) -> list[tuple[str, str]]:
    """Display forms and how they are spoken, in the order of their lines.

    The engines know no phones: of a lexicon that is used which sounds like letters
    and numbers.
    """
    pairs: list[tuple[str, str]] = []
    if used.dataset.content_file:
        with default_storage.open(str(used.dataset.content_file.name)) as file:
            groups = open_content(file)
            pairs += [(e.text, e.other) for e in groups.get("pronunciation", ())]
            for entry in groups.get("lexicon", ()):
                spoken = respelled(entry.other)
                if spoken:
                    pairs.append((entry.text, spoken))
                else:
                    used.dropped[NOT_SPELLED] += 1
    used.pronunciations = len(pairs)
    return pairs
