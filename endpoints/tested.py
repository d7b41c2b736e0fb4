"""How good what an endpoint answers with is, as far as it was tested."""

from __future__ import annotations

from endpoints.models import Endpoint
from evaluations.models import Candidate, Evaluation
from jobs.models import Job
from training.models import PlannedTest


def newest_test(endpoint: Endpoint) -> Candidate | None:
    """Its model in the newest test of the project that has counted errors.

    Guards are apart: they are about general speech, which is not what it serves.
    """
    model = endpoint.serving or endpoint.model
    guards = model.planned_tests.filter(role=PlannedTest.Role.GUARD)
    found = Candidate.objects.select_related("evaluation__dataset").filter(
        model=model,
        is_complete=True,
        evaluation__project=endpoint.project,
        evaluation__status=Job.Status.SUCCEEDED,
    )
    found = found.exclude(evaluation__kind=Evaluation.Kind.INSPECTION)
    found = found.exclude(evaluation__in=guards.values("pk"))
    return found.order_by("-evaluation__created").first()
