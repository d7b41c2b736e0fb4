from __future__ import annotations

import pytest

from editor import changes, history, replace
from editor.models import Segment
from editor.pieces import Refused
from editor.replace import Search
from editor.tests.sets import assert_whole, make_set, texts_of
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

    def test_it_finds_in_order_and_writes_nothing(self) -> None:
        found = replace.matches(self.set, self.search)
        assert [row.text for row in found] == ["metro pole all", "Metro pole all twice"]
        assert self.texts()[0] == ["metro pole all", "none"]

    def test_it_replaces_in_the_whole_set_and_nowhere_else(self) -> None:
        other = make_set(self.project, ["metro pole all"])
        made = replace.run(self.alice, self.set, self.search)
        assert made.segments == 2
        assert self.texts() == [["metoprolol", "none"], ["metoprolol twice"], ["other"]]
        assert texts_of(other.recordings.get()) == ["metro pole all"]
        for recording in self.set.recordings.all():
            assert_whole(recording)

    def test_an_open_page_is_told(self) -> None:
        replace.run(self.alice, self.set, self.search)
        recording = self.set.recordings.first()
        segment = recording.segments.first()
        assert recording.revision == segment.version == 2
        with pytest.raises(changes.Conflict):
            changes.write(self.bob, recording.pk, segment.pk, 1, "stale")

    def test_it_is_undone_in_one_step(self) -> None:
        Segment.objects.filter(text="metro pole all").update(is_draft=True)
        made = replace.run(self.alice, self.set, self.search)
        assert replace.undo(self.alice, made) == (2, 0)
        assert self.texts()[:2] == [
            ["metro pole all", "none"],
            ["Metro pole all twice"],
        ]
        assert Segment.objects.get(text="metro pole all").is_draft
        made.refresh_from_db()
        assert made.is_undone

    def test_what_was_written_since_stays(self) -> None:
        made = replace.run(self.alice, self.set, self.search)
        segment = Segment.objects.get(text="metoprolol")
        changes.write(
            self.bob, segment.recording_id, segment.pk, segment.version, "bob's"
        )
        assert replace.undo(self.alice, made) == (1, 1)
        assert self.texts()[:2] == [["bob's", "none"], ["Metro pole all twice"]]

    def test_it_is_a_step_of_each_recording_too(self) -> None:
        made = replace.run(self.alice, self.set, self.search)
        recording = self.set.recordings.first()
        history.undo(self.alice, recording.pk)
        assert self.texts()[:2] == [["metro pole all", "none"], ["metoprolol twice"]]
        assert replace.undo(self.alice, made) == (1, 0)

    def test_nothing_to_replace_is_said(self) -> None:
        with pytest.raises(Refused, match="not in any text"):
            replace.run(self.alice, self.set, Search("absent", "x"))
