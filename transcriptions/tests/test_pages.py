from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import now

from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from speechstudio import asgi
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_model,
    tone,
)
from transcriptions import services, stored
from transcriptions.forms import TranscriptionForm
from transcriptions.models import Transcription
from transcriptions.tasks import run_transcription

TEXTS = {"0": "Good morning. How are you?"}


def wav(name: str = "call.wav", content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or tone(), "audio/wav")


def content_of(response: Any) -> bytes:
    if response.streaming:
        return b"".join(response.streaming_content)
    return bytes(response.content)


class PagesTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.model = make_model(adapts_with="")
        self.list_url = reverse("transcription-list", args=[self.project.pk])
        self.new_url = reverse("transcription-create", args=[self.project.pk])

    def made(self, *contents: bytes, **answers: Any) -> Transcription:
        """A transcription that has ended."""
        answers = {"name": "Calls of May", "channels": [0, 1], "hours": 48} | answers
        files = [ContentFile(one, f"{n}.wav") for n, one in enumerate(contents)]
        made = services.create(self.project, self.model, files=files, **answers)
        with fake_engine(FakeEngine(TEXTS)):
            run_transcription(str(made.pk))
        made.refresh_from_db()
        return made

    def url(self, name: str, one: Transcription, *more: object) -> str:
        return reverse(f"transcription-{name}", args=[one.pk, *more])

    def test_files_of_a_form_are_transcribed(self) -> None:
        answers = {
            "name": "Calls",
            "source": "recordings",
            "recordings": [wav("a.wav"), wav("b.wav")],
            "hours": "24",
            "profanity": "Removed",
            "has_word_times": "on",
        }
        with fake_engine(FakeEngine(TEXTS)), self.on_commit():
            response = self.client.post(self.new_url, answers)
        one = Transcription.objects.get()
        self.assertRedirects(response, one.get_absolute_url())
        assert one.status == Job.Status.SUCCEEDED
        assert (one.hours, one.profanity) == (24, "Removed")
        assert (one.channels, one.model) == ([0, 1], self.model)
        assert [file.name for file in one.files.all()] == ["a.wav", "b.wav"]

    def test_a_form_that_is_sent_twice_makes_one(self) -> None:
        answers = {"name": "Calls", "key": str(uuid4())}
        for _ in range(2):
            self.client.post(self.new_url, answers | {"recordings": [wav()]})
        assert Transcription.objects.count() == 1

    def test_files_of_a_folder_keep_their_folders_in_their_names(self) -> None:
        answers = {"name": "Calls", "recordings": [wav("a.wav"), wav("a.wav")]}
        for paths, names in (
            (["May/1/a.wav", "May/2/a.wav"], ["May/1/a.wav", "May/2/a.wav"]),
            (["May/1/a.wav"], ["a.wav", "a.wav"]),
            (["May/1/b.wav", "May/2/a.wav"], ["a.wav", "a.wav"]),
        ):
            files = {"recordings": [wav("a.wav"), wav("a.wav")]}
            more = {"paths": json.dumps(paths)}
            self.client.post(self.new_url, answers | files | more)
            made = Transcription.objects.latest("created")
            assert [file.name for file in made.files.all()] == names

    def test_addresses_come_one_in_each_line(self) -> None:
        answers = {
            "name": "Calls",
            "source": "urls",
            "urls": "https://a.example/one.wav?sig=x\n\nhttp://b.example/two.mp3 ",
        }
        self.client.post(self.new_url, answers)
        one = Transcription.objects.get()
        assert [file.name for file in one.files.all()] == ["one.wav", "two.mp3"]

    def test_a_dataset_can_be_transcribed(self) -> None:
        dataset = make_dataset(self.project, ["one", "two"])
        answers = {"name": "Calls", "source": "dataset", "dataset": str(dataset.pk)}
        self.client.post(self.new_url, answers)
        assert Transcription.objects.get().files.count() == 2

    def test_the_newest_base_model_is_the_default(self) -> None:
        make_model("newer", released="2099-01-01")
        self.client.post(self.new_url, {"name": "Calls", "recordings": [wav()]})
        assert Transcription.objects.get().model_name == "newer"

    def test_pages_of_a_transcription(self) -> None:
        one = self.made(tone(), b"broken")
        page = self.client.get(self.list_url)
        self.assertContains(page, "Calls of May")
        self.assertContains(page, "1 failed")
        page = self.client.get(one.get_absolute_url())
        self.assertContains(page, "1 of 2 files could not be transcribed")
        self.assertContains(page, "Good morning. How are you?")
        self.assertNotContains(page, 'hx-trigger="every 2s"')
        page = self.client.get(self.url("file", one, 0))
        self.assertContains(page, 'data-start="0.0"')
        self.assertContains(page, "How are you?")
        page = self.client.get(self.url("file", one, 1))
        self.assertContains(page, "plain text")
        assert self.client.get(self.url("file", one, 2)).status_code == 404

    def test_a_page_asks_again_while_it_runs_and_then_reloads(self) -> None:
        one = self.made(tone())
        Transcription.objects.update(status=Job.Status.RUNNING)
        page = self.client.get(one.get_absolute_url())
        self.assertContains(page, 'hx-trigger="every 2s"')
        headers = {"HX-Request": "true"}
        part = self.client.get(one.get_absolute_url(), headers=headers)
        self.assertNotContains(part, "<html")
        # What stands above the list grows along.
        self.assertContains(part, 'id="transcription-facts" hx-swap-oob="true"')
        self.assertNotContains(page, "hx-swap-oob")
        Transcription.objects.update(status=Job.Status.SUCCEEDED)
        part = self.client.get(one.get_absolute_url(), headers=headers)
        assert part.headers["HX-Refresh"] == "true"

    def test_files_are_searched_filtered_and_sorted_in_the_address(self) -> None:
        one = self.made(tone(), b"broken")
        url = one.get_absolute_url()
        self.assertNotContains(self.client.get(url, {"status": "Failed"}), "0.wav")
        self.assertNotContains(self.client.get(url, {"q": "morning"}), "1.wav")
        rows = self.client.get(url, {"sort": "-name"}).context["page"].object_list
        assert [file.name for file in rows] == ["1.wav", "0.wav"]

    def test_sound_is_sent_in_parts(self) -> None:
        one = self.made(tone())
        url = self.url("audio", one, 0)
        part = self.client.get(url, headers={"Range": "bytes=0-3"})
        assert (part.status_code, content_of(part)) == (206, b"RIFF")

    def test_a_result_comes_in_each_form(self) -> None:
        one = self.made(tone())
        found = {
            form: self.client.get(self.url("download", one, 0, form))
            for form in ("json", "srt", "vtt", "txt")
        }
        assert "contenturl_0.json" in found["json"].headers["Content-Disposition"]
        assert json.loads(content_of(found["json"]))["source"] == "0.wav"
        assert content_of(found["srt"]).startswith(b"1\n00:00:00,000 --> ")
        assert content_of(found["vtt"]).startswith(b"WEBVTT\n\n")
        assert content_of(found["txt"]) == b"Good morning.\nHow are you?\n"
        assert "0001 0.wav.txt" in found["txt"].headers["Content-Disposition"]

    def test_all_results_come_as_a_zip(self) -> None:
        one = self.made(tone(), b"broken", tone())

        def names(form: str) -> list[str]:
            response = self.client.get(self.url("all", one, form))
            archive = zipfile.ZipFile(io.BytesIO(content_of(response)))
            assert archive.testzip() is None
            return archive.namelist()

        assert names("json") == [
            "contenturl_0.json",
            "contenturl_2.json",
            "report.json",
        ]
        assert names("srt") == ["0001 0.wav.srt", "0003 2.wav.srt"]
        assert self.client.get(self.url("all", one, "exe")).status_code == 404

    def test_a_zip_leaves_out_what_is_deleted_while_it_is_sent(self) -> None:
        one = self.made(*[tone()] * 5)
        with patch.object(stored, "_BATCH", 2):
            members = stored.members(one, "json")
            names = [next(members)[0]]
            # The second of this batch has no content any more, and the next no row.
            default_storage.delete(str(one.files.get(position=1).result.name))
            one.files.get(position=2).delete()
            names += [name for name, content in members if b"".join(content)]
        expected = ["contenturl_0.json", "contenturl_3.json", "contenturl_4.json"]
        assert names == [*expected, "report.json"]

    def test_one_without_a_transcribed_file_reads_as_failed(self) -> None:
        self.made(b"broken", name="All broken")
        self.made(tone(), b"broken", name="Some broken")
        self.made(tone(), name="All fine")
        found = {
            outcome: [
                row.name
                for row in self.client.get(self.list_url, {"outcome": outcome}).context[
                    "page"
                ]
            ]
            for outcome in ("Failed", "Partly", "Succeeded", "Running")
        }
        assert found == {
            "Failed": ["All broken"],
            "Partly": ["Some broken"],
            "Succeeded": ["All fine"],
            "Running": [],
        }
        page = self.client.get(self.list_url, {"outcome": "Failed"})
        self.assertContains(page, "No file transcribed")
        self.assertNotContains(page, "icon-check")
        one = Transcription.objects.get(name="All broken")
        page = self.client.get(one.get_absolute_url())
        self.assertContains(page, "The file could not be transcribed.")

    def test_files_of_addresses_are_told_apart_by_host_and_path(self) -> None:
        one = services.create(
            self.project,
            self.model,
            name="Calls",
            urls=["https://a.example/May/1.wav?sig=s3cr3t", "https://b.example/1.wav"],
        )
        page = self.client.get(one.get_absolute_url())
        self.assertContains(page, "a.example/May/1.wav")
        self.assertContains(page, "b.example/1.wav")
        self.assertNotContains(page, "s3cr3t")
        self.assertContains(self.client.get(self.url("file", one, 0)), "a.example/May/")

    def test_times_say_their_zone(self) -> None:
        one = self.made(tone())
        for url in (self.list_url, one.get_absolute_url()):
            page = self.client.get(url).content.decode()
            clocks = re.findall(r"\d{4}, \d\d:\d\d(.{4})", page)
            assert clocks and set(clocks) == {" UTC"}

    def test_channels_have_the_numbers_of_the_results(self) -> None:
        page = self.client.get(self.new_url)
        self.assertContains(page, "Channel 0 alone")
        self.assertNotContains(page, "The first channel")

    def test_the_report_can_be_downloaded(self) -> None:
        one = self.made(tone(), b"broken")
        report = json.loads(content_of(self.client.get(self.url("report", one))))
        assert report["failedTranscriptionsCount"] == 1

    def test_failed_files_are_tried_again(self) -> None:
        one = self.made(tone(), b"broken")
        self.client.post(self.url("again", one))
        one.refresh_from_db()
        assert one.status == Job.Status.NOT_STARTED
        assert one.files.filter(status=Job.Status.NOT_STARTED).count() == 1

    def test_rename_and_delete(self) -> None:
        one = self.made(tone())
        self.client.post(self.url("edit", one), {"name": "Calls of June"})
        one.refresh_from_db()
        assert one.name == "Calls of June"
        self.assertContains(self.client.get(self.url("delete", one)), "Keep it")
        self.client.post(self.url("delete", one))
        assert not Transcription.objects.exists()

    def test_a_stranger_sees_nothing(self) -> None:
        one = self.made(tone())
        for url in (
            self.list_url,
            self.new_url,
            one.get_absolute_url(),
            self.url("file", one, 0),
            self.url("audio", one, 0),
            self.url("download", one, 0, "json"),
            self.url("all", one, "txt"),
            self.url("report", one),
            self.url("edit", one),
            self.url("delete", one),
        ):
            self.assert_stranger_gets_404(url)

    def test_a_viewer_changes_nothing(self) -> None:
        one = self.made(tone())
        for name in ("edit", "delete", "again"):
            self.assert_viewer_gets_403(self.url(name, one))
        self.assert_viewer_gets_403(self.new_url)
        assert self.client.get(one.get_absolute_url()).status_code == 200

    def test_a_deleted_project_takes_its_transcriptions_along(self) -> None:
        self.made(tone())
        self.client.post(reverse("project-delete", args=[self.project.pk]))
        assert not Transcription.objects.exists()

    def refused(self, **answers: Any) -> TranscriptionForm:
        answers = {"name": "Calls"} | answers
        key = "recordings"
        files = {key: answers.pop(key)} if key in answers else {}
        response = self.client.post(self.new_url, answers | files)
        assert response.status_code == 422
        assert not Transcription.objects.exists()
        form: TranscriptionForm = response.context["form"]
        return form

    def codes(self, **answers: Any) -> set[str | None]:
        errors = self.refused(**answers).errors.as_data().values()
        return {one.code for found in errors for one in found}

    def test_what_is_wrong_is_refused_with_its_code(self) -> None:
        url = {"urls": "https://a.example/b.wav"}
        dataset = make_dataset(self.project)
        only_one, sas = "OnlyOneOfUrlsOrContainerOrDataset", "https://a.example/c?sig=x"
        cases: list[tuple[dict[str, Any], str]] = [
            (url | {"dataset": str(dataset.pk)}, only_one),
            ({"urls": "https://a.example/b " * 1001}, "ExceededNumberOfRecordingsUris"),
            ({"urls": "ftp://a.example/b.wav"}, "InvalidRecordingsUri"),
            (url | {"hours": "5"}, "min_value"),
            (url | {"hours": "745"}, "max_value"),
            (url | {"channels": "7"}, "invalid_choice"),
            (url | {"punctuation": "Dictated"}, "InvalidArgument"),
            (url | {"profanity": "Loud"}, "invalid_choice"),
            (url | {"diarization": "on"}, "NotAllowed"),
            (url | {"language_identification": "on"}, "NotAllowed"),
            (url | {"container": "https://a.example/c"}, only_one),
            ({"container": "https://a:b@a.example/c"}, "InvalidRecordingsUri"),
            ({"container": "https://a.example/c?sp=w&sig=x"}, "InvalidRecordingsUri"),
            (url | {"destination": "https://a.example/c"}, "InvalidDestinationUri"),
            (url | {"destination": f"{sas}&sp=r"}, "InvalidDestinationUri"),
            (url | {"destination": f"{sas}&sr=b"}, "InvalidDestinationUri"),
            ({"dataset": str(dataset.pk), "channels": "1"}, "InvalidChannels"),
            (url | {"name": ""}, "required"),
        ]
        for answers, code in cases:
            with self.subTest(code=code, answers=list(answers)):
                assert code in self.codes(**answers)

    def test_without_recordings_the_chosen_source_says_so(self) -> None:
        for source in ("recordings", "urls", "container", "dataset"):
            assert source in self.refused(source=source).errors

    def test_the_form_may_be_as_large_as_an_upload(self) -> None:
        assert asgi._UPLOAD.fullmatch(self.new_url)

    def test_too_many_files_are_refused(self) -> None:
        many = [wav(f"{n}.wav", b"x") for n in range(201)]
        assert "ExceededNumberOfRecordingsUris" in self.codes(recordings=many)

    def test_the_page_offers_no_punctuation_that_it_would_refuse(self) -> None:
        self.assertNotContains(self.client.get(self.new_url), "Dictated")

    def test_an_empty_file_fails_by_itself(self) -> None:
        empty = SimpleUploadedFile("empty.wav", b"")
        answers = {"name": "Calls", "recordings": [wav(), empty]}
        with fake_engine(FakeEngine(TEXTS)), self.on_commit():
            self.client.post(self.new_url, answers)
        one = Transcription.objects.get()
        broken = one.files.get(status=Job.Status.FAILED)
        assert (broken.name, broken.error) == (
            "empty.wav",
            "The file is empty: it has 0 bytes.",
        )
        assert one.files.filter(status=Job.Status.SUCCEEDED).count() == 1

    def test_what_is_wrong_with_another_source_does_not_count(self) -> None:
        dataset = make_dataset(self.project)
        wrong = {
            "urls": "no address",
            "container": "no address",
            "recordings": [wav(f"{n}.wav", b"x") for n in range(201)],
        }
        answers = {"name": "Calls", "source": "dataset", "dataset": str(dataset.pk)}
        response = self.client.post(self.new_url, wrong | answers)
        assert response.status_code == 302
        gone = {"dataset": str(uuid4()), "container": "no address"}
        answers = {"name": "Calls", "source": "urls", "urls": "https://a.example/b"}
        response = self.client.post(self.new_url, gone | answers)
        assert response.status_code == 302
        assert {one.container for one in Transcription.objects.all()} == {""}

    def test_an_expired_model_is_refused(self) -> None:
        self.model.transcription_expires = now() - timedelta(days=1)
        self.model.save()
        make_model("other")
        answers = {"urls": "https://a.example/b.wav", "model": str(self.model.pk)}
        assert self.codes(**answers) == {"ModelDeprecated"}
        self.assertNotContains(self.client.get(self.new_url), ">base<")

    def test_a_model_that_is_not_ready_or_of_another_project_is_refused(self) -> None:
        failed = make_model("failed", project=self.project, status=Job.Status.FAILED)
        other = projects.create(self.charlie, "Other", "en-US")
        strange = make_model("strange", project=other)
        url = {"urls": "https://a.example/b.wav"}
        assert self.codes(**url, model=str(failed.pk)) == {"InvalidModel"}
        assert "model" in self.refused(**url, model=str(strange.pk)).errors

    def test_without_a_model_the_page_says_what_to_do(self) -> None:
        self.model.delete()
        self.assertContains(self.client.get(self.new_url), "BASE_MODELS")
