"""What a speech engine is: the values that cross the fence, and the protocol.

An engine knows nothing of projects, rows or pages; the rooms above it know
nothing of Whisper. Times are seconds from the start of the clip.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from engines.display.rules import Rules
from scoring.locale import language_of


class EngineError(Exception):
    """An expected failure, with a message fit for the user and a code."""

    def __init__(self, message: str, code: str = "EngineError") -> None:
        super().__init__(message)
        self.code = code


# Of all sound that an engine hears.
SAMPLE_RATE_HZ = 16_000
# How long each value of `LocalEngine.speech` stands for.
SPEECH_STEP_SECONDS = 0.032


@dataclass(frozen=True)
class Clip:
    """One recording to recognise: a 16 kHz mono WAV on the local disk or, where no
    file is wanted, its samples (`pcm`: 16 kHz mono, 16 bits, little-endian)."""

    key: str  # given back on the transcript
    path: Path = Path()
    pcm: bytes = b""

    @property
    def is_in_memory(self) -> bool:
        return self.path == Path()


@dataclass(frozen=True)
class Word:
    """A recognised word. `text` keeps its leading space and punctuation, so
    that joining all words gives the transcript's text."""

    text: str
    start: float  # seconds
    end: float  # seconds
    probability: float  # 0 to 1


@dataclass(frozen=True)
class Transcript:
    """What an engine heard in one clip; `error` says why it heard nothing.

    `display` is the text as it is to be read, by the rules of a custom model;
    the same as `text` for a model without rules.
    """

    key: str
    text: str
    words: tuple[Word, ...] = ()
    error: EngineError | None = None
    display: str = ""


@dataclass(frozen=True)
class Decoding:
    """How to recognise. `locale` is BCP 47, such as `en-US`.

    `generation` is raised when an engine hears otherwise than it did: what was heard
    before is not taken over then. `phrases` are expected to be said; their weight goes
    from 0 (not at all) to 2, see section 12 of the reference. A draft is for words that
    are still being spoken: one quick look, and no times of words. With `to_english` the
    text is what that means in English, and its words are only near their times.
    """

    locale: str
    beam_size: int = 5
    generation: int = 3
    phrases: tuple[str, ...] = ()
    phrase_weight: float = 1.0
    is_draft: bool = False
    to_english: bool = False

    @property
    def written_in(self) -> str:
        """The locale of the text that comes out, where `locale` is that of the speech:
        rules of writing are those of the former.

        >>> Decoding("de-DE").written_in, Decoding("de-DE", to_english=True).written_in
        ('de-DE', 'en-US')
        """
        return "en-US" if self.to_english else self.locale

    @property
    def settings(self) -> dict[str, Any]:
        """What is kept with a transcript, to know later whether it may be reused.

        >>> Decoding("en-US").settings
        {'locale': 'en-US', 'beam_size': 5, 'generation': 3}
        """
        kept = {"locale", "beam_size", "generation"}
        if self.phrases:
            kept |= {"phrases", "phrase_weight"}
        if self.to_english:
            kept |= {"to_english"}
        return {name: value for name, value in asdict(self).items() if name in kept}


@dataclass(frozen=True)
class BaseModel:
    """A model that an engine offers before any training.

    `locales` holds language tags without region (`en`); empty means every one.
    """

    reference: str  # what the engine calls it
    name: str
    locales: frozenset[str]
    is_on_disk: bool
    # Which kinds of data it can be adapted with, in the words of the REST API.
    adapts_with: frozenset[str] = frozenset()
    released: date | None = None

    def speaks(self, locale: str) -> bool:
        return speaks(self.locales, locale)


def speaks(languages: Collection[str], locale: str) -> bool:
    """Whether a model of these languages fits the locale; none means every one. A
    language with a region is meant for that region alone.

    >>> speaks({"en"}, "en-GB"), speaks({"en"}, "de-DE"), speaks([], "de-DE")
    (True, False, True)
    >>> speaks({"en-US"}, "en-US"), speaks({"en-US"}, "en-GB")
    (True, False)
    """
    return not languages or locale in languages or language_of(locale) in languages


@dataclass(frozen=True)
class Lesson:
    """A clip and what is said in it, to learn from."""

    clip: Clip
    text: str
    seconds: float
    # Who speaks, or which recording it was cut from; empty when nobody knows.
    group: str = ""


@dataclass(frozen=True)
class Corpus:
    """What a custom model is made from.

    `held_out` is never trained on: it says when to stop and which pass was best.
    `texts` gives sentences of the domain as people say them, besides those of the
    lessons; it is read more than once, and there may be millions. A pronunciation
    is a display form and how it is spoken: ("3CPO", "three c p o").
    """

    locale: str
    lessons: Sequence[Lesson] = ()
    held_out: Sequence[Lesson] = ()
    texts: Callable[[], Iterator[str]] = lambda: iter(())
    pronunciations: Sequence[tuple[str, str]] = ()
    rules: Rules = field(default_factory=Rules)


