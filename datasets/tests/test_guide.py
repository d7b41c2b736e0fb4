"""The page that says which data helps."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import escape

from datasets import guide
from datasets.formats import archive, clips, measure
from datasets.forms import limits_of
from datasets.kinds import KINDS
from projects.services import create
from speechstudio.test import BaseTestCase


class GuideTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.url = reverse("data-guide")

    def test_it_says_of_each_type_what_the_wizard_says(self) -> None:
        page = self.client.get(self.url)
        for kind in KINDS:
            self.assertContains(page, f'id="{kind.value}"', count=1)
            for words in (kind.label, kind.help, kind.suggested, limits_of(kind)):
                self.assertContains(page, escape(words))

    def test_each_type_helps_with_some_problem(self) -> None:
        named = {kind for problem in guide.PROBLEMS for kind in problem.kinds}
        assert named == {kind.value for kind in KINDS}

    def test_its_numbers_are_those_of_the_importers(self) -> None:
        page = self.client.get(self.url)
        self.assertContains(page, f"longer than {clips.MAX_TRAINING_SECONDS} s")
        self.assertContains(page, f"Leave {clips.MARGIN_SECONDS} s before")
        self.assertContains(page, f"below {measure.LOW_DBFS:.0f} dBFS")
        self.assertContains(page, f"{archive.MAX_FILES:,} recordings")

    def test_its_examples_can_be_downloaded(self) -> None:
        for kind in KINDS:
            url = reverse("dataset-example", args=[kind.value])
            self.assertContains(self.client.get(self.url), f"{url}?locale=en-US")
        url = reverse("dataset-example", args=["Language"])
        self.assertContains(self.client.get(self.url), f"{url}?locale=pl-PL")

    def test_the_wizard_and_an_empty_list_lead_to_it(self) -> None:
        project = create(self.alice, "Empty", "en-US")
        step = reverse("dataset-step", args=[project.pk, "kind"])
        page = self.client.get(step, {"use": "training"})
        self.assertContains(page, f'href="{self.url}"')
        page = self.client.get(reverse("dataset-list", args=[project.pk]))
        self.assertContains(page, f'href="{self.url}"')

    def test_a_visitor_has_to_sign_in(self) -> None:
        self.client.logout()
        page = self.client.get(self.url)
        assert page.status_code == 302 and reverse("login") in page.url
