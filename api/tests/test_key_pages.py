"""Keys are made, shown once and deleted on pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from api import keys
from api.key_services import NewKey
from api.models import ApiKey, Scope
from api.tests.case import ApiTestCase
from projects import services as projects
from projects.models import Role

LIST = reverse("api-key-list")
NEW = reverse("api-key-create")


class KeyPagesTestCase(ApiTestCase):
    """alice is signed in; everybody has a key called “tests”, for all projects."""

    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.alice)

    def make(self, **answers: Any) -> HttpResponse:
        given = {
            "pk": str(uuid4()),
            "name": "Nightly",
            "project": "",
            "scopes": Scope.values,
            "expires": "90",
        }
        return self.client.post(NEW, given | answers, follow=True)

    def shown(self) -> list[NewKey]:
        found: list[NewKey] = self.client.get(LIST).context["new_keys"]
        return found

    def key_of_project(self, user: Any = None) -> ApiKey:
        return keys.make(user or self.bob, "Ward round", self.project)[0]


class MakingTests(KeyPagesTestCase):
    def test_a_new_key_is_shown_once(self) -> None:
        page = self.make()
        (new,) = page.context["new_keys"]
        self.assertContains(page, f'data-copy="{new.plain}"')
        assert page.headers["Cache-Control"].startswith("max-age=0")
        assert keys.find(new.plain) == new.key
        assert new.plain not in self.client.get(LIST).content.decode()

    def test_who_asks_for_the_head_of_the_page_uses_no_key_up(self) -> None:
        self.client.post(NEW, {"name": "x", "scopes": "read", "expires": "30"})
        assert self.client.head(LIST).status_code == 200
        assert len(self.shown()) == 1

    def test_a_form_that_is_sent_twice_makes_one_key_and_loses_none(self) -> None:
        given = {
            "pk": str(uuid4()),
            "name": "Twice",
            "scopes": ["read"],
            "expires": "30",
        }
        for _ in range(2):
            self.assertRedirects(
                self.client.post(NEW, given), LIST, fetch_redirect_response=False
            )
        assert ApiKey.objects.filter(name="Twice").count() == 1
        (new,) = self.shown()
        assert keys.find(new.plain)

    def test_keys_that_were_made_in_two_tabs_are_both_shown(self) -> None:
        for name in ("One", "Two"):
            given = {"name": name, "scopes": ["read"], "expires": "30"}
            self.client.post(NEW, given)
        assert {new.key.name for new in self.shown()} == {"One", "Two"}

    def test_it_is_limited_to_what_was_chosen(self) -> None:
        for term, days in (("30", 30), ("90", 90), ("365", 365), ("never", None)):
            with self.subTest(term):
                page = self.make(project=self.project.pk, scopes=["read"], expires=term)
                key = page.context["new_keys"][0].key
                assert (key.user, key.project) == (self.alice, self.project)
                assert key.scopes == ["read"]
                if days is None:
                    assert key.expires is None
                else:
                    left = key.expires - now()
                    assert timedelta(days - 1) < left <= timedelta(days)

    def test_what_is_wrong_is_said_and_no_key_is_made(self) -> None:
        before = ApiKey.objects.count()
        strange = projects.create(self.charlie, "Theirs", "en-US")
        for answers, said in (
            ({"name": ""}, "This field is required"),
            ({"name": "x" * 101}, "at most 100 characters"),
            ({"scopes": []}, "Choose what the key may be used for"),
            ({"scopes": ["rule"]}, "rule is not one of the available choices"),
            ({"expires": "31"}, "31 is not one of the available choices"),
            ({"project": strange.pk}, "A project that was chosen is not on offer"),
            ({"project": "x"}, "A project that was chosen is not on offer"),
        ):
            with self.subTest(answers):
                page = self.make(**answers)
                self.assertContains(page, said, status_code=422)
        assert ApiKey.objects.count() == before

    def test_another_site_cannot_have_a_key_made_or_deleted(self) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(self.alice)
        key = ApiKey.objects.get(user=self.alice)
        for address in (NEW, reverse("api-key-delete", args=[key.pk])):
            assert browser.post(address, {"name": "x"}).status_code == 403
        assert ApiKey.objects.get(user=self.alice) == key

    def test_its_lines_say_how_it_is_used(self) -> None:
        (new,) = self.make().context["new_keys"]
        lines = dict(new.uses)
        assert lines["Command line"] == (
            f"STUDIO_ENDPOINT=http://testserver STUDIO_KEY={new.plain} "
            "./studio project list"
        )
        address = "http://testserver/speechtotext/projects?api-version=2025-10-15"
        for title in ("curl", "Python"):
            assert f'"{address}"' in lines[title]
            assert "Ocp-Apim-Subscription-Key" in lines[title]
        assert self.call("GET", "projects", key=new.plain).status_code == 200
        compile(lines["Python"], "pasted", "exec")

    def test_a_key_that_may_not_read_comes_without_lines_that_read(self) -> None:
        page = self.make(scopes=["write"])
        assert page.context["new_keys"][0].uses == []
        self.assertNotContains(page, "./studio")


class OwnKeysTests(KeyPagesTestCase):
    def test_the_list_says_what_each_key_is(self) -> None:
        ApiKey.objects.all().delete()
        soon, late = timedelta(days=3), timedelta(days=60)
        rows = {
            name: keys.make(self.alice, name, expires=end)[0]
            for name, end in (
                ("Over", now() - soon),
                ("Nearly over", now() + soon),
                ("Good", now() + late),
            )
        }
        ApiKey.objects.filter(name="Good").update(last_used=now())
        page = self.client.get(LIST)
        for name, row in rows.items():
            self.assertContains(page, f">{name}</th>")
            self.assertContains(page, f">{row.hint}<")
        for chip in ("Expired", "Soon"):
            self.assertContains(page, f"</span>{chip}</span>", count=1)
        self.assertContains(page, ">never</span>", count=2)

    def test_without_keys_the_page_says_what_they_are_for(self) -> None:
        ApiKey.objects.filter(user=self.alice).delete()
        self.assertContains(self.client.get(LIST), "No API keys yet")

    def test_the_account_menu_leads_to_it(self) -> None:
        self.assertContains(self.client.get(reverse("project-list")), f'href="{LIST}"')

    def test_somebody_elses_key_is_not_there(self) -> None:
        # The installation's administrator is no exception: a key acts for a person.
        self.alice.is_superuser = True
        self.alice.save()
        theirs = ApiKey.objects.get(user=self.charlie)
        for name in ("api-key-renew", "api-key-delete"):
            address = reverse(name, args=[theirs.pk])
            assert self.client.get(address).status_code == 404
        delete = reverse("api-key-delete", args=[theirs.pk])
        assert self.client.post(delete).status_code == 404
        assert ApiKey.objects.filter(pk=theirs.pk).exists()
        self.assertNotContains(self.client.get(LIST), f">{theirs.hint}<")

    def test_who_is_not_signed_in_is_asked_to(self) -> None:
        self.client.logout()
        for address in (LIST, NEW):
            self.assertRedirects(self.client.get(address), f"/sign-in/?next={address}")

    def test_a_key_is_deleted_after_one_question(self) -> None:
        key = ApiKey.objects.get(user=self.alice)
        address = reverse("api-key-delete", args=[key.pk])
        self.assertContains(self.client.get(address), "cannot be undone")
        assert self.call("GET", "projects").status_code == 200
        self.assertRedirects(self.client.post(address), LIST)
        self.refused(self.call("GET", "projects"), 401)
        assert self.client.post(address).status_code == 404

    def test_a_key_is_renewed_by_another_like_it_while_it_goes_on(self) -> None:
        key, plain = keys.make(self.alice, "Gate", self.project, [Scope.READ])
        page = self.client.get(reverse("api-key-renew", args=[key.pk]))
        form = page.context["form"]
        assert form["name"].value() == "Gate"
        assert form["project"].value() == self.project.pk
        assert form["scopes"].value() == ["read"]
        self.assertContains(page, "goes on being good until you delete it")
        self.make(name="Gate", project=self.project.pk, scopes=["read"])
        assert keys.find(plain)
        assert ApiKey.objects.filter(name="Gate").count() == 2

    def test_a_key_of_a_project_that_was_left_sees_nothing_any_more(self) -> None:
        key, plain = keys.make(self.bob, "Ward round", self.project)
        path = f"projects/{self.project.pk}"
        assert self.call("GET", path, key=plain).status_code == 200
        projects.remove_member(self.project, self.bob.pk)
        self.refused(self.call("GET", path, key=plain), 404)
        for collection in ("projects", "datasets", "models", "endpoints"):
            answer = self.call("GET", collection, key=plain)
            assert answer.json()["values"] == []
        self.client.force_login(self.bob)
        page = self.client.get(LIST)
        self.assertContains(page, "No access any more")
        self.assertNotContains(page, self.project.name)
        # One like it would be for all projects.
        renew = reverse("api-key-renew", args=[key.pk])
        assert self.client.get(renew).status_code == 404


class KeysOfProjectTests(KeyPagesTestCase):
    def settings(self) -> HttpResponse:
        return self.client.get(reverse("project-settings", args=[self.project.pk]))

    def delete_address(self, key: ApiKey) -> str:
        return reverse("project-key-delete", args=[self.project.pk, key.pk])

    def test_owners_see_whose_they_are_and_delete_them(self) -> None:
        self.assertContains(self.settings(), "No key is limited to this project")
        key = self.key_of_project()
        page = self.settings()
        self.assertContains(page, f">{key.hint}<")
        self.assertContains(page, "Ward round of bob")
        address = self.delete_address(key)
        self.assertContains(self.client.get(address), "of bob?")
        self.client.post(address)
        assert not ApiKey.objects.filter(pk=key.pk).exists()

    def test_nobody_else_sees_or_deletes_them(self) -> None:
        key = self.key_of_project(self.alice)
        address = self.delete_address(key)
        for role in (Role.VIEWER, Role.REVIEWER, Role.EDITOR):
            with self.subTest(role):
                projects.set_role(self.project, self.bob.pk, role)
                self.assert_viewer_gets_403(address)
                self.assertNotContains(self.settings(), key.hint)
        for method in ("get", "post"):
            self.assert_stranger_gets_404(address, method)
        assert ApiKey.objects.filter(pk=key.pk).exists()

    def test_keys_for_all_projects_are_none_of_the_owners_business(self) -> None:
        theirs = ApiKey.objects.get(user=self.bob)
        assert self.client.post(self.delete_address(theirs)).status_code == 404
        self.assertNotContains(self.settings(), f">{theirs.hint}<")
        assert ApiKey.objects.filter(pk=theirs.pk).exists()
