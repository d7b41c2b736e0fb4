from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import override_settings
from django.utils.timezone import now

from api import keys
from api.tests.case import ApiTestCase, reference
from datasets.incoming import Upload
from datasets.models import Dataset
from evaluations import services as evaluations
from jobs.models import Job
from projects import services as projects
from projects.models import Role
from speechstudio.test import make_dataset, make_model

NEW = {"displayName": "Calls", "locale": "en-US", "kind": "Acoustic"}
ADDRESS = "https://storage.example.net/calls.zip?sig=abc123"
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "Language", "locale": "en-US"}, "", "displayName"),
    ({"displayName": "x", "locale": "en-US"}, "", "kind"),
    ({"displayName": "x", "kind": "Acoustic"}, "", "locale"),
    (NEW | {"kind": "Transcript"}, "", "kind"),
    (NEW | {"kind": "acoustic"}, "", "kind"),
    (NEW | {"locale": "de-DE"}, "", ""),
    (NEW | {"contentUrl": "ftp://a.example/b.zip"}, "", "contentUrl"),
    (NEW | {"contentUrl": "https://a:b@a.example/b.zip"}, "", "contentUrl"),
    (NEW | {"contentUrl": "b.zip"}, "", "contentUrl"),
    (NEW | {"contentUrl": 7}, "", "contentUrl"),
    (NEW | {"properties": {"email": "a@b.c"}}, "", "properties.email"),
    (
        NEW | {"properties": {"textNormalizationKind": "Some"}},
        "",
        "properties.textNormalizationKind",
    ),
    (
        NEW | {"kind": "Language", "properties": {"textNormalizationKind": "None"}},
        "",
        "properties.textNormalizationKind",
    ),
    (NEW | {"project": {"self": "https://other.example/x"}}, "", "project.self"),
    (NEW | {"use": "testing"}, "", "use"),
]


