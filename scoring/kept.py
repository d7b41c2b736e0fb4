"""Answers about something that never changes, kept for who asks the same again."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

MOST = 24
Answer = TypeVar("Answer")


class Kept:
    """The latest answers are kept; arrays among them cannot be written to."""

    def kept(self, question: object, answer: Callable[[], Answer]) -> Answer:
        answers = self._answers
        if (found := answers.get(question)) is None:
            found = answer()
            if isinstance(found, np.ndarray):
                found.setflags(write=False)
            # Another thread may be doing the same.
            for oldest in list(answers)[: max(0, len(answers) - MOST + 1)]:
                answers.pop(oldest, None)
            answers[question] = found
        return cast(Answer, found)

    @cached_property
    def _answers(self) -> dict[object, Any]:
        return {}
