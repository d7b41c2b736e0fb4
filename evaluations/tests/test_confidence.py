"""What confidences are worth, and which transcripts may be made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datasets.models import Utterance
from engines.base import Clip, Decoding, Transcript
from engines.fake import FakeEngine
from evaluations.analysis.curve import curve
from evaluations.analysis.flags import WORDS, flagged, flags_of_rows
from evaluations.levels import scored
from evaluations.models import Candidate, Evaluation
from scoring.reliability import Bin, Highlight, Reliability
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)


class UnsureEngine(FakeEngine):
    """Knows how sure it is of a word; of words that are not listed it is certain.

    With `sure` None it does not tell.
    """

    def __init__(self, texts: dict[str, str], sure: dict[str, float] | None) -> None:
        super().__init__(texts)
        self.sure = sure

    def transcribe(
        self, reference: str, clips: Sequence[Clip], options: Decoding
    ) -> Iterator[Transcript]:
        for found in super().transcribe(reference, clips, options):
            yield replace(found, words=self._judged(found))

    def _judged(self, found: Transcript) -> Any:
        if self.sure is None:
            return ()
        return tuple(
            replace(word, probability=self.sure.get(word.text.strip(), 0.95))
            for word in found.words
        )


class ConfidenceTestCase(BaseTestCase):
    def evaluated(
        self, heard: list[str], sure: dict[str, float] | None, said: list[str]
    ) -> Evaluation:
        dataset = make_dataset(self.project, said)
        Utterance.objects.filter(dataset=dataset).update(seconds=20)
        models = [make_model(f"model {Evaluation.objects.count()}")]
        evaluation = make_evaluation(self.project, dataset, models)
        texts = {str(number): text for number, text in enumerate(heard, start=1)}
        with fake_engine(UnsureEngine(texts, sure)):
            evaluation.enqueue()
        evaluation.refresh_from_db()
        return evaluation

    def page(self, evaluation: Evaluation) -> Any:
        return self.client.get(f"/tests/{evaluation.pk}/confidence/")

    def test_the_best_mark_is_said_in_words_and_leads_to_its_utterances(self) -> None:
        sure = {"wrong": 0.3, "two": 0.3}
        said = ["one two three"] * 2 + ["one two", "four five"]
        heard = ["one two wrong"] * 2 + ["one wrong", "four bad"]
        test = self.evaluated(heard, sure, said)
        page = self.page(test)
        (one,) = page.context["confidences"]
        best = one.best
        assert best is not None and best.percent == 31
        # Marked are two of "two" and three of "wrong", of four errors in all.
        assert best.highlight.precision == 3 / 5
        assert best.highlight.recall == 3 / 4
        text = page.content.decode()
        assert 'under <span class="num">31 %</span> are wrong' in text
        assert '<span class="num">60.0 %</span> of cases' in text
        assert "too few to say much" in text
        listed = self.client.get(f"{test.get_absolute_url()}?{best.query}")
        assert listed.context["page"].object_list == [1, 2, 3]

    def test_a_word_as_sure_as_the_threshold_is_neither_marked_nor_listed(self) -> None:
        sure = {"wrong": 0.3, "bad": 0.29}
        test = self.evaluated(["one wrong", "one bad"], sure, ["one two"] * 2)
        marks = self.page(test).context["confidences"][0].marks
        (mark,) = (one for one in marks if one.percent == 30)
        assert mark.highlight.marked == 1 / 4
        listed = self.client.get(f"{test.get_absolute_url()}?{mark.query}")
        assert listed.context["page"].object_list == [2]

    def test_a_mark_that_mostly_marks_right_words_is_called_misleading(self) -> None:
        said, heard = ["one two three four five"], ["one two three four wrong"]
        sure = dict.fromkeys(["one", "two", "three", "wrong"], 0.4)
        page = self.page(self.evaluated(heard, sure, said))
        self.assertContains(page, "marks mislead more than they help")

    def test_an_engine_without_confidences_is_named_so(self) -> None:
        test = self.evaluated(["one"], None, ["one"])
        self.assertContains(self.page(test), "This engine gives no confidences")

    def test_a_model_that_heard_nothing_and_one_without_errors_are_no_fault(
        self,
    ) -> None:
        test = self.evaluated([""], {}, ["one"])
        self.assertContains(self.page(test), "It heard no words")
        test = self.evaluated(["one"], {}, ["one"])
        self.assertContains(self.page(test), "every word it heard is right")

    def test_a_lost_table_is_said(self) -> None:
        test = self.evaluated(["one"], {}, ["one"])
        Candidate.objects.update(table="")
        self.assertContains(self.page(test), "Repeat the test to get it")

    def test_the_chart_can_be_downloaded(self) -> None:
        page = self.page(self.evaluated(["one x"], {"x": 0.2}, ["one two"]))
        self.assertContains(page, '<svg id="reliability-1"')
        for kind in ("png", "svg"):
            button = f'data-picture="reliability-1" data-format="{kind}"'
            self.assertContains(page, button, count=1)

    def test_what_may_be_made_up_is_counted_by_kind(self) -> None:
        said = ["one two three", "", "one two", "yes"]
        heard = [
            "one two three",
            "thank you for watching",
            "one two " * 5,
            "yes " + " ".join(f"w{n}" for n in range(200)),
        ]
        test = self.evaluated(heard, {}, said)
        page = self.page(test)
        rows = {row.words: row.counts[0] for row in page.context["flags"]}
        assert {words: one.count for words, one in rows.items()} == {
            "": 3,
            WORDS["repeated"]: 1,
            WORDS["too_fast"]: 1,
            WORDS["invented"]: 2,
            WORDS["unspoken"]: 1,
        }
        listed = self.client.get(f"{test.get_absolute_url()}?{rows[''].query}")
        assert sorted(listed.context["page"].object_list) == [2, 3, 4]
        shown = scored(test)
        assert flagged(shown, 0, "unspoken").tolist() == [False, True, False, False]
        told = flags_of_rows(shown, [1, 2, 4])
        key = shown.models[0].pk
        assert told == {
            2: {key: [WORDS["unspoken"]]},
            4: {key: [WORDS["too_fast"], WORDS["invented"]]},
        }

    def test_without_tables_nothing_is_flagged(self) -> None:
        test = self.evaluated(["one " * 9], {}, ["one"])
        Candidate.objects.update(table="")
        shown = scored(test)
        assert not flagged(shown, 0).any()
        assert flags_of_rows(shown, [1]) == {}

    def test_who_may_see_it(self) -> None:
        test = self.evaluated(["one"], {}, ["one"])
        self.client.force_login(self.bob)
        assert self.page(test).status_code == 200
        url = f"/tests/{test.pk}/confidence/"
        assert self.client.post(url).status_code == 405
        self.assert_stranger_gets_404(url)

    def test_an_inspection_has_no_confidence_page(self) -> None:
        test = self.evaluated(["one"], {}, ["one"])
        Evaluation.objects.update(kind=Evaluation.Kind.INSPECTION)
        assert self.page(test).status_code == 404


def test_a_dot_stands_where_confidence_and_share_of_right_words_are() -> None:
    empty = Bin(0.0, 0.5, 0, None, None)
    full = Bin(0.5, 1.0, 8, 0.75, 0.5)
    found = Reliability(8, [empty, full], 0.25, [])
    drawn = curve(found, "chart", Highlight(0.5, 0.5, 0.5, 0.5))
    (dot,) = drawn.dots
    width, height = drawn.right - drawn.left, drawn.bottom - drawn.top
    assert float(dot.x) == pytest.approx(drawn.left + 0.75 * width, abs=0.1)
    assert float(dot.y) == pytest.approx(drawn.bottom - 0.5 * height, abs=0.1)
    assert dot.title == "50 % to 100 % sure: 50 % of 8 words are right"
    assert float(drawn.threshold) == pytest.approx(drawn.left + width / 2, abs=0.1)
    assert np.isclose(float(dot.radius), 14)
