from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, unquote

import numpy as np
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from engines.fake import FakeEngine
from evaluations import services as evaluations
from evaluations.corrections.services import correct
from evaluations.models import Comment, Evaluation, Verdict
from evaluations.review import services
from evaluations.review.judged import (
    judgements_of,
    progress_of,
    reference_digest,
)
from evaluations.review.verdicts import (
    with_comments,
    with_verdict,
)
from projects.models import Role
from projects.services import set_role
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
    make_model,
)
from speechstudio.tests.queries import queries

HTMX = {"HX-Request": "true"}
WRONG_ANSWERS = [
    {},
    {"choice": "guilty"},
    {"choice": ""},
    {"take_back": "guilty"},
    {"choice": "model", "take_back": "model"},
    {"choice": "model\0"},
]


class ReviewTestCase(BaseTestCase):
    """bob is a reviewer here; vera views."""

    def setUp(self) -> None:
        super().setUp()
        set_role(self.project, self.bob.pk, Role.REVIEWER)
        self.vera = User.objects.create_user("vera", password="pw-of-vera")
        set_role(self.project, self.vera.pk, Role.VIEWER)
        self.model = make_model("base")
        self.evaluation = self.run_test(["no fever", "two pills", "good night"])
        self.list = self.evaluation.get_absolute_url()

    def run_test(self, texts: list[str]) -> Evaluation:
        dataset = make_dataset(self.project, texts)
        evaluation = make_evaluation(self.project, dataset, [self.model])
        with fake_engine(FakeEngine({"1": "no fever"})):
            evaluation.enqueue()
        return evaluation

    def delete_test(self) -> None:
        evaluations.delete(Evaluation.objects.get(pk=self.evaluation.pk))

    def address(
        self, name: str, position: int = 2, of: Evaluation | None = None
    ) -> str:
        evaluation = of or self.evaluation
        if name == "changes":
            return reverse("review-changes", args=[evaluation.pk])
        return reverse(f"review-{name}", args=[evaluation.pk, position])

    def post(self, name: str, position: int = 2, **answers: Any) -> HttpResponse:
        page = self.client.post(self.address(name, position), answers, headers=HTMX)
        return page  # type: ignore[return-value]

    def look(self) -> dict[str, Any]:
        """What the page of the list would send when it asks for changes."""
        judged = judgements_of(self.evaluation.items.all()).values()
        shown = [one.digest for one in judged]
        return {"shown": shown, "progress": progress_of(self.evaluation).digest}

    def changes(self, looked: dict[str, Any]) -> HttpResponse:
        page = self.client.get(self.address("changes"), looked, headers=HTMX)
        return page  # type: ignore[return-value]


