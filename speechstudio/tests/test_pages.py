from __future__ import annotations

from django.core.cache import cache
from django.urls import get_resolver, reverse

from jobs.models import Job
from speechstudio.sign_in import MAX_FAILURES
from speechstudio.test import BaseTestCase, make_dataset, make_evaluation

# Pages for people who have not signed in.
OPEN = {"", "healthz", "setup/", "sign-in/"}


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
        for pattern in get_resolver().url_patterns:
            route = str(pattern.pattern)
            if hasattr(pattern, "url_patterns") or route in OPEN:
                continue
            page = self.client.get(f"/{route}")
            assert page.status_code in (302, 405), route
            assert page.status_code == 405 or "/sign-in/" in page.url, route

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
        assert self.client.post("/sign-in/", right).status_code == 429
        elsewhere = self.client.post("/sign-in/", right, REMOTE_ADDR="192.0.2.9")
        assert elsewhere.status_code == 302

    def test_signing_in_leads_only_to_this_server(self) -> None:
        self.client.logout()
        answers = {
            "username": "alice",
            "password": "pw-of-alice",
            "next": "https://evil.example/",
        }
        page = self.client.post("/sign-in/", answers)
        assert page.url == reverse("project-list")


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
