from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from django.urls import URLResolver, get_resolver, reverse

from jobs.models import Job
from speechstudio.sign_in import MAX_FAILURES
from speechstudio.test import BaseTestCase, make_dataset, make_evaluation

# Pages for people who have not signed in.
OPEN = {"", "healthz", "setup/", "sign-in/"}
# The description of the API, with which programs begin.
OPEN_API = {"speechtotext/openapi.json"}


class FrameTestCase(BaseTestCase):
    def test_home_leads_to_the_projects(self) -> None:
        self.assertRedirects(self.client.get("/"), reverse("project-list"))

    def test_every_page_forbids_scripts_from_elsewhere(self) -> None:
        page = self.client.get(reverse("project-list"))
        policy = page["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy

    def test_every_address_but_a_few_asks_for_a_sign_in(self) -> None:
        self.client.logout()
        addresses = set(_addresses(get_resolver().url_patterns)) - OPEN
        assert len(addresses) > 20
        for address in addresses:
            if address.startswith("speechtotext/"):
                continue
            page = self.client.get(f"/{address}")
            if page.status_code == 405:
                page = self.client.post(f"/{address}")
            assert page.status_code == 302, address
            assert page.url.startswith("/sign-in/?next="), address

    def test_the_addresses_of_the_api_ask_for_a_key(self) -> None:
        addresses = set(_addresses(get_resolver().url_patterns))
        asked = {one for one in addresses if one.startswith("speechtotext/")}
        assert len(asked) > 10
        for address in asked - OPEN_API:
            status = self.client.get(f"/{address}").status_code
            assert status in (401, 403, 404), address

    def test_a_wrong_password_says_no_more_than_that(self) -> None:
        self.client.logout()
        wrong = {"username": "alice", "password": "nope"}
        known = self.client.post("/sign-in/", wrong)
        unknown = self.client.post("/sign-in/", wrong | {"username": "zoe"})
        assert known.status_code == unknown.status_code == 200
        for page in (known, unknown):
            self.assertContains(page, "Please enter a correct username and password")

    def test_guessing_passwords_has_an_end_and_locks_nobody_else_out(self) -> None:
        self.client.logout()
        cache.clear()
        self.addCleanup(cache.clear)
        wrong = {"username": "alice", "password": "nope"}
        for _ in range(MAX_FAILURES):
            assert self.client.post("/sign-in/", wrong).status_code == 200
        right = wrong | {"password": "pw-of-alice"}
        for name in ("alice", " alice", "alice  ", "ALICE", "\uff41lice"):
            page = self.client.post("/sign-in/", right | {"username": name})
            assert page.status_code == 429, name
        elsewhere = self.client.post("/sign-in/", right, REMOTE_ADDR="192.0.2.9")
        assert elsewhere.status_code == 302

    def test_who_has_signed_in_cannot_reset_the_count_of_another(self) -> None:
        cache.clear()
        self.addCleanup(cache.clear)
        wrong = {"username": "bob", "password": "nope"}
        stranger = self.client_class()
        for _ in range(MAX_FAILURES):
            stranger.post("/sign-in/", wrong)
        assert self.client.post("/sign-in/", wrong).status_code == 302
        assert stranger.post("/sign-in/", wrong).status_code == 429

    def test_signing_in_leads_only_to_this_server(self) -> None:
        self.client.logout()
        answers = {
            "username": "alice",
            "password": "pw-of-alice",
            "next": "https://evil.example/",
        }
        page = self.client.post("/sign-in/", answers)
        assert page.url == reverse("project-list")


class PasswordTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.url = reverse("password_change")
        self.answers = {
            "old_password": "pw-of-alice",
            "new_password1": "correct-horse-9",
            "new_password2": "correct-horse-9",
        }

    def test_it_works(self) -> None:
        self.assertContains(self.client.get(reverse("project-list")), self.url)
        self.assertContains(self.client.get(self.url), 'id="password-form"')
        page = self.client.post(self.url, self.answers, follow=True)
        # Still signed in, and told.
        self.assertRedirects(page, reverse("project-list"))
        self.assertContains(page, "Your password was changed.")
        self.alice.refresh_from_db()
        assert self.alice.check_password("correct-horse-9")

    def test_mistakes_are_told_and_change_nothing(self) -> None:
        for wrong, told in (
            ({"old_password": "nope"}, "entered incorrectly"),
            ({"new_password2": "other-horse-9"}, "two password fields"),
            ({"new_password1": "12345678", "new_password2": "12345678"}, "too common"),
        ):
            page = self.client.post(self.url, self.answers | wrong)
            self.assertContains(page, told)
            self.assertNotContains(page, "was changed")
        self.alice.refresh_from_db()
        assert self.alice.check_password("pw-of-alice")

    def test_a_stranger_signs_in_first(self) -> None:
        self.client.logout()
        page = self.client.post(self.url, self.answers)
        self.assertRedirects(page, f"/sign-in/?next={self.url}")

    def test_the_administration_leads_to_the_same_page(self) -> None:
        page = self.client.get(reverse("admin:password_change"))
        self.assertRedirects(page, self.url)


class UploadLimitTestCase(BaseTestCase):
    def test_the_browser_is_told_how_large_a_file_may_be(self) -> None:
        url = reverse("dataset-step", args=[self.project.pk, "source"])
        kind = {"use": "testing", "kind": "Acoustic"}
        page = self.client.get(url, kind)
        self.assertContains(page, 'data-max-bytes="2147483648"')
        self.assertContains(page, ".zip, at most 2 GB")
        self.assertContains(page, 'data-block-bytes="8388608"')
        with override_settings(UPLOAD_MAX_BYTES=10):
            self.assertContains(self.client.get(url, kind), 'data-max-bytes="10"')
        # The name under which scripts see the attribute.
        script = (settings.BASE_DIR / "static" / "js" / "upload.js").read_text()
        assert "dataset.maxBytes" in script


class JobMenuTestCase(BaseTestCase):
    def test_it_shows_what_runs_in_own_projects_only(self) -> None:
        make_dataset(self.project, name="March", status=Job.Status.NOT_STARTED)
        evaluation = make_evaluation(self.project, name="Base on April")
        evaluation.start()
        make_dataset(self.project, name="Finished")
        page = self.client.get(reverse("job-menu"))
        self.assertContains(page, "March")
        self.assertContains(page, "Base on April")
        self.assertNotContains(page, "Finished")
        self.client.force_login(self.charlie)
        self.assertNotContains(self.client.get(reverse("job-menu")), "March")


def _addresses(patterns: Sequence[Any], before: str = "") -> Iterator[str]:
    """Every address of ours, with some value for each of its variables."""
    values = {
        "uuid": str(UUID(int=1)),
        "int": "1",
        "slug": "data",
        "str": "data",
        "path": "data",
    }
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if not isinstance(pattern, URLResolver):
            yield re.sub(
                r"<(\w+):\w+>", lambda found: values.get(found[1], "data"), route
            )
        elif pattern.app_name != "admin":
            yield from _addresses(pattern.url_patterns, route)


class OddRequestsTestCase(BaseTestCase):
    def test_a_stale_form_is_explained_in_our_own_page(self) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        page = client.post("/sign-in/", {"username": "alice", "password": "x"})
        self.assertContains(page, "reload it and try again", status_code=403)
        self.assertContains(page, "speechstudio", status_code=403)

    def test_pages_are_compressed_and_recordings_are_not(self) -> None:
        packed = {"Accept-Encoding": "gzip"}
        page = self.client.get(reverse("project-list"), headers=packed)
        assert page["Content-Encoding"] == "gzip"
        utterance = make_dataset(self.project).utterances.get()
        url = reverse("utterance-audio", args=[utterance.pk])
        part = self.client.get(url, headers=packed | {"Range": "bytes=0-3"})
        assert part["Content-Encoding"] == "identity"
        assert part.getvalue() == b"RIFF"

    def test_a_form_in_another_encoding_is_a_clear_error(self) -> None:
        client = self.client_class(
            enforce_csrf_checks=True, raise_request_exception=False
        )
        client.force_login(self.alice)
        page = client.post(
            reverse("project-create"),
            "name=x",
            content_type="application/x-www-form-urlencoded; charset=utf-16",
        )
        assert page.status_code in (400, 403)

    def test_a_search_of_any_length_is_answered(self) -> None:
        for text in ("\0", "x" * 60_000, "%", "_", "\\"):
            page = self.client.get(reverse("project-list"), {"q": text})
            assert page.status_code == 200
