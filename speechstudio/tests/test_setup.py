from __future__ import annotations

from unittest.mock import patch

from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

from projects.models import Project
from speechstudio import sample_project
from speechstudio.setup import create_owner, setup_path

OWNER = {"username": "olga", "password": "correct-horse-9", "repeat": "correct-horse-9"}


class SetupTestCase(TestCase):
    def test_the_first_visitor_on_the_machine_makes_the_owner(self) -> None:
        page = self.client.get("/", follow=True)
        self.assertContains(page, "Welcome to speechstudio")
        page = self.client.post("/setup/", OWNER)
        self.assertRedirects(page, "/projects/")
        assert User.objects.get().is_superuser

    def test_from_elsewhere_it_takes_the_link_that_was_printed(self) -> None:
        far = {"REMOTE_ADDR": "192.0.2.7"}
        assert self.client.get("/setup/", **far).status_code == 403
        assert self.client.post("/setup/", OWNER, **far).status_code == 403
        assert self.client.post("/setup/?token=wrong", OWNER, **far).status_code == 403
        link = setup_path()
        assert link is not None
        assert self.client.get(link, **far).status_code == 200
        self.client.post(link, OWNER, **far)
        assert User.objects.count() == 1

    def test_a_proxy_on_the_machine_is_no_visitor_on_the_machine(self) -> None:
        for header in ("X-Forwarded-For", "Forwarded", "Via"):
            page = self.client.get("/setup/", headers={header: "for=192.0.2.7"})
            self.assertContains(page, "on the machine itself", status_code=403)
        with override_settings(BEHIND_HTTPS_PROXY=True):
            assert self.client.get("/setup/").status_code == 403

    def test_once_there_is_an_account_nobody_can_set_up(self) -> None:
        link = setup_path()
        create_owner("olga", "correct-horse-9")
        assert setup_path() is None
        assert create_owner("mallory", "correct-horse-9") is None
        assert link is not None
        page = self.client.post(link, OWNER | {"username": "mallory"})
        self.assertRedirects(page, "/sign-in/")
        assert [user.username for user in User.objects.all()] == ["olga"]

    def test_weak_and_mistyped_passwords_are_refused(self) -> None:
        page = self.client.post("/setup/", OWNER | {"repeat": "other"})
        self.assertContains(page, "The two passwords differ")
        weak = {"password": "12345678", "repeat": "12345678"}
        page = self.client.post("/setup/", OWNER | weak)
        self.assertContains(page, "too common")
        assert not User.objects.exists()

    def test_signing_in_to_a_fresh_installation_leads_to_the_set_up(self) -> None:
        self.assertRedirects(self.client.get("/sign-in/"), "/setup/")


class PrepareTestCase(TestCase):
    def prepare(self, **values: object) -> None:
        with (
            override_settings(SAMPLE_PROJECT=False, **values),
            patch("speechstudio.management.commands.prepare.call_command"),
        ):
            call_command("prepare")

    def test_the_owner_comes_from_the_environment(self) -> None:
        given = {"ADMIN_USERNAME": "olga", "ADMIN_PASSWORD": "correct-horse-9"}
        self.prepare(**given)
        self.prepare(**given)
        user = User.objects.get()
        assert user.is_superuser
        assert user.check_password("correct-horse-9")

    def test_an_account_that_exists_keeps_its_password(self) -> None:
        create_owner("olga", "correct-horse-9")
        self.prepare(ADMIN_USERNAME="olga", ADMIN_PASSWORD="another-horse-9")
        assert User.objects.get().check_password("correct-horse-9")

    def test_half_an_owner_is_refused(self) -> None:
        with self.assertRaisesMessage(CommandError, "go together"):
            self.prepare(ADMIN_USERNAME="olga", ADMIN_PASSWORD="")
        with self.assertRaisesMessage(CommandError, "not allowed"):
            self.prepare(ADMIN_USERNAME="ol ga", ADMIN_PASSWORD="correct-horse-9")


class SampleProjectTestCase(TestCase):
    def test_who_deleted_the_sample_does_not_get_it_back(self) -> None:
        user = User.objects.create_superuser("olga")
        self.client.force_login(user)
        sample_project.install()
        assert not Project.objects.exists()
