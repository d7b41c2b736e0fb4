from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from editor import changes, history, replace, rewrite
from editor.models import Replacement, Rewrite, Segment
from editor.pieces import Refused
from editor.replace import Search
from editor.tasks import run_rewrite
from editor.tests.sets import assert_whole, make_set, texts_of
from jobs.models import Job
from speechstudio.test import BaseTestCase


@pytest.mark.parametrize(
    ("search", "text", "result"),
    [
        (Search("a", "b"), "Banana", "Bbnbnb"),
        (Search("a", "b", is_case=True), "Anna", "Annb"),
        (Search("an", "x", is_word=True), "an Anna an", "x Anna x"),
        (Search("straße", "weg"), "STRASSE Straße", "STRASSE weg"),
        (Search("ä", "ae"), "Ärzte", "aerzte"),
        (Search("a.b", "x"), "a.b acb", "x acb"),
        (Search("a", r"\1\n"), "a", r"\1\n"),
        (Search("uh ", ""), "uh we uh go", "we go"),
    ],
)
def test_it_replaces(search: Search, text: str, result: str) -> None:
    assert search.apply(text) == result


class ReplaceTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.set = make_set(
            self.project, [["metro pole all", "none"], "Metro pole all twice", "other"]
        )
        self.search = Search("metro pole all", "metoprolol")

    def texts(self) -> list[list[str]]:
        return [texts_of(recording) for recording in self.set.recordings.all()]

    def run_it(self) -> Replacement:
        with self.on_commit():
            made = replace.start(self.alice, self.set, self.search)
        made.refresh_from_db()
        return made

    def undo(self, made: Replacement) -> int:
        """How many segments stayed as they were."""
        with self.on_commit():
            replace.start_undo(self.alice, made)
        job = made.rewrites.get(is_undo=True)
        assert job.status == Job.Status.SUCCEEDED
        return job.left

    def test_it_finds_in_order_and_writes_nothing(self) -> None:
        found = replace.matches(self.set, self.search)
        assert [row.text for row in found] == ["metro pole all", "Metro pole all twice"]
        assert self.texts()[0] == ["metro pole all", "none"]

    def test_it_replaces_in_the_whole_set_and_nowhere_else(self) -> None:
        other = make_set(self.project, ["metro pole all"])
        made = self.run_it()
        assert made.segments == 2
        assert self.texts() == [["metoprolol", "none"], ["metoprolol twice"], ["other"]]
        assert texts_of(other.recordings.get()) == ["metro pole all"]
        for recording in self.set.recordings.all():
            assert_whole(recording)

    def test_an_open_page_is_told(self) -> None:
        self.run_it()
        recording = self.set.recordings.first()
        segment = recording.segments.first()
        assert recording.revision == segment.version == 2
        with pytest.raises(changes.Conflict):
            changes.write(self.bob, recording.pk, segment.pk, 1, "stale")

    def test_it_is_undone_in_one_step(self) -> None:
        Segment.objects.filter(text="metro pole all").update(is_draft=True)
        made = self.run_it()
        assert self.undo(made) == 0
        assert self.texts()[:2] == [
            ["metro pole all", "none"],
            ["Metro pole all twice"],
        ]
        assert Segment.objects.get(text="metro pole all").is_draft
        made.refresh_from_db()
        assert made.is_undone
        assert [r.revision for r in self.set.recordings.all()] == [3, 3, 1]

    def test_what_was_written_since_stays(self) -> None:
        made = self.run_it()
        segment = Segment.objects.get(text="metoprolol")
        changes.write(
            self.bob, segment.recording_id, segment.pk, segment.version, "bob's"
        )
        assert self.undo(made) == 1
        assert self.texts()[:2] == [["bob's", "none"], ["Metro pole all twice"]]

    def test_it_is_a_step_of_each_recording_too(self) -> None:
        made = self.run_it()
        recording = self.set.recordings.first()
        history.undo(self.alice, recording.pk)
        assert self.texts()[:2] == [["metro pole all", "none"], ["metoprolol twice"]]
        assert self.undo(made) == 0

    def test_nothing_to_replace_is_said(self) -> None:
        with pytest.raises(Refused, match="not in any text"):
            replace.start(self.alice, self.set, Search("absent", "x"))

    def test_two_at_once_would_replace_in_each_others_texts(self) -> None:
        replace.start(self.alice, self.set, self.search)
        with pytest.raises(Refused, match="Wait until it has ended"):
            replace.start(self.alice, self.set, self.search)
        assert Rewrite.objects.count() == 1

    def test_what_a_dead_worker_has_done_is_not_done_again(self) -> None:
        self.search = Search("metro", "metro metro")
        made = replace.start(self.alice, self.set, self.search)
        (job,) = made.rewrites.all()
        portions = iter([[(self.set.recordings.first().pk, 1)]])
        job.start()
        dying = patch.object(rewrite, "_portions", lambda rows: dies_after(portions))
        with dying, pytest.raises(KeyboardInterrupt):
            rewrite.rewrite(job)
        assert self.texts()[:2] == [
            ["metro metro pole all", "none"],
            ["Metro pole all twice"],
        ]
        job.requeue()
        run_rewrite(str(job.pk))
        made.refresh_from_db()
        assert made.segments == 2
        assert self.texts()[:2] == [
            ["metro metro pole all", "none"],
            ["metro metro pole all twice"],
        ]
        assert self.undo(made) == 0
        assert self.texts()[1] == ["Metro pole all twice"]

    def test_it_may_have_been_asked_for_by_somebody_who_is_gone(self) -> None:
        made = replace.start(self.alice, self.set, self.search)
        Rewrite.objects.update(user=None)
        run_rewrite(str(made.rewrites.get().pk))
        assert made.rewrites.get().status == Job.Status.FAILED
        assert self.texts()[0] == ["metro pole all", "none"]


def dies_after(portions: Iterator[list[tuple[int, int]]]) -> Iterator[Any]:
    yield from portions
    raise KeyboardInterrupt