class DatasetsTestCase(ApiTestCase):
    def of(self, **fields: Any) -> dict[str, Any]:
        return {**NEW, "project": reference("projects", self.project), **fields}

    def test_one_is_made_of_an_address_whose_secret_is_not_shown(self) -> None:
        properties = {"textNormalizationKind": "None"}
        body = self.of(contentUrl=ADDRESS, properties=properties, description="May")
        body["customProperties"] = {"ticket": "LX-204"}
        made = self.call("POST", "datasets", body)
        assert made.status_code == 201
        shown = made.json()
        assert made.headers["Location"] == shown["self"]
        assert shown == self.call("GET", shown["self"]).json()
        assert shown["contentUrl"] == "https://storage.example.net/calls.zip"
        assert shown["properties"] == properties
        assert shown["status"] == "NotStarted"
        assert shown["links"].keys() == {"files"}
        row = Dataset.objects.get()
        assert (row.source_url, row.text_normalization) == (ADDRESS, "None")
        assert (row.use, row.description) == ("", "May")
        assert row.custom_properties == {"ticket": "LX-204"}

    @override_settings(FETCH_ALLOWED_HOSTS=[])
    def test_a_private_address_is_refused_by_its_number(self) -> None:
        for host in ("127.0.0.1", "[::1]", "10.0.0.1", "2130706433", "0x7f.1"):
            body = self.of(contentUrl=f"http://{host}/calls.zip")
            answer = self.call("POST", "datasets", body)
            self.refused(answer, 400, "InvalidParameterValue", "contentUrl")

    @override_settings(FETCH_ALLOWED_HOSTS=[])
    def test_a_name_that_leads_to_a_private_address_fails_and_says_so(self) -> None:
        address = "http://localhost/calls.zip"
        with self.on_commit():
            made = self.call("POST", "datasets", self.of(contentUrl=address))
        shown = self.call("GET", made.json()["self"]).json()
        assert shown["status"] == "Failed"
        assert shown["properties"]["error"]["code"] == "fetch.forbidden_address"
        assert "localhost" in shown["properties"]["error"]["message"]

    def test_without_a_project_it_is_the_only_one_there_can_be(self) -> None:
        shown = self.call("POST", "datasets", NEW).json()
        assert shown["project"]["self"].split("?")[0].endswith(str(self.project.pk))
        other = projects.create(self.alice, "Other", "en-US")
        self.refused(self.call("POST", "datasets", NEW), 400, target="project")
        _, key = keys.make(self.alice, "one", project=other)
        assert self.call("POST", "datasets", NEW, key=key).status_code == 201
        assert other.datasets.count() == 1

    def test_what_is_wrong_is_refused_by_its_field(self) -> None:
        for body, inner, target in REFUSED:
            with self.subTest(body=body):
                answer = self.call("POST", "datasets", body)
                self.refused(answer, 400, inner, target)
        assert not Dataset.objects.exists()

    def test_a_locale_of_another_project_and_a_kind_it_has_not_are_refused(
        self,
    ) -> None:
        answer = self.call("POST", "datasets", self.of(locale="de-DE"))
        self.refused(answer, 400, "InvalidLocale", "locale")
        other = projects.create(self.alice, "Other", "ar-EG")
        body = NEW | {"project": reference("projects", other)}
        body |= {"locale": "ar-EG", "kind": "OutputFormatting"}
        answer = self.call("POST", "datasets", body)
        self.refused(answer, 400, "InvalidLocale", "kind")

    def test_a_project_that_is_not_theirs_is_not_there(self) -> None:
        answer = self.call("POST", "datasets", self.of(), key=self.charlie_key)
        self.refused(answer, 400, "InvalidProject", "project")
        answer = self.call("POST", "datasets", self.of(), key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")

    @override_settings(PROJECT_MAX_DATASETS=1)
    def test_a_full_project_says_so(self) -> None:
        assert self.call("POST", "datasets", self.of()).status_code == 201
        for more in ({}, {"contentUrl": ADDRESS}):
            answer = self.call("POST", "datasets", self.of(**more))
            self.refused(answer, 409, "QuotaViolation")

    def test_the_locales_of_each_kind_and_in_v32_the_kinds_of_each_locale(
        self,
    ) -> None:
        of_kind = self.call("GET", "datasets/locales").json()
        assert len(of_kind) == 6
        assert "de-DE" in of_kind["Acoustic"]
        assert "ar-EG" not in of_kind["OutputFormatting"]
        answer = self.call("GET", "v3.2/datasets/locales").json()
        assert "OutputFormatting" not in answer["ar-EG"]
        assert "Acoustic" in answer["ar-EG"]

    def test_the_list_has_filters_and_that_of_a_project_only_its_own(self) -> None:
        first = make_dataset(self.project, name="First")
        make_dataset(self.project, kind=Dataset.Kind.TRANSCRIPT, name="Spoken")
        other = projects.create(self.alice, "Other", "de-DE")
        make_dataset(other, kind=Dataset.Kind.PLAIN_TEXT, name="Text")
        for asked, names in [
            ("", ["First", "Spoken", "Text"]),
            ("kind eq 'Acoustic'", ["First", "Spoken"]),
            ("not (kind eq 'Acoustic') and status eq 'Succeeded'", ["Text"]),
            ("locale eq 'de-DE' or displayName eq 'First'", ["First", "Text"]),
            (f"createdDateTime gt {now().isoformat()}", []),
        ]:
            with self.subTest(filter=asked):
                shown = self.call("GET", "datasets", filter=asked).json()["values"]
                assert [one["displayName"] for one in shown] == names
        answer = self.call("GET", "datasets", filter="kind eq 'Transcript'")
        self.refused(answer, 400, "UnsupportedFilter", "filter")
        path = f"projects/{self.project.pk}/datasets"
        page = self.call("GET", path, top=1).json()
        assert page["values"][0]["self"].split("?")[0].endswith(str(first.pk))
        following = self.call("GET", page["@nextLink"]).json()
        assert [one["displayName"] for one in following["values"]] == ["Spoken"]
        assert "@nextLink" not in following

    def test_page_by_page_each_comes_once_and_oldest_first(self) -> None:
        rows = [make_dataset(self.project, name=f"Number {n}") for n in range(7)]
        make_dataset(self.project, kind=Dataset.Kind.PLAIN_TEXT, name="Text")
        # Those of one moment are in the order of their keys.
        long_ago = now() - timedelta(days=1)
        Dataset.objects.filter(pk__in=[row.pk for row in rows[3:]]).update(
            created=long_ago
        )
        found, asked = [], {"top": 2, "filter": "kind eq 'Acoustic'"}
        page = self.call("GET", "datasets", **asked).json()
        while page["values"]:
            found += [one["self"].split("?")[0][-36:] for one in page["values"]]
            if "@nextLink" not in page:
                break
            page = self.call("GET", page["@nextLink"]).json()
        old = sorted(str(row.pk) for row in rows[3:])
        assert found == [*old, *(str(row.pk) for row in rows[:3])]
        beyond = self.call("GET", "datasets", skip=8).json()
        assert beyond == {"values": []}

    def test_how_far_it_is_is_said_while_it_runs(self) -> None:
        row = make_dataset(self.project, status=Job.Status.NOT_STARTED)
        row.start()
        row.report(1, 3)
        shown = self.call("GET", f"datasets/{row.pk}").json()["properties"]
        assert shown["progress"] == 0.333
        row.succeed()
        shown = self.call("GET", f"datasets/{row.pk}").json()["properties"]
        assert "progress" not in shown

    def test_it_stays_in_its_project(self) -> None:
        path = f"datasets/{make_dataset(self.project).pk}"
        answer = self.call("PATCH", path, {"project": None})
        self.refused(answer, 409, "InvalidProject", "project")

    def test_counts_and_length_of_what_was_imported(self) -> None:
        row = make_dataset(self.project, ["one", "two"], rejected=1)
        shown = self.call("GET", f"datasets/{row.pk}").json()["properties"]
        assert (shown["acceptedLineCount"], shown["rejectedLineCount"]) == (2, 1)
        assert shown["durationMilliseconds"] == 1000
        shown = self.call("GET", f"v3.2/datasets/{row.pk}").json()["properties"]
        assert shown["duration"] == "PT1S"

    def test_name_description_and_properties_change_and_nothing_else(self) -> None:
        row = make_dataset(self.project, custom_properties={"a": "b"})
        path = f"datasets/{row.pk}"
        patch: dict[str, Any] = {"displayName": "May", "description": "of 2026"}
        patch |= {"customProperties": {"c": "d"}}
        patch |= {"project": reference("projects", self.project)}
        shown = self.call("PATCH", path, patch).json()
        assert (shown["displayName"], shown["description"]) == ("May", "of 2026")
        assert shown["customProperties"] == {"a": "b", "c": "d"}
        answer = self.call("PATCH", path, {"kind": "Language"})
        self.refused(answer, 400, target="kind")
        other = projects.create(self.alice, "Other", "en-US")
        patch = {"project": reference("projects", other)}
        self.refused(self.call("PATCH", path, patch), 409, "InvalidProject", "project")

    def test_what_is_in_use_is_not_deleted(self) -> None:
        row = make_dataset(self.project)
        test = evaluations.create(self.project, row, [make_model()], "Test")
        path = f"datasets/{row.pk}"
        self.refused(self.call("DELETE", path), 409, "InUseViolation", "id")
        test.delete()
        assert self.call("DELETE", path).status_code == 204
        self.refused(self.call("GET", path), 404, target="id")

    def test_a_stranger_sees_nothing_and_a_viewer_changes_nothing(self) -> None:
        path = f"datasets/{make_dataset(self.project).pk}"
        shown = self.call("GET", "datasets", key=self.charlie_key).json()
        assert shown == {"values": []}
        for below in ("", "/files", f"/files/{uuid4()}", "/blocks"):
            answer = self.call("GET", path + below, key=self.charlie_key)
            self.refused(answer, 404)
        for method, below, body in (
            ("PATCH", "", {"displayName": "x"}),
            ("DELETE", "", None),
            ("POST", "/blocks:commit", []),
            ("PUT", "/blocks", None),
        ):
            answer = self.call(method, path + below, body, key=self.bob_key)
            self.refused(answer, 403, "InvalidPermissions")

    def test_who_waits_is_told_when_to_ask_again(self) -> None:
        shown = self.call("POST", "datasets", NEW).json()
        assert self.call("GET", shown["self"]).headers["Retry-After"] == "2"
        path = f"datasets/{make_dataset(self.project).pk}"
        assert "Retry-After" not in self.call("GET", path).headers


class WaitingTestCase(ApiTestCase):
    """A dataset without an address waits for its blocks."""

    def setUp(self) -> None:
        super().setUp()
        self.shown = self.call("POST", "datasets", NEW).json()
        self.row = Dataset.objects.get()

    def test_it_says_where_they_go(self) -> None:
        for name in ("uploadBlocks", "listBlocks", "commitBlocks"):
            assert self.shown["links"][name].startswith(self.shown["self"][:-23])

    def test_no_worker_is_sent_to_it(self) -> None:
        Dataset.objects.update(last_action=now() - timedelta(days=1))
        assert not Dataset.forgotten().exists()
        Dataset.tend()
        self.row.refresh_from_db()
        assert self.row.awaits_file

    def test_after_a_week_it_fails_and_what_came_is_deleted(self) -> None:
        Upload.objects.update(created=now() - timedelta(days=7, minutes=1))
        Dataset.tend()
        shown = self.call("GET", self.shown["self"]).json()
        assert shown["status"] == "Failed"
        assert "7 days" in shown["properties"]["error"]["message"]
        assert not Upload.objects.exists()
        answer = self.call("POST", f"datasets/{self.row.pk}/blocks:commit", [])
        self.refused(answer, 409)

    def test_its_page_says_so(self) -> None:
        self.client.force_login(self.alice)
        page = self.client.get(self.row.get_absolute_url())
        self.assertContains(page, "Waiting for its file")
        page = self.client.get(f"/projects/{self.project.pk}/datasets/")
        self.assertContains(page, "Waiting for its file")

    def test_deleting_it_takes_its_upload_along(self) -> None:
        with self.on_commit():
            assert self.call("DELETE", self.shown["self"]).status_code == 204
        assert not Upload.objects.exists()


class RolesTestCase(ApiTestCase):
    def test_an_editor_may_upload(self) -> None:
        projects.set_role(self.project, self.bob.pk, Role.EDITOR)
        answer = self.call("POST", "datasets", NEW, key=self.bob_key)
        assert answer.status_code == 201
