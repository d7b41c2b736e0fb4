from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from unittest import mock

import pytest
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from datasets import overlap, similar
from datasets.content import Writer
from datasets.formats.base import Entry
from datasets.models import Dataset, Overlap
from datasets.overlap import Comparison, warnings_for
from datasets.seen import Seen
from datasets.similar import SIMILAR, Index, Place
from jobs.models import Job
from speechstudio.test import BaseTestCase, make_dataset
from speechstudio.tests.samples import sample

TRAIN, TEST = Dataset.Use.TRAINING, Dataset.Use.TESTING
CLEAN = [
    f"The {one} {verb} the {two} on {day}"
    for one, verb, two, day in product(
        ("doctor", "nurse", "driver"),
        ("called", "thanked"),
        ("surgeon", "visitor", "porter"),
        ("Monday", "Friday"),
    )
]


def index_of(texts: Sequence[str], locale: str = "en-US") -> Index:
    index = Index(locale)
    for number, text in enumerate(texts, 1):
        index.add(Place(0, number, f"{number}.wav", text), number, "anna")
    return index


def found(index: Index, text: str) -> list[int]:
    groups = index.same_text(text, set())
    return sorted(place.position for group in groups for place in index.places[group])


@pytest.mark.parametrize(
    ("text", "other", "is_same"),
    [
        ("Turn it off", "turn it off!", True),
        ("yes", "yes", False),  # every set has it
        ("next page", "next page", False),
        ("Take it twice", "Take it twice a day", False),
        ("", "", False),
        ("...", "...", False),
        ("one two three four five six seven", "one two three four five six nine", True),
        ("one two three four five six seven", "one two four five six seven", True),
        ("one two three four five six", "one two three four five six seven", True),
        ("one two three four five", "one two three four nine", False),
        (
            "one two three four five six seven",
            "seven six five four three two one",
            False,
        ),
        ("It's 5 o'clock now", "it\u2019s 5 o\u2019clock, now", True),
    ],
)
def test_texts_are_the_same_when_most_words_are(
    text: str, other: str, is_same: bool
) -> None:
    assert found(index_of([text]), other) == ([1] if is_same else [])


def test_without_spaces_characters_are_compared() -> None:
    index = index_of(["明日の朝九時に病院へ来てください", "はい"], "ja-JP")
    assert found(index, "明日の朝九時に病院へ来て下さい。") == [1]
    assert found(index, "明日の夜八時に学校へ行きます") == []
    assert found(index, "はい") == []


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), min_size=5, max_size=30), max_size=12)
)
def test_no_similar_text_is_missed(lists: list[list[str]]) -> None:
    if not lists:
        return
    *tests, one = lists
    wanted = {
        number
        for number, other in enumerate(tests, 1)
        if Levenshtein.normalized_similarity(other, one) >= SIMILAR
    }
    assert set(found(index_of([" ".join(t) for t in tests]), " ".join(one))) == wanted


def test_what_is_known_already_is_passed_over() -> None:
    index = index_of([CLEAN[0], CLEAN[1], CLEAN[0]])
    groups = index.same_text(CLEAN[0], set())
    assert index.same_text(CLEAN[0], set(groups)) == []
    assert index.same_audio(2, set()) != []
    assert index.same_audio(None, set()) == index.same_audio(99, set()) == []


def test_the_worst_text_does_not_blow_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similar, "_MAX_SHARED", 20)
    index = index_of([f"{'go to the end ' * 20} {n}" for n in range(2_000)])
    assert len(found(index, "go to the end " * 2_000)) == 0
    assert len(index.same_text("go to the end " * 20, set())) <= 20


def test_the_samples_of_the_reference_leak_and_those_of_digits_do_not() -> None:
    folder = "customspeech/en-US-general"
    test = f"{folder}/testing/audio-and-trans.zip"
    text = sample(f"{folder}/training/related-text.txt").read_text("utf-8-sig")
    assert leaked(transcripts(test), text.splitlines()) == 1
    assert leaked(transcripts("digits/test.zip"), transcripts("digits/train.zip")) == 0


def leaked(tests: Sequence[str], training: Sequence[str]) -> int:
    index = index_of(tests)
    return len({group for text in training for group in index.same_text(text, set())})


