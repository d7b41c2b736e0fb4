from __future__ import annotations

from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from engines.base import EngineError
from engines.fake import FakeEngine
from jobs.models import Job
from projects import services as projects
from projects.models import Project, Role
from speechstudio.test import BaseTestCase, fake_engine, make_dataset, make_model
from training import copy
from training.lineage import lineage_of
from training.models import SpeechModel
from training.tasks import copy_model


class CopyTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.target = self.project_of("Ward", "en-US")
        self.model = make_model(
            "custom:1",
            project=self.project,
            base=make_model(),
            held_out={"clips": 3},
            curve=[{"number": 1}],
        )
        self.dataset = make_dataset(self.project, use="training")
        self.model.datasets.add(self.dataset)
        self.model.recipe = {
            "data": [
                {"id": str(self.dataset.pk), "name": "Calls", "kind": "Acoustic"},
            ]
        }
        self.model.report_file.name = default_storage.save(
            f"{self.model.folder}/report.json", ContentFile(b"{}")
        )
        self.model.save()
        self.url = reverse("model-copy", args=[self.model.pk])

    def project_of(self, name: str, locale: str) -> Project:
        project = projects.create(self.alice, name, locale)
        Project.objects.filter(pk=project.pk).update(engine="fake")
        project.refresh_from_db()
        return project

    def copied(self, engine: FakeEngine) -> SpeechModel:
        engine.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]
        with fake_engine(engine), self.on_commit():
            made = copy.start(self.model, self.target, "Maple")
        made.refresh_from_db()
        return made

    def test_it_works(self) -> None:
        engine = FakeEngine()
        made = self.copied(engine)
        assert made.status == Job.Status.SUCCEEDED
        assert made.origin == SpeechModel.Origin.COPIED
        assert (made.held_out, made.curve) == ({"clips": 3}, [{"number": 1}])
        assert made.base == self.model.base
        assert f"custom:{made.pk}" in engine.trained
        assert made.report_file.name != self.model.report_file.name
        with made.report_file.open() as file:
            assert file.read() == b"{}"
        assert not made.datasets.exists()

    def test_a_copy_of_an_import_is_a_copy(self) -> None:
        self.model.recipe = {"imported_from": {"file": "maple.zip"}}
        self.model.curve = []
        self.model.save()
        made = self.copied(FakeEngine())
        origin = lineage_of(made, self.alice).origin
        assert origin is not None
        assert origin.name == self.model.name
        assert made.has_network

    def test_a_form_that_is_sent_twice_makes_one_copy(self) -> None:
        answers = {"project": self.target.pk, "name": "Maple", "key": str(uuid4())}
        pages = [self.client.post(self.url, answers) for _ in range(2)]
        made = self.target.models.get()
        assert {page["Location"] for page in pages} == {made.get_absolute_url()}

    def test_one_form_sent_for_two_projects_makes_a_copy_in_each(self) -> None:
        other = self.project_of("Theatre", "en-US")
        key = str(uuid4())
        for project in (self.target, other):
            values = {"project": project.pk, "name": "Maple", "key": key}
            self.client.post(self.url, values)
        assert [p.models.count() for p in (self.target, other)] == [1, 1]

    def test_a_source_that_is_gone_fails_the_copy_with_a_reason(self) -> None:
        made = copy.start(self.model, self.target, "Maple")
        self.model.delete()
        with fake_engine(FakeEngine()):
            copy_model(str(made.pk))
        made.refresh_from_db()
        assert (made.status, made.error_code) == (Job.Status.FAILED, "SourceGone")

    def test_files_that_are_gone_fail_the_copy_with_a_reason(self) -> None:
        made = self.copied(FakeEngine(broken=EngineError("No files.", "ModelNotFound")))
        assert (made.status, made.error) == (Job.Status.FAILED, "No files.")

    def test_a_copy_that_was_deleted_meanwhile_leaves_no_files(self) -> None:
        class Slow(FakeEngine):
            def copy(self, source: str, target: str) -> None:
                super().copy(source, target)
                SpeechModel.objects.filter(reference=target).delete()

        engine = Slow()
        engine.trained["custom:1"] = ("base", None, None)  # type: ignore[assignment]
        made = copy.start(self.model, self.target, "Maple")
        with fake_engine(engine):
            copy_model(str(made.pk))
        assert engine.removed == [made.reference]

    def test_only_projects_of_the_language_that_the_person_may_edit(self) -> None:
        self.project_of("German", "de-DE")
        other = self.project_of("Other engine", "en-US")
        Project.objects.filter(pk=other.pk).update(engine="azure")
        theirs = projects.create(self.charlie, "Theirs", "en-US")
        viewed = projects.create(self.charlie, "Viewed", "en-US")
        Project.objects.filter(pk__in=[theirs.pk, viewed.pk]).update(engine="fake")
        projects.set_role(viewed, self.alice.pk, Role.VIEWER)
        assert list(copy.targets(self.alice, self.model)) == [self.target]
        page = self.client.post(self.url, {"project": theirs.pk, "name": "Maple"})
        assert page.status_code == 422
        assert not theirs.models.exists()

    def test_the_page_says_what_to_do_without_such_a_project(self) -> None:
        self.assertContains(self.client.get(self.url), "Ward")
        self.target.delete()
        self.assertContains(self.client.get(self.url), "No project to copy to")

    def test_the_lineage_links_only_to_what_the_viewer_may_see(self) -> None:
        made = self.copied(FakeEngine())
        found = lineage_of(made, self.alice)
        assert found.origin is not None
        assert found.origin.url == self.model.get_absolute_url()
        assert [one.url for one in found.data] == [self.dataset.get_absolute_url()]
        stranger = lineage_of(made, self.charlie)
        assert stranger.origin is not None
        assert (stranger.origin.name, stranger.origin.url) == ("custom:1", "")
        assert [(one.name, one.url) for one in stranger.data] == [("Calls", "")]

    def test_a_model_that_is_not_ready_has_no_page(self) -> None:
        SpeechModel.objects.filter(pk=self.model.pk).update(status="Running")
        assert self.client.get(self.url).status_code == 404

    def test_strangers_and_viewers(self) -> None:
        self.assert_stranger_gets_404(self.url)
        self.assert_viewer_gets_403(self.url)
        self.assert_viewer_gets_403(self.url, "get")