class VerdictTestCase(ReviewTestCase):
    def test_a_verdict_has_a_name_and_a_time_and_is_there_for_all(self) -> None:
        self.client.force_login(self.bob)
        page = self.post("verdict", choice="reference")
        assert page.status_code == 200
        verdict = Verdict.objects.get()
        assert (verdict.item.position, verdict.choice) == (2, "reference")
        assert (verdict.by, verdict.evaluation) == (self.bob, self.evaluation)
        self.client.force_login(self.vera)
        for url in (self.list, self.address_of_utterance(2)):
            page = self.client.get(url)
            self.assertContains(page, "Reference wrong</span>")
            self.assertContains(page, "bob, <time")

    def address_of_utterance(self, position: int) -> str:
        return reverse("evaluation-utterance", args=[self.evaluation.pk, position])

    def test_the_chosen_one_is_pressed_and_takes_itself_back(self) -> None:
        self.post("verdict", choice="fine")
        page = self.client.get(self.list)
        self.assertContains(page, 'aria-pressed="true"', count=1)
        self.assertContains(page, 'name="take_back" value="fine"', count=1)
        page = self.post("verdict", take_back="fine")
        assert not Verdict.objects.exists()
        self.assertNotContains(page, 'aria-pressed="true"')

    def test_what_is_sent_twice_is_done_once(self) -> None:
        self.post("verdict", choice="model")
        first = Verdict.objects.get().at
        self.post("verdict", choice="model")
        assert Verdict.objects.get().at == first
        self.post("verdict", take_back="model")
        assert self.post("verdict", take_back="model").status_code == 200
        assert not Verdict.objects.exists()

    def test_of_two_people_the_last_one_wins(self) -> None:
        services.judge(self.evaluation, 2, self.bob, "model")
        services.judge(self.evaluation, 2, self.alice, "fine")
        verdict = Verdict.objects.get()
        assert (verdict.choice, verdict.by) == ("fine", self.alice)
        # bob still sees his own and takes that back: alice's stays.
        services.take_back(self.evaluation, 2, "model")
        assert Verdict.objects.get().choice == "fine"

    def test_a_wrong_answer_changes_nothing(self) -> None:
        self.post("verdict", choice="fine")
        for answers in WRONG_ANSWERS:
            page = self.client.post(self.address("verdict"), answers)
            assert page.status_code == 400, answers
        assert Verdict.objects.get().choice == "fine"

    def test_an_utterance_or_a_test_that_is_not_there_is_404(self) -> None:
        other = self.run_test(["alone"])
        for url in (
            self.address("verdict", 99),
            self.address("verdict", 10**30),
            self.address("verdict", 2, of=other),
        ):
            assert self.client.post(url, {"choice": "model"}).status_code == 404
        url = self.address("verdict")
        self.delete_test()
        assert self.client.post(url, {"choice": "model"}).status_code == 404

    def test_one_that_is_deleted_at_this_moment_is_404(self) -> None:
        """Found for the access, but gone when the verdict is to be written."""
        found = "evaluations.review.views.evaluation_for"
        url = self.address("verdict")
        self.delete_test()
        with patch(found, return_value=self.evaluation):
            assert self.client.post(url, {"choice": "model"}).status_code == 404

    def test_only_reviewers_judge(self) -> None:
        for name in ("verdict", "comment", "delete-comment"):
            url = self.address(name)
            self.client.force_login(self.vera)
            assert self.client.post(url, {"choice": "model"}).status_code == 403
            self.assert_stranger_gets_404(url, "post")
            self.client.force_login(self.bob)
            assert self.client.get(url).status_code == 405
        self.assert_stranger_gets_404(self.address("changes"))
        assert not Verdict.objects.exists()

    def test_a_viewer_sees_no_controls(self) -> None:
        self.client.force_login(self.vera)
        page = self.client.get(self.list)
        self.assertContains(page, "No verdict yet", count=3)
        self.assertNotContains(page, "data-verdict")
        self.assertNotContains(page, "<textarea")
        self.assertNotContains(page, "<kbd>1</kbd>")

    def test_nothing_is_taken_without_the_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.bob)
        for name in ("verdict", "comment", "delete-comment"):
            answers = {"choice": "model", "text": "hm", "comment": "1"}
            assert client.post(self.address(name), answers).status_code == 403
        assert not Verdict.objects.exists()


