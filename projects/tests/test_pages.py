from __future__ import annotations

from django.contrib.auth.models import User
from django.urls import reverse

from projects.models import Member, Project, Role
from projects.services import create, set_role
from speechstudio.test import (
    BaseTestCase,
    make_dataset,
    make_evaluation,
    make_model,
)
from speechstudio.tests.queries import queries


class ProjectPagesTestCase(BaseTestCase):
    def url(self, name: str, *more: object) -> str:
        return reverse(name, args=[self.project.pk, *more])

    def test_the_list_shows_own_projects_only(self) -> None:
        create(self.charlie, "Secret", "de-DE")
        page = self.client.get(reverse("project-list"))
        self.assertContains(page, "Clinic")
        self.assertNotContains(page, "Secret")

    def test_the_list_is_searched_sorted_and_paged_by_its_address(self) -> None:
        for i in range(30):
            create(self.alice, f"Call centre {i:02}", "en-GB")
        url = reverse("project-list")
        page = self.client.get(url, {"q": "centre", "sort": "name", "page": 2})
        names = [project.name for project in page.context["page"]]
        assert names == [f"Call centre {i}" for i in range(25, 30)]
        self.assertContains(page, "q=centre&amp;sort=name")
        for odd in ({"page": "x"}, {"page": 99}, {"sort": "password"}):
            assert self.client.get(url, odd).status_code == 200

    def test_the_list_costs_as_many_queries_for_many_as_for_one(self) -> None:
        url = reverse("project-list")
        models = [make_model()]
        one = queries(self.client, url)
        for i in range(19):
            make_evaluation(create(self.alice, f"P{i}", "en-US"), models=models)
        assert queries(self.client, url) == one

    def test_the_overview_costs_as_many_queries_for_many_as_for_one(self) -> None:
        url = self.url("project-detail")
        models = [make_model("base"), make_model("small")]
        make_evaluation(self.project, models=models)
        one = queries(self.client, url)
        for i in range(19):
            make_evaluation(self.project, make_dataset(self.project), models)
            user = User.objects.create(username=f"member{i}")
            set_role(self.project, user.pk, Role.VIEWER)
        assert queries(self.client, url) == one

    def test_it_makes_a_project_that_its_maker_owns(self) -> None:
        answers = {"name": "Air traffic", "locale": "en-GB", "description": "Towers"}
        page = self.client.post(reverse("project-create"), answers)
        project = Project.objects.get(name="Air traffic")
        self.assertRedirects(page, project.get_absolute_url())
        assert Member.objects.get(project=project, user=self.alice).role == Role.OWNER

    def test_it_explains_what_is_wrong_with_a_new_project(self) -> None:
        page = self.client.post(reverse("project-create"), {"locale": "xx-XX"})
        self.assertContains(page, "This field is required", status_code=422)
        wrong = "xx-XX is not one of the available choices"
        self.assertContains(page, wrong, status_code=422)

    def test_the_overview_shows_datasets_and_tests(self) -> None:
        make_evaluation(self.project, make_dataset(self.project, name="March"))
        page = self.client.get(self.url("project-detail"))
        self.assertContains(page, "March")
        self.assertContains(page, "Test of March")
        self.assertContains(page, str(self.project.pk))

    def test_name_and_description_change_and_the_locale_does_not(self) -> None:
        answers = {"name": "Ward", "description": "New", "locale": "de-DE"}
        self.client.post(self.url("project-settings"), answers)
        self.project.refresh_from_db()
        assert (self.project.name, self.project.locale) == ("Ward", "en-US")

    def test_an_owner_adds_changes_and_removes_members(self) -> None:
        answers = {"username": "charlie", "role": "reviewer"}
        self.client.post(self.url("member-create"), answers)
        member = Member.objects.get(user=self.charlie)
        assert member.role == Role.REVIEWER
        url = self.url("member-change", member.pk)
        self.client.post(url, {"role": "editor"})
        member.refresh_from_db()
        assert member.role == Role.EDITOR
        self.client.post(url, {"remove": "1"})
        assert not Member.objects.filter(user=self.charlie).exists()

    def test_a_person_who_is_not_known_cannot_be_added(self) -> None:
        answers = {"username": "zoe", "role": "viewer"}
        page = self.client.post(self.url("member-create"), answers)
        self.assertContains(page, "Nobody here has this user name", status_code=422)

    def test_the_last_owner_stays(self) -> None:
        member = Member.objects.get(project=self.project, user=self.alice)
        url = self.url("member-change", member.pk)
        for answers in ({"remove": "1"}, {"role": "viewer"}):
            page = self.client.post(url, answers, follow=True)
            self.assertContains(page, "the only owner")
        member.refresh_from_db()
        assert member.role == Role.OWNER

    def test_deleting_asks_first_and_takes_everything_along(self) -> None:
        make_evaluation(self.project)
        page = self.client.get(self.url("project-delete"))
        self.assertContains(page, "1 dataset ")
        with self.on_commit():
            self.client.post(self.url("project-delete"))
        assert not Project.objects.filter(pk=self.project.pk).exists()

    def test_strangers_get_404(self) -> None:
        names = ["project-detail", "project-settings", "project-delete"]
        for name in names:
            self.assert_stranger_gets_404(self.url(name))
        self.assert_stranger_gets_404(self.url("project-delete"), "post")
        self.assert_stranger_gets_404(self.url("member-create"), "post")
        self.assert_stranger_gets_404(self.url("member-change", 1), "post")

    def test_viewers_cannot_change_anything(self) -> None:
        self.assert_viewer_gets_403(self.url("project-settings"))
        self.assert_viewer_gets_403(self.url("project-delete"))
        self.assert_viewer_gets_403(self.url("project-delete"), "get")
        self.assert_viewer_gets_403(self.url("member-create"))
        self.assert_viewer_gets_403(self.url("member-change", 1))

    def test_members_of_another_project_cannot_be_changed_through_ours(self) -> None:
        other = create(self.charlie, "Other", "en-US")
        theirs = Member.objects.get(project=other)
        page = self.client.post(
            self.url("member-change", theirs.pk), {"role": "viewer"}
        )
        assert page.status_code == 404

    def test_who_is_not_signed_in_is_asked_to(self) -> None:
        self.client.logout()
        page = self.client.get(self.url("project-detail"))
        assert page.status_code == 302
        assert page.url.startswith("/sign-in/?next=")
