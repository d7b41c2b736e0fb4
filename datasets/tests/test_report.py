from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

from django.core.files.base import ContentFile
from django.urls import reverse

from datasets import services
from datasets.models import Dataset
from jobs.models import Job
from speechstudio.test import BaseTestCase, make_dataset, make_zip, tone

_MARK = "\ufeff"


class ReportTestCase(BaseTestCase):
    def make(self, content: Any, name: str = "", kind: str = "Acoustic") -> Dataset:
        """The import of an archive's members, or of a text."""
        if isinstance(content, dict):
            file = make_zip(content, "calls.zip")
        else:
            file = ContentFile(content.encode(), name=name)
        with self.on_commit():
            dataset = services.upload(self.project, "=Calls", file, kind=kind)
        dataset.refresh_from_db()
        return dataset

    def body(self, dataset: Dataset, page: str, query: str = "") -> bytes:
        url = reverse(f"dataset-{page}", args=[dataset.pk])
        answer = self.client.get(f"{url}?{query}")
        assert answer.status_code == 200
        assert 'filename="=Calls-' in answer["Content-Disposition"]
        content: bytes = answer.getvalue()
        return content

    def pronunciation(self) -> Dataset:
        lines = "3CPO\tthree c p o\nno tab here\n=1+1 no tab\nIEEE\ti triple e\n"
        return self.make(lines, "words.txt", Dataset.Kind.PRONUNCIATION)

    def test_json_has_every_issue_with_its_row(self) -> None:
        dataset = self.pronunciation()
        report = json.loads(self.body(dataset, "report-json"))
        assert (report["acceptedLineCount"], report["rejectedLineCount"]) == (2, 2)
        refused = [issue for issue in report["issues"] if issue["level"] == "error"]
        assert [issue["row"] for issue in refused] == ["no tab here", "=1+1 no tab"]
        assert [issue["line"] for issue in refused] == [2, 3]
        assert all(issue["file"] == "words.txt" for issue in refused)

    def test_the_page_filters_go_with_the_download(self) -> None:
        dataset = self.pronunciation()
        report = json.loads(self.body(dataset, "report-json", "level=error"))
        assert {issue["level"] for issue in report["issues"]} == {"error"}
        rule = report["issues"][0]["rule"]
        report = json.loads(self.body(dataset, "report-json", f"rule={rule}"))
        assert {issue["rule"] for issue in report["issues"]} == {rule}
        report = json.loads(self.body(dataset, "report-json", "rule=a.b"))
        assert report["issues"] == []

    def test_nonsense_in_the_address_is_refused_before_anything_is_sent(self) -> None:
        query = "&".join(f"a{i}=1" for i in range(1_100))
        for page in ("report-json", "report-csv"):
            url = reverse(f"dataset-{page}", args=[make_dataset(self.project).pk])
            assert self.client.get(f"{url}?{query}").status_code == 400

    def test_what_is_deleted_meanwhile_is_not_found(self) -> None:
        dataset = self.pronunciation()
        for file in (dataset.report_file, dataset.content_file):
            file.storage.delete(file.name)
        urls = [
            reverse(f"dataset-{page}", args=[dataset.pk])
            for page in ("report-json", "report-csv", "detail")
        ]
        assert [self.client.get(url).status_code for url in urls] == [404, 404, 404]

    def test_csv_opens_in_a_table_program_and_holds_no_formula(self) -> None:
        text = self.body(self.pronunciation(), "report-csv", "level=error").decode()
        assert text.startswith(_MARK)
        rows = list(csv.DictReader(io.StringIO(text.removeprefix(_MARK))))
        assert [row["row"] for row in rows] == ["no tab here", "'=1+1 no tab"]

    def test_refused_lines_come_back_as_a_text_to_repair(self) -> None:
        text = self.body(self.pronunciation(), "refused").decode()
        assert text == f"{_MARK}no tab here\n=1+1 no tab\n"

    def test_refused_lines_keep_the_section_they_belong_to(self) -> None:
        text = "@ list food =\n- pizza\n- http://a.example\n# Orders\n- I eat {@food}\n"
        text += "- I eat {@nothing}\n"
        dataset = self.make(text, "menu.md", Dataset.Kind.STRUCTURED_TEXT)
        refused = self.body(dataset, "refused").decode().removeprefix(_MARK)
        assert refused.splitlines()[-2:] == ["# Orders", "- I eat {@nothing}"]
        assert "- pizza" not in refused

    def test_a_repaired_archive_imports(self) -> None:
        members = {
            "good.wav": tone(),
            "sub/broken.wav": b"RIFF not audio",
            "no tab.wav": tone(1.0),
            "trans.txt": "good.wav\tyes\nbroken.wav\tno\nno tab.wav,lost\n",
        }
        dataset = self.make(members)
        assert (dataset.accepted, dataset.status) == (1, Job.Status.SUCCEEDED)
        with zipfile.ZipFile(io.BytesIO(self.body(dataset, "refused"))) as archive:
            names = sorted(archive.namelist())
            text = archive.read("trans.txt").decode()
        assert names == ["no tab.wav", "sub/broken.wav", "trans.txt"]
        assert text == f"{_MARK}broken.wav\tno\nno tab.wav,lost\n"
        text = text.replace("wav,", "wav\t")
        repaired = {"broken.wav": tone(), "no tab.wav": tone(), "trans.txt": text}
        assert self.make(repaired).accepted == 2

    def test_titles_of_a_transcript_come_along(self) -> None:
        text = "file\ttext\tspeaker\na.wav\tyes\tanna\nb.wav\tno\tben\n"
        members = {"a.wav": tone(), "b.wav": b"not audio", "trans.txt": text}
        body = self.body(self.make(members), "refused")
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            text = archive.read("trans.txt").decode()
        assert text == f"{_MARK}file\ttext\tspeaker\nb.wav\tno\tben\n"

    def test_a_failed_import_keeps_its_report(self) -> None:
        dataset = self.make({"a.wav": b"not audio", "trans.txt": "a.wav\tyes\n"})
        assert dataset.status == Job.Status.FAILED
        page = self.client.get(dataset.get_absolute_url())
        self.assertContains(page, "The import failed.")
        self.assertContains(page, "a.wav")
        report = json.loads(self.body(dataset, "report-json"))
        assert report["error"] == dataset.error
        assert "a.wav" in {issue["file"] for issue in report["issues"]}

    def test_there_is_nothing_to_repair_when_nothing_was_refused(self) -> None:
        dataset = make_dataset(self.project)
        url = reverse("dataset-refused", args=[dataset.pk])
        assert self.client.get(url).status_code == 404
        page = self.client.get(f"{dataset.get_absolute_url()}?tab=report")
        self.assertNotContains(page, url)

    def test_an_upload_that_is_no_archive_cannot_be_repaired_as_one(self) -> None:
        dataset = make_dataset(self.project, rejected=1, source_name="calls.zip")
        dataset.source.storage.delete(dataset.source.name)
        dataset.source.storage.save(dataset.source.name, ContentFile(b"no archive"))
        url = reverse("dataset-refused", args=[dataset.pk])
        assert self.client.get(url).status_code == 404

    def test_a_report_of_old_comes_from_the_rows(self) -> None:
        dataset = make_dataset(self.project, name="=Calls")
        dataset.findings.create(level="note", file="a.wav", rule="a.b", message="m")
        report = json.loads(self.body(dataset, "report-json"))
        assert report["issues"][0]["message"] == "m"

    def test_strangers_get_404(self) -> None:
        dataset = make_dataset(self.project)
        for page in ("report-json", "report-csv", "refused"):
            url = reverse(f"dataset-{page}", args=[dataset.pk])
            self.assert_stranger_gets_404(url)