class CommentTestCase(ReviewTestCase):
    def say(self, text: str, user: User | None = None, position: int = 2) -> Comment:
        services.comment(self.evaluation, position, user or self.alice, text)
        return Comment.objects.latest("pk")

    def test_a_comment_keeps_its_lines_and_is_escaped(self) -> None:
        page = self.post("comment", text="one\r\n<script>alert(1)</script>")
        self.assertContains(page, "one<br>&lt;script&gt;")
        assert Comment.objects.get().text == "one\n<script>alert(1)</script>"
        page = self.client.get(self.list)
        self.assertContains(page, "one<br>&lt;script&gt;")
        self.assertContains(page, "<strong>alice</strong>")

    def test_an_empty_or_a_huge_one_is_refused_and_says_why(self) -> None:
        for text, message in [
            ("", "Write something first"),
            (" \r\n ", "Write something first"),
            ("x" * 2001, "at most 2000 characters"),
            ("a\0b", "Null characters"),
        ]:
            page = self.post("comment", text=text)
            self.assertContains(page, message, status_code=422)
            self.assertContains(page, "#comment-error-2", status_code=422)
            url = self.address("comment")
            page = self.client.post(url, {"text": text}, follow=True)
            self.assertContains(page, message)
        assert not Comment.objects.exists()

    def test_an_end_of_line_is_one_character(self) -> None:
        assert self.post("comment", text="x\r\n" * 999 + "xx").status_code == 200
        assert len(Comment.objects.get().text) == 2000

    def test_one_that_is_sent_twice_is_there_once(self) -> None:
        self.say("hm")
        self.say("hm")
        assert Comment.objects.count() == 1
        self.say("hm", self.bob)
        self.say("hm")
        assert Comment.objects.count() == 3

    def test_one_deletes_ones_own_and_an_owner_any(self) -> None:
        of_alice, of_bob = self.say("hers"), self.say("his", self.bob)
        self.client.force_login(self.bob)
        page = self.client.get(self.list)
        self.assertContains(page, 'name="comment"', count=1)
        assert self.post("delete-comment", comment=of_alice.pk).status_code == 403
        assert self.post("delete-comment", comment=of_bob.pk).status_code == 200
        # Sent twice, and of another utterance: there is nothing to be deleted.
        assert self.post("delete-comment", comment=of_bob.pk).status_code == 200
        assert self.post("delete-comment", 1, comment=of_alice.pk).status_code == 200
        assert Comment.objects.get() == of_alice
        self.client.force_login(self.alice)
        of_bob = self.say("his again", self.bob)
        self.assertContains(self.client.get(self.list), 'name="comment"', count=2)
        assert self.post("delete-comment", comment=of_bob.pk).status_code == 200
        for nonsense in ("", "x", "-1", "9" * 30):
            page = self.post("delete-comment", comment=nonsense)
            assert page.status_code in (200, 400), nonsense
        assert Comment.objects.get() == of_alice

    def test_whose_account_is_deleted_is_somebody_who_left(self) -> None:
        self.say("still true", self.bob)
        services.judge(self.evaluation, 1, self.bob, "fine")
        looked = self.look()
        self.bob.delete()
        page = self.client.get(self.list)
        self.assertContains(page, "<strong>somebody who left</strong>")
        self.assertContains(page, '<th scope="row">somebody who left</th>')
        self.assertNotContains(page, "bob")
        self.assertContains(self.changes(looked), "somebody who left")


class WithoutScriptsTestCase(ReviewTestCase):
    def back(self, back: str, name: str = "verdict") -> str:
        answers = {"choice": "model", "text": "hm", "comment": "1", "back": back}
        return str(self.client.post(self.address(name), answers)["Location"])

    def test_a_form_leads_back_to_its_row(self) -> None:
        own = reverse("evaluation-utterance", args=[self.evaluation.pk, 2])
        asked = f"{self.list}?only=errors&page=2"
        for name in ("verdict", "comment", "delete-comment"):
            assert self.back(asked, name) == f"{asked}#u-2"
            assert self.back(f"{own}#top", name) == f"{own}#u-2"

    def test_it_leads_nowhere_else(self) -> None:
        own = reverse("evaluation-utterance", args=[self.evaluation.pk, 2])
        other = self.run_test(["alone"]).get_absolute_url()
        for back in (
            "",
            "https://example.org/",
            "//example.org/",
            "\\\\example.org",
            "javascript:alert(1)",
            other,
            f"{self.list}../../sign-out/",
            f"https://example.org{self.list}",
        ):
            assert self.back(back) == f"{own}#u-2", back
        split = unquote(self.back(f"{self.list}?q=a\r\nX-Bad: 1"))
        assert split.startswith(self.list)

    def test_the_page_has_the_forms_and_its_own_address_in_them(self) -> None:
        page = self.client.get(self.list, {"sort": "position", "q": "pills"})
        back = f'name="back" value="{self.list}?sort=position&amp;q=pills"'
        self.assertContains(page, back, count=3)


