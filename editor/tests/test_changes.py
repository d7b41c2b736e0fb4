from __future__ import annotations

import pytest

from editor import changes, history
from editor.changes import Conflict
from editor.models import Change, Recording, Segment, Shard
from editor.pieces import Refused
from editor.tests.sets import assert_whole, make_set, spans_of, texts_of
from speechstudio.test import BaseTestCase, make_model


class ChangesTestCase(BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        said = [["one two", "three four", "five"]]
        self.set = make_set(self.project, said, seconds=6.0)
        self.recording = self.set.recordings.get()
        self.a, self.b, self.c = self.recording.segments.all()

    def tearDown(self) -> None:
        assert_whole(self.recording)
        super().tearDown()

    def write(self, segment: Segment, text: str, user=None) -> None:  # type: ignore[no-untyped-def]
        segment.refresh_from_db()
        changes.write(
            user or self.alice, self.recording.pk, segment.pk, segment.version, text
        )

    def test_a_text_is_stored_with_who_and_when(self) -> None:
        self.write(self.a, "one  two\nthree")
        self.a.refresh_from_db()
        assert self.a.text == "one two three"
        assert self.a.edited_by == self.alice
        assert self.a.edited_at is not None
        self.recording.refresh_from_db()
        assert (self.recording.state, self.recording.edited_by) == (
            "edited",
            self.alice,
        )

    def test_the_same_text_is_no_change(self) -> None:
        self.write(self.a, " one two ")
        assert not Change.objects.exists()
        self.a.refresh_from_db()
        assert self.a.version == 1

    def test_a_stale_text_is_refused_and_tells_what_is_there(self) -> None:
        self.write(self.a, "what bob heard", self.bob)
        with pytest.raises(Conflict, match="bob has changed") as caught:
            changes.write(self.alice, self.recording.pk, self.a.pk, 1, "alice's")
        assert caught.value.segment is not None
        assert caught.value.segment.text == "what bob heard"
        assert texts_of(self.recording)[0] == "what bob heard"

    def test_two_people_in_two_segments_do_not_collide(self) -> None:
        changes.write(self.bob, self.recording.pk, self.b.pk, 1, "bob's")
        changes.write(self.alice, self.recording.pk, self.a.pk, 1, "alice's")
        assert texts_of(self.recording) == ["alice's", "bob's", "five"]

    def test_a_segment_that_was_merged_away_is_a_conflict(self) -> None:
        changes.merge(self.bob, self.recording.pk, self.a.pk, 1, 1)
        with pytest.raises(Conflict, match="no longer there") as caught:
            changes.write(self.alice, self.recording.pk, self.b.pk, 1, "mine")
        assert caught.value.segment is None

    def test_a_segment_of_another_recording_is_not_written(self) -> None:
        other = make_set(self.project).recordings.get()
        with pytest.raises(Conflict):
            changes.write(self.alice, other.pk, self.a.pk, 1, "mine")

    def test_a_split_at_the_play_head(self) -> None:
        changes.split(
            self.alice, self.recording.pk, self.b.pk, 1, ("three", "four"), 3.25
        )
        assert texts_of(self.recording) == ["one two", "three", "four", "five"]
        assert spans_of(self.recording)[1:3] == [(2.0, 3.25), (3.25, 4.0)]

    def test_a_split_without_a_play_head_is_in_a_pause(self) -> None:
        changes.split(
            self.alice, self.recording.pk, self.b.pk, 1, ("three", "four"), None
        )
        speech = bytes(self.recording.sound.speech)
        (_, at), _ = spans_of(self.recording)[1:3]
        assert speech[int(at / 0.032)] == 0

    def test_a_stale_split_merge_or_border_is_refused(self) -> None:
        self.write(self.b, "bob was here", self.bob)
        deeds = [
            lambda: changes.split(
                self.alice, self.recording.pk, self.b.pk, 1, ("x", "y"), 3.0
            ),
            lambda: changes.merge(self.alice, self.recording.pk, self.a.pk, 1, 1),
            lambda: changes.move(self.alice, self.recording.pk, self.a.pk, 1, 1, 2.5),
            lambda: changes.recut(self.alice, self.recording.pk, 1, 0.3),
        ]
        for deed in deeds:
            with pytest.raises(Conflict):
                deed()
        assert texts_of(self.recording) == ["one two", "bob was here", "five"]

    def test_a_merge_with_the_next(self) -> None:
        changes.merge(self.alice, self.recording.pk, self.b.pk, 1, 1)
        assert texts_of(self.recording) == ["one two", "three four five"]

    def test_the_last_segment_has_nothing_to_merge_with(self) -> None:
        with pytest.raises(Refused, match="last segment"):
            changes.merge(self.alice, self.recording.pk, self.c.pk, 1, 1)

    def test_a_border_moves_both_neighbours(self) -> None:
        changes.move(self.alice, self.recording.pk, self.a.pk, 1, 1, 1.5)
        assert spans_of(self.recording) == [(0.0, 1.5), (1.5, 4.0), (4.0, 6.0)]

    def test_cutting_anew_keeps_the_words(self) -> None:
        changes.recut(self.alice, self.recording.pk, 1, 0.3)
        assert self.recording.segments.count() > 3
        said = " ".join(text for text in texts_of(self.recording) if text)
        assert said == "one two three four five"

    def test_drafting_anew_drops_the_words_and_queues_a_shard(self) -> None:
        changes.recut(self.alice, self.recording.pk, 1, 0.3, make_model())
        assert set(texts_of(self.recording)) == {""}
        shard = Shard.objects.get()
        assert (shard.first, shard.last) == (1, 1)
        with pytest.raises(Refused, match="right now"):
            changes.recut(self.alice, self.recording.pk, 2, 0.3)
        history.undo(self.alice, self.recording.pk)
        assert texts_of(self.recording) == ["one two", "three four", "five"]
        self.recording.refresh_from_db()
        assert self.recording.is_ready

    def test_each_step_is_undone_and_redone_in_its_order(self) -> None:
        self.write(self.a, "uno")
        changes.merge(self.alice, self.recording.pk, self.b.pk, 1, 1)
        self.b.refresh_from_db()
        changes.split(
            self.alice,
            self.recording.pk,
            self.b.pk,
            self.b.version,
            ("three", "four five"),
            3.0,
        )
        first = [texts_of(self.recording)]
        for _ in range(3):
            history.undo(self.alice, self.recording.pk)
            assert_whole(self.recording)
            first.append(texts_of(self.recording))
        assert first[-1] == ["one two", "three four", "five"]
        with pytest.raises(Refused, match="nothing of yours to undo"):
            history.undo(self.alice, self.recording.pk)
        again = [texts_of(self.recording)]
        for _ in range(3):
            history.redo(self.alice, self.recording.pk)
            again.append(texts_of(self.recording))
        assert again == first[::-1]

    def test_a_new_step_ends_what_could_be_redone(self) -> None:
        self.write(self.a, "uno")
        history.undo(self.alice, self.recording.pk)
        self.write(self.b, "due")
        with pytest.raises(Refused, match="nothing of yours to redo"):
            history.redo(self.alice, self.recording.pk)

    def test_undo_takes_back_nobody_elses_work(self) -> None:
        self.write(self.a, "alice's")
        self.write(self.b, "bob's", self.bob)
        history.undo(self.alice, self.recording.pk)
        assert texts_of(self.recording) == ["one two", "bob's", "five"]

    def test_undo_is_refused_where_somebody_has_written_since(self) -> None:
        self.write(self.a, "alice's")
        self.write(self.a, "alice's, and bob's", self.bob)
        with pytest.raises(Refused, match="changed since"):
            history.undo(self.alice, self.recording.pk)
        assert texts_of(self.recording)[0] == "alice's, and bob's"

    def test_undo_of_a_merge_is_refused_after_somebody_has_split_it(self) -> None:
        changes.merge(self.alice, self.recording.pk, self.a.pk, 1, 1)
        self.a.refresh_from_db()
        parts = ("one two three", "four")
        changes.split(
            self.bob, self.recording.pk, self.a.pk, self.a.version, parts, 1.0
        )
        with pytest.raises(Refused, match="changed since"):
            history.undo(self.alice, self.recording.pk)

    def test_an_accepted_draft_is_no_draft_any_more(self) -> None:
        Segment.objects.filter(pk=self.a.pk).update(is_draft=True)
        changes.accept(self.alice, self.recording.pk, self.a.pk, 1)
        self.a.refresh_from_db()
        assert not self.a.is_draft
        with pytest.raises(Conflict):
            changes.accept(self.alice, self.recording.pk, self.a.pk, 1)

    def test_done_accepts_all_drafts_and_can_be_taken_back(self) -> None:
        Segment.objects.filter(pk=self.a.pk).update(is_draft=True)
        changes.set_done(self.alice, self.recording.pk, True)
        self.recording.refresh_from_db()
        assert (self.recording.state, self.recording.draft_count) == ("done", 0)
        changes.set_done(self.alice, self.recording.pk, False)
        self.recording.refresh_from_db()
        assert self.recording.state == "edited"


class DraftsTestCase(BaseTestCase):
    """Steps that are undone while drafts are being written, or after."""

    def setUp(self) -> None:
        super().setUp()
        self.set = make_set(self.project, [["", ""]], 4.0)
        self.recording = self.set.recordings.get()
        self.recording.segments.update(is_waiting=True)
        Recording.objects.update(is_ready=False)
        self.a, self.b = self.recording.segments.all()

    def heard(self) -> None:
        self.recording.segments.filter(pk=self.a.pk).update(
            text="heard", is_draft=True, is_waiting=False
        )

    def test_a_border_that_moves_back_keeps_the_draft_that_came(self) -> None:
        changes.move(self.alice, self.recording.pk, self.a.pk, 1, 1, 2.5)
        self.heard()
        history.undo(self.alice, self.recording.pk)
        assert texts_of(self.recording) == ["heard", ""]
        assert list(self.recording.segments.values_list("is_waiting", flat=True)) == [
            False,
            True,
        ]

    def test_what_comes_back_after_all_drafts_waits_for_none(self) -> None:
        changes.write(self.alice, self.recording.pk, self.a.pk, 1, "typed")
        Recording.objects.update(is_ready=True)
        history.undo(self.alice, self.recording.pk)
        first = self.recording.segments.first()
        assert (first.text, first.is_waiting) == ("", False)

    def test_a_new_cut_calls_off_the_drafts_of_the_one_before(self) -> None:
        Recording.objects.update(is_ready=True)
        model = make_model()
        for _ in range(2):
            self.recording.refresh_from_db()
            changes.recut(
                self.alice, self.recording.pk, self.recording.revision, 0.4, model
            )
            former = Shard.objects.get()
            history.undo(self.alice, self.recording.pk)
        assert Shard.objects.get() == former
        history.redo(self.alice, self.recording.pk)
        assert not self.recording.segments.filter(is_waiting=True).exists()
