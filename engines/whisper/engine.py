"""Whisper on this machine's processor: faster-whisper on CTranslate2, int8."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

import ctranslate2
from faster_whisper import WhisperModel

from engines import shelf
from engines.base import (
    BaseModel,
    Clip,
    Corpus,
    Decoding,
    EngineError,
    Progress,
    Recipe,
    Trained,
    Transcript,
    Word,
)
from engines.display.rules import Rules
from engines.whisper import activity, arrival, catalog, hub, parts, tokens, train
from engines.whisper.adaptation import Adaptation, Ways, is_adapted
from engines.whisper.encoder import LONG, SHORT
from engines.whisper.hear import Listener
from engines.whisper.memory import Loaded, Memory
from engines.whisper.phrases import PhraseList
from engines.whisper.sound import Window


class WhisperEngine:
    """Keeps the latest models loaded; threads of one process take turns at hearing.

    Beam search is deterministic, whatever other clips a clip is heard with. The
    second look samples where its beam search fails: it is seeded, so a new process
    that hears the same clips in the same order gives the same, but not one that has
    heard others before.
    """

    def __init__(
        self,
        base_models: Sequence[str],
        threads: int,
        models_dir: Path,
        memory_mb: int = 2_000,
    ) -> None:
        self._base_models = list(base_models)
        self._threads = threads
        self._models_dir = models_dir
        self._memory = Memory(self._read, memory_mb * 1_000_000)
        self._hearing = Lock()

    def base_models(self) -> Sequence[BaseModel]:
        """The models that the settings name; loads none.

        Raises `EngineError` for a name that means nothing.
        """
        return [catalog.describe(name, self._models_dir) for name in self._base_models]

    def fetch(self, reference: str, report: Callable[[int, int], None]) -> None:
        """Bring a model to this disk. Raises `EngineError` when it cannot be had."""
        repository = catalog.repository(reference)
        path = catalog.folder(reference, self._models_dir)
        if repository and catalog.missing(path):
            hub.fetch(repository, path, report)
        _check(path, reference)

    def transcribe(
        self, reference: str, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        """Yield a transcript for each clip, in their order.

        Raises `EngineError`, here and not later, when the model cannot be used
        or does not speak the language.
        """
        described = catalog.describe(reference, self._models_dir)
        if not described.speaks(options.locale):
            raise EngineError(
                f"The model {described.name} does not speak {options.locale}.",
                "LanguageNotSupported",
            )
        if options.to_english and not self.translates(reference):
            raise _no_translator(described)
        loaded = self._loaded(reference)
        # The network has the last word: without the tokens it would only transcribe.
        if options.to_english and not loaded.model.is_multilingual:
            raise _no_translator(described)
        return self._transcripts(loaded, clips, options)

    def translates(self, reference: str) -> bool:
        """Not what was adapted to one language, wherever it lies."""
        path = catalog.folder(reference, self._models_dir)
        able = catalog.translates(reference, self._models_dir)
        return able and not is_adapted(path)

    def load(self, reference: str) -> None:
        self._loaded(reference)

    def rules(self, reference: str) -> Rules:
        path = catalog.folder(reference, self._models_dir)
        _check(path, reference)
        adaptation = Adaptation.load(path)
        return adaptation.rules if adaptation else Rules()

    def cannot_train(self) -> str:
        return train.missing()

    def train(
        self,
        base: str,
        corpus: Corpus,
        recipe: Recipe,
        reference: str,
        report: Callable[[Progress], None],
    ) -> Trained:
        """See `LocalEngine.train`."""
        source = catalog.folder(base, self._models_dir)
        _check(source, base)
        target = shelf.folder(reference, self._models_dir)
        return train.train(source, corpus, recipe, target, report, self._threads)

    def remove(self, reference: str) -> None:
        """Also what is in memory of it."""
        target = shelf.folder(reference, self._models_dir)
        self._memory.forget(target)
        shelf.remove(target)

    def settle(self, reference: str) -> None:
        shelf.settle(shelf.folder(reference, self._models_dir))

    def tidy(self, keep: Collection[str]) -> None:
        shelf.tidy(self._models_dir, keep)

    def copy(self, source: str, target: str) -> None:
        """Its files share their place with those of the source where they can."""
        places = [shelf.folder(one, self._models_dir) for one in (source, target)]
        shelf.duplicate(*places)

    def take_in(self, folder: Path, reference: str, locale: str) -> None:
        """From a folder of CTranslate2 or of Hugging Face's `transformers`."""
        target = shelf.folder(reference, self._models_dir)
        arrival.take_in(folder, target, locale, self._threads)

    def pieces(self, reference: str, words: Sequence[str]) -> list[int]:
        """How many tokens each word has, as it is written in mid-sentence.

        Raises `EngineError` when the model is not on this disk, or broken.
        """
        path = catalog.folder(reference, self._models_dir)
        _check(path, reference)
        return tokens.count(path, words)

    def _loaded(self, reference: str) -> Loaded:
        path = catalog.folder(reference, self._models_dir)
        _check(path, reference)
        return self._memory.get(path)

    def _read(self, path: Path) -> Listener:
        # A thread of CTranslate2 takes the seed when it first samples.
        ctranslate2.set_random_seed(0)
        try:
            model = WhisperModel(
                str(path),
                device="cpu",
                compute_type="int8",
                cpu_threads=self._threads,
            )
        # The tokenizer's library raises nothing narrower than Exception.
        except Exception as e:
            if _is_out_of_memory(e):
                raise _out_of_memory() from e
            raise _bad_model(path, e) from e
        return Listener(model)

    def speech(self, path: Path) -> bytes:
        """By Silero VAD, which is small: no model has to be loaded or fetched."""
        return activity.speech(path)

    def speech_of(self, pcm: bytes) -> bytes:
        return activity.speech_of(pcm)

    def _transcripts(
        self, loaded: Loaded, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        words: list[Word] = []
        phrases = _phrases(options)
        with self._memory.using(loaded):
            for group in parts.groups(clips):
                windows = [part.window for part in group if part.window]
                heard = iter(self._hear(loaded, windows, options, phrases))
                for part in group:
                    if part.window:
                        words += next(heard)
                        continue
                    if part.error:
                        yield Transcript(part.key, "", error=part.error)
                    else:
                        found = _transcript(part.key, words, loaded.ways)
                        yield replace(found, words=()) if options.is_draft else found
                    words = []

    def _hear(
        self,
        loaded: Loaded,
        windows: Sequence[Window],
        options: Decoding,
        phrases: PhraseList | None,
    ) -> list[list[Word]]:
        language = catalog.language(options.locale)
        bundled = catalog.folder(catalog.BUNDLED, self._models_dir)
        # Digits by a model of text: 7.5 % wrong so, 10.5 % in a long silence.
        silence = SHORT if loaded.has_weights_of(bundled) else LONG
        listener, adaptation = loaded.model, loaded.ways.adaptation
        try:
            with self._hearing:
                if options.is_draft:
                    texts = listener.draft(
                        windows, language, silence, to_english=options.to_english
                    )
                    return [_untimed(text) for text in texts]
                return listener.hear(
                    windows,
                    language,
                    options.beam_size,
                    silence,
                    adaptation,
                    phrases,
                    to_english=options.to_english,
                )
        except (MemoryError, RuntimeError) as e:
            if _is_out_of_memory(e):
                raise _out_of_memory() from e
            raise


def _no_translator(model: BaseModel) -> EngineError:
    return EngineError(f"The model {model.name} does not translate.", "NotAllowed")


def _phrases(options: Decoding) -> PhraseList | None:
    if not options.phrases or not options.phrase_weight or options.is_draft:
        return None
    return PhraseList(options.phrases, options.phrase_weight, options.written_in)


def _untimed(text: str) -> list[Word]:
    """The words of a draft, for whatever is done with words, without times."""
    return [Word(word, 0.0, 0.0, 0.0) for word in re.findall(r"\s*\S+", text)]


def _transcript(key: str, words: list[Word], ways: Ways) -> Transcript:
    words = ways.pronounced(words)
    text = "".join(word.text for word in words).strip()
    return Transcript(key, text, tuple(words), display=ways.display(text))


def _check(path: Path, reference: str) -> None:
    """Raise `EngineError` unless the folder holds a whole model."""
    if not catalog.missing(path):
        return
    if catalog.repository(reference):
        message = f"The model {reference} is not on this disk yet."
    elif not path.is_dir():
        message = f"There is no folder {path.name}."
    else:
        names = ", ".join(catalog.missing(path))
        message = (
            f"The folder {path.name} holds no CTranslate2 model: it has no {names}."
        )
    raise EngineError(message, "ModelNotFound")


def _bad_model(path: Path, e: Exception) -> EngineError:
    """Where the model lies on the server is not for everybody to read."""
    said = str(e).replace(str(path), path.name)
    return EngineError(f"The model {path.name} could not be loaded: {said}", "BadModel")


def _is_out_of_memory(e: Exception) -> bool:
    """CTranslate2 says "failed to allocate memory" in a RuntimeError."""
    return isinstance(e, MemoryError) or "alloc" in str(e)


def _out_of_memory() -> EngineError:
    return EngineError(
        "There is not enough memory for this model on this machine.", "OutOfMemory"
    )