class LiveTestCase(ReviewTestCase):
    def test_nothing_new_is_204(self) -> None:
        services.judge(self.evaluation, 1, self.bob, "fine")
        page = self.changes(self.look())
        assert (page.status_code, page.content) == (204, b"")

    def test_only_what_has_changed_is_swapped(self) -> None:
        services.comment(self.evaluation, 1, self.bob, "old")
        looked = self.look()
        services.judge(self.evaluation, 2, self.bob, "fine")
        page = self.changes(looked)
        for target in ("#verdict-2", "#comments-2", "#review-counts", "#review-people"):
            self.assertContains(page, f'hx-swap-oob="innerHTML:{target}"', count=1)
        self.assertNotContains(page, "#verdict-1")
        self.assertNotContains(page, "<textarea")
        self.assertContains(page, "1 of 3 reviewed")

    def test_each_kind_of_change_is_told(self) -> None:
        def told(change: Any) -> bool:
            looked = self.look()
            change()
            return self.changes(looked).status_code == 200

        judge, evaluation = services.judge, self.evaluation
        assert told(lambda: judge(evaluation, 1, self.bob, "fine"))
        assert told(lambda: judge(evaluation, 1, self.bob, "model"))
        assert told(lambda: judge(evaluation, 1, self.alice, "model"))
        assert told(lambda: services.take_back(evaluation, 1, "model"))
        assert told(lambda: services.comment(evaluation, 1, self.bob, "hm"))
        assert told(lambda: Comment.objects.all().delete())
        assert not told(lambda: None)

    def test_a_clock_that_jumps_back_hides_nothing(self) -> None:
        services.judge(self.evaluation, 1, self.bob, "fine")
        looked = self.look()
        earlier = now() - timedelta(days=1)
        with patch.object(services, "now", return_value=earlier):
            services.judge(self.evaluation, 1, self.alice, "fine")
        self.assertContains(self.changes(looked), "alice, <time")

    def test_a_page_without_the_progress_is_told_of_its_row_alone(self) -> None:
        looked = self.look()
        services.judge(self.evaluation, 2, self.bob, "fine")
        page = self.changes({"shown": looked["shown"][1]})
        self.assertContains(page, "#verdict-2")
        self.assertNotContains(page, "#review-counts")
        assert self.changes({"shown": looked["shown"][0]}).status_code == 204

    def test_nonsense_is_no_row(self) -> None:
        for shown in (
            "",
            "x",
            "2",
            "2.xyz",
            f"{'9' * 5000}.0123456789",
            "٢.0123456789",
        ):
            assert self.changes({"shown": shown}).status_code == 204, shown[:20]
        self.assertContains(self.changes({"shown": "2.0123456789"}), "#verdict-2")
        self.assertContains(self.changes({"progress": "x"}), "0 of 3 reviewed")

    def test_a_correction_takes_the_place_of_the_line_of_all_others(self) -> None:
        def changed() -> HttpResponse:
            return self.changes({"corrected": seen, "back": f"{self.list}?page=2"})

        seen = [reference_digest(item) for item in self.evaluation.items.all()]
        self.assertContains(self.client.get(self.list), f'value="{seen[1]}"')
        assert changed().status_code == 204
        item = self.evaluation.items.select_related("utterance__dataset").get(
            position=2
        )
        correct(item, "ten pills", self.bob, "")
        page = changed()
        self.assertContains(page, 'hx-swap-oob="outerHTML:div#r-2"', count=1)
        self.assertContains(page, "ten pills")
        self.assertContains(page, "Corrected by bob")
        self.assertContains(page, quote(f"{self.list}?page=2", safe=""))
        self.assertNotContains(page, "r-1")
        assert page.headers["HX-Trigger"] == "corrected"
        # Whose row has its form open sends no digest of it, and keeps the form.
        del seen[1]
        assert changed().status_code == 204
        form = self.client.get(
            reverse("evaluation-correct", args=[self.evaluation.pk, 2]), headers=HTMX
        )
        self.assertNotContains(form, 'name="corrected"')
        self.assertContains(form, "data-cancel")

    def test_a_deleted_test_is_404_so_that_the_page_reloads(self) -> None:
        looked = self.look()
        self.delete_test()
        assert self.changes(looked).status_code == 404

    def test_it_costs_as_many_queries_for_many_as_for_one(self) -> None:
        services.judge(self.evaluation, 1, self.bob, "fine")
        one = queries(self.client, self.list)
        for position in (1, 2, 3):
            for user in (self.alice, self.bob):
                services.judge(self.evaluation, position, user, "model")
                services.comment(self.evaluation, position, user, f"{position}")
        assert queries(self.client, self.list) == one


