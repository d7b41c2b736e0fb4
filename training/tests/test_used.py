from __future__ import annotations

from speechstudio.test import BaseTestCase
from training.tests.data import make_speech
from training.used import Bookkeeping, Used


class UsedTestCase(BaseTestCase):
    def test_a_clip_that_the_engine_drops_counts_where_it_belonged(self) -> None:
        dataset = make_speech(self.project, ["one", "two", "three"])
        used = Used(dataset, 1, clips=2, held_out=1, seconds=2.0)
        book = Bookkeeping([used])
        book.drop_lesson("1-1", "no sound", is_held_out=False)
        book.drop_lesson("1-2", "no sound", is_held_out=True)
        assert (used.clips, used.held_out) == (1, 0)
        assert used.seconds == 2.0 - dataset.utterances.get(position=1).seconds
        assert book.reasons == "2 x no sound"
