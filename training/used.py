"""The bookkeeping of a training: what is used of its data, what is not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from datasets.models import Dataset

MAX_LISTED = 10_000  # left out by name; all are counted

# Why clips and sentences are left out.
TOO_LONG = "longer than 30 seconds, which is what the model hears at once"
NO_TEXT = "no text"
NO_SOUND = "no sound in the file"
NO_FILE = "the file is missing"
TOO_MUCH = "beyond the first 100 hours of audio; only its text is taken"
NOT_HEARD = "the base model did not understand it, so there is no draft"
NOT_SPELLED = "phones that are no letters or numbers, which the model writes by itself"
NOT_ADAPTED = "the base model cannot be adapted with audio; the text is used"


def foreign(letters: str) -> str:
    """
    >>> foreign("Greek letters")
    'the text is in Greek letters, which this language is not written in'
    """
    return f"the text is in {letters}, which this language is not written in"


@dataclass
class Used:
    """What became of one dataset."""

    dataset: Dataset
    number: int  # from 1, in the order of their making
    clips: int = 0  # trained on
    held_out: int = 0
    drafts: int = 0  # of the clips: with a text by the base model
    seconds: float = 0.0  # of the clips
    sentences: int = 0
    pronunciations: int = 0
    rules: int = 0
    dropped: Counter[str] = field(default_factory=Counter)  # why, and how often

    def as_json(self) -> dict[str, Any]:
        dataset = self.dataset
        return {
            "id": str(dataset.pk),
            "name": dataset.name,
            "kind": dataset.kind,
            "use": dataset.use,
            "accepted": dataset.accepted,
            "trained_on": self.clips,
            "held_out": self.held_out,
            "drafts": self.drafts,
            "seconds": round(self.seconds, 1),
            "sentences": self.sentences,
            "pronunciations": self.pronunciations,
            "rules": self.rules,
            "left_out": dict(self.dropped),
        }


@dataclass
class Bookkeeping:
    sets: list[Used]
    # {"dataset", "file", "reason"} of each clip that is left out.
    left_out: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)  # by file and line
    notes: list[str] = field(default_factory=list)
    held_out_by: str = ""  # see `training.split`

    def drop(self, used: Used, file: str, reason: str) -> None:
        used.dropped[reason] += 1
        if len(self.left_out) < MAX_LISTED:
            row = {"dataset": used.dataset.name, "file": file, "reason": reason}
            self.left_out.append(row)

    def drop_lesson(self, key: str, reason: str, is_held_out: bool) -> None:
        """A clip of the corpus that the engine could not use after all."""
        number, position = map(int, key.split("-"))
        used = self.sets[number - 1]
        clip = used.dataset.utterances.filter(position=position).first()
        if is_held_out:
            used.held_out -= 1
        else:
            used.clips -= 1
            used.seconds -= clip.seconds if clip else 0.0
        self.drop(used, clip.name if clip else key, reason)

    @property
    def reasons(self) -> str:
        """Why nothing is left, in words: "3 x no text, 1 x the file is missing"."""
        return _listed(used.dropped for used in self.sets)


def _listed(counters: Iterable[Counter[str]]) -> str:
    """
    >>> _listed([Counter({NO_TEXT: 1}), Counter({NO_TEXT: 2, NO_FILE: 1})])
    '3 x no text, 1 x the file is missing'
    """
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return ", ".join(f"{count:,} x {reason}" for reason, count in total.most_common())
