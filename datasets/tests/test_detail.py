from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile
from django.urls import reverse

from datasets import services
from datasets.models import Dataset, Finding, Label, Statistics, Utterance
from datasets.utterance_list import Choice, utterances_of
from jobs.models import Job
from speechstudio.test import BaseTestCase, make_dataset
from speechstudio.tests.queries import queries

_ROWS: list[dict[str, Any]] = [
    {"name": "b.wav", "transcript": "Grüße aus ULM", "seconds": 4.0, "level_dbfs": -30},
    {"name": "a.wav", "transcript": "", "seconds": 1.0, "level_dbfs": -20},
    {"name": "c.wav", "transcript": "one two three", "seconds": 2.0, "level_dbfs": -9},
    {"name": "d.wav", "transcript": "one two", "seconds": 3.0, "level_dbfs": -50},
]
_LABELS = [
    {"speaker": "anna", "device": "phone"},
    {"speaker": "anna", "items": "x"},
    {"speaker": "ben", "device": "phone"},
    {},
]


class DetailTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        texts = [row["transcript"] for row in _ROWS]
        self.dataset = make_dataset(self.project, texts)
        self.url = self.dataset.get_absolute_url()
        rows = list(self.dataset.utterances.all())
        for row, values, labels in zip(rows, _ROWS, _LABELS, strict=True):
            for name, value in values.items():
                setattr(row, name, value)
            row.labels = labels
            row.save()
            for name, value in labels.items():
                Label.objects.create(
                    dataset=self.dataset, utterance=row, name=name, value=value
                )
        for row in rows[:2]:
            Finding.objects.create(
                dataset=self.dataset,
                utterance=row,
                level="warning",
                file=row.name,
                rule="audio.clipping",
                message="is clipped",
                advice="record with less gain",
            )

    def names(self, **choice: Any) -> str:
        found = utterances_of(self.dataset, Choice(**choice))
        assert len(found) == len(found[:])
        return "".join(row.name[0] for row in found[:])

    def test_no_number_of_labels_in_the_address_is_too_much(self) -> None:
        asked = {f"label.n{i}": "x" for i in range(900)}
        page = self.client.get(self.url, asked)
        self.assertContains(page, "No utterance matches")

    def test_filters_hold_together(self) -> None:
        assert self.names() == "bacd"
        assert self.names(search="grüsse") == "b"
        assert self.names(search="A.WAV") == "a"
        assert self.names(rule="audio.clipping") == "ba"
        assert self.names(labels=(("speaker", "anna"),)) == "ba"
        anna = (("speaker", "anna"), ("device", "phone"))
        assert self.names(labels=anna) == "b"
        assert self.names(labels=(("device", "phone"),), search="one") == "c"
        assert self.names(is_unwritten=True) == "a"
        assert self.names(is_unwritten=True, search="one") == ""

    def test_every_order_falls_and_rises(self) -> None:
        for order, expected in (
            ("position", "bacd"),
            ("name", "abcd"),
            ("seconds", "acdb"),
            ("pace", "adbc"),
            ("level_dbfs", "dbac"),
        ):
            assert self.names(order=order) == expected
            assert self.names(order=f"-{order}") == expected[::-1]

    def test_pages_from_the_end_are_those_from_the_start(self) -> None:
        found = utterances_of(self.dataset, Choice(order="seconds"))
        assert [found[i].name[0] for i in range(4)] == list("acdb")
        assert [row.name[0] for row in found[2:4]] == list("db")

    def test_the_page_is_filtered_by_its_address(self) -> None:
        page = self.client.get(self.url, {"label.speaker": "ben", "sort": "-pace"})
        self.assertContains(page, "c.wav")
        self.assertNotContains(page, "b.wav")
        page = self.client.get(self.url, {"rule": "audio.clipping", "q": "gru\0"})
        self.assertContains(page, "No utterance matches")
        page = self.client.get(self.url, {"transcript": "none"})
        self.assertContains(page, "no transcript")
        self.assertContains(page, 'aria-label="Play a.wav"')

    def test_a_row_shows_labels_and_what_the_doctor_found(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, "?label.speaker=anna")
        self.assertContains(page, "?label.items=x")
        self.assertContains(page, "Clipping (2)")
        self.assertContains(page, "record with less gain", count=2)

    def test_a_long_text_is_cut_and_can_be_read_in_full(self) -> None:
        text = "very long " * 200
        dataset = make_dataset(self.project, [text])
        row = dataset.utterances.get()
        url = reverse("utterance-text", args=[row.pk])
        self.assertContains(self.client.get(dataset.get_absolute_url()), url)
        assert self.client.get(url).content.decode() == text
        self.assert_stranger_gets_404(url)

    def test_a_finding_leads_to_its_utterance(self) -> None:
        page = self.client.get(self.url, {"tab": "report", "rule": "audio.clipping"})
        self.assertContains(page, f"{self.url}?page=1#u-2")
        row = self.dataset.utterances.get(position=2)
        self.assertContains(page, reverse("utterance-audio", args=[row.pk]))
        page = self.client.get(self.url, {"tab": "report", "rule": "a.b"})
        self.assertContains(page, "Nothing matches")

    def test_statistics_lead_to_the_utterances(self) -> None:
        figures = {
            "unit": "words",
            "utterances": 4,
            "with_text": 3,
            "words": 8,
            "rate": {"median": 1.0, "bins": [{"from": 0, "to": 0.5, "count": 4}]},
            "length": [{"from": 5, "to": None, "count": 1}],
            "vocabulary": {"size": 6, "at_least": False},
            "frequent": [["one", 2]],
            "unknown": {"missing": "", "words": [["ulm", 1]], "total": 1, "model": "m"},
            "labels": {
                "speaker": {
                    "values": [{"value": "a&b", "utterances": 2, "seconds": 5}],
                    "more": 7,
                }
            },
        }
        Statistics.objects.create(dataset=self.dataset, figures=figures)
        page = self.client.get(self.url, {"tab": "statistics"})
        self.assertContains(page, "5 s and more")
        self.assertContains(page, f'href="{self.url}?q=ulm"')
        self.assertContains(page, f'href="{self.url}?label.speaker=a%26b"')
        self.assertContains(page, '<dd class="num">8</dd>')  # speakers
        page = self.client.get(self.url)
        self.assertContains(page, "a&amp;b (2)")

    def test_statistics_may_be_missing(self) -> None:
        page = self.client.get(self.url, {"tab": "statistics"})
        self.assertContains(page, "No statistics")

    def test_a_page_of_filtered_rows_costs_few_queries(self) -> None:
        one, two = (f"{self.url}?label.speaker={name}" for name in ("ben", "anna"))
        assert queries(self.client, one) == queries(self.client, two)

    def test_testing_data_is_offered_for_a_test_first(self) -> None:
        for use, button in (("testing", "button primary"), ("training", "button")):
            dataset = make_dataset(self.project, use=use)
            page = self.client.get(dataset.get_absolute_url())
            self.assertContains(page, f'<a class="{button}" href="/projects/')
        audio = make_dataset(self.project, [""], kind=Dataset.Kind.AUDIO)
        page = self.client.get(audio.get_absolute_url())
        self.assertNotContains(page, "Test a model on it")

    def test_while_it_runs_it_says_what_it_does(self) -> None:
        running = make_dataset(self.project, status=Job.Status.NOT_STARTED)
        running.start()
        Dataset.objects.filter(pk=running.pk).update(stage="Listening to 3 of 9")
        page = self.client.get(running.get_absolute_url())
        self.assertContains(page, "Listening to 3 of 9")


