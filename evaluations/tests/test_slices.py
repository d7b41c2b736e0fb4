"""In which parts of a test a model is worst, and whether another is better there."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from datasets.models import Utterance
from engines.base import Corpus, Recipe
from engines.fake import FakeEngine
from evaluations.analysis.slices import Row
from evaluations.models import Candidate, Evaluation
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)

SIZE = 80
SAID = "one two three four"


class SlicesTestCase(BaseTestCase):
    """Ann is heard well; of Bob the base model gets two words wrong, the custom
    model one. Of Cleo there are two utterances, and nobody said who speaks last."""

    def setUp(self) -> None:
        super().setUp()
        dataset = make_dataset(self.project, [SAID] * SIZE)
        speakers = ["ann"] * 40 + ["bob"] * 37 + ["cleo"] * 2 + [""]
        rows = list(dataset.utterances.order_by("position"))
        for row, speaker in zip(rows, speakers, strict=True):
            row.speaker = speaker
            row.labels = {"speaker": speaker} if speaker else {}
            row.seconds = 2.0 if row.position <= 40 else 6.0
        Utterance.objects.bulk_update(rows, ["speaker", "labels", "seconds"])
        bad = {str(n): "one two x y" for n in range(41, SIZE + 1)}
        better = {str(n): "one two three y" for n in range(41, SIZE + 1)}
        good = {str(n): SAID for n in range(1, 41)}
        engine = FakeEngine(good | bad, custom_texts=good | better)
        engine.trained["custom"] = ("base", Corpus("en-US"), Recipe())
        base = make_model("base")
        models = [base, make_model("custom", base=base)]
        self.evaluation = make_evaluation(self.project, dataset, models)
        with fake_engine(engine):
            self.evaluation.enqueue()
        self.evaluation.refresh_from_db()
        self.url = f"/tests/{self.evaluation.pk}/slices/"

    def rows(self, **query: str) -> dict[str, Row]:
        page = self.client.get(self.url, query)
        return {row.name: row for row, _, _ in page.context["rows"]}

    def test_the_worst_is_the_first_and_small_samples_are_last(self) -> None:
        found = self.rows(by="speaker")
        assert list(found) == ["bob", "ann", "cleo", "unknown"]
        bob = found["bob"]
        assert (bob.utterances, bob.counts.substitutions) == (37, 37)
        assert bob.minutes == 37 * 6 / 60
        assert bob.interval is not None and bob.interval.low == 0.25
        assert [row.is_small for row in found.values()] == [False, False, True, True]
        page = self.client.get(self.url, {"by": "speaker"})
        self.assertContains(page, "small sample", count=2)

    def test_the_last_model_is_asked_about_unless_the_address_names_another(
        self,
    ) -> None:
        assert self.rows(by="speaker")["bob"].counts.rate == 0.25
        assert self.rows(by="speaker")["bob"].others == (0.5,)
        assert self.rows(by="speaker", model="1")["bob"].counts.rate == 0.5

    def test_models_are_compared_in_each_slice(self) -> None:
        found = self.rows(by="speaker")
        assert (found["bob"].gain, found["bob"].verdict) == ("25.0", "better")
        assert (found["ann"].gain, found["ann"].verdict) == ("0.0", "unclear")
        assert found["cleo"].verdict == ""
        other_way = self.rows(by="speaker", model="1")["bob"]
        assert (other_way.gain, other_way.verdict) == ("-25.0", "worse")

    def test_measures_are_sliced_in_bands(self) -> None:
        found = self.rows(by="seconds")
        assert [row.utterances for row in found.values()] == [40, 40]
        page = self.client.get(self.url)
        titles = [one.label for one in page.context["columns"]]
        # Loudness and noise of these recordings are not known.
        assert titles == [
            "All columns",
            "Speaker (3)",
            "Duration (2)",
            "Speaking rate (2)",
        ]

    def test_each_slice_leads_to_its_utterances(self) -> None:
        for by in ("speaker", "seconds"):
            for row in self.rows(by=by).values():
                page = self.client.get(
                    f"{self.evaluation.get_absolute_url()}?{row.query}"
                )
                assert page.context["page"].paginator.count == row.utterances, row.name

    def test_a_filter_calls_a_measure_as_the_slices_do(self) -> None:
        dataset = make_dataset(self.project, [SAID] * 2)
        for position, level in ((1, -30.0), (2, -20.0)):
            dataset.utterances.filter(position=position).update(level_dbfs=level)
        test = make_evaluation(self.project, dataset, [make_model("other")])
        with fake_engine(FakeEngine({})):
            test.enqueue()
        page = self.client.get(f"/tests/{test.pk}/slices/", {"by": "level"})
        row, _, _ = page.context["rows"][0]
        assert row.column.title == "Loudness"
        page = self.client.get(f"{test.get_absolute_url()}?{row.query}")
        (words,) = page.context["selection"].words
        assert words == f"loudness: {row.name}"

    def test_the_overview_warns_of_the_worst_of_many(self) -> None:
        page = self.client.get(self.url)
        worst = page.context["worst"]
        assert {row.column.key for row in worst.rows} == {"speaker", "seconds", "pace"}
        assert worst.looked_at == 6
        self.assertContains(page, "partly they are worst by chance")
        self.assertNotContains(
            self.client.get(self.url, {"by": "speaker"}), "worst by chance"
        )

    def test_what_the_address_says_wrongly_is_the_overview(self) -> None:
        page = self.client.get(self.url, {"by": "nonsense", "model": "99"})
        assert page.context["worst"] is not None
        assert page.context["chosen"].model.name == "custom"

    def test_links_keep_model_and_level(self) -> None:
        page = self.client.get(self.url, {"model": "1", "by": "speaker"})
        url = next(c.url for c in page.context["columns"] if "Duration" in c.label)
        query = parse_qs(urlsplit(url).query)
        assert query == {"model": ["1"], "by": ["seconds"]}

    def test_a_slice_in_which_no_word_is_said_has_no_rate(self) -> None:
        dataset = make_dataset(self.project, ["one", ""])
        Utterance.objects.filter(dataset=dataset, position=2).update(
            labels={"room": "empty"}
        )
        test = make_evaluation(self.project, dataset, [make_model("other")])
        with fake_engine(FakeEngine({"1": "one", "2": "hm"})):
            test.enqueue()
        page = self.client.get(f"/tests/{test.pk}/slices/", {"by": "room"})
        rows = {row.name: (row, bar) for row, bar, _ in page.context["rows"]}
        assert rows["empty"][0].counts.insertions == 1
        assert rows["empty"][1] is None
        self.assertContains(page, "no word is said")

    def test_bars_are_on_one_scale(self) -> None:
        page = self.client.get(self.url, {"by": "speaker"})
        bars = [bar for _, bar, _ in page.context["rows"]]
        assert bars[0].rate == "100.0" and bars[1].rate == "0.0"
        # Half the utterances have a word in four wrong: the whole test is half as bad.
        assert {bar.whole for bar in bars} == {"50.0"}
        assert re.search(r'<rect y="3" width="100.0"', page.content.decode())

    def test_without_tables_the_page_says_so(self) -> None:
        Candidate.objects.update(table="")
        self.assertContains(self.client.get(self.url), "Repeat the test")

    def test_an_inspection_has_no_slices(self) -> None:
        Evaluation.objects.update(kind=Evaluation.Kind.INSPECTION)
        assert self.client.get(self.url).status_code == 404

    def test_who_may_see_it(self) -> None:
        self.client.force_login(self.bob)
        assert self.client.get(self.url).status_code == 200
        assert self.client.post(self.url).status_code == 405
        self.assert_stranger_gets_404(self.url)
        assert self.client.get(f"/tests/{uuid4()}/slices/").status_code == 404
