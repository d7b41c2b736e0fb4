from __future__ import annotations

import re
from unittest import mock
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import override_settings
from django.urls import reverse

from datasets import services, uploads
from datasets.incoming import Upload
from datasets.kinds import KINDS
from datasets.models import Dataset
from jobs.models import Job
from projects.models import Project
from projects.services import set_role
from speechstudio.test import BaseTestCase, make_dataset, make_model, make_zip, tone

SECRET = "https://files.example.org/ward/round.zip?sig=s3cr3t"


class WizardTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        members = {"a.wav": tone(), "trans.txt": "a.wav\tyes\n"}
        self.file = make_zip(members, "ward round.zip")
        self.kind = {"use": "testing", "kind": "Acoustic"}

    def url(self, step: str) -> str:
        return reverse("dataset-step", args=[self.project.pk, step])

    def test_it_works_without_a_script(self) -> None:
        page = self.client.get(reverse("dataset-create", args=[self.project.pk]))
        self.assertRedirects(page, self.url("use"))
        page = self.client.get(self.url("kind"), {"use": "testing"})
        self.assertContains(page, "Which type of testing data?")
        page = self.client.post(self.url("source"), self.kind | {"file": self.file})
        upload = Upload.objects.get()
        assert page.url.startswith(self.url("name"))
        assert f"upload={upload.pk}" in page.url
        page = self.client.get(page.url)
        self.assertContains(page, 'value="ward round"')
        self.assertNotContains(page, 'name="description" value')
        answers = self.kind | {"upload": str(upload.pk), "name": "March"}
        page = self.client.get(self.url("review"), answers)
        self.assertContains(page, "ward round.zip")
        with self.on_commit():
            page = self.client.post(self.url("review"), answers)
        dataset = Dataset.objects.get()
        self.assertRedirects(page, dataset.get_absolute_url())
        assert (dataset.name, dataset.use, dataset.kind) == (
            "March",
            "testing",
            "Acoustic",
        )
        assert dataset.status == Job.Status.SUCCEEDED, dataset.error
        assert not Upload.objects.exists()

    def test_a_review_that_is_sent_twice_makes_one_dataset(self) -> None:
        answers = self.kind | {"upload": str(self.upload().pk), "name": "March"}
        answers["key"] = str(uuid4())
        with self.on_commit():
            pages = [self.client.post(self.url("review"), answers) for _ in range(2)]
        dataset = Dataset.objects.get()
        assert {page.url for page in pages} == {dataset.get_absolute_url()}

    def test_the_address_of_a_type_can_be_shared(self) -> None:
        url = reverse("dataset-create", args=[self.project.pk])
        page = self.client.get(url, self.kind)
        self.assertRedirects(page, f"{self.url('source')}?use=testing&kind=Acoustic")

    def test_a_missing_answer_leads_back_to_its_step_and_keeps_the_rest(self) -> None:
        answers = self.kind | {"upload": str(self.upload().pk), "name": "March"}
        cases = [
            ("use", "use", "Choose what the data is for"),
            ("kind", "kind", "Choose a type of data"),
            ("upload", "source", "Choose a file or give an address"),
        ]
        for missing, step, message in cases:
            rest = {k: v for k, v in answers.items() if k != missing}
            page = self.client.get(self.url("review"), rest, follow=True)
            assert page.redirect_chain[-1][0].startswith(self.url(step))
            self.assertContains(page, message)
            for name, value in rest.items():
                assert f"{name}={value}" in page.redirect_chain[-1][0]

    def test_a_name_is_proposed_and_must_not_be_taken_away(self) -> None:
        answers = self.kind | {"upload": str(self.upload().pk), "name": ""}
        page = self.client.get(self.url("review"), answers, follow=True)
        self.assertContains(page, "This field is required")
        del answers["name"]
        page = self.client.get(self.url("review"), answers, follow=True)
        self.assertContains(page, 'value="ward round"')

    def test_types_are_offered_by_use_and_language_with_reasons(self) -> None:
        page = self.client.get(self.url("kind"), {"use": "training"})
        for kind in KINDS:
            check = self.assertContains if "training" in kind.uses else None
            if check:
                check(page, f'value="{kind.value}"')
        self.assertNotContains(page, 'value="Transcript"')
        Project.objects.filter(pk=self.project.pk).update(locale="bg-BG")
        page = self.client.get(self.url("kind"), {"use": "training"})
        self.assertNotContains(page, 'value="AudioFiles"')
        self.assertNotContains(page, 'value="OutputFormatting"')
        self.assertContains(page, "audio alone can train in English only")
        page = self.client.get(
            self.url("source"), {"use": "training", "kind": "AudioFiles"}, follow=True
        )
        self.assertContains(page, "is no training data in Bulgarian")

    def test_it_is_said_early_that_no_model_speaks_the_language(self) -> None:
        hint = "No model here speaks"
        self.assertContains(self.client.get(self.url("use")), hint)
        make_model("base", is_offered=True)
        self.assertNotContains(self.client.get(self.url("use")), hint)

    def test_a_file_of_another_type_or_size_is_refused_by_name(self) -> None:
        page = self.client.post(
            self.url("source"),
            {"use": "training", "kind": "Language", "file": self.file},
        )
        self.assertContains(page, "comes as .txt", status_code=422)
        self.file.seek(0)
        with override_settings(UPLOAD_MAX_BYTES=10):
            page = self.client.post(self.url("source"), self.kind | {"file": self.file})
        self.assertContains(page, "is the limit", status_code=422)
        empty = ContentFile(b"", name="a.zip")
        page = self.client.post(self.url("source"), self.kind | {"file": empty})
        self.assertContains(page, "The file is empty", status_code=422)
        assert not Upload.objects.exists()

    def test_the_limit_is_that_of_the_type(self) -> None:
        page = self.client.get(
            self.url("source"), {"use": "training", "kind": "Pronunciation"}
        )
        self.assertContains(page, f'data-max-bytes="{1024**2}"')

    def test_a_name_that_is_a_path_stays_a_name(self) -> None:
        self.file.name = "../../etc/passwd.zip"
        self.client.post(self.url("source"), self.kind | {"file": self.file})
        assert Upload.objects.get().file_name == "passwd.zip"

    def test_the_key_in_an_address_is_nowhere_to_be_seen(self) -> None:
        answers = self.kind | {"source": "url", "url": SECRET}
        page = self.client.post(self.url("source"), answers)
        assert "s3cr3t" not in page.url and "round" not in page.url
        word = re.search(r"address=([\w-]+)", page.url)[1]
        pages = [self.client.get(page.url)]
        answers = self.kind | {"address": word, "name": "March"}
        pages += [self.client.get(self.url(s), answers) for s in ("source", "review")]
        for page in pages:
            self.assertNotContains(page, "s3cr3t")
        self.assertContains(pages[0], 'value="round"')
        self.assertContains(pages[2], "files.example.org/ward/round.zip")
        page = self.client.post(self.url("review"), answers)
        dataset = Dataset.objects.get()
        assert (dataset.source_url, dataset.source_name) == (SECRET, "round.zip")
        self.assertNotContains(self.client.get(page.url), "s3cr3t")
        assert word not in self.client.session["addresses"]

    def test_a_step_that_leads_back_takes_no_key_along(self) -> None:
        page = self.client.post(self.url("source"), {"url": SECRET})
        assert "s3cr3t" not in page.url

    def test_an_address_that_cannot_be_fetched_is_refused_at_once(self) -> None:
        cases = [
            ("ftp://example.org/a.zip", "begin with https://"),
            ("https://anna:pw@example.org/a.zip", "Leave out the name and password"),
            ("file:///etc/passwd", "begin with https://"),
            ("", "Give the address"),
        ]
        for url, message in cases:
            answers = self.kind | {"source": "url", "url": url}
            page = self.client.post(self.url("source"), answers)
            self.assertContains(page, message, status_code=422)

    def test_an_address_of_somebody_else_is_asked_for_again(self) -> None:
        answers = self.kind | {"address": "AAAAAAAA", "name": "March"}
        page = self.client.get(self.url("review"), answers, follow=True)
        self.assertContains(page, "Give the address again")

    def test_text_may_be_normalized_already(self) -> None:
        upload = self.upload()
        answers = self.kind | {"upload": str(upload.pk), "name": "March"}
        self.assertContains(self.client.get(self.url("name"), answers), "normalised")
        self.client.post(self.url("review"), answers | {"is_normalized": "on"})
        dataset = Dataset.objects.get()
        assert dataset.text_normalization == Dataset.Normalization.NONE
        answers |= {"kind": "AudioFiles", "upload": str(self.upload().pk)}
        page = self.client.get(self.url("name"), answers)
        self.assertNotContains(page, "normalised already")

    def test_what_was_uploaded_earlier_is_offered_or_discarded(self) -> None:
        complete = self.upload()
        begun = uploads.begin(self.project, self.alice, "calls.zip", 1000, 5)
        uploads.put(begun, "000000", ContentFile(b"x" * 400))
        page = self.client.get(self.url("source"), self.kind)
        self.assertContains(page, "is complete")
        self.assertContains(page, f"upload={complete.pk}")
        self.assertContains(page, "choose the same file to go on")
        page = self.client.post(
            reverse("upload-discard", args=[begun.pk]), self.kind, follow=True
        )
        assert list(Upload.objects.all()) == [complete]
        assert page.status_code == 200
        self.client.force_login(self.bob)
        set_role(self.project, self.bob.pk, "editor")
        page = self.client.get(self.url("source"), self.kind)
        self.assertNotContains(page, "is complete")
        self.assert_stranger_gets_404(
            reverse("upload-discard", args=[complete.pk]), "post"
        )

    def test_an_upload_of_somebody_else_is_not_used(self) -> None:
        set_role(self.project, self.bob.pk, "editor")
        upload = self.upload()
        self.client.force_login(self.bob)
        answers = self.kind | {"upload": str(upload.pk), "name": "March"}
        page = self.client.post(self.url("review"), answers, follow=True)
        self.assertContains(page, "not on the server any more")
        assert not Dataset.objects.exists()

    @override_settings(PROJECT_MAX_DATASETS=1)
    def test_a_full_project_says_so(self) -> None:
        make_dataset(self.project)
        answers = self.kind | {"upload": str(self.upload().pk), "name": "March"}
        page = self.client.post(self.url("review"), answers)
        self.assertContains(page, "The project has 1 datasets", status_code=422)
        with pytest.raises(services.Refused, match="PROJECT_MAX_DATASETS"):
            services.upload(self.project, "April", self.file)
        assert Dataset.objects.count() == 1

    def test_an_upload_makes_one_dataset(self) -> None:
        upload = self.upload()
        services.create(self.project, "Acoustic", "testing", "One", upload=upload)
        with pytest.raises(services.Refused, match="in use already"):
            services.create(self.project, "Acoustic", "testing", "Two", upload=upload)

    def test_an_upload_that_is_discarded_meanwhile_makes_no_dataset(self) -> None:
        upload = self.upload()

        def late(upload: Upload) -> int:
            size = uploads.size_of(upload)
            Upload.objects.get(pk=upload.pk).discard()
            return size

        with (
            mock.patch.object(services, "size_of", late),
            pytest.raises(services.Refused, match="was deleted"),
        ):
            services.create(self.project, "Acoustic", "testing", "One", upload=upload)
        assert not Dataset.objects.exists()

    def test_an_upload_of_a_dataset_is_not_discarded(self) -> None:
        upload = self.upload()
        services.create(self.project, "Acoustic", "testing", "One", upload=upload)
        page = self.client.delete(reverse("upload-detail", args=[upload.pk]))
        assert (page.status_code, page.json()["code"]) == (409, "conflict")
        assert Upload.objects.get() == upload

    def test_a_wrong_key_does_no_harm(self) -> None:
        answers = self.kind | {"upload": str(self.upload().pk), "name": "March"}
        self.client.post(self.url("review"), answers | {"key": "nonsense"})
        assert Dataset.objects.get().name == "March"

    def test_nonsense_in_the_address_is_explained(self) -> None:
        for step, more, message in (
            ("use", {"use": "x"}, "Choose what the data is for."),
            ("kind", {"kind": "x"}, "Choose a type of data."),
            ("source", {"upload": "x"}, "not on the server any more"),
        ):
            page = self.client.get(self.url(step), self.kind | more | {"tried": "1"})
            self.assertContains(page, message)

    def test_a_wrong_address_is_the_only_thing_that_is_wrong(self) -> None:
        wrong = self.kind | {"source": "url", "url": "http://xn--/a.zip"}
        page = self.client.post(self.url("source"), wrong)
        self.assertContains(page, "This is not an address.", status_code=422)
        self.assertNotContains(page, "Choose a file or give", status_code=422)

    def test_ids_of_the_page_are_unique(self) -> None:
        self.upload()
        page = self.client.get(self.url("source"), self.kind)
        self.assertContains(page, "Use it")
        assert page.content.count(b'id="id_use"') == 1

    def test_a_file_that_is_sent_twice_is_kept_once(self) -> None:
        key = uuid4()
        made = []
        for _ in range(2):
            self.file.seek(0)
            made.append(services.upload(self.project, "March", self.file, key=key))
        assert made[0] == made[1]
        assert default_storage.listdir(made[0].folder)[1] == ["source.zip"]

    def test_deleting_a_dataset_takes_its_upload_along(self) -> None:
        upload = self.upload()
        dataset = services.create(self.project, "Acoustic", "", "One", upload=upload)
        file = upload.blocks.get().file.name
        with self.on_commit():
            services.delete(dataset)
        assert not Upload.objects.exists()
        assert not default_storage.exists(file)

    def test_reviewers_cannot_upload(self) -> None:
        set_role(self.project, self.bob.pk, "reviewer")
        self.assert_viewer_gets_403(self.url("source"))
        self.assert_stranger_gets_404(self.url("source"), "post")
        self.assert_stranger_gets_404(self.url("use"))

    def upload(self) -> Upload:
        self.file.seek(0)
        return uploads.keep_whole(self.project, self.alice, self.file)
