"""What is filtered is what is exported, in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from django.urls import reverse

from datasets.models import Utterance
from engines.base import Decoding
from engines.fake import FakeEngine
from evaluations.export.formats import FORMATS
from evaluations.export.scores import scoring_result
from evaluations.levels import scored
from evaluations.models import (
    Comment,
    Correction,
    Evaluation,
    Hypothesis,
    Scoring,
    Verdict,
)
from projects.models import Project
from scoring.scale import Level
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)

TEXTS = [
    "Take two tablets of metoprolol daily.",
    "=cmd|' /C calc'!A0",
    "call three five eight five, don't wait",
    "every day we do not send e-mail, it's $5.50",
    "",
    "שלום עולם, מה שלומך",
    "Größe — naïve “quotes” 👍 (and/or) {this}: a*b; 7:05",
    "this one fails in both",
    "nothing is heard",
    "okay then",
]
HEARD = {
    "1": "take 2 tablets of metro pole all daily",
    "2": "=cmd",
    "3": "Call 3584 do not wait",
    "4": "everyday we don't send email its five dollars and fifty cents",
    "5": "nothing was said",
    "6": "שלום עולם מה",
    "7": "grosse naïve quotes and or this <b> a b 7:05 👍",
    "10": "ok, then",
}
BETTER = HEARD | {"1": "Take two tablets of metoprolol daily.", "9": "nothing is"}
LEVELS = [level.value for level in Level]


class ExportTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.dataset = make_dataset(self.project, TEXTS)
        for number, utterance in enumerate(self.dataset.utterances.all()):
            speaker = ("anna-lena", "Jörg (2)", "")[number % 3]
            utterance.speaker = speaker
            utterance.labels = {
                "speaker": speaker,
                "device": ("=far", "near")[number % 2],
            }
            utterance.save()
        self.project.equivalences = "ok = okay"
        self.project.save()
        self.base = make_model("base")
        self.custom = make_model("custom:1", project=self.project, base=self.base)
        self.evaluation = make_evaluation(
            self.project,
            self.dataset,
            [self.base, self.custom],
            name="March: a/b",
        )
        engine = FakeEngine(HEARD, custom_texts=BETTER, failing={"8"})
        engine.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]
        with fake_engine(engine):
            self.evaluation.enqueue()
        self.evaluation.refresh_from_db()

    def url(self, form: str) -> str:
        return reverse("evaluation-export", args=[self.evaluation.pk, form])

    def export(self, form: str, query: str = "") -> bytes:
        with self.on_commit():  # a level that is new is counted first
            shown = self.client.get(f"{self.evaluation.get_absolute_url()}?{query}")
        assert shown.status_code == 200
        page = self.client.get(f"{self.url(form)}?{query}")
        assert page.status_code == 200
        assert page.streaming
        content = b"".join(page.streaming_content)
        self.name = page.headers["Content-Disposition"]
        return content

    def table(self, query: str = "sort=position") -> list[dict[str, str]]:
        text = self.export("csv", query).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def lines(self, form: str, query: str = "sort=position") -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.export(form, query).splitlines()]

    def archive(self, form: str, query: str = "sort=position") -> zipfile.ZipFile:
        archive = zipfile.ZipFile(io.BytesIO(self.export(form, query)))
        assert archive.testzip() is None
        return archive

    def result(self, query: str = "") -> dict[str, Any]:
        return json.loads(self.export("result", query))  # type: ignore[no-any-return]


class TableTestCase(ExportTestCase):
    def test_a_row_has_all_of_an_utterance(self) -> None:
        item = self.evaluation.items.get(position=1)
        Verdict.objects.create(
            item=item, evaluation=self.evaluation, by=self.bob, choice="model"
        )
        for text in ("listen again", "+1"):
            Comment.objects.create(
                item=item, evaluation=self.evaluation, by=self.alice, text=text
            )
        Correction.objects.create(
            item=item, evaluation=self.evaluation, by=self.bob, text="take three"
        )
        row = self.table()[0]
        assert row == {
            "position": "1",
            "file": "001.wav",
            "seconds": "0.5",
            "speaker": "anna-lena",
            "device": "'=far",
            "reference": TEXTS[0],
            "corrected reference": "take three",
            "level": "lexical",
            "base: hypothesis": HEARD["1"],
            "base: display text": HEARD["1"],
            "base: words": "6",
            "base: substitutions": "1",
            "base: deletions": "0",
            "base: insertions": "2",
            "base: WER": "0.5",
            "base: confidence": "0.9",
            "base: lowest confidence": "0.9",
            "base: error": "",
            "custom:1: hypothesis": BETTER["1"],
            "custom:1: display text": BETTER["1"],
            "custom:1: words": "6",
            "custom:1: substitutions": "0",
            "custom:1: deletions": "0",
            "custom:1: insertions": "0",
            "custom:1: WER": "0.0",
            "custom:1: confidence": "0.9",
            "custom:1: lowest confidence": "0.9",
            "custom:1: error": "",
            "verdict": "model",
            "verdict by": "bob",
            "comments": "alice: listen again\nalice: +1",
        }

    def test_no_cell_is_a_formula(self) -> None:
        for row in self.table():
            assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in row.values())
        assert self.table()[1]["reference"] == f"'{TEXTS[1]}"

    def test_a_recording_that_failed_says_why_and_has_no_figures(self) -> None:
        row = self.table()[7]
        assert "could not be read" in row["base: error"]
        assert row["base: words"] == row["base: WER"] == row["base: confidence"] == ""

    def test_an_empty_reference_has_no_rate(self) -> None:
        row = self.table()[4]
        assert (row["base: words"], row["base: insertions"]) == ("0", "3")
        assert row["base: WER"] == ""

    def test_what_is_filtered_is_what_is_exported_in_its_order(self) -> None:
        cases = {
            "sort=-duration": 10,
            "kind=insertion&model=1&sort=name": 3,
            "only=failed": 1,
            "q=metoprolol": 1,
            "slice=device:near&sort=position": 5,
            "right=2&wrong=1": 1,
            "q=nothing+of+the+kind": 0,
        }
        for query, number in cases.items():
            page = self.client.get(f"{self.evaluation.get_absolute_url()}?{query}")
            shown = [row.item.utterance.name for row in page.context["rows"]]
            assert [row["file"] for row in self.table(query)] == shown, query
            assert [row["file"] for row in self.lines("jsonl", query)] == shown, query
            assert len(shown) == number, query

    def test_figures_are_those_of_the_page_at_every_level(self) -> None:
        for level in LEVELS:
            rows = self.table(f"level={level}")
            shown = scored(self.evaluation, Level(level))
            for model in shown.models:
                for name in ("words", "substitutions", "deletions", "insertions"):
                    cells = [row[f"{model}: {name}"] for row in rows]
                    total = sum(int(cell) for cell in cells if cell)
                    assert total == getattr(model, name), (level, name)

    def test_a_file_has_the_name_of_the_test_without_what_no_system_takes(self) -> None:
        self.export("csv")
        assert self.name == 'attachment; filename="March_ a_b, lexical.csv"'

    def test_each_file_says_its_level(self) -> None:
        for level in LEVELS:
            query = f"level={level}"
            for form, one in FORMATS.items():
                self.export(form, query)
                assert f"March_ a_b, {level}{one.ending}" in self.name
            rows = [
                self.table(query),
                *(self.lines(f, query) for f in ("jsonl", "manifest")),
            ]
            assert {row["level"] for some in rows for row in some} == {level}

    def test_models_of_one_name_are_told_apart(self) -> None:
        type(self.custom).objects.update(name="same")
        row = self.table()[0]
        assert {"same (1): words", "same (2): words"} <= set(row)
        assert {"same-1/same-1.trn", "same-2/same-2.trn"} <= set(
            self.archive("sclite").namelist()
        )


class LinesTestCase(ExportTestCase):
    def test_a_line_has_types_and_the_alignment_with_times(self) -> None:
        line = self.lines("jsonl")[0]
        assert line["seconds"] == 0.5
        assert line["metadata"] == {"speaker": "anna-lena", "device": "=far"}
        assert line["audio"].startswith("http://testserver/utterances/")
        assert line["verdict"] is None
        assert line["comments"] == []
        base, custom = line["models"]
        assert (base["words"], base["insertions"], base["rate"]) == (6, 2, 0.5)
        share = 0.5 / 8
        assert base["alignment"][:2] == [
            ["equal", "take", "take", 0.0, round(share, 2)],
            ["equal", "two", "two", round(share, 2), round(2 * share, 2)],
        ]
        kinds = [kind for kind, *_ in base["alignment"]]
        assert sorted(kinds) == ["equal"] * 5 + ["insertion"] * 2 + ["substitution"]
        assert {kind for kind, *_ in custom["alignment"]} == {"equal"}

    def test_counts_are_those_of_the_alignment_and_of_the_table_at_every_level(
        self,
    ) -> None:
        for level in LEVELS:
            query = f"level={level}&sort=position"
            for row, line in zip(
                self.table(query), self.lines("jsonl", query), strict=True
            ):
                for model in line["models"]:
                    cell = row[f"{model['name']}: words"]
                    assert cell == str(model.get("words", "")), (level, line["file"])
                    for kind in ("substitution", "deletion", "insertion"):
                        kinds = [one[0] for one in model.get("alignment", [])]
                        cell = row[f"{model['name']}: {kind}s"]
                        assert int(cell or 0) == kinds.count(kind), (level, kind)

    def test_times_never_run_backwards_nor_out_of_the_recording(self) -> None:
        Hypothesis.objects.filter(item__position=3).update(
            timings=[["Call", 0.3, 0.2, 0.9], ["3584", 0.1, 9.0, 0.4]]
        )
        for level in LEVELS:
            for line in self.lines("jsonl", f"level={level}"):
                for model in line["models"]:
                    times = [
                        t for *_, a, b in model.get("alignment", []) for t in (a, b)
                    ]
                    heard = [
                        t
                        for kind, *_, a, b in model.get("alignment", [])
                        for t in (a, b)
                        if kind != "deletion"
                    ]
                    assert heard == sorted(heard), (level, line["file"])
                    assert all(0 <= time <= 0.5 for time in times)

    def test_the_manifest_is_as_the_speech_data_explorer_reads_it(self) -> None:
        first, *_, eighth, _, _ = self.lines("manifest")
        assert first == {
            "audio_filepath": "001.wav",
            "duration": 0.5,
            "text": TEXTS[0],
            "level": "lexical",
            "pred_text": BETTER["1"],
            "pred_text_base": HEARD["1"],
            "pred_text_custom1": BETTER["1"],
            "speaker": "anna-lena",
            "device": "=far",
        }
        assert eighth["pred_text"] == ""
        assert "could not be read" in eighth["error"]
        chosen = self.lines("manifest", "sort=position&model=1")
        assert chosen[0]["pred_text"] == HEARD["1"]
        assert all(isinstance(line["pred_text"], str) for line in chosen)


class ScoresTestCase(ExportTestCase):
    def score(self, name: str, query: str = "") -> dict[str, Any]:
        return json.loads(self.archive("scores", query).read(name))  # type: ignore[no-any-return]

    def test_each_recording_and_model_has_a_file(self) -> None:
        names = self.archive("scores").namelist()
        assert len(names) == len(set(names)) == 2 * len(TEXTS)
        score = self.score("001.wav.model1_score.json")
        phrase = score["recognizedPhrases"][0]
        best = phrase["nBest"][0]
        assert phrase["recognitionStatus"] == "Success"
        assert best["display"] == HEARD["1"]
        assert best["lexical"] == "take two tablets of metro pole all daily"
        assert best["itn"] == HEARD["1"]
        assert best["words"][0] == {
            "word": "take",
            "offset": "PT0.0S",
            "offsetInTicks": 0,
            "duration": "PT0.06S",
            "durationInTicks": 600000,
            "confidence": 0.9,
        }
        plain = re.sub(r"</?\w+>", "", best["scoringResult"])
        assert plain == "take,two,tablets,of,metro,pole,all,daily"
        tags = re.findall(r"<(\w+)>", best["scoringResult"])
        assert sorted(tags) == ["insertion", "insertion", "substitution"]
        assert score["wordErrorRate"] == 0.5

    def test_words_are_no_tags(self) -> None:
        score = self.score("007.wav.model1_score.json", "level=display")
        text = score["recognizedPhrases"][0]["nBest"][0]["scoringResult"]
        assert "<b>" not in text
        assert "&lt;" in text
        assert scoring_result([("equal", ",", ",", 0, 0)]) == "&#44;"  # type: ignore[list-item]

    def test_a_recording_that_failed_says_why(self) -> None:
        score = self.score("008.wav.model2_score.json")
        assert score["recognizedPhrases"] == []
        assert "could not be read" in score["error"]

    def test_recordings_of_one_name_and_bad_names_become_files_of_their_own(
        self,
    ) -> None:
        dataset = make_dataset(self.project, ["one"] * 4)
        names = ["../x.wav", "a.wav", "A.wav", "..\\x.wav"]
        for utterance, name in zip(dataset.utterances.all(), names, strict=True):
            Utterance.objects.filter(pk=utterance.pk).update(name=name)
        self.evaluation = make_evaluation(self.project, dataset, [self.base])
        with fake_engine(FakeEngine({})):
            self.evaluation.enqueue()
        members = self.archive("scores").namelist()
        ending = "wav.model1_score.json"
        expected = [f"1_.._x.{ending}", f"2_a.{ending}", f"3_A.{ending}"]
        assert members == [*expected, f"4_.._x.{ending}"]


class ResultTestCase(ExportTestCase):
    def test_it_has_the_names_of_the_api_and_every_setting(self) -> None:
        result = self.result()
        base, custom = self.evaluation.candidates.all()
        properties = result["properties"]
        assert properties["wordErrorRate1"] == base.counts.rate
        assert properties["wordErrorRate2"] == custom.counts.rate
        assert properties["wordCount1"] == base.words
        assert properties["correctWordCount1"] == base.counts.correct
        assert properties["wordSubstitutionCount1"] == base.substitutions
        assert properties["wordDeletionCount1"] == base.deletions
        assert properties["wordInsertionCount1"] == base.insertions
        assert properties["sentenceCount1"] == 9
        assert result["model1"]["id"] == str(self.base.pk)
        assert result["dataset"]["id"] == str(self.dataset.pk)
        assert result["customProperties"] == {"testingKind": "Evaluation"}
        assert result["scoring"]["level"] == "lexical"
        assert result["scoring"]["digest"] == base.scale
        decoding = Decoding("en-US").settings
        assert result["models"][0]["decoding"] == decoding
        assert result["models"][1]["baseModel"]["id"] == str(self.base.pk)
        assert result["models"][0]["failedUtterances"] == 1
        assert {"python", "ctranslate2", "rapidfuzz"} <= result["software"].keys()
        (pair,) = result["comparisons"]
        assert (pair["old"], pair["new"]) == (1, 2)
        assert pair["matchedPairs"].keys() >= {"segments", "mean", "z", "p", "verdict"}
        assert result["filtered"] is None

    def test_tokens_have_shares_of_all_edits(self) -> None:
        properties = self.result()["properties"]
        if "tokenErrors1" not in properties:
            pytest.fail("the references are display text")
        parts = properties["tokenErrors1"].values()
        edits = sum(part["numberOfEdits"] for part in parts)
        assert sum(p["percentageOfAllEdits"] for p in parts) == pytest.approx(100, 0.1)
        kinds = ("Substitution", "Deletion", "Insertion")
        assert edits == sum(properties[f"token{kind}Count1"] for kind in kinds)

    def test_a_filter_has_figures_of_its_own(self) -> None:
        filtered = self.result("q=metoprolol")["filtered"]
        assert filtered["utterances"] == 1
        rates = [model["wordErrorRate"] for model in filtered["models"]]
        assert rates == [0.5, 0.0]

    def test_what_is_not_known_yet_is_minus_one(self) -> None:
        waiting = make_evaluation(
            self.project, self.dataset, [self.base, self.custom], name="Next"
        )
        url = reverse("evaluation-export", args=[waiting.pk, "result"])
        result = json.loads(b"".join(self.client.get(url).streaming_content))
        assert set(result["properties"].values()) == {-1}
        assert result["properties"].keys() >= {"wordErrorRate1", "wordErrorRate2"}
        for form in set(FORMATS) - {"result"}:
            url = reverse("evaluation-export", args=[waiting.pk, form])
            assert self.client.get(url).status_code == 404


class WebPageTestCase(ExportTestCase):
    def test_it_stands_alone_and_escapes_all_text(self) -> None:
        Evaluation.objects.update(name="<script>alert(1)</script>")
        page = self.export("html", "sort=position").decode()
        assert page.startswith("<!doctype html>")
        assert page.rstrip().endswith("</html>")
        assert "<script" not in page
        assert "<b>" not in page
        assert "<link" not in page
        assert "src=" not in page
        assert page.count("<style>") == page.count("</style>") == 1
        assert "light-dark(" in page
        assert page.count('<article class="utterance"') == len(TEXTS)
        assert 'class="sub"' in page
        assert 'href="http://testserver/utterances/' in page
        assert "lexical" in page
        assert "could not be read" in page

    def test_it_has_only_what_is_asked_for_and_says_so(self) -> None:
        page = self.export("html", "q=metoprolol").decode()
        assert page.count('<article class="utterance"') == 1
        assert "<h2>1 utterance</h2>" in page
        assert "metoprolol”" in page

    def test_its_counts_are_headed_by_what_is_counted(self) -> None:
        assert ">Words</th>" in self.export("html").decode()
        assert ">Tokens</th>" in self.export("html", "level=display").decode()
        Project.objects.update(locale="zh-CN")
        assert ">Characters</th>" in self.export("html").decode()

    def test_who_is_gone_has_one_name(self) -> None:
        of = {"item": self.evaluation.items.first(), "evaluation": self.evaluation}
        Verdict.objects.create(**of, by=None, choice="model")
        Comment.objects.create(**of, by=None, text="hm")
        row, line = self.table()[0], self.lines("jsonl")[0]
        assert row["verdict by"] == line["verdict_by"] == "somebody who left"
        assert row["comments"] == "somebody who left: hm"
        assert line["comments"][0]["by"] == "somebody who left"
        page = self.export("html").decode()
        assert "says somebody who left" in page
        assert "<strong>somebody who left</strong>: " in page


class InspectionTestCase(BaseTestCase):
    def inspection(self) -> Evaluation:
        dataset = make_dataset(self.project, ["", ""], kind="AudioFiles")
        models = [make_model("base"), make_model("custom:1", project=self.project)]
        evaluation = make_evaluation(self.project, dataset, models)
        Evaluation.objects.update(kind=Evaluation.Kind.INSPECTION)
        heard, other = {"1": "so long"}, {"1": "so wrong then"}
        engine = FakeEngine(heard, custom_texts=other)
        engine.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]
        with fake_engine(engine):
            evaluation.enqueue()
        return evaluation

    def test_differences_take_the_place_of_errors(self) -> None:
        evaluation = self.inspection()

        def export(form: str) -> Any:
            url = reverse("evaluation-export", args=[evaluation.pk, form])
            page = self.client.get(f"{url}?sort=position")
            return b"".join(page.streaming_content).decode() if page.streaming else page

        rows = list(csv.DictReader(io.StringIO(export("csv"))))
        assert "reference" not in rows[0]
        assert [row["custom:1: differences"] for row in rows] == ["2", "0"]
        line = json.loads(export("jsonl").splitlines()[0])
        assert line["models"][1]["alignment"][1][:3] == [
            "substitution",
            "long",
            "wrong",
        ]
        assert 'class="differs"' in export("html")
        assert json.loads(export("result"))["comparisons"] == []
        assert export("sclite").status_code == export("scores").status_code == 404

    def test_the_web_page_compares_with_the_model_that_the_address_names(self) -> None:
        evaluation = self.inspection()
        _, custom = evaluation.candidates.all()
        address = reverse("evaluation-export", args=[evaluation.pk, "html"])
        for query, name in (("", "base"), (f"?against={custom.pk}", "custom:1")):
            page = self.client.get(f"{address}{query}")
            text = b"".join(page.streaming_content).decode()
            assert f"than {name} heard" in text
        page = self.client.get(evaluation.get_absolute_url(), {"against": custom.pk})
        self.assertContains(page, f"{address}?against={custom.pk}")
        self.assertContains(page, "differences are from what base heard")


class AccessTestCase(ExportTestCase):
    def test_who_may_see_the_test_may_take_it_away_and_nobody_else(self) -> None:
        self.client.force_login(self.bob)
        for form in FORMATS:
            page = self.client.get(self.url(form))
            assert page.status_code == 200, form
            assert page.headers["Cache-Control"] == "private, no-store"
            assert b"".join(page.streaming_content)
        for form in FORMATS:
            self.assert_stranger_gets_404(self.url(form))
        self.client.logout()
        assert self.client.get(self.url("csv")).status_code == 302

    def test_while_errors_are_counted_a_program_is_told_to_come_again(self) -> None:
        with patch.object(Scoring, "enqueue"):
            for form in set(FORMATS) - {"result"}:
                page = self.client.get(self.url(form), {"level": "plain"})
                assert page.status_code == 503, form
                assert int(page.headers["Retry-After"]) > 0
                assert b"are being counted" in page.content
        Scoring.objects.update(status=Scoring.Status.FAILED, error="No space is left.")
        page = self.client.get(self.url("csv"), {"level": "plain"})
        assert (page.status_code, "Retry-After" in page.headers) == (503, False)
        assert b"No space is left." in page.content

    def test_a_person_is_led_to_the_page_that_shows_the_counting(self) -> None:
        query = "level=plain&only=errors"
        with patch.object(Scoring, "enqueue"):
            page = self.client.get(
                f"{self.url('csv')}?{query}",
                headers={"Accept": "text/html,*/*"},
                follow=True,
            )
        address = f"{self.evaluation.get_absolute_url()}?{query}"
        assert page.redirect_chain == [(address, 302)]
        self.assertContains(page, "Export again then.")

    def test_other_formats_and_methods_are_refused(self) -> None:
        assert self.client.get(self.url("exe")).status_code == 404
        assert self.client.post(self.url("csv")).status_code == 405
        head = self.client.head(self.url("csv"))
        assert (head.status_code, head.content) == (200, b"")

    def test_it_costs_a_few_queries_for_all_rows_that_are_held_at_once(self) -> None:
        url = self.url("csv")
        with self.assertNumQueries(13):
            b"".join(self.client.get(url).streaming_content)


def _command() -> list[str]:
    for name in ("sclite", "/usr/lib/sctk/bin/sclite"):
        if path := shutil.which(name):
            return [path]
    path = shutil.which("sctk")
    return [path, "sclite"] if path else []


class ScliteFilesTestCase(ExportTestCase):
    def test_both_sides_of_a_model_have_the_same_utterances(self) -> None:
        archive = self.archive("sclite")
        for model in ("base", "custom1"):
            names = [
                [line.rsplit("(", 1)[1] for line in _text(archive, path)]
                for path in (f"{model}/ref.trn", f"{model}/{model}.trn")
            ]
            assert names[0] == names[1]
            # What failed is in neither; what is empty, in both.
            assert len(names[0]) == len(_text(archive, f"{model}/ref.stm")) == 9

    def test_the_readme_says_what_to_expect(self) -> None:
        text = self.archive("sclite").read("README.txt").decode()
        base = self.evaluation.candidates.get(position=1)
        assert (
            f"errors {base.counts.errors}: WER {base.counts.rate * 100:.2f} %" in text
        )
        assert "-r base/ref.trn trn -h base/base.trn trn" in text
        assert "lexical" in text


def _text(archive: zipfile.ZipFile, name: str) -> list[str]:
    return archive.read(name).decode().splitlines()


@pytest.mark.real
@pytest.mark.skipif(not _command(), reason="sclite (SCTK) is not installed")
class ScliteTestCase(ExportTestCase):
    """sclite finds what the page shows, at every level."""

    def test_every_level_has_the_errors_that_sclite_finds(self) -> None:
        for level in LEVELS:
            query = f"level={level}&sort=-errors"
            archive = self.archive("sclite", query)
            shown = scored(self.evaluation, Level(level))
            assert len(shown.models) == 2, level
            for model, key in zip(shown.models, ("base", "custom1"), strict=True):
                expected = (model.words, model.counts.errors)
                for first, second in (("trn", "trn"), ("stm", "ctm")):
                    found = self.sclite(archive, key, first, second)
                    assert found == expected, (level, key, second)

    def test_what_is_filtered_is_scored(self) -> None:
        archive = self.archive("sclite", "q=metoprolol")
        assert self.sclite(archive, "base", "trn", "trn") == (6, 3)

    def sclite(
        self, archive: zipfile.ZipFile, key: str, first: str, second: str
    ) -> tuple[int, int]:
        """Words and errors, found by the command of the README."""
        folder = Path(self.enterContext(TemporaryDirectory()))
        archive.extractall(folder)
        readme = (folder / "README.txt").read_text()
        (line,) = re.findall(rf"sclite .*{key}/{key}\.{second} .*", readme)
        assert f"{key}/ref.{first}" in line
        report = subprocess.run(
            [*_command(), *line.split()[1:]],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=True,
            timeout=60,
        ).stdout
        total = next(line for line in report.splitlines() if "Sum" in line)
        # | Sum | sentences words | correct substituted deleted inserted errors ...
        numbers = list(map(int, re.findall(r"\d+", total)))
        return numbers[1], sum(numbers[3:6])