# As in the reference: "usually 30".
DEFAULT_TEXT_WEIGHT = 30


@dataclass(frozen=True)
class Recipe:
    """What a person decides about a training, beside base and data."""

    seed: int = 1
    # Of the domain's language against the base's, 1 to 100.
    text_weight: int = DEFAULT_TEXT_WEIGHT


@dataclass(frozen=True)
class Pass:
    """What one pass over the lessons gave; number 0 is the model before any.

    Losses are cross-entropies in nats per token. `errors` of `words` is what a
    quick, greedy look at the held-out clips heard wrong.
    """

    number: int
    loss: float | None
    held_out_loss: float
    errors: int
    words: int


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps; `passed` comes with the end of each pass."""

    stage: str
    done: int
    total: int
    passed: Pass | None = None


@dataclass(frozen=True)
class Trained:
    """What came out of a training, besides the model's folder."""

    best: int | None = None  # the pass that was kept; None for text alone
    # Every setting and version that decided the result; JSON.
    settings: dict[str, Any] = field(default_factory=dict)
    # Lessons that were left out: key of the clip, and why.
    dropped: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()  # what else the user should know


class LocalEngine(Protocol):
    """Computes inside the worker."""

    def base_models(self) -> Sequence[BaseModel]:
        """The models that the settings name; loads nothing."""

    def fetch(self, reference: str, report: Callable[[int, int], None]) -> None:
        """Bring a model to this disk. `report(done, total)` counts bytes.

        Raises `EngineError` when it cannot be had.
        """

    def transcribe(
        self, reference: str, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        """Yield a transcript for each clip, in any order, as soon as it is known.

        A clip that cannot be read gives a transcript with `error`; an engine
        that cannot work at all raises `EngineError`, with the code NotAllowed when
        the model does not translate and is asked to.
        """

    def translates(self, reference: str) -> bool:
        """Whether the model can give the meaning in English (`Decoding.to_english`).
        Does not load it. Raises `EngineError` when the name means nothing."""

    def load(self, reference: str) -> None:
        """Have the model in memory, so that the next clip need not wait for it.

        Raises `EngineError` when it cannot be used.
        """

    def rules(self, reference: str) -> Rules:
        """The rules of display text of a custom model; empty for any other.

        Raises `EngineError` when the model is not on this disk.
        """

    def cannot_train(self) -> str:
        """Why this process cannot train on audio, and what to do; empty when it can."""

    def train(
        self,
        base: str,
        corpus: Corpus,
        recipe: Recipe,
        reference: str,
        report: Callable[[Progress], None],
    ) -> Trained:
        """Make the custom model `reference` out of a base model.

        The model is there, complete and tried, when this returns, and not before.
        What a killed run of the same reference left is gone on with: the result is
        the same as of a run in one go. What `report` raises ends the training.
        Raises `EngineError` when no model can be made of this.
        """

    def remove(self, reference: str) -> None:
        """Delete a custom model and what an unfinished training left of it."""

    def settle(self, reference: str) -> None:
        """The training of this model has ended well: what a killed run would go on
        from goes."""

    def tidy(self, keep: Collection[str]) -> None:
        """Delete what lies on this disk of custom models that are not in `keep`.

        What was changed within the last day stays: its row may be about to come.
        """

    def copy(self, source: str, target: str) -> None:
        """Make the custom model `target` the same as the custom model `source`.

        Raises `EngineError` when that is not on this disk.
        """

    def take_in(self, folder: Path, reference: str, locale: str) -> None:
        """Make the custom model `reference` of the files in a folder, from anywhere;
        it is to recognise this locale.

        Nobody vouches for them. The model is there, complete and tried, when this
        returns, and not before. Raises `EngineError` when it cannot be used.
        """

    def pieces(self, reference: str, words: Sequence[str]) -> list[int]:
        """Into how many units of the model's vocabulary each word is cut, as it is
        written in the middle of a sentence. Does not load the model.

        Raises `EngineError` when the model is not on this disk.
        """

    def speech(self, path: Path) -> bytes:
        """How likely somebody speaks, from 0 to 255, in each step of a clip.

        A step is `SPEECH_STEP_SECONDS`; the last one may go beyond the end.
        Constant memory. Raises `EngineError` when the clip cannot be read.
        """

    def speech_of(self, pcm: bytes) -> bytes:
        """The same of sound in memory, as in `Clip.pcm`. Any thread may ask, and
        waits for no recognising."""


class Voice(Protocol):
    """Speaks text inside the worker."""

    def speak(self, text: str, target: Path) -> None:
        """Write `text`, spoken, to `target` as a mono WAV.

        Raises `EngineError` when nothing in it can be spoken.
        """
