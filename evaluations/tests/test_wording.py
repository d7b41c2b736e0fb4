from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from datasets.content import Writer
from datasets.formats.base import Entry
from datasets.models import Dataset
from evaluations.models import Candidate, Evaluation, Scoring
from evaluations.wording import services, sought
from evaluations.wording.accuracy import Pair, chosen, ordered, rows
from evaluations.wording.effects import effects_of
from evaluations.wording.scatter import MOST_WORDS, scatter
from evaluations.wording.sought import terms_of
from jobs.models import Job
from projects.models import Project
from scoring.equivalences import parse
from scoring.scale import Level, Scale
from speechstudio.test import (
    BaseTestCase,
    make_dataset,
    make_evaluation,
    make_model,
)
from training.models import SpeechModel

WORDS = ["the", "stent", "statin", "now", "often"]


def pair(
    said: Sequence[int] = (10, 4, 4, 2, 1),
    old: Sequence[int] = (9, 0, 1, 1, 1),
    new: Sequence[int] = (10, 3, 0, 1, 0),
    texts: Sequence[str] = WORDS,
) -> Pair:
    models = [Candidate(pk=n, model=SpeechModel(name="AB"[n])) for n in (0, 1)]
    counts = [np.array(numbers, dtype=np.int64) for numbers in (said, old, new)]
    return Pair(models[0], models[1], texts, *counts)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        # Once of once is worse than once of four times.
        ("difference", ["often", "statin", "now", "the", "stent"]),
        ("-difference", ["stent", "the", "now", "statin", "often"]),
        ("-said", WORDS),
        ("said", ["often", "now", "stent", "statin", "the"]),
        ("word", ["now", "often", "statin", "stent", "the"]),
        ("a", ["stent", "statin", "now", "the", "often"]),
        ("-b", ["the", "stent", "now", "statin", "often"]),
        ("-missed", ["statin", "stent", "now", "often", "the"]),
    ],
)
def test_words_are_sorted_by_what_the_address_says(sort: str, order: list[str]) -> None:
    words = pair()
    numbers = ordered(words, np.ones(5, dtype=bool), sort)
    assert [row.text for row in rows(words, numbers.tolist())] == order


def test_words_are_chosen_by_how_often_they_are_said_their_letters_and_place() -> None:
    words = pair()
    assert chosen(words, 2).tolist() == [True, True, True, True, False]
    assert chosen(words, 1, "ST").tolist() == [False, True, True, False, False]
    assert chosen(words, 1, place=(50, 50)).tolist() == [False] * 3 + [True, False]


def test_a_point_is_all_words_of_one_accuracy() -> None:
    words = pair([3, 3, 1], [3, 3, 0], [3, 3, 1], ["a", "b", "c/d"])
    picture = scatter(words, chosen(words, 1), "/t/?word=", "?at=")
    both, one = picture.points
    assert (both.url, one.url) == ("?at=100.100#words", "/t/?word=c%2Fd#utterances")
    assert both.title == "a, b: said 6 times; A 100 %, B 100 % right"
    assert one.title == "c/d: said once; A 0 %, B 100 % right"
    assert (both.style, one.style) == ("same", "better")
    assert both.radius > one.radius
    assert (both.x, both.y) == (picture.right, picture.top)
    assert (one.x, one.y) == (picture.left, picture.top)
    assert (picture.words, picture.better, picture.worse, picture.same) == (3, 1, 0, 2)
    assert [label.text for label in picture.labels] == ["c/d"]


def test_labels_name_what_changed_most_and_do_not_cover_each_other() -> None:
    rng = np.random.default_rng(3)
    said = rng.integers(1, 60, 5000)
    old, new = rng.integers(0, said + 1), rng.integers(0, said + 1)
    words = pair(said, old, new, [f"word{number}" for number in range(5000)])
    picture = scatter(words, chosen(words, 1), "?word=", "?at=")
    assert picture.words == MOST_WORDS
    assert 4 <= len(picture.labels) <= 16
    spans = sorted((label.y, label.x) for label in picture.labels)
    assert len(spans) == len(set(spans))
    assert picture == scatter(words, chosen(words, 1), "?word=", "?at=")
    none = scatter(words, chosen(words, 1000), "?word=", "?at=")
    assert (none.points, none.labels, none.words) == ([], [], 0)


