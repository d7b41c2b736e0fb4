from __future__ import annotations

from unittest.mock import patch

import pytest
from django.core.files.storage import default_storage

from datasets.formats.base import Entry
from datasets.models import Dataset, Utterance
from engines.base import EngineError
from engines.display.rules import Rules
from engines.fake import FakeEngine
from speechstudio.test import BaseTestCase
from training import corpus as module
from training.tests.data import (
    gather,
    make_base,
    make_custom,
    make_speech,
    make_text,
    sentences,
)

NUMBERS = [f"please call room number {n}" for n in range(40)]


class CorpusTestCase(BaseTestCase):
    def test_clips_with_a_text_are_lessons_and_some_are_held_out(self) -> None:
        dataset = make_speech(self.project, NUMBERS)
        corpus, book = gather(make_custom(self.project, [dataset]))
        assert (len(corpus.lessons), len(corpus.held_out)) == (36, 4)
        said = [lesson.text for lesson in (*corpus.lessons, *corpus.held_out)]
        assert sorted(said) == sorted(NUMBERS)
        assert all(lesson.clip.path.is_file() for lesson in corpus.lessons)
        assert (book.sets[0].clips, book.sets[0].held_out) == (36, 4)
        assert list(corpus.texts()) == []

    def test_the_same_data_and_seed_give_the_same_corpus(self) -> None:
        data = [
            make_speech(self.project, NUMBERS),
            make_text(
                self.project,
                [
                    *(Entry("list n", i, f"number {i}") for i in range(50)),
                    Entry("sentence s", 60, "{@n} and {@N} and {@n}"),
                ],
                Dataset.Kind.STRUCTURED_TEXT,
            ),
        ]
        first, second, other = (
            gather(make_custom(self.project, data, seed=seed))[0] for seed in (1, 1, 2)
        )
        assert first.lessons == second.lessons
        assert first.held_out == second.held_out
        assert list(first.texts()) == list(second.texts())
        assert first.held_out != other.held_out
        assert list(first.texts()) != list(other.texts())

    def test_speakers_are_held_out_as_a_whole(self) -> None:
        speakers = [f"speaker {n % 10}" for n in range(40)]
        dataset = make_speech(self.project, NUMBERS, speakers)
        corpus, book = gather(make_custom(self.project, [dataset]))
        assert book.held_out_by == "group"
        inside = {lesson.group for lesson in corpus.held_out}
        assert inside and not inside & {lesson.group for lesson in corpus.lessons}
        assert not any("speakers" in note for note in book.notes)

    def test_one_clip_alone_is_trained_on_and_said(self) -> None:
        dataset = make_speech(self.project, ["one clip"])
        corpus, book = gather(make_custom(self.project, [dataset]))
        assert (len(corpus.lessons), len(corpus.held_out)) == (1, 0)
        assert any("There is no figure" in note for note in book.notes)

    def test_what_cannot_be_used_is_left_out_with_its_reason(self) -> None:
        dataset = make_speech(self.project, ["good", "", "доброе утро", "a", "b", "c"])
        rows = list(dataset.utterances.all())
        Utterance.objects.filter(pk=rows[3].pk).update(seconds=30.5)
        default_storage.delete(rows[4].audio.name)
        with open(rows[5].audio.path, "wb"):  # noqa: PTH123
            pass
        corpus, book = gather(make_custom(self.project, [dataset]))
        assert [lesson.text for lesson in corpus.lessons] == ["good"]
        assert [(row["file"], row["reason"]) for row in book.left_out] == [
            ("002.wav", "no text"),
            (
                "003.wav",
                "the text is in Cyrillic letters, which this language is not written "
                "in",
            ),
            (
                "004.wav",
                "longer than 30 seconds, which is what the model hears at once",
            ),
            ("005.wav", "the file is missing"),
            ("006.wav", "no sound in the file"),
        ]
        # Transcripts are used even where the audio cannot be.
        assert list(corpus.texts()) == ["a", "b", "c"]

    def test_audio_beyond_the_limit_leaves_its_text(self) -> None:
        dataset = make_speech(self.project, NUMBERS[:9])
        with patch.object(module, "MAX_AUDIO_SECONDS", 2.0):
            corpus, book = gather(make_custom(self.project, [dataset]))
        assert len(corpus.lessons) == 4
        assert len(list(corpus.texts())) == 5
        assert sum(book.sets[0].dropped.values()) == 5

    def test_audio_without_text_gets_drafts_by_the_base_model(self) -> None:
        spoken = make_speech(self.project, NUMBERS)
        silent = make_speech(self.project, ["", "", ""], kind=Dataset.Kind.AUDIO)
        engine = FakeEngine({"2-1": "a draft", "2-2": " "}, failing={"2-3"})
        model = make_custom(self.project, [spoken, silent])
        corpus, book = gather(model, engine)
        assert [one.text for one in corpus.lessons[-1:]] == ["a draft"]
        assert all(one.clip.key.startswith("1-") for one in corpus.held_out)
        assert (book.sets[1].drafts, sum(book.sets[1].dropped.values())) == (1, 2)
        assert any("drafts by the base model" in note for note in book.notes)
        assert "a draft" not in list(corpus.texts())
        # Another worker goes on: nothing is recognised twice.
        again, _ = gather(model, engine)
        assert again.lessons == corpus.lessons
        assert engine.calls == [["2-1", "2-2", "2-3"]]

    def test_sentences_come_from_text_data_but_for_what_is_held_out(self) -> None:
        speech = make_speech(self.project, NUMBERS)
        text = make_text(
            self.project,
            sentences(
                *(f"Please call: room number {n}!" for n in range(40)), "доброе утро"
            ),
        )
        corpus, book = gather(make_custom(self.project, [speech, text]))
        assert book.sets[1].sentences == 36
        assert sum(book.sets[1].dropped.values()) == 5
        said = {lesson.text.split()[-1] for lesson in corpus.held_out}
        heard = {line.strip("!").split()[-1] for line in corpus.texts()}
        assert said and not said & heard

    def test_pronunciations_and_lexicons(self) -> None:
        spoken = make_text(
            self.project,
            [Entry("pronunciation", 1, "3CPO", "three c p o")],
            Dataset.Kind.PRONUNCIATION,
        )
        corpus, book = gather(make_custom(self.project, [spoken]))
        assert corpus.pronunciations == [("3CPO", "three c p o")]
        assert book.sets[0].pronunciations == 1
        lexicon = make_text(
            self.project,
            [
                Entry("lexicon", 1, "3CPO", "TH R I S I P I O"),
                Entry("lexicon", 2, "Nguyen", "W IH N"),
                Entry("sentence s", 4, "is 3CPO here"),
            ],
            Dataset.Kind.STRUCTURED_TEXT,
        )
        corpus, book = gather(make_custom(self.project, [lexicon]))
        assert corpus.pronunciations == [("3CPO", "three c p o")]
        assert sum(book.sets[0].dropped.values()) == 1

    def test_display_rules_and_tests_that_do_not_pass(self) -> None:
        rules = make_text(
            self.project,
            [
                Entry("itn", 2, r"cat-\d"),
                Entry("rewrite", 4, "end to end", "E2E"),
                Entry("profanity", 6, "fake word"),
                Entry("test", 8, "do you like cat nine", "Do you like cat-9"),
                Entry("test", 9, "do you like cat nine", "Do you like dog-9"),
            ],
            Dataset.Kind.OUTPUT_FORMAT,
        )
        corpus, book = gather(make_custom(self.project, [rules]))
        assert corpus.rules == Rules(
            (r"cat-\d",), (("end to end", "E2E"),), ("fake word",)
        )
        assert book.warnings == [
            'rules.md, line 9: the test gives "Do you like cat-9" instead of '
            '"Do you like dog-9"'
        ]
        assert book.sets[0].rules == 3

    def test_a_pattern_that_cannot_be_used_names_its_line(self) -> None:
        rules = make_text(
            self.project, [Entry("itn", 7, "(A")], Dataset.Kind.OUTPUT_FORMAT
        )
        with pytest.raises(EngineError, match=r"rules\.md, line 7: the group is not"):
            gather(make_custom(self.project, [rules]))

    def test_transcripts_are_used_where_the_base_cannot_hear(self) -> None:
        speech = make_speech(self.project, NUMBERS)
        text = make_text(self.project, sentences("a sentence"))
        base = make_base(adapts_with="Language")
        model = make_custom(self.project, [speech, text], base=base)
        corpus, book = gather(model)
        assert not corpus.lessons and not corpus.held_out
        assert len(list(corpus.texts())) == 41
        assert any("No recording could be used" in note for note in book.notes)

    def test_nothing_usable_is_refused_with_the_reasons(self) -> None:
        dataset = make_speech(self.project, ["a", "b", ""])
        dataset.utterances.filter(position__lt=3).update(seconds=31)
        with pytest.raises(EngineError) as caught:
            gather(make_custom(self.project, [dataset]))
        assert caught.value.code == "NothingToTrainOn"
        assert "2 x longer than 30 seconds" in str(caught.value)
        assert "1 x no text" in str(caught.value)

    def test_without_torch_only_text_can_be_trained_on(self) -> None:
        engine = FakeEngine()
        engine.cannot_train = lambda: "Install torch."  # type: ignore[method-assign]
        speech = make_speech(self.project, NUMBERS)
        with pytest.raises(EngineError, match="Install torch") as caught:
            gather(make_custom(self.project, [speech]), engine)
        assert caught.value.code == "TrainingNotInstalled"
        text = make_text(self.project, sentences("a sentence"))
        corpus, _ = gather(make_custom(self.project, [text]), engine)
        assert list(corpus.texts()) == ["a sentence"]
