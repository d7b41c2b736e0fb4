"""What a custom model is trained on: its datasets as an engine takes them.

The order is always the same, and chance has a seed: the same data and seed give the
same corpus. Clips stay where they are; what is in memory is a row for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from datasets.models import Dataset
from engines.base import Clip, Corpus, EngineError, Lesson, LocalEngine
from training import texts
from training.disk import workplace
from training.display_rules import rules_of
from training.drafts import drafted
from training.models import SpeechModel
from training.offers import takes_text_alone
from training.recordings import Reader, Recording
from training.split import MIN_CLIPS, Candidate, hold_out
from training.used import NOT_ADAPTED, TOO_MUCH, Bookkeeping, Used

MAX_AUDIO_SECONDS = 100 * 3600.0
_DRAFTS = "Writing drafts for the audio without text"


@contextmanager
def corpus_of(
    model: SpeechModel,
    engine: LocalEngine,
    say: Callable[[str], None],
) -> Iterator[tuple[Corpus, Bookkeeping]]:
    """The corpus, for as long as its clips are needed, and what became of the data.

    `say` is told what is done, in words; what it raises ends the work. Raises
    `EngineError` when there is nothing to train on.
    """
    found = model.datasets.order_by("created", "pk")
    book = Bookkeeping([Used(one, number) for number, one in enumerate(found, start=1)])
    with workplace(model.pk) as folder:
        yield _Gathering(model, engine, say, book, folder).corpus(), book


class _Gathering:
    """One corpus while it is put together."""

    def __init__(
        self,
        model: SpeechModel,
        engine: LocalEngine,
        say: Callable[[str], None],
        book: Bookkeeping,
        folder: Path,
    ) -> None:
        assert model.base is not None and model.project is not None
        self.model = model
        self.base = model.base
        self.locale = model.project.locale
        self.engine = engine
        self.say = say
        self.book = book
        self.said: list[tuple[str, str]] = []
        self.reader = Reader(self.locale, folder, book, self.said)

    def corpus(self) -> Corpus:
        recordings = self._recordings()
        held_out = self._held_out(recordings)
        sentences = self._sentences(recordings, held_out)
        sentences.count()
        pronunciations = [
            pair for used in self._sets() for pair in texts.pronunciations_of(used)
        ]
        rules = rules_of(self._sets(Dataset.Kind.OUTPUT_FORMAT), self.locale, self.book)
        self._note(recordings, held_out)
        corpus = Corpus(
            locale=self.locale,
            lessons=[_lesson(r) for r in recordings if r.key not in held_out],
            held_out=[_lesson(r) for r in recordings if r.key in held_out],
            texts=sentences,
            pronunciations=pronunciations,
            rules=rules,
        )
        self._check(corpus)
        return corpus

    def _sets(self, *kinds: str) -> list[Used]:
        """The datasets of these kinds, or all, that the base model learns from."""
        return [
            used
            for used in self.book.sets
            if (not kinds or used.dataset.kind in kinds)
            and self.base.adapts(used.dataset.kind)
        ]

    def _recordings(self) -> list[Recording]:
        """The clips to learn from: those with a text of their own, then drafts."""
        spoken, silent = [], []
        for used in self.book.sets:
            if takes_text_alone(self.base, used.dataset):
                used.dropped[NOT_ADAPTED] = used.dataset.accepted
            if used.dataset.kind == Dataset.Kind.AUDIO:
                silent.append(used)
            elif used.dataset.has_audio:
                spoken.append(used)
        recordings = self._within_limit(self._read(spoken), 0.0)
        heard = sum(one.seconds for one in recordings)
        without_text = self._within_limit(self._read(silent), heard)
        if without_text:
            if self.engine.cannot_train():
                raise EngineError(self.engine.cannot_train(), "TrainingNotInstalled")
            self.say(_DRAFTS)
            recordings += drafted(
                self.model,
                without_text,
                self.engine,
                lambda done, total: self.say(f"{_DRAFTS}: {done:,} of {total:,}"),
                self.book,
            )
        return recordings

    def _read(self, sets: Sequence[Used]) -> Iterator[Recording]:
        for used in sets:
            yield from self.reader.read(used, self.base.adapts(used.dataset.kind))

    def _within_limit(
        self, recordings: Iterable[Recording], heard: float
    ) -> list[Recording]:
        kept = []
        for recording in recordings:
            heard += recording.seconds
            if heard <= MAX_AUDIO_SECONDS:
                kept.append(recording)
            else:
                self.book.drop(recording.used, recording.name, TOO_MUCH)
        return kept

    def _held_out(self, recordings: Sequence[Recording]) -> frozenset[str]:
        """Drafts say nothing of what is right, and the voice of a machine little of
        how people speak: it counts only where there is nothing else."""
        written = [one for one in recordings if not one.is_draft]
        spoken = [
            one for one in written if one.used.dataset.kind == Dataset.Kind.ACOUSTIC
        ]
        chosen = spoken if len(spoken) >= MIN_CLIPS else written
        candidates = [
            Candidate(r.key, r.text, r.seconds, r.group, r.audio_hash) for r in chosen
        ]
        keys, self.book.held_out_by = hold_out(candidates, self.model.seed)
        heard = {r.audio_hash for r in recordings if r.is_draft} - {None}
        return frozenset(
            r.key for r in chosen if r.key in keys and r.audio_hash not in heard
        )

    def _sentences(
        self, recordings: Sequence[Recording], held_out: frozenset[str]
    ) -> texts.Sentences:
        """Of what is said in recordings, only what cannot be heard in them."""
        lessons = {one.key for one in recordings}
        given_away = (text for key, text in self.said if key in held_out)
        return texts.Sentences(
            self._sets(*texts.KINDS),
            [text for key, text in self.said if key not in lessons],
            texts.withheld(given_away, self.locale),
            self.locale,
            self.model.seed,
        )

    def _note(self, recordings: Sequence[Recording], held_out: frozenset[str]) -> None:
        for one in recordings:
            if one.key in held_out:
                one.used.held_out += 1
                continue
            one.used.clips += 1
            one.used.drafts += one.is_draft
            one.used.seconds += one.seconds
        notes = self.book.notes
        if not recordings and any(used.dataset.has_audio for used in self.book.sets):
            notes.append(f"No recording could be used: {self.book.reasons}.")
        if recordings and not held_out:
            notes.append(
                f"There is no figure for this model: without {MIN_CLIPS} transcribed "
                "clips that are all different none can be held out. Test it on other "
                "speech."
            )
        elif self.book.held_out_by == "clip":
            notes.append(
                "The held-out clips may be of speakers that were trained on, too. Of "
                "new speakers the model may understand less."
            )
        if any(used.drafts for used in self.book.sets):
            notes.append(
                "Recordings without text were trained on with drafts by the base model."
            )
        if self.book.warnings:
            notes.append(
                f"{len(self.book.warnings):,} tests of display rules do not pass; the "
                "report has them."
            )

    def _check(self, corpus: Corpus) -> None:
        """Transcripts alone are no reason to go on: who gives audio wants it used."""
        sentences = sum(used.sentences for used in self.book.sets)
        has_rules = any(used.rules for used in self.book.sets)
        if corpus.lessons or sentences or corpus.pronunciations or has_rules:
            if corpus.lessons and self.engine.cannot_train():
                raise EngineError(self.engine.cannot_train(), "TrainingNotInstalled")
            return
        raise EngineError(
            "There is nothing to train on. Of the chosen data was left out: "
            f"{self.book.reasons or 'everything'}. Choose other data, or cut and "
            "transcribe the recordings in the editor.",
            "NothingToTrainOn",
        )


def _lesson(recording: Recording) -> Lesson:
    clip = Clip(recording.key, recording.path)
    return Lesson(clip, recording.text, recording.seconds, recording.group)
