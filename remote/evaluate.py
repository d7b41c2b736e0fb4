"""Test models at a resource, and bring home what they heard in each utterance.

A resource compares two models, so two shards of a test, each of all utterances for one
candidate, are one test there. Its figures are not used: what the models heard becomes
rows here, and errors are counted as in any test, so that every page works alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from engines.azure.client import AzureClient
from evaluations.evaluate import settle
from evaluations.models import Evaluation, Hypothesis, Shard
from jobs.models import Gone, Job
from projects.models import Project
from remote.course import Found, Work, go_on
from remote.heard import heard_in
from remote.home import home_of
from remote.make import make
from remote.models import Remote
from remote.send import Say, sent
from remote.talk import NotYet, reference

_BATCH = 500


def begin(shard: Shard) -> None:
    """The work of a shard's job. The second of a pair waits for the first."""
    if _pair(shard)[0] == shard:
        go_on(TESTING, shard)
    else:
        shard.hand_over()


def _pair(shard: Shard) -> list[Shard]:
    """The one or two shards that are a test there, in the order of the candidates."""
    shards = list(
        Shard.objects.filter(candidate__evaluation=shard.candidate.evaluation_id)
        .select_related("candidate__model")
        .order_by("candidate__position", "first")
    )
    number = shards.index(shard) // 2
    return shards[2 * number : 2 * number + 2]


def _make(client: AzureClient, row: Remote, shard: Shard, say: Say) -> None:
    if row.address or _adopt(row, shard):
        return
    evaluation = shard.candidate.evaluation
    home = home_of(client, evaluation.project)
    dataset = sent(client, evaluation.dataset, home, say)
    pair = _pair(shard)
    models = [reference(client, one.candidate.model.reference) for one in pair]
    body: dict[str, Any] = {
        "displayName": evaluation.name,
        "locale": evaluation.project.locale,
        "model1": models[0],
        "model2": models[-1],
        "dataset": reference(client, dataset.address),
        "project": reference(client, home.address),
        "customProperties": {"testingKind": evaluation.kind},
    }
    if evaluation.description:
        body["description"] = evaluation.description
    make(client, row, body, "evaluations")


def _adopt(row: Remote, shard: Shard) -> bool:
    """Whether the test was brought in: then it is there already."""
    known = Remote.objects.filter(
        kind=Remote.Kind.RESULT,
        local=shard.candidate.evaluation_id,
        state__adopt=True,
    ).first()
    if known is None:
        return False
    with transaction.atomic():
        known.row.delete()
        told = {"told": known.state.get("told")}
        row.change(address=known.address, is_ours=False, state=row.state | told)
    return True


def _collect(client: AzureClient, row: Remote, shard: Shard, found: Found) -> None:
    pair = _pair(shard)
    for other in pair[1:]:
        other.refresh_from_db()
        if other.status == Job.Status.NOT_STARTED or not _take(other):
            raise NotYet("Waiting for a worker to take the results in")
    files = found.get("links", {}).get("files")
    _tell(shard, f"Fetching the results from {row.resource.name}"[:200])
    for number, one in enumerate(pair, start=1):
        store(client, str(files or ""), number, one, row.resource.name)
    evaluation = shard.candidate.evaluation_id
    with transaction.atomic():
        for one in pair:
            if not one.succeed():
                raise Gone(f"{one!r} is not ours any more")
        # The shard may go; the test there stays as long as ours.
        row.change(kind=Remote.Kind.RESULT, local=evaluation)


def _take(shard: Shard) -> bool:
    """Hold the second of a pair; also one that a worker before took and died with."""
    return shard.take_back() or shard.beat()


def store(
    client: AzureClient, files: str, number: int, shard: Shard, name: str
) -> None:
    """Keep what model `number` of a test there heard for the shard's candidate."""
    candidate = shard.candidate
    known = set(candidate.hypotheses.values_list("item", flat=True))
    items = candidate.evaluation.items.select_related("utterance")
    heard = heard_in(client, files, number)
    rows = []
    for item in items.order_by("position").iterator(_BATCH):
        if item.pk in known:
            continue
        one = heard(item.utterance.name, item.utterance.position)
        error = "" if one else f"{name} gave no result for this recording."
        rows.append(
            Hypothesis(
                candidate=candidate,
                item=item,
                text=one.text if one else "",
                display=one.display if one else "",
                timings=one.timings if one else [],
                error=one.error if one else error,
            )
        )
    with transaction.atomic():
        Hypothesis.objects.bulk_create(rows, _BATCH, ignore_conflicts=True)
        Evaluation.objects.filter(pk=candidate.evaluation_id).update(
            done=F("done") + len(rows)
        )


def _project(shard: Shard) -> Project:
    return shard.candidate.evaluation.project


def _tell(shard: Shard, stage: str) -> None:
    if not shard.beat() and not shard.claimed().exists():
        raise Gone(f"{shard!r} is not ours any more")
    Evaluation.objects.filter(pk=shard.candidate.evaluation_id).update(stage=stage)


def _show(keys: Sequence[UUID], note: str) -> None:
    shards = Shard.objects.filter(pk__in=keys)
    tests = Evaluation.objects.filter(
        pk__in=shards.values("candidate__evaluation"), status=Job.Status.RUNNING
    )
    tests.update(stage=note)


def _after(shard: Shard) -> None:
    settle(shard.candidate.evaluation_id)


TESTING = Work(
    Remote.Kind.EVALUATION, Shard, _project, _make, _collect, _tell, _show, _after
)
