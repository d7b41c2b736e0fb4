"""Which utterances an address asks for: every filter and every order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from engines.base import Clip, Decoding, Transcript
from engines.fake import FakeEngine
from evaluations.models import Comment, Item, Verdict
from evaluations.selection import ORDERS
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)

TEXTS = ["call mister Jones", "Jones is here", "good day", "pay 21 dollars", "yes"]
# Each model by the position of the utterance.
BASE = {
    "1": "call mister John",
    "2": "Jones is here",
    "3": "good",
    "4": "pay dollars",
    "5": "yes yes",
}
CUSTOM = BASE | {"1": "call mister Jones", "2": "John is here", "3": "good day"}


class ByModel(FakeEngine):
    """Each model has a text of its own, and is not sure of the second one."""

    def transcribe(
        self, reference: str, clips: Iterable[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        self.texts = CUSTOM if reference == "custom" else BASE
        for heard in super().transcribe(reference, list(clips), options):
            unsure = [replace(word, probability=0.4) for word in heard.words]
            yield replace(heard, words=unsure) if heard.key == "2" else heard


# (the query, the positions in the order of the dataset)
FILTERS = [
    ("", "12345"),
    ("only=errors", "12345"),
    ("only=errors&model=1", "1345"),
    ("only=errors&model=2", "245"),
    ("only=failed", ""),
    ("kind=substitution", "12"),
    ("kind=substitution&model=2", "2"),
    ("kind=deletion", "34"),
    ("kind=insertion", "5"),
    ("kind=nonsense", "12345"),
    ("right=2&wrong=1", "13"),
    ("right=1&wrong=2", "2"),
    ("right=9&wrong=1", "12345"),
    ("word=jones", "12"),
    ("word=JONES", "12"),
    ("word=jon", ""),
    ("q=jon", "12"),
    ("q=21", "4"),
    ("q=00", "12345"),
    ("q=003.wav", "3"),
    ("q=jones+here", "2"),
    ("q=%22%29%3B--", ""),
    ("term=mister+jones", "1"),
    ("term=jones+mister", ""),
    ("wer_min=50&model=1", "345"),
    ("wer_max=0&model=2", "13"),
    ("wer_min=30&wer_max=60&model=1", "134"),
    ("wer_min=lots", "12345"),
    ("wer_min=nan&wer_max=inf", "12345"),
    ("conf_max=50&model=1", "2"),
    ("conf_min=50&model=1", "1345"),
    ("slice=device:phone", "13"),
    ("slice=device:", "245"),
    ("slice=nonsense:phone", "12345"),
    ("slice=seconds:2..4", "23"),
    ("slice=seconds:..2", "1"),
    ("slice=seconds:3..", "345"),
    ("slice=seconds:x..y", "12345"),
    ("slice=level:..0", ""),
    ("verdict=model", "2"),
    ("verdict=any", "24"),
    ("verdict=none", "135"),
    ("verdict=nonsense", "12345"),
    ("comments=1", "3"),
    ("only=errors&model=2&verdict=none", "5"),
    ("error=substitution&said=jones&heard=john&model=2", "2"),
]
ORDER = {
    "position": "12345",
    "name": "54321",
    "duration": "12345",
    "-duration": "54321",
    "wer": "13245",
    "-wer": "54213",
    "confidence": "21345",
    "-errors": "45123",
    "gap": "13452",
    "-gap": "24513",
}


class SelectionTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        dataset = make_dataset(self.project, TEXTS)
        for row in dataset.utterances.all():
            row.seconds = float(row.position)
            row.name = f"{'edcba'[row.position - 1]}{row.position:03}.wav"
            row.labels = {"device": "phone"} if row.position in (1, 3) else {}
            row.save()
        models = [make_model("base"), make_model("custom")]
        self.evaluation = make_evaluation(self.project, dataset, models)
        with fake_engine(ByModel({})):
            self.evaluation.enqueue()
        self.evaluation.refresh_from_db()
        assert self.evaluation.status == "Succeeded", self.evaluation.error
        self.judge()
        self.url = self.evaluation.get_absolute_url()

    def judge(self) -> None:
        for position, choice in ((2, "model"), (4, "unclear")):
            Verdict.objects.create(
                item=self.item(position), evaluation=self.evaluation, choice=choice
            )
        Comment.objects.create(
            item=self.item(3), evaluation=self.evaluation, text="listen"
        )

    def item(self, position: int) -> Item:
        return self.evaluation.items.get(position=position)

    def positions(self, query: str) -> str:
        page = self.client.get(f"{self.url}?{query}")
        assert page.status_code == 200
        return "".join(str(row.item.position) for row in page.context["rows"])

    def test_every_filter_finds_its_utterances(self) -> None:
        wrong = {
            query: found
            for query, expected in FILTERS
            if (found := self.positions(f"{query}&sort=position")) != expected
        }
        assert wrong == {}

    def test_every_order_is_that_order_and_the_same_each_time(self) -> None:
        wrong = {
            sort: found
            for sort, expected in ORDER.items()
            if (found := self.positions(f"sort={sort}")) != expected
        }
        assert wrong == {}
        assert set(ORDERS) - set(ORDER) <= {"-confidence"}
        assert self.positions("sort=nonsense") == self.positions("")

    def test_what_is_filtered_is_said_and_can_be_taken_back(self) -> None:
        query = "kind=deletion&word=day&sort=name&level=lexical"
        page = self.client.get(f"{self.url}?{query}")
        self.assertContains(page, "with deletions")
        self.assertContains(page, "with the word “day”")
        one, other = page.context["selection"].filters
        assert "kind" not in one.query and "word=day" in one.query
        assert "word" not in other.query and "kind=deletion" in other.query
        for rest in ("sort=name", "level=lexical"):
            assert rest in one.query and rest in other.query

    def test_a_word_is_escaped_where_it_is_said(self) -> None:
        page = self.client.get(self.url, {"word": "<script>", "q": '"><b>'})
        self.assertNotContains(page, "<script>alert")
        self.assertNotContains(page, '"><b>')