class SaveTestCase(BaseTestCase):
    def test_who_saves_later_is_told_and_loses_nothing_of_the_other(self) -> None:
        started = services.version("")
        mine = Project.objects.get(pk=self.project.pk)
        theirs = Project.objects.get(pk=self.project.pk)
        services.save(theirs, "terms", "stent", started)
        with pytest.raises(services.Changed):
            services.save(mine, "terms", "statin", started)
        assert mine.terms == "stent"
        services.save(mine, "equivalences", "okay = ok", started)
        services.save(mine, "terms", "statin", services.version("stent"))
        mine.refresh_from_db()
        assert (mine.terms, mine.equivalences) == ("statin", "okay = ok")

    def test_two_who_write_the_same_are_in_nobodys_way(self) -> None:
        services.save(self.project, "terms", "stent", services.version(""))
        services.save(self.project, "terms", "stent", services.version(""))


class EffectTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.project.equivalences = "okay = O.K.\ncolour = color"
        self.project.save()
        self.base = make_model()

    def scored(self, digest: str, *removed: int) -> Evaluation:
        evaluation = make_evaluation(self.project, models=[self.base])
        Evaluation.objects.filter(pk=evaluation.pk).update(status=Job.Status.SUCCEEDED)
        rules = ["okay = o k", "colour = color"]
        effects = [
            {"rule": rule, "removed": {"1": number, "2": 1}}
            for rule, number in zip(rules, removed, strict=True)
        ]
        Scoring.objects.create(
            evaluation=evaluation,
            level=Level.PROJECT,
            scale=digest,
            effects=effects,
            status=Job.Status.SUCCEEDED,
        )
        return evaluation

    def digest(self) -> str:
        rules, _ = parse(self.project.equivalences, "en-US")
        return Scale("en-US", Level.PROJECT, rules).digest

    def test_what_a_rule_removed_is_summed_over_the_models_of_a_test(self) -> None:
        older = self.scored(self.digest(), 40, -3)
        newer = self.scored(self.digest(), 0, 2)
        effects = effects_of(self.project)
        assert effects is not None
        assert [test for test, _ in effects.tests] == [newer, older]
        assert effects.tests[0][1] == f"{newer.get_absolute_url()}?level=project"
        assert [(e.rule, e.removed) for e in effects.rules] == [
            ("okay = o k", [1, 41]),
            ("colour = color", [3, -2]),
        ]
        assert effects.uncounted is None

    def test_figures_of_other_equivalences_do_not_count(self) -> None:
        old = self.scored("0" * 16, 40, 1)
        effects = effects_of(self.project)
        assert effects is not None
        assert (effects.tests, effects.rules) == ([], [])
        assert effects.uncounted == (old, f"{old.get_absolute_url()}?level=project")

    def test_a_project_without_tests_has_nothing_to_count(self) -> None:
        effects = effects_of(self.project)
        assert effects is not None and effects.uncounted is None

    def test_without_equivalences_there_is_nothing_to_tell(self) -> None:
        self.scored("0" * 16, 40, 1)
        self.project.equivalences = "colour"
        assert effects_of(self.project) is None


def make_text(project: Project, kind: str, entries: list[Entry], name: str) -> Dataset:
    """A text dataset that holds this."""
    dataset = make_dataset(project, [], kind=kind, name=name)
    folder = Path(default_storage.path(dataset.folder))
    with Writer(folder) as content:
        for entry in entries:
            content.add(entry)
        content.finish(folder / "content.new")
    data = ContentFile((folder / "content.new").read_bytes())
    dataset.content_file.name = default_storage.save(f"{dataset.folder}/content", data)
    dataset.save()
    return dataset


class SoughtTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.project.terms = "Metro Station\n\nstent"
        entries = [
            Entry("list drug", 1, "metoprolol"),
            Entry("list drug", 2, "STENT"),
            Entry("lexicon", 3, "gabapentin", "G AE B"),
            Entry("sentence A", 4, "take {@drug}"),
        ]
        self.drugs = make_text(self.project, "LanguageMarkdown", entries, "Drugs")
        entries = [Entry("pronunciation", 1, "3CPO", "three c p o")]
        make_text(self.project, "Pronunciation", entries, "Sounds")
        make_text(
            self.project, "Language", [Entry("sentence", 1, "no term")], "Sentences"
        )

    def test_terms_come_from_the_project_and_its_data_and_each_counts_once(
        self,
    ) -> None:
        found = terms_of(self.project, Scale("en-US"))
        named = {term.text: [s.name for s in term.sources] for term in found.sought}
        assert named == {
            "Metro Station": ["The project's terms"],
            "stent": ["The project's terms", "Drugs"],
            "3CPO": ["Sounds"],
            "metoprolol": ["Drugs"],
            "gabapentin": ["Drugs"],
        }
        assert not found.has_more
        words = {term.text: term.words for term in found.sought}
        assert words["3CPO"] == tuple(Scale("en-US").words("3CPO"))
        display = terms_of(self.project, Scale("en-US", Level.DISPLAY))
        assert ("STENT",) in [term.words for term in display.sought]

    def test_of_too_many_terms_the_first_are_looked_for_and_it_is_said(self) -> None:
        entries = [Entry("list big", i, f"item {i}") for i in range(sought.MOST + 5)]
        make_text(self.project, "LanguageMarkdown", entries, "Big")
        found = terms_of(self.project, Scale("en-US"))
        assert len(found.sought) == sought.MOST and found.has_more
        assert found.sought[0].text == "Metro Station"

    def test_terms_that_a_full_file_has_no_room_for_are_said(self) -> None:
        size = sought.MOST - 2
        entries = [Entry("list big", i, f"item {i}") for i in range(size)]
        entries += [Entry("lexicon", size + i, f"entry {i}", "G AE B") for i in (1, 2)]
        whole = make_text(self.project, "LanguageMarkdown", entries, "Whole")
        entries.append(Entry("lexicon", size + 3, "entry 3", "G AE B"))
        cut = make_text(self.project, "LanguageMarkdown", entries, "Cut")
        found = {
            one.name: sought._contents(str(one.content_file.name))
            for one in (whole, cut)
        }
        assert [len(texts) for texts, _ in found.values()] == [sought.MOST] * 2
        assert {name: more for name, (_, more) in found.items()} == {
            "Whole": False,
            "Cut": True,
        }

    def test_a_file_that_cannot_be_read_for_a_moment_is_read_later(self) -> None:
        broken = patch.object(sought, "open_content", side_effect=OSError)
        with broken, self.assertLogs("evaluations.wording.sought", "ERROR"):
            found = terms_of(self.project, Scale("en-US"))
        assert len(found.sought) == 2
        assert len(terms_of(self.project, Scale("en-US")).sought) == 5

    def test_a_lost_file_costs_its_terms_alone(self) -> None:
        default_storage.delete(str(self.drugs.content_file.name))
        with self.assertLogs("evaluations.wording.sought", "ERROR"):
            found = terms_of(self.project, Scale("en-US"))
        assert [term.text for term in found.sought] == [
            "Metro Station",
            "stent",
            "3CPO",
        ]

    def test_what_is_uploaded_renamed_or_written_later_is_found(self) -> None:
        terms_of(self.project, Scale("en-US"))
        self.project.terms += "\nplatform"
        Dataset.objects.filter(pk=self.drugs.pk).update(name="Medicines")
        found = terms_of(self.project, Scale("en-US"))
        named = {term.text: term.sources[-1].name for term in found.sought}
        assert named["platform"] == "The project's terms"
        assert named["metoprolol"] == "Medicines"
