"""How much there is in a project: its data, its last test, its newest models."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, Max, Min, OuterRef, Q, Subquery, Sum

from datasets.models import Dataset
from evaluations.comparison import Comparison, comparisons
from evaluations.models import Candidate, Evaluation, Shard
from evaluations.overview.finished import finished, without_guards
from projects.models import Project
from training.models import SpeechModel

_MODELS = 5


@dataclass(frozen=True)
class Row:
    """A custom model, and the newest test with it, guards apart."""

    model: SpeechModel
    candidate: Candidate | None = None
    base: Candidate | None = None  # its base model in that test
    comparison: Comparison | None = None


def seconds_of_speech(project: Project) -> dict[str, float]:
    """How long its speech is: to train with, and to test on.

    A corrected version has the recordings of its former one: they count once.
    """
    testing = Q(use=Dataset.Use.TESTING)
    ready = project.datasets.filter(status=Dataset.Status.SUCCEEDED)
    later = Dataset.objects.filter(
        former=OuterRef("pk"), status=Dataset.Status.SUCCEEDED
    )
    found = (
        ready.exclude(Exists(later))
        .order_by()
        .aggregate(
            training=Sum("seconds", filter=~testing),
            testing=Sum("seconds", filter=testing),
        )
    )
    return {name: seconds or 0.0 for name, seconds in found.items()}


def duration_of(test: Evaluation) -> timedelta | None:
    """How long its last run took, waiting included; None where all was known before."""
    found = Shard.objects.filter(candidate__evaluation=test).aggregate(
        begun=Min("created"), ended=Max("last_action")
    )
    return found["ended"] - found["begun"] if found["begun"] else None


def newest_models(project: Project) -> list[Row]:
    """Its newest custom models. Three queries, however many tests there are."""
    tests = without_guards(finished(project)).order_by()
    tried = Candidate.objects.filter(
        model=OuterRef("pk"), evaluation__in=tests.values("pk"), is_complete=True
    ).order_by("-evaluation__created", "pk")
    newest = project.models.select_related("base").defer("curve", "recipe", "held_out")
    models = newest.order_by("-created", "name").annotate(
        newest_candidate=Subquery(tried.values("pk")[:1])
    )
    found = list(models[:_MODELS])
    keys = {model.pk: model.newest_candidate for model in found}
    there = Candidate.objects.select_related("evaluation__dataset", "model")
    candidates = there.in_bulk([key for key in keys.values() if key])
    beside = list(
        Candidate.objects.filter(
            evaluation__in={c.evaluation_id for c in candidates.values()},
            model__in={model.base_id for model in found},
            is_complete=True,
        ).select_related("model")
    )
    return [_row(model, candidates.get(keys[model.pk]), beside) for model in found]


def _row(
    model: SpeechModel, candidate: Candidate | None, beside: list[Candidate]
) -> Row:
    if candidate is None:
        return Row(model)
    bases = (
        other
        for other in beside
        if other.evaluation_id == candidate.evaluation_id
        and other.model_id == model.base_id
    )
    base = next(bases, None)
    if base is None:
        return Row(model, candidate)
    said = comparisons(candidate.evaluation.comparisons, [base, candidate])
    return Row(model, candidate, base, said[0] if said else None)