def transcripts(name: str) -> list[str]:
    with zipfile.ZipFile(sample(name)) as archive:
        (text,) = (n for n in archive.namelist() if n.endswith((".txt", ".tsv")))
        lines = archive.read(text).decode("utf-8-sig").splitlines()
    return [line.split("\t")[1] for line in lines]


class OverlapTest(BaseTestCase):
    def make(
        self,
        use: str,
        texts: Sequence[str],
        name: str,
        hashes: Sequence[int | None] = (),
        speaker: str = "",
    ) -> Dataset:
        dataset = make_dataset(self.project, texts, name=name, use=use)
        for number, row in enumerate(dataset.utterances.all()):
            row.audio_hash = hashes[number] if hashes else None
            row.speaker = speaker
            row.save()
        return dataset

    def make_text(self, texts: Sequence[str], **fields: object) -> Dataset:
        dataset = Dataset.objects.create(
            project=self.project,
            name="Notes",
            kind=Dataset.Kind.PLAIN_TEXT,
            use=TRAIN,
            status=Job.Status.SUCCEEDED,
            source_name="notes.txt",
        )
        with self.content(texts) as path, path.open("rb") as file:
            name = default_storage.save(f"{dataset.folder}/content", File(file))
        dataset.content_file.name = name
        dataset.save()
        return dataset

    def content(self, texts: Sequence[str]) -> _Folder:
        return _Folder(texts)

    def importing(self, use: str, kind: str = Dataset.Kind.ACOUSTIC) -> Dataset:
        return Dataset.objects.create(
            project=self.project,
            name="New",
            kind=kind,
            use=use,
            status=Job.Status.RUNNING,
            accepted=4,
        )

    def compare(self, dataset: Dataset, *args: object) -> list[Overlap]:
        comparison = Comparison(dataset, *args)  # type: ignore[arg-type]
        comparison.run()
        with transaction.atomic():
            comparison.store()
        return list(Overlap.objects.order_by("id"))

    def test_new_test_data_is_compared_with_what_trains(self) -> None:
        old = self.make(TRAIN, CLEAN[:3], "Old", [11, 12, 13], "anna")
        self.make(TEST, CLEAN[:3], "Other test", [11, 12, 13], "anna")
        new = self.importing(TEST)
        (row,) = self.compare(new, new_ones())
        assert (row.testing, row.training) == (new, old)
        assert (row.audio, row.text, row.speaker) == (1, 2, 1)
        assert row.examples[:2] == [
            {
                "kind": "text",
                "utterance": 2,
                "name": "b.wav",
                "text": CLEAN[0].upper(),
                "other_name": "001.wav",
                "other_text": CLEAN[0],
            },
            {
                "kind": "speaker",
                "utterance": 4,
                "name": "d.wav",
                "text": "Good morning",
                "other_name": "001.wav",
                "other_text": "anna",
            },
        ]
        assert {each["kind"] for each in row.examples} == {"audio", "text", "speaker"}

    def test_new_training_data_is_compared_with_all_tests(self) -> None:
        texts = [CLEAN[0], CLEAN[1], CLEAN[10]]
        first = self.make(TEST, texts, "First", [11, 12, 13])
        second = self.make(TEST, ["Good morning", CLEAN[0]], "Second", [77, 12])
        new = self.importing(TRAIN)
        with mock.patch.object(overlap, "_PORTION", 2):
            rows = self.compare(new, new_ones())
        assert {row.training for row in rows} == {new}
        shared = {row.testing: (row.audio, row.text) for row in rows}
        assert shared == {first: (1, 2), second: (1, 1)}

    def test_text_is_compared_with_tests_both_ways(self) -> None:
        text = self.make_text([CLEAN[5], "Nothing of the kind", CLEAN[0]])
        new = self.importing(TEST)
        (row,) = self.compare(new, new_ones())
        assert (row.training, row.audio, row.text) == (text, 0, 1)
        assert row.examples[0]["other_name"] == "line 3"

        test = self.make(TEST, [CLEAN[0], CLEAN[9]], "Test")
        other = self.importing(TRAIN, Dataset.Kind.PLAIN_TEXT)
        with self.content([CLEAN[9]]) as path:
            self.compare(other, (), path)
        (row,) = Overlap.objects.filter(training=other)
        assert (row.testing, row.text) == (test, 1)

    def test_clean_data_and_recordings_without_text_are_silent(self) -> None:
        self.make(TRAIN, CLEAN[:8], "Old", range(8), "anna")
        self.make_text(["Thank you for your help", "yes"])
        clean = [
            Seen(i, "x.wav", text, audio_hash=100 + i, labels={"speaker": "ben"})
            for i, text in enumerate(["yes", "no", "", "How long does it take"])
        ]
        assert self.compare(self.importing(TEST), clean) == []
        assert self.compare(self.importing(""), []) == []

    def test_data_of_no_use_in_particular_is_compared_both_ways(self) -> None:
        old = self.make("", CLEAN[:1], "Old", [11])
        new = self.importing("")
        rows = self.compare(new, new_ones())
        assert {(row.testing, row.training) for row in rows} == {(new, old), (old, new)}
        assert [leak.other for leak in warnings_for(new)] == [old]
        assert [leak.other for leak in warnings_for(old)] == [new]

    def test_other_projects_and_unfinished_data_are_left_out(self) -> None:
        self.make(TRAIN, CLEAN[:1], "Old", [11])
        Dataset.objects.update(status=Job.Status.FAILED)
        assert self.compare(self.importing(TEST), new_ones()) == []

    def test_what_succeeded_or_was_deleted_meanwhile_is_seen(self) -> None:
        gone = self.make(TRAIN, CLEAN[:1], "Gone", [11])
        new = self.importing(TEST)
        comparison = Comparison(new, new_ones())
        comparison.run()
        gone.delete()
        late = self.make(TRAIN, CLEAN[:1], "Late", [11])
        with transaction.atomic():
            comparison.store()
        (row,) = Overlap.objects.all()
        assert (row.training, row.audio, row.text) == (late, 0, 1)

    def test_a_text_without_its_file_is_passed_over(self) -> None:
        text = self.make_text([CLEAN[0]])
        default_storage.delete(text.content_file.name)
        assert self.compare(self.importing(TEST), new_ones()) == []

    def test_repeats_of_one_text_take_no_time_and_few_examples(self) -> None:
        self.make(TRAIN, [CLEAN[0]] * 100, "Old")
        same = [Seen(i, f"{i}.wav", CLEAN[0]) for i in range(1_000)]
        beats: list[int] = []
        (row,) = self.compare(self.importing(TEST), same, None, lambda: beats.append(1))
        assert (row.text, len(row.examples), len(beats)) == (1_000, 8, 1)

    def test_pages_name_the_other_dataset_and_what_is_shared(self) -> None:
        old = self.make(TRAIN, CLEAN[:3], "Old", [11, 12, 13], "anna")
        new = self.importing(TEST)
        self.compare(new, new_ones())
        (leak,) = warnings_for(new, as_test=True)
        assert leak.sentence == (
            "Of the 4 utterances of “New” 1 has the same audio, 2 have the same or "
            "nearly the same text and 1 has the same speaker as “Old”. A model trained "
            "on these is tested too easily."
        )
        assert (leak.other, leak.url) == (old, old.get_absolute_url())
        assert [leak.other for leak in warnings_for(old)] == [new]
        assert warnings_for(old, as_test=True) == []
        with self.assertNumQueries(1):
            warnings_for(old)


def new_ones() -> list[Seen]:
    return [
        Seen(0, "a.wav", "The first audio", audio_hash=12),
        Seen(1, "b.wav", CLEAN[0].upper(), audio_hash=21),
        Seen(2, "c.wav", f"{CLEAN[1]} then", audio_hash=22),
        Seen(3, "d.wav", "Good morning", labels={"speaker": "anna"}),
    ]


class _Folder:
    """A content file with these sentences, for the length of a `with`."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Path:
        path = Path(self.folder.name)
        with Writer(path) as writer:
            for number, text in enumerate(self.texts, 1):
                writer.add(Entry("sentence", number, text))
            writer.finish(path / "content")
        return path / "content"

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()
