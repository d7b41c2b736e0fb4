from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from api import keys
from api.models import ApiKey, Scope
from api.tests.case import ApiTestCase
from projects import services
from projects.models import Project

NEW = {"displayName": "Ward", "locale": "de-DE", "description": "Calls"}
REFUSED: list[tuple[Any, int, str, str]] = [
    ({"locale": "de-DE"}, 400, "InvalidParameterValue", "displayName"),
    ({"displayName": " ", "locale": "de-DE"}, 400, "", "displayName"),
    ({"displayName": "x" * 201, "locale": "de-DE"}, 400, "", "displayName"),
    ({"displayName": "x"}, 400, "InvalidParameterValue", "locale"),
    ({"displayName": "x", "locale": "xx-XX"}, 400, "InvalidLocale", "locale"),
    ({"displayName": 7, "locale": "de-DE"}, 400, "", "displayName"),
    ({"displayName": "a\x00", "locale": "de-DE"}, 400, "", "displayName"),
    (NEW | {"foo": 1}, 400, "InvalidParameterValue", "foo"),
    (NEW | {"customProperties": 1}, 400, "", "customProperties"),
    (NEW | {"customProperties": {"a": 1}}, 400, "", "customProperties.a"),
    (NEW | {"customProperties": {"a": "x" * 257}}, 400, "", "customProperties.a"),
    (
        NEW | {"customProperties": {str(n): "" for n in range(11)}},
        400,
        "",
        "customProperties",
    ),
    (b"", 400, "EmptyRequest", ""),
    (b"{", 400, "InvalidRequestBodyFormat", ""),
    (b"[1]", 400, "InvalidRequestBodyFormat", ""),
    (b'{"displayName": NaN}', 400, "InvalidRequestBodyFormat", ""),
    (b"[" * 100_000, 400, "InvalidRequestBodyFormat", ""),
    (b'{"displayName": "\xff"}', 400, "InvalidRequestBodyFormat", ""),
    (b" " * 1024**2 + b"{}", 413, "InvalidRequestBodyFormat", ""),
]


