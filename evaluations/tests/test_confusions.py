"""Errors that recur: listed by kind, each with the utterances that it is in."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from engines.fake import FakeEngine
from evaluations import services
from evaluations.columns import columns_of
from evaluations.levels import Scored
from evaluations.models import Candidate, Evaluation
from evaluations.tables import table_of
from scoring.scale import Level, Scale
from scoring.table import SUBSTITUTION
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)

TEXTS = ["call mister Jones", "Jones is here", "good day", "see you & me"]
HEARD = {
    "1": "call mister John",
    "2": "John is here now",
    "3": "a good",
    "4": "see you and me",
}


@pytest.mark.parametrize(
    ("level", "answers", "query"),
    [
        (Level.LEXICAL, {}, ""),
        (Level.PLAIN, {}, "level=plain"),
        (Level.LEXICAL, {"said": "a&b", "heard": "", "model": 0}, "said=a%26b&model=0"),
        (Level.PLAIN, {"word": "day"}, "level=plain&word=day"),
    ],
)
def test_a_query_names_the_level_unless_it_is_the_usual_one(
    level: Level, answers: dict[str, object], query: str
) -> None:
    shown = Scored(Evaluation(), Scale("en-US", level), [], [])
    assert shown.query(**answers) == query


class ConfusionsTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, TEXTS)
        models = [make_model("base"), make_model("small")]
        self.evaluation = make_evaluation(self.project, self.dataset, models)
        with fake_engine(FakeEngine(HEARD)):
            self.evaluation.enqueue()
        self.evaluation.refresh_from_db()
        self.url = self.evaluation.get_absolute_url()

    def names(self, **query: str) -> list[str]:
        page = self.client.get(self.url, {"sort": "position"} | query)
        return [row.item.utterance.name for row in page.context["rows"]]

    def test_it_works(self) -> None:
        page = self.client.get(self.url)
        found = {
            kind: [(one.said, one.heard, one.count) for one in errors]
            for kind, errors in page.context["recurring"].items()
        }
        assert found["substitutions"] == [("jones", "john", 2)]
        assert found["deletions"] == [("day", "", 1)]
        assert sorted(found["insertions"]) == [("", "a", 1), ("", "now", 1)]

    def test_each_leads_to_its_utterances(self) -> None:
        page = self.client.get(self.url)
        (one,) = page.context["recurring"]["substitutions"]
        self.assertContains(page, f"?{one.query.replace('&', '&amp;')}#utterances")
        page = self.client.get(f"{self.url}?{one.query}")
        names = {row.item.utterance.name for row in page.context["rows"]}
        assert names == {"001.wav", "002.wav"}
        self.assertContains(page, "heard “john” for “jones”")
        assert self.names(error="deletion", said="day") == ["003.wav"]
        assert self.names(error="insertion", heard="now") == ["002.wav"]
        assert self.names(error="insertion", heard="now", q="003") == []

    def test_what_the_address_says_wrongly_is_no_error(self) -> None:
        assert self.names(error="substitution", said="nobody") == []
        assert len(self.names(error="nonsense")) == 4
        assert self.names(error="deletion", said="day", model="99") == ["003.wav"]

    def test_counts_of_the_columns_are_those_of_the_figures(self) -> None:
        for candidate in self.evaluation.candidates.all():
            table = table_of(candidate)
            assert table is not None
            assert table.total() == candidate.counts
            assert len(table) == len(columns_of(self.evaluation)) == 4
            assert (table.kind == SUBSTITUTION).sum() == candidate.substitutions

    def test_what_was_heard_has_its_confidence(self) -> None:
        table = table_of(self.evaluation.candidates.all()[0])
        assert table is not None
        known = table.confidence[table.hypothesis >= 0]
        assert ((known > 0) & (known <= 1)).all()

    def test_the_files_go_with_the_test(self) -> None:
        folder = self.evaluation.folder
        assert len(default_storage.listdir(folder)[1]) == 2
        with self.on_commit():
            services.delete(self.evaluation)
        assert not default_storage.exists(folder)

    def test_a_test_without_tables_has_no_list(self) -> None:
        Candidate.objects.update(table="")
        page = self.client.get(self.url)
        self.assertNotContains(page, "Most frequent errors")
        self.assertContains(page, "cannot be filtered or sorted")
        assert len(self.names(error="deletion", said="day")) == 4

    def test_a_test_that_was_made_before_gets_its_tables(self) -> None:
        before = [candidate.counts for candidate in self.evaluation.candidates.all()]
        Candidate.objects.update(table="", words=0, substitutions=0)
        with fake_engine(FakeEngine({})) as engine, self.on_commit():
            Evaluation.tend()
        assert engine.calls == []
        after = [candidate.counts for candidate in self.evaluation.candidates.all()]
        assert after == before
        assert Evaluation.objects.get().status == Evaluation.Status.SUCCEEDED