class ListTestCase(BaseTestCase):
    def test_it_is_filtered_by_type_and_use(self) -> None:
        make_dataset(self.project, name="Calls", use="testing")
        text = Dataset.Kind.PLAIN_TEXT
        make_dataset(self.project, [], name="Words", kind=text, use="training")
        url = reverse("dataset-list", args=[self.project.pk])
        for query in ({"kind": "Language"}, {"use": "training"}, {"q": "words"}):
            page = self.client.get(url, {"sort": "-use", **query})
            self.assertContains(page, "Words</a>")
            self.assertNotContains(page, "Calls</a>")
        page = self.client.get(url, {"kind": "nonsense", "sort": "kind"})
        assert [row.name for row in page.context["page"]] == ["Calls", "Words"]


class ContentTestCase(BaseTestCase):
    def make(self, text: str, name: str, kind: str) -> str:
        file = ContentFile(text.encode(), name=name)
        with self.on_commit():
            dataset = services.upload(self.project, "Text", file, kind=kind)
        dataset.refresh_from_db()
        assert dataset.status == Job.Status.SUCCEEDED, dataset.error
        return dataset.get_absolute_url()

    def test_groups_are_tabs_with_counts(self) -> None:
        text = "@ list food =\n- pizza\n- soup\n# Orders\n- I eat {@food}\n"
        url = self.make(text, "menu.md", Dataset.Kind.STRUCTURED_TEXT)
        page = self.client.get(url, {"group": "list"})
        self.assertContains(page, '<td data-label="List">food</td>', count=2)
        page = self.client.get(url, {"group": "sentence"})
        self.assertContains(page, "I eat {@food}")

    def test_tests_show_whether_they_pass(self) -> None:
        text = "#rewrite\nb b c\tBBC\n#test\nthe b b c\tThe BBC\na\tb\n"
        url = self.make(text, "format.md", Dataset.Kind.OUTPUT_FORMAT)
        page = self.client.get(url, {"group": "test"})
        self.assertContains(page, "Passed")
        self.assertContains(page, "Failed")

    def test_it_is_searched_and_paged(self) -> None:
        lines = "".join(f"this is sentence number {i}\n" for i in range(120))
        url = self.make(lines, "words.txt", Dataset.Kind.PLAIN_TEXT)
        self.assertContains(self.client.get(url, {"page": 3}), "number 119")
        page = self.client.get(url, {"q": "NUMBER 77"})
        assert [entry.text[-9:] for entry in page.context["page"]] == ["number 77"]
        page = self.client.get(url, {"q": "nothing", "group": "nonsense"})
        self.assertContains(page, "Nothing matches")

    def test_strangers_get_404(self) -> None:
        url = self.make("one two three four\n", "a.txt", Dataset.Kind.PLAIN_TEXT)
        self.assert_stranger_gets_404(url)


def test_a_search_finds_letters_of_any_case_in_rows_made_in_bulk() -> None:
    row = Utterance(name="É.wav", transcript="STRASSE straße")
    field = Utterance._meta.get_field("search")
    assert field.pre_save(row, True) == "é.wav\nstrasse strasse"
