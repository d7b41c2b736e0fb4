from __future__ import annotations

import pytest

from engines.fake import FakeEngine
from evaluations.advice import advice
from scoring.errors import ErrorCounts
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
)


@pytest.mark.parametrize(
    ("insertions", "deletions", "substitutions", "words", "said"),
    [
        (1, 30, 5, 200, "the signal may be weak"),
        (30, 1, 5, 200, "look for noise"),
        (5, 1, 30, 200, "train with text"),
        (10, 10, 10, 200, ""),  # no kind is most of them
        (15, 0, 15, 200, ""),
        (0, 19, 0, 200, ""),  # too few to say
        (0, 30, 0, 2000, ""),  # good as it is
        (30, 0, 0, 0, ""),
    ],
)
def test_the_most_frequent_kind_of_error_says_what_to_do(
    insertions: int, deletions: int, substitutions: int, words: int, said: str
) -> None:
    found = advice(ErrorCounts(words, insertions, deletions, substitutions))
    assert said in found if said else not found


class AdviceTestCase(BaseTestCase):
    def test_the_page_of_a_test_gives_it(self) -> None:
        dataset = make_dataset(self.project, ["one two three"] * 20)
        evaluation = make_evaluation(self.project, dataset)
        heard = {str(n): "one" for n in range(1, 21)}
        with fake_engine(FakeEngine(heard)):
            evaluation.enqueue()
        page = self.client.get(evaluation.get_absolute_url())
        self.assertContains(page, "check the level of the microphone")
