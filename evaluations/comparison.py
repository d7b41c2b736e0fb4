"""What the page of a test says of each two models: see `evaluations.compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluations.models import Candidate

# Of fewer utterances an interval says more than can be known.
MIN_UTTERANCES = 10


@dataclass(frozen=True)
class Comparison:
    """One model against another; shares, of which below 0 is fewer errors.

    Where `old` is the base model of `new`, it says what the training was good for.
    """

    old: Candidate
    new: Candidate
    utterances: int  # that both could recognise
    difference: float
    low: float
    high: float
    verdict: str  # "better", "worse" or "unclear"
    # More seconds of such speech that would tell them apart; None: nobody knows.
    more_seconds: float | None = None

    @property
    def is_small(self) -> bool:
        return self.utterances < MIN_UTTERANCES

    @property
    def is_own(self) -> bool:
        """Whether it is a custom model against its base model."""
        return self.new.model.base_id == self.old.model_id

    @property
    def points(self) -> str:
        """How far they are apart, in points of percent."""
        return f"{abs(self.difference) * 100:.1f}"

    @property
    def gain(self) -> str:
        """By how many points the new model is better; below 0 it is worse.

        >>> Comparison(None, None, 99, -0.075, -0.099, -0.051, "better").gain
        '7.5'
        """
        return f"{-self.difference * 100 + 0.0:.1f}"

    @property
    def gains(self) -> str:
        """The interval of `gain`.

        >>> Comparison(None, None, 99, 0.075, 0.051, 0.099, "worse").gains
        '-9.9 to -5.1'
        """
        return f"{-self.high * 100 + 0.0:.1f} to {-self.low * 100 + 0.0:.1f}"

    @property
    def interval(self) -> str:
        """Of what the new model is better by, or worse where that is the verdict.

        >>> Comparison(None, None, 99, -0.075, -0.099, -0.051, "better").interval
        '5.1 to 9.9'
        >>> Comparison(None, None, 99, -0.002, -0.012, 0.008, "unclear").interval
        '-0.8 to 1.2'
        """
        if self.verdict != "worse":
            return self.gains
        return f"{self.low * 100:.1f} to {self.high * 100:.1f}"


def comparisons(
    stored: Sequence[Mapping[str, Any]], candidates: Sequence[Candidate]
) -> list[Comparison]:
    """What a page says of these models, from what `compare.compared` has found."""
    here = {candidate.pk: candidate for candidate in candidates}
    return [
        Comparison(**{**one, "old": here[one["old"]], "new": here[one["new"]]})
        for one in stored
        if one["old"] in here and one["new"] in here
    ]