class ProjectsTestCase(ApiTestCase):
    def test_it_works(self) -> None:
        made = self.call("POST", "projects", NEW | {"customProperties": {"a": "b"}})
        assert made.status_code == 201
        address = made.headers["Location"]
        assert address == made.json()["self"]
        shown = self.call("GET", address).json()
        assert shown["displayName"] == "Ward"
        assert shown["locale"] == "de-DE"
        assert shown["customProperties"] == {"a": "b"}
        changed = self.call("PATCH", address, {"displayName": "Ward 3"}).json()
        assert changed["displayName"] == "Ward 3"
        assert changed["description"] == "Calls"
        assert self.call("DELETE", address).status_code == 204
        self.refused(self.call("GET", address), 404)

    def test_merge_patch_takes_away_what_is_null(self) -> None:
        made = self.call("POST", "projects", NEW | {"customProperties": {"a": "b"}})
        patch = {"description": None, "customProperties": {"a": None, "c": "d"}}
        shown = self.call("PATCH", made.json()["self"], patch).json()
        assert "description" not in shown
        assert shown["customProperties"] == {"c": "d"}
        shown = self.call("PATCH", shown["self"], {"customProperties": {}}).json()
        assert shown["customProperties"] == {"c": "d"}
        shown = self.call("PATCH", shown["self"], {"customProperties": None}).json()
        assert "customProperties" not in shown

    def test_what_came_from_here_may_be_sent_back(self) -> None:
        shown = self.call("POST", "projects", NEW).json()
        shown.pop("locale")
        assert self.call("PATCH", shown["self"], shown).status_code == 200

    def test_the_list_has_pages_and_filters(self) -> None:
        for number in range(5):
            services.create(self.alice, f"P{number}", "en-GB")
        page = self.call("GET", "projects", top=2, filter="locale eq 'en-GB'").json()
        names = []
        while True:
            names += [one["displayName"] for one in page["values"]]
            if "@nextLink" not in page:
                break
            page = self.call("GET", page["@nextLink"]).json()
        assert names == ["P0", "P1", "P2", "P3", "P4"]

    def test_what_is_wrong_is_refused_by_its_field(self) -> None:
        for body, status, inner, target in REFUSED:
            with self.subTest(body=body):
                answer = self.call("POST", "projects", body)
                self.refused(answer, status, inner, target)
        assert Project.objects.count() == 1

    def test_a_stranger_sees_nothing_and_a_viewer_changes_nothing(self) -> None:
        path = f"projects/{self.project.pk}"
        assert self.call("GET", "projects", key=self.charlie_key).json() == {
            "values": []
        }
        self.refused(self.call("GET", path, key=self.charlie_key), 404)
        # What is not there for them need not be deleted.
        assert self.call("DELETE", path, key=self.charlie_key).status_code == 204
        assert Project.objects.filter(pk=self.project.pk).exists()
        assert self.call("GET", path, key=self.bob_key).status_code == 200
        answer = self.call("DELETE", path, key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")
        answer = self.call("PATCH", path, {"displayName": "x"}, key=self.bob_key)
        self.refused(answer, 403, "InvalidPermissions")

    def test_a_key_of_one_project_sees_no_other(self) -> None:
        other = services.create(self.alice, "Other", "en-US")
        _, key = keys.make(self.alice, "one", project=other)
        shown = self.call("GET", "projects", key=key).json()["values"]
        assert [one["displayName"] for one in shown] == ["Other"]
        self.refused(self.call("GET", f"projects/{self.project.pk}", key=key), 404)
        self.refused(self.call("POST", "projects", NEW, key=key), 403)


class KeysTestCase(ApiTestCase):
    def test_without_a_good_key_nothing_is_said(self) -> None:
        for key in ("wrong", "x" * 5_000):
            self.refused(self.call("GET", "projects", key=key), 401)
        answer = self.client.get("/speechtotext/projects?api-version=2025-10-15")
        self.refused(answer, 401)

    def test_the_cookie_of_a_browser_is_no_key(self) -> None:
        self.client.force_login(self.alice)
        answer = self.client.get("/speechtotext/projects?api-version=2025-10-15")
        self.refused(answer, 401)

    def test_an_expired_key_and_that_of_a_locked_account_end(self) -> None:
        _, key = keys.make(self.alice, "old", expires=now() - timedelta(seconds=1))
        self.refused(self.call("GET", "projects", key=key), 401)
        self.bob.is_active = False
        self.bob.save()
        self.refused(self.call("GET", "projects", key=self.bob_key), 401)

    def test_a_key_to_read_does_not_write(self) -> None:
        _, key = keys.make(self.alice, "reader", scopes=[Scope.READ])
        assert self.call("GET", "projects", key=key).status_code == 200
        answer = self.call("POST", "projects", NEW, key=key)
        self.refused(answer, 403, "InvalidPermissions")

    def test_its_last_use_is_known(self) -> None:
        self.call("GET", "projects")
        key = ApiKey.objects.get(user=self.alice)
        assert key.last_used and now() - key.last_used < timedelta(minutes=1)

    def test_the_command_prints_one_as_its_last_line(self) -> None:
        out = StringIO()
        call_command("createapikey", "--user", "alice", stdout=out)
        key = out.getvalue().splitlines()[-1]
        assert self.call("GET", "projects", key=key).status_code == 200
        with pytest.raises(CommandError, match="Nobody is called"):
            call_command("createapikey", "--user", "nobody")

    def test_the_command_makes_none_that_ends_at_once_or_never(self) -> None:
        for days in ("0", "-1", "99999999999"):
            with pytest.raises(CommandError, match="good for 1 to"):
                call_command("createapikey", "--user", "alice", f"--days={days}")
        call_command("createapikey", "--user=alice", "--days=1", stdout=StringIO())
        key = ApiKey.objects.exclude(expires=None).get()
        assert key.expires and key.expires < now() + timedelta(days=1, minutes=1)


class CallsTestCase(ApiTestCase):
    def test_numbers_and_times_beyond_all_bounds_are_refused(self) -> None:
        for query in (
            {"top": "00000000000199999999999999999999999999"},
            {"skip": "0" * 40 + "1"},
            {"filter": "createdDateTime gt 9999-12-31T23:59:59-14:00"},
            {"filter": "createdDateTime lt 0001-01-01T00:00:00+14:00"},
        ):
            with self.subTest(query=query):
                self.refused(self.call("GET", "projects", **query), 400)

    def test_too_many_parameters_are_refused(self) -> None:
        many = {f"p{number}": "x" for number in range(1500)}
        self.refused(self.call("GET", "projects", **many), 400)

    def test_the_version_is_needed(self) -> None:
        for query in ({}, {"api-version": "2019-01-01"}):
            answer = self.client.get(
                "/speechtotext/projects",
                query,
                headers={"Ocp-Apim-Subscription-Key": self.key},
            )
            self.refused(answer, 400, "InvalidParameterValue", "api-version")

    def test_what_is_not_there_says_so_in_the_contracts_words(self) -> None:
        for path in ("nothing", "projects/7", "projects/", "v3.2/nothing", "v9/x"):
            self.refused(self.call("GET", path), 404)
        answer = self.call("PUT", "projects", {})
        self.refused(answer, 405)
        assert answer.headers["Allow"] == "GET, POST"

    def test_v32_gives_addresses_of_its_own(self) -> None:
        shown = self.call("GET", "v3.2/projects").json()["values"][0]
        assert "/speechtotext/v3.2/projects/" in shown["self"]
        assert self.call("GET", shown["self"]).json() == shown
