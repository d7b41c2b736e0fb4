from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.urls import reverse

from editor import changes
from editor.models import Recording
from editor.tests.sets import make_set
from speechstudio.test import BaseTestCase


class SearchTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.set = make_set(self.project, [["Straße", "nach"], "Ärzte"])

    def found(self, search: str) -> list[int]:
        page = self.client.get(
            reverse(
                "editor-detail",
                args=[
                    self.set.pk,
                ],
            ),
            {"q": search},
        )
        return [row.position for row in page.context["page"]]

    def test_it_finds_whatever_the_case_in_every_language(self) -> None:
        assert self.found("STRASSE") == [1]
        assert self.found("ärzte") == [2]
        assert self.found("002.WAV") == [2]
        assert self.found("straße nach") == []

    def test_what_was_just_written_is_found(self) -> None:
        recording = self.set.recordings.get(position=2)
        changes.write(self.alice, recording.pk, recording.segments.get().pk, 1, "Neu")
        assert self.found("neu") == [2]
        assert self.found("ärzte") == []

    def test_recordings_from_before_there_was_a_search_are_found(self) -> None:
        before = list(Recording.objects.order_by("pk").values_list("search", flat=True))
        Recording.objects.update(search="")
        import_module("editor.migrations.0002_many_recordings").fill_search(apps, None)
        after = list(Recording.objects.order_by("pk").values_list("search", flat=True))
        assert after == before
