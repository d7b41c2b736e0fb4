"""Errors in display text, where the references are written as they are to be read."""

from __future__ import annotations

import pytest

from engines.fake import FakeEngine
from evaluations.models import Candidate
from scoring.display import is_formatted
from speechstudio.test import (
    BaseTestCase,
    fake_engine,
    make_dataset,
    make_evaluation,
)

TEXTS = ["Call Mr. Jones, please.", "It costs $5.", "He is here."]
HEARD = {"1": "call Mr. John please.", "2": "It costs five dollars.", "3": "He's here."}


class TokenErrorsTestCase(BaseTestCase):
    def run_on(self, texts: list[str]) -> Candidate:
        dataset = make_dataset(self.project, texts)
        evaluation = make_evaluation(self.project, dataset)
        with fake_engine(FakeEngine(HEARD)):
            evaluation.enqueue()
        self.url = evaluation.get_absolute_url()
        return evaluation.candidates.get()

    def test_they_are_counted_and_told_apart(self) -> None:
        found = self.run_on(TEXTS).tokens
        assert found["punctuation"] == 1
        assert found["capitalization"] == 1
        assert found["number_format"] == 2
        assert found["lexical"] == 1
        assert found["others"] > 0
        parts = ("punctuation", "capitalization", "number_format", "lexical", "others")
        edits = ("insertions", "deletions", "substitutions")
        assert sum(found[n] for n in parts) == sum(found[n] for n in edits)

    def test_the_page_shows_their_rate_and_their_kinds(self) -> None:
        candidate = self.run_on(TEXTS)
        rate = candidate.token_error_rate
        assert rate is not None
        page = self.client.get(self.url)
        self.assertContains(page, "Token error rate")
        self.assertContains(page, f"{rate * 100:.1f} %")

    def test_lexical_references_have_none(self) -> None:
        candidate = self.run_on(["call mister jones please", "yes", "it's five"])
        assert candidate.tokens == {}
        assert candidate.token_error_rate is None
        self.assertNotContains(self.client.get(self.url), "Token error rate")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes", True),
        ("yes.", True),
        ("it's well-known", False),
        ("これは。", True),
        ("これは", False),
        ("", False),
    ],
)
def test_what_is_written_to_be_read(text: str, expected: bool) -> None:
    assert is_formatted(text) is expected