class ProgressTestCase(ReviewTestCase):
    def test_each_count_leads_to_its_utterances(self) -> None:
        services.judge(self.evaluation, 1, self.bob, "reference")
        services.judge(self.evaluation, 2, self.alice, "model")
        page = self.client.get(self.list, {"level": "lexical", "sort": "name"})
        self.assertContains(page, "2 of 3 reviewed")
        for choice, words in (("model", "1 model wrong"), ("reference", "1 reference")):
            link = f"{self.list}?level=lexical&amp;verdict={choice}"
            self.assertContains(page, f'href="{link}">{words}')
        self.assertContains(page, "sort=name&amp;verdict=none")
        self.assertNotContains(page, "both fine</a>")
        self.assertContains(page, '<th scope="row">bob</th>')

    def test_the_addresses_show_them(self) -> None:
        services.judge(self.evaluation, 3, self.bob, "model")
        services.judge(self.evaluation, 1, self.bob, "fine")
        services.comment(self.evaluation, 2, self.bob, "hm")
        services.comment(self.evaluation, 2, self.alice, "no")
        for query, positions in [
            ({"verdict": "model"}, [3]),
            ({"verdict": "any"}, [1, 3]),
            ({"verdict": "none"}, [2]),
            ({"comments": "1"}, [2]),
        ]:
            page = self.client.get(self.list, query | {"sort": "position"})
            rows = [row.item.position for row in page.context["rows"]]
            assert rows == positions, query

    def test_positions_are_those_of_this_test_alone(self) -> None:
        other = self.run_test(["alone"])
        services.judge(other, 1, self.bob, "model")
        services.comment(other, 1, self.bob, "hm")
        assert not with_verdict(self.evaluation, "any").any()
        assert not with_comments(self.evaluation).any()
        assert np.flatnonzero(with_verdict(other, "model")).tolist() == [0]
        assert not with_verdict(other, "fine").any()

    def test_people_are_counted_most_first(self) -> None:
        services.judge(self.evaluation, 1, self.alice, "fine")
        services.judge(self.evaluation, 2, self.bob, "fine")
        services.judge(self.evaluation, 3, self.bob, "unclear")
        rows = [
            (one.name, one.counts) for one in progress_of(self.evaluation).reviewers
        ]
        assert rows == [("bob", (0, 0, 1, 1)), ("alice", (0, 0, 1, 0))]


class KeyboardTestCase(ReviewTestCase):
    def test_the_list_of_keys_names_verdicts_where_there_are_any(self) -> None:
        page = self.client.get(self.list)
        self.assertContains(page, "<kbd>u</kbd>")
        self.assertContains(page, "<kbd>4</kbd></dt><dd>Unclear")
        page = self.client.get(self.evaluation.dataset.get_absolute_url())
        self.assertContains(page, "Next and previous utterance")
        self.assertNotContains(page, "<kbd>u</kbd>")
