"""Webhooks are made, looked after and deleted on pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from api.models import Delivery, WebHook
from api.tests.hooks import WebHooksTestCase
from api.webhooks import deliver, services
from projects import services as projects
from resources.vault import seal, unseal
from speechstudio.test import make_dataset, make_evaluation, make_model

LIST = reverse("web-hook-list")
NEW = reverse("web-hook-create")
SECRET = "grüner Tee"
State = Delivery.State
Status = WebHook.Status


class HookPagesTestCase(WebHooksTestCase):
    """alice is signed in."""

    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.alice)

    def answers(self, **more: Any) -> dict[str, Any]:
        given = {
            "pk": str(uuid4()),
            "name": "Nightly",
            "url": self.there.url,
            "events": ["datasetCompletion"],
        }
        return given | more

    def send(self, **more: Any) -> HttpResponse:
        with self.on_commit():
            return self.client.post(NEW, self.answers(**more))

    def hook(self, **fields: Any) -> WebHook:
        """One that is heard."""
        values = {
            "user": self.alice,
            "name": "Nightly",
            "url": self.there.url,
            "events": ["datasetCompletion"],
            "sealed_secret": seal(SECRET),
            "base": "http://testserver",
            "version": "2025-10-15",
            "status": Status.SUCCEEDED,
        }
        return WebHook.objects.create(**values | fields)

    def message(self, hook: WebHook, **fields: Any) -> Delivery:
        return Delivery.objects.create(hook=hook, **{"event": "ping"} | fields)

    def given_up(self, hook: WebHook) -> Delivery:
        fields = {"state": State.GIVEN_UP, "tries": 8, "problem": "No answer."}
        return self.message(hook, last_try=now(), **fields)

    def post(self, name: str, *keys: object) -> HttpResponse:
        """To a page that only takes posts, and what it leads to."""
        with self.on_commit():
            self.client.post(reverse(name, args=keys))
        return self.client.get(reverse("web-hook-detail", args=keys[:1]))


class MakingTests(HookPagesTestCase):
    def test_what_is_made_is_challenged_and_then_active(self) -> None:
        page = self.send(secret=SECRET, project=self.project.pk, description="For CI")
        hook = WebHook.objects.get()
        self.assertRedirects(page, hook.get_absolute_url())
        assert (hook.user, hook.project) == (self.alice, self.project)
        assert (hook.base, hook.version) == ("http://testserver", "2025-10-15")
        assert (hook.description, unseal(hook.sealed_secret)) == ("For CI", SECRET)
        assert self.there.events == ["challenge"]
        self.assertContains(self.client.get(hook.get_absolute_url()), "Active</span>")

    def test_a_form_that_is_sent_twice_makes_one(self) -> None:
        given = self.answers()
        for _ in range(2):
            with self.on_commit():
                page = self.client.post(NEW, given)
            (hook,) = WebHook.objects.all()
            self.assertRedirects(page, hook.get_absolute_url())
        assert self.there.events == ["challenge"]

    def test_what_is_wrong_is_said_at_the_field(self) -> None:
        theirs = projects.create(self.charlie, "Theirs", "en-US")
        for field, answer, said in (
            ("name", "", "This field is required"),
            ("url", "", "This field is required"),
            ("url", "nightly.example", "http"),
            ("url", "http://10.0.0.1/told", "private network"),
            ("url", "http://127.0.0.2/told", "private network"),
            ("url", "https://a.example/" + "a" * 4000, "at most 4000"),
            ("secret", "x" * 201, "at most 200"),
            ("events", [], "Choose at least one event"),
            ("events", ["ping"], "not one of the available choices"),
            ("project", theirs.pk, "is not on offer"),
        ):
            with self.subTest(field=field, said=said):
                page = self.send(**{field: answer})
                assert page.status_code == 422
                assert list(page.context["form"].errors) == [field]
                assert said in str(page.context["form"].errors[field])
                self.assertContains(page, 'class="errorlist"', status_code=422)
        assert not WebHook.objects.exists()

    @override_settings(FETCH_ALLOWED_HOSTS=[])
    def test_this_machine_is_told_nothing_unless_that_is_allowed(self) -> None:
        assert "url" in self.send().context["form"].errors

    def test_nobody_has_more_than_some(self) -> None:
        for _ in range(services.MOST_OF_ONE_PERSON):
            self.hook()
        self.assertContains(self.send(), "Delete one first", status_code=422)

    def test_each_box_of_the_events_has_a_name(self) -> None:
        page = self.client.get(NEW).content.decode()
        assert page.count('name="events"') == 20
        assert '<span class="visually-hidden">Tests: ended</span>' in page

    def test_another_site_cannot_have_one_made_or_deleted(self) -> None:
        hook = self.hook()
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(self.alice)
        names = ("edit", "delete", "challenge", "ping", "test", "again")
        paths = [reverse(f"web-hook-{name}", args=[hook.pk]) for name in names]
        for path in (NEW, *paths):
            assert browser.post(path, self.answers()).status_code == 403, path
        assert list(WebHook.objects.all()) == [hook]


class ListTests(HookPagesTestCase):
    def test_without_any_the_page_says_what_they_are_for(self) -> None:
        page = self.client.get(LIST)
        self.assertContains(page, "No webhooks yet")
        self.assertContains(page, f'href="{NEW}"')

    def test_it_says_how_each_one_does(self) -> None:
        good = self.hook(name="Good", project=self.project)
        self.hook(name="Bad", status=Status.FAILED, error="It said no.")
        for _ in range(3):
            self.message(good)
        self.given_up(good)
        delivered = now() - timedelta(days=2)
        self.message(good, state=State.DELIVERED, last_try=delivered)
        page = self.client.get(LIST)
        rows = {row.name: row for row in page.context["hooks"]}
        assert (rows["Good"].waiting, rows["Good"].given_up) == (3, 1)
        assert rows["Good"].delivered == delivered
        assert rows["Bad"].delivered is None
        for said in (
            "Active</span>",
            "Failed</span>",
            "It said no.",
            "All my projects",
        ):
            self.assertContains(page, said)
        self.assertNotContains(page, f'hx-get="{LIST}"')

    def test_while_one_is_challenged_it_asks_for_itself(self) -> None:
        self.hook(status=Status.NOT_STARTED)
        page = self.client.get(LIST)
        self.assertContains(page, "Waiting for challenge</span>")
        self.assertContains(page, f'hx-get="{LIST}"')
        part = self.client.get(LIST, headers={"HX-Request": "true"})
        assert part.content.strip().startswith(b'<div id="web-hooks"')

    def test_a_project_that_was_left_is_not_named(self) -> None:
        hook = self.hook(user=self.bob, project=self.project)
        self.client.force_login(self.bob)
        projects.remove_member(self.project, self.bob.pk)
        for path in (LIST, hook.get_absolute_url()):
            page = self.client.get(path)
            self.assertContains(page, "No access any more")
            self.assertNotContains(page, self.project.name)

    def test_the_account_menu_leads_to_it(self) -> None:
        self.assertContains(self.client.get(reverse("project-list")), f'href="{LIST}"')


class SecrecyTests(HookPagesTestCase):
    def test_a_stranger_finds_nothing(self) -> None:
        hook = self.hook()
        one = self.given_up(hook)
        # The installation's administrator is no exception.
        self.charlie.is_superuser = True
        self.charlie.save()
        self.client.force_login(self.charlie)
        self.assertNotContains(self.client.get(LIST), hook.name)
        for name in ("detail", "edit", "delete"):
            path = reverse(f"web-hook-{name}", args=[hook.pk])
            assert self.client.get(path).status_code == 404, name
        for name in ("edit", "delete", "challenge", "ping", "test", "again"):
            path = reverse(f"web-hook-{name}", args=[hook.pk])
            assert self.client.post(path).status_code == 404, name
        path = reverse("web-hook-delivery-again", args=[hook.pk, one.pk])
        assert self.client.post(path).status_code == 404
        one.refresh_from_db()
        assert one.state == State.GIVEN_UP

    def test_a_message_of_another_webhook_is_not_sent_by_this_one(self) -> None:
        one = self.given_up(self.hook(user=self.charlie))
        path = reverse("web-hook-delivery-again", args=[self.hook().pk, one.pk])
        assert self.client.post(path).status_code == 404

    def test_who_is_not_signed_in_is_asked_to(self) -> None:
        self.client.logout()
        for path in (LIST, NEW, self.hook().get_absolute_url()):
            self.assertRedirects(self.client.get(path), f"/sign-in/?next={path}")

    def test_the_secret_is_on_no_page(self) -> None:
        hook = self.hook()
        paths = [reverse(f"web-hook-{n}", args=[hook.pk]) for n in ("edit", "delete")]
        for path in (LIST, hook.get_absolute_url(), *paths):
            page = self.client.get(path)
            self.assertNotContains(page, SECRET)
            self.assertNotContains(page, hook.sealed_secret)
        # Nor in a form that comes back.
        page = self.send(secret=SECRET, events=[])
        self.assertNotContains(page, SECRET, status_code=422)

    def test_the_query_of_the_address_is_in_the_form_alone(self) -> None:
        hook = self.hook()
        for path in (LIST, hook.get_absolute_url()):
            self.assertNotContains(self.client.get(path), "s3cret")
        edit = reverse("web-hook-edit", args=[hook.pk])
        self.assertContains(self.client.get(edit), "s3cret")


class EditingTests(HookPagesTestCase):
    def edit(self, hook: WebHook, **answers: Any) -> HttpResponse:
        given = {"name": hook.name, "url": hook.url, "events": hook.events}
        with self.on_commit():
            return self.client.post(
                reverse("web-hook-edit", args=[hook.pk]), given | answers
            )

    def test_what_is_left_alone_stays(self) -> None:
        hook = self.hook()
        page = self.edit(hook, name="Later", events=["modelDeletion"])
        self.assertRedirects(page, hook.get_absolute_url())
        hook.refresh_from_db()
        assert (hook.name, hook.events) == ("Later", ["modelDeletion"])
        assert unseal(hook.sealed_secret) == SECRET
        assert hook.is_heard
        assert not self.there.told

    def test_a_new_address_is_challenged(self) -> None:
        hook = self.hook(url="https://former.example/")
        self.edit(hook, url=self.there.url)
        assert self.there.events == ["challenge"]

    def test_the_secret_is_replaced_or_removed(self) -> None:
        hook = self.hook()
        for answers, secret in (
            ({"secret": "Kaffee"}, "Kaffee"),
            ({"remove_secret": "on"}, ""),
            ({"secret": "Wasser"}, "Wasser"),
        ):
            self.edit(hook, **answers)
            hook.refresh_from_db()
            assert unseal(hook.sealed_secret) == secret
        page = self.edit(hook, secret="Milch", remove_secret="on")
        self.assertContains(page, "not both", status_code=422)

    def test_without_a_secret_there_is_none_to_remove(self) -> None:
        hook = self.hook(sealed_secret="")
        page = self.client.get(reverse("web-hook-edit", args=[hook.pk]))
        self.assertNotContains(page, "remove_secret")

    def test_what_is_wrong_is_said_and_nothing_changes(self) -> None:
        hook = self.hook()
        for field, answer in (
            ("name", ""),
            ("url", "http://10.0.0.1/"),
            ("events", []),
        ):
            page = self.edit(hook, **{field: answer})
            assert list(page.context["form"].errors) == [field]
            self.assertContains(page, "Edit “Nightly”", status_code=422)
        hook.refresh_from_db()
        assert (hook.name, hook.url) == ("Nightly", self.there.url)

    def test_an_address_is_not_changed_while_it_is_challenged(self) -> None:
        hook = self.hook(status=Status.RUNNING)
        page = self.edit(hook, url="https://other.example/")
        assert "url" in page.context["form"].errors

    def test_it_is_deleted_after_one_question(self) -> None:
        hook = self.hook()
        self.message(hook)
        path = reverse("web-hook-delete", args=[hook.pk])
        self.assertContains(self.client.get(path), "cannot be undone")
        self.assertRedirects(self.client.post(path), LIST)
        assert not WebHook.objects.exists()
        assert self.client.post(path).status_code == 404


class StateTests(HookPagesTestCase):
    def part(self, hook: WebHook, target: str) -> HttpResponse:
        headers = {"HX-Request": "true", "HX-Target": target}
        return self.client.get(hook.get_absolute_url(), headers=headers)

    def test_the_page_asks_until_the_challenge_is_over(self) -> None:
        hook = self.hook(status=Status.NOT_STARTED)
        page = self.client.get(hook.get_absolute_url())
        self.assertContains(page, f'hx-get="{hook.get_absolute_url()}"')
        self.assertNotContains(page, "Send a ping</button>")
        part = self.part(hook, "web-hook-state")
        assert b"<html" not in part.content
        assert "HX-Refresh" not in part.headers
        WebHook.objects.update(status=Status.SUCCEEDED)
        assert self.part(hook, "web-hook-state").headers["HX-Refresh"] == "true"
        page = self.client.get(hook.get_absolute_url())
        self.assertNotContains(page, f'hx-get="{hook.get_absolute_url()}"')

    def test_one_that_failed_says_why_and_is_challenged_again(self) -> None:
        hook = self.hook(status=Status.FAILED, error="It said no.")
        page = self.client.get(hook.get_absolute_url())
        self.assertContains(page, "It said no.")
        self.assertContains(page, "Challenge again")
        self.assertContains(self.post("web-hook-challenge", hook.pk), "Active</span>")
        assert self.there.events == ["challenge"]

    def test_one_that_is_heard_is_not_challenged_by_chance(self) -> None:
        hook = self.hook()
        self.post("web-hook-challenge", hook.pk)
        assert not self.there.told
        hook.refresh_from_db()
        assert hook.is_heard

    def test_a_ping_arrives_and_the_list_of_messages_follows_it(self) -> None:
        hook = self.hook()
        page = self.post("web-hook-ping", hook.pk)
        self.assertContains(page, "A ping is on its way")
        self.assertContains(page, 'hx-trigger="every 3s"')
        deliver.deliver_due()
        assert self.there.events == ["ping"]
        part = self.part(hook, "web-hook-deliveries")
        self.assertContains(part, "Delivered</span>")
        self.assertNotContains(part, "hx-trigger")

    def test_a_test_says_how_many_messages_it_sends(self) -> None:
        hook = self.hook()
        self.assertContains(self.post("web-hook-test", hook.pk), "Nothing was sent")
        make_dataset(self.project)
        Delivery.objects.all().delete()
        self.assertContains(self.post("web-hook-test", hook.pk), "1 message is on")

    def test_who_has_not_answered_is_sent_nothing(self) -> None:
        hook = self.hook(status=Status.FAILED)
        for name in ("web-hook-ping", "web-hook-test"):
            page = self.post(name, hook.pk)
            self.assertContains(page, "has not answered the challenge.")
        assert not Delivery.objects.exists()


class DeliveriesTests(HookPagesTestCase):
    def listed(self, hook: WebHook, **query: object) -> list[Delivery]:
        page = self.client.get(hook.get_absolute_url(), query_params=query)
        return [one for one, _ in page.context["shown"]]

    def test_they_are_narrowed_by_their_state(self) -> None:
        hook = self.hook()
        waiting = self.message(hook)
        done = self.message(hook, state=State.DELIVERED)
        lost = self.given_up(hook)
        everything = [lost, done, waiting]
        for state, rows in (
            ("", everything),
            ("waiting", [waiting]),
            ("delivered", [done]),
            ("givenUp", [lost]),
            ("no such state", everything),
        ):
            with self.subTest(state):
                assert self.listed(hook, state=state) == rows
        page = self.client.get(hook.get_absolute_url())
        self.assertContains(page, f'{hook.get_absolute_url()}?state=givenUp"')

    def test_pages_keep_the_state(self) -> None:
        hook = self.hook()
        for _ in range(30):
            self.given_up(hook)
        assert len(self.listed(hook)) == 25
        assert len(self.listed(hook, state="givenUp", page=2)) == 5
        page = self.client.get(f"{hook.get_absolute_url()}?state=givenUp")
        self.assertContains(page, "?state=givenUp&amp;page=2")

    def test_what_they_are_about_is_linked_while_it_may_be_seen(self) -> None:
        hook = self.hook(user=self.bob)
        data = make_dataset(self.project, name="Ward round")
        self.message(hook, event="datasetCompletion", row=data.pk)
        self.message(hook, event="modelDeletion", row=uuid4())
        self.client.force_login(self.bob)
        link = f'href="{data.get_absolute_url()}">Ward round</a>'
        page = self.client.get(hook.get_absolute_url())
        self.assertContains(page, link)
        self.assertContains(page, "no longer there", count=1)
        projects.remove_member(self.project, self.bob.pk)
        page = self.client.get(hook.get_absolute_url())
        self.assertNotContains(page, "Ward round")
        self.assertContains(page, "no longer there", count=2)

    def queries(self, hook: WebHook) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            self.client.get(hook.get_absolute_url())
        return len(asked)

    def test_more_messages_take_no_more_queries(self) -> None:
        hook = self.hook()
        self.tell_of_each_kind(hook)
        few = self.queries(hook)
        for _ in range(4):
            self.tell_of_each_kind(hook)
        assert self.queries(hook) == few

    def tell_of_each_kind(self, hook: WebHook) -> None:
        data = make_dataset(self.project)
        model = make_model(project=self.project, reference=uuid4())
        test = make_evaluation(self.project, data, [model])
        for kind, row in (("dataset", data), ("model", model), ("evaluation", test)):
            self.message(hook, event=f"{kind}Creation", row=row.pk)

    def test_all_that_was_given_up_is_sent_again(self) -> None:
        hook = self.hook()
        for _ in range(2):
            self.given_up(hook)
        page = self.post("web-hook-again", hook.pk)
        self.assertContains(page, "2 messages are on the way")
        deliver.deliver_due()
        assert self.there.events == ["ping", "ping"]
        page = self.post("web-hook-again", hook.pk)
        self.assertContains(page, "No message is given up")

    def test_one_is_sent_again_and_the_others_stay(self) -> None:
        hook = self.hook()
        first, other = self.given_up(hook), self.given_up(hook)
        page = self.post("web-hook-delivery-again", hook.pk, first.pk)
        self.assertContains(page, "1 message is on the way")
        first.refresh_from_db()
        other.refresh_from_db()
        assert (first.state, first.tries) == (State.WAITING, 0)
        assert other.state == State.GIVEN_UP

    def test_what_was_delivered_is_not_sent_again(self) -> None:
        hook = self.hook()
        done = self.message(hook, state=State.DELIVERED)
        page = self.post("web-hook-delivery-again", hook.pk, done.pk)
        self.assertContains(page, "This message is not given up")
        done.refresh_from_db()
        assert done.state == State.DELIVERED
