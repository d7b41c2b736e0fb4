"""What the page of a test says of custom models against their base models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.models import Candidate, Evaluation

# Of fewer utterances an interval says more than can be known.
MIN_UTTERANCES = 10


@dataclass(frozen=True)
class Comparison:
    """A custom model against its base; shares, of which below 0 is fewer errors."""

    base: Candidate
    custom: Candidate
    utterances: int  # that both could recognise
    difference: float
    low: float
    high: float
    verdict: str  # "better", "worse" or "unclear"

    @property
    def is_small(self) -> bool:
        return self.utterances < MIN_UTTERANCES

    @property
    def points(self) -> str:
        """How far they are apart, in points of percent."""
        return f"{abs(self.difference) * 100:.1f}"

    @property
    def interval(self) -> str:
        """Of what the custom model is better by, or worse where that is the verdict.

        >>> Comparison(None, None, 99, -0.075, -0.099, -0.051, "better").interval
        '5.1 to 9.9'
        >>> Comparison(None, None, 99, -0.002, -0.012, 0.008, "unclear").interval
        '-0.8 to 1.2'
        """
        gains = (-self.high, -self.low)
        ends = (self.low, self.high) if self.verdict == "worse" else gains
        return " to ".join(f"{end * 100:.1f}" for end in ends)


def comparisons(
    evaluation: Evaluation, candidates: Sequence[Candidate]
) -> list[Comparison]:
    """What the page of a test says."""
    here = {candidate.pk: candidate for candidate in candidates}
    stored: list[Mapping[str, Any]] = evaluation.comparisons
    return [
        Comparison(**{**one, "base": here[one["base"]], "custom": here[one["custom"]]})
        for one in stored
        if one["base"] in here and one["custom"] in here
    ]
