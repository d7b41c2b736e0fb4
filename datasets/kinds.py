"""The kinds of data on offer: what each is for, where it helps, what it may be.

What a file of each kind must look like is said by its module in `formats`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datasets.formats import output_format
from datasets.formats.archive import MAX_UPLOAD_BYTES
from datasets.models import Dataset
from engines.voices import has_voice
from projects.locales import LOCALES

_MB = 1024**2
# By the language table of the reference; its article says en-US only.
_AUDIO_TRAINING = frozenset(
    {
        *("en-AU", "en-CA", "en-GB", "en-GH", "en-HK", "en-IE", "en-KE", "en-NG"),
        *("en-NZ", "en-PH", "en-SG", "en-TZ", "en-US", "en-ZA"),
    }
)
_SPOKEN = frozenset(tag for tag, _ in LOCALES if has_voice(tag))
_TRAINING = Dataset.Use.TRAINING
_TESTING = Dataset.Use.TESTING


@dataclass(frozen=True)
class Kind:
    """What a person is told before choosing a kind."""

    value: str
    uses: frozenset[str]
    help: str  # which problem it helps with
    suffixes: tuple[str, ...]  # of the file, the documented one first
    max_bytes: int
    suggested: str  # how much of it
    locales: frozenset[str] | None = None  # None: every one
    training_locales: frozenset[str] | None = None  # when training is narrower

    @property
    def label(self) -> str:
        return Dataset.Kind(self.value).label

    def is_offered(self, use: str, locale: str) -> bool:
        places = self.locales
        if use == _TRAINING and self.training_locales is not None:
            places = self.training_locales
        return (not use or use in self.uses) and (places is None or locale in places)


_AUDIO_FILES = (".zip", ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".webm")

KINDS = (
    Kind(
        Dataset.Kind.AUDIO,
        frozenset({_TRAINING, _TESTING}),
        "Recordings without text: hear what a model makes of them, or have drafts "
        "written in the editor and turn them into training data.",
        _AUDIO_FILES,
        MAX_UPLOAD_BYTES,
        "5 or more files to test, 1 to 100 hours to train",
        training_locales=_AUDIO_TRAINING,
    ),
    Kind(
        Dataset.Kind.ACOUSTIC,
        frozenset({_TRAINING, _TESTING}),
        "Accents, ways of speaking, background noise, and any test of accuracy: "
        "recordings with what was said in them.",
        (".zip",),
        MAX_UPLOAD_BYTES,
        "30 minutes to 5 hours to test, 1 to 100 hours to train; half an hour can help",
    ),
    Kind(
        Dataset.Kind.TRANSCRIPT,
        frozenset({_TESTING}),
        "A first impression without recordings: sentences that a voice of this "
        "machine speaks. It says little of real speech.",
        (".txt", ".tsv"),
        1 * _MB,
        "50 or more sentences",
        locales=_SPOKEN,
    ),
    Kind(
        Dataset.Kind.PLAIN_TEXT,
        frozenset({_TRAINING}),
        "Words and phrases of your domain: sentences as people say them.",
        (".txt",),
        200 * _MB,
        "1 to 200 MB",
    ),
    Kind(
        Dataset.Kind.STRUCTURED_TEXT,
        frozenset({_TRAINING}),
        "Sentences that repeat with other names in them, such as products or places, "
        "and how unusual words sound.",
        (".md", ".txt"),
        200 * _MB,
        "up to 10 lists of 4,000 items, 50,000 sentences",
    ),
    Kind(
        Dataset.Kind.PRONUNCIATION,
        frozenset({_TRAINING}),
        "Product names, acronyms and other words that are not said as they are "
        "written.",
        (".txt",),
        1 * _MB,
        "as many lines as there are such words, at most 1 MB",
    ),
    Kind(
        Dataset.Kind.OUTPUT_FORMAT,
        frozenset({_TRAINING}),
        "How results are written: numbers and codes, spellings, words to mask.",
        (".md", ".txt"),
        10 * _MB,
        "up to 200 patterns, 1,000 rewrites and 1,000 masked phrases",
        locales=output_format.LOCALES,
    ),
)
BY_VALUE = {kind.value: kind for kind in KINDS}


def offered(use: str, locale: str) -> list[Kind]:
    """The kinds that can be uploaded for this use in this locale."""
    return [kind for kind in KINDS if kind.is_offered(use, locale)]


def conflict(kinds: Iterable[str]) -> str:
    """Why datasets of these kinds cannot train one model; empty when they can.

    >>> conflict(["Language", "Pronunciation"])
    ''
    >>> conflict(["LanguageMarkdown", "Pronunciation"])[:50]
    'Structured text and pronunciation data cannot be u'
    """
    both = {Dataset.Kind.STRUCTURED_TEXT.value, Dataset.Kind.PRONUNCIATION.value}
    if not both <= set(kinds):
        return ""
    return (
        "Structured text and pronunciation data cannot be used together. Write the "
        "pronunciations into the phonetic lexicon of the structured text."
    )
