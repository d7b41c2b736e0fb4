"""What people have said of utterances, and how far they are with a test."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2s

from django.contrib.auth.models import User
from django.db.models import Count

from evaluations.columns import columns_of
from evaluations.models import Comment, Correction, Evaluation, Item, Judgement, Verdict

# Whose account was deleted.
GONE = "somebody who left"


@dataclass(frozen=True)
class Judged:
    """What was said of one utterance of a test."""

    item: Item
    verdict: Verdict | None
    comments: tuple[Comment, ...]

    @property
    def key(self) -> str:
        """Its position, as addresses and ids hold it."""
        return str(self.item.position)

    @cached_property
    def digest(self) -> str:
        """The position, and a digest of all that is said: another one when anything
        has changed. A page sends back what it shows, and no clock is asked."""
        verdict = self.verdict and (self.verdict.choice, *_stamp(self.verdict))
        comments = [(comment.pk, *_stamp(comment)) for comment in self.comments]
        return f"{self.key}.{_digest(verdict, comments)}"


@dataclass(frozen=True)
class Reviewer:
    """How often somebody has given each verdict, in the order of the choices."""

    name: str
    counts: tuple[int, ...]

    @property
    def by_label(self) -> list[tuple[str, int]]:
        return list(zip(Verdict.Choice.labels, self.counts, strict=True))

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Progress:
    """How far the review of a test is.

    `found` has the number of verdicts for each (key of a person, choice).
    """

    total: int  # utterances
    found: Counter[tuple[int | None, str]]

    @property
    def done(self) -> int:
        return self.found.total()

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """(choice, in words, number) of the verdicts that were given."""
        given: Counter[str] = Counter()
        for (_, choice), number in self.found.items():
            given[choice] += number
        return [
            (value, label.lower(), given[value])
            for value, label in Verdict.Choice.choices
            if given[value]
        ]

    @cached_property
    def reviewers(self) -> list[Reviewer]:
        """Who has given how many verdicts, most first."""
        keys = {key for key, _ in self.found}
        known = [key for key in keys if key is not None]
        names = {
            user.pk: user.get_username() for user in User.objects.filter(pk__in=known)
        }
        rows = [
            Reviewer(
                names.get(key or 0, GONE),
                tuple(self.found[key, value] for value in Verdict.Choice.values),
            )
            for key in keys
        ]
        return sorted(rows, key=lambda row: (-row.total, row.name))

    @cached_property
    def digest(self) -> str:
        return _digest(self.total, sorted(self.found.items(), key=repr))


def judgements_of(items: Iterable[Item]) -> dict[int, Judged]:
    """For the key of each item what was said of it. Two queries."""
    there = list(items)
    keys = [item.pk for item in there]
    verdicts = {
        verdict.item_id: verdict
        for verdict in Verdict.objects.filter(item__in=keys).select_related("by")
    }
    comments = defaultdict(list)
    for comment in Comment.objects.filter(item__in=keys).select_related("by"):
        comments[comment.item_id].append(comment)
    return {
        item.pk: Judged(item, verdicts.get(item.pk), tuple(comments[item.pk]))
        for item in there
    }


def progress_of(evaluation: Evaluation) -> Progress:
    verdicts = Verdict.objects.filter(evaluation=evaluation).order_by()
    rows = verdicts.values_list("by", "choice").annotate(number=Count("pk"))
    found = Counter({(by, choice): number for by, choice, number in rows})
    return Progress(len(columns_of(evaluation)), found)


def reference_digest(item: Item) -> str:
    """Of the reference as it was corrected: another one when that has changed, as
    `Judged.digest`. It stands in its line, so a row whose form is open has none."""
    correction: Correction | None = getattr(item, "correction", None)
    found = correction and (correction.text, *_stamp(correction))
    return f"{item.position}.{_digest(found)}"


def name_of(judgement: Judgement) -> str:
    return judgement.by.get_username() if judgement.by else GONE


def _digest(*values: object) -> str:
    return blake2s(repr(values).encode(), digest_size=5).hexdigest()


def _stamp(judgement: Judgement) -> tuple[int | None, float]:
    return judgement.by_id, judgement.at.timestamp()
