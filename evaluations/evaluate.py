"""Run a test: cut it into shards, recognise each, score all and sum up.

Each shard is an idempotent job: what it has stored it does not do again, so
a worker that dies costs what it had in hand, and any number of workers may
take part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from engines.base import Clip, Decoding, EngineError, Transcript
from engines.registry import get_engine
from evaluations import tables
from evaluations.columns import columns_of
from evaluations.compare import compared
from evaluations.figures import Figures, figures_of
from evaluations.models import Candidate, Evaluation, Hypothesis, Item, Shard
from evaluations.reuse import reuse
from evaluations.scale import scale_of
from evaluations.token_errors import display_errors, is_display
from jobs.models import Job
from jobs.runner import finish
from projects.storage import local_copy
from scoring.scale import Scale
from scoring.table import Table
from training.fetch import ensure
from training.lifetime import check_recognises

# A shard ends when it holds so many utterances or so much audio: enough for
# an engine to batch, little enough that losing one costs a minute.
SHARD_UTTERANCES = 16
SHARD_SECONDS = 120.0
_BATCH = 1000  # rows written at once


def evaluate(evaluation: Evaluation) -> None:
    """Make the models ready, plan the shards and queue them.

    Raises `EngineError` when a model cannot be had or has expired, and where there is
    no data.
    """
    if evaluation.dataset.status != Job.Status.SUCCEEDED:
        raise EngineError(
            "The dataset could not be imported, so there is nothing to test on."
        )
    waiting = evaluation.candidates.filter(is_complete=False)
    candidates = list(waiting.select_related("model"))
    for candidate in candidates:
        check_recognises(candidate.model)
        if candidate.model.status != Job.Status.SUCCEEDED:
            _say(evaluation, f"Fetching the model {candidate.model.name}")
            ensure(candidate.model)
    _say(evaluation, "")
    # What an earlier try planned is planned anew; its results stay.
    evaluation.call_off()
    _plan_items(evaluation)
    for candidate in candidates:
        reuse(evaluation, candidate)
        _plan_shards(evaluation, candidate)
    total = evaluation.items.count() * len(candidates)
    done = Hypothesis.objects.filter(candidate__in=candidates).count()
    evaluation.begin_with(done, total)
    evaluation.hand_over()
    shards = Shard.objects.filter(candidate__in=candidates)
    shards = shards.select_related("candidate__evaluation__project")
    for shard in shards.order_by("candidate__position", "first"):
        shard.enqueue()


def recognise(shard: Shard) -> None:
    """Recognise the shard's utterances that have no result yet."""
    candidate = shard.candidate
    todo = {
        str(item.position): item
        for item in _items_of(shard).exclude(hypotheses__candidate=candidate)
    }
    total = shard.last - shard.first + 1
    shard.report(total - len(todo), total)
    engine = get_engine(candidate.model.engine)
    options = Decoding(**candidate.decoding)
    with ExitStack() as copies:
        clips = [
            Clip(key, copies.enter_context(local_copy(item.utterance.audio.name)))
            for key, item in todo.items()
        ]
        for transcript in engine.transcribe(candidate.model.reference, clips, options):
            _store(shard, todo.pop(transcript.key), transcript)
    if todo:
        raise EngineError(f"The engine gave no result for {len(todo)} utterances.")
    shard.succeed()


def settle(evaluation_id: UUID | str) -> None:
    """End the test if its last shard has ended; else do nothing."""
    evaluation = Evaluation.objects.filter(
        pk=evaluation_id, status=Job.Status.RUNNING, heartbeat=None
    ).first()
    if evaluation is None:
        return
    shards = Shard.objects.filter(candidate__evaluation=evaluation)
    failed = shards.filter(status=Job.Status.FAILED).first()
    if failed:
        with transaction.atomic():
            evaluation.call_off()
            if not evaluation.fail(failed.error, failed.error_code):
                # It was tried again meanwhile: these are the new try's shards.
                transaction.set_rollback(True)
    elif not shards.exclude(status=Job.Status.SUCCEEDED).exists():
        finish(evaluation, conclude, expected=(EngineError,))


def conclude(evaluation: Evaluation) -> None:
    """Work out what the results of a test come to."""
    _say(evaluation, "Working out the figures")
    candidates = list(evaluation.candidates.select_related("model"))
    former = [candidate.table for candidate in candidates]
    columns = columns_of(evaluation)
    has_ended = False
    try:
        found = _examined(evaluation, candidates)
        pairs = [] if evaluation.is_inspection else compared(found, columns)
        with transaction.atomic():
            has_ended = evaluation.succeed(comparisons=pairs, stage="")
            if has_ended:
                for candidate, table in found.items():
                    _sum_up(candidate, figures_of(table, columns))
                transaction.on_commit(evaluation.prepare_levels)
    finally:
        new = [candidate.table for candidate in candidates]
        tables.delete(set(former) - set(new) if has_ended else set(new) - set(former))


def _examined(
    evaluation: Evaluation, candidates: Sequence[Candidate]
) -> dict[Candidate, Table]:
    """The table of each model; the one that it has, unless there is something new."""
    scale = scale_of(evaluation)
    against = candidates[0] if evaluation.is_inspection else None
    known = {one: _known(one, scale, against) for one in candidates}
    fresh = [candidate for candidate, table in known.items() if table is None]
    built = tables.build(fresh, scale, against) if fresh else []
    for candidate, table in zip(fresh, built, strict=True):
        candidate.scale = scale.digest
        candidate.tokens = {} if against else _tokens(evaluation, candidate)
        candidate.table = tables.store(evaluation, candidate, table)
        known[candidate] = table
    return {one: table for one, table in known.items() if table is not None}


def _known(
    candidate: Candidate, scale: Scale, against: Candidate | None
) -> Table | None:
    """The table that holds still. In an inspection another model may be the first."""
    is_new = not candidate.is_complete or candidate.scale != scale.digest
    return None if is_new or against else tables.table_of(candidate)


def _tokens(evaluation: Evaluation, candidate: Candidate) -> dict[str, int]:
    """Its errors in display text, where the references are such."""
    if not is_display(evaluation):
        return {}
    found = display_errors(evaluation, candidate)
    counted = asdict(found.counts)
    counted["tokens"] = counted.pop("words")
    return counted | asdict(found.parts)


def _sum_up(candidate: Candidate, figures: Figures) -> None:
    candidate.is_complete = True
    candidate.failed = candidate.hypotheses.exclude(error="").count()
    for name, value in asdict(figures).items():
        setattr(candidate, name, value)
    candidate.save()


def _say(evaluation: Evaluation, stage: str) -> None:
    Evaluation.objects.filter(pk=evaluation.pk).update(stage=stage)


def _plan_items(evaluation: Evaluation) -> None:
    rows = evaluation.dataset.utterances.values_list("pk", "position")
    Item.objects.bulk_create(
        (
            Item(evaluation=evaluation, utterance_id=key, position=position)
            for key, position in rows.iterator(_BATCH)
        ),
        batch_size=_BATCH,
        ignore_conflicts=True,
    )


def _plan_shards(evaluation: Evaluation, candidate: Candidate) -> None:
    todo = evaluation.items.exclude(hypotheses__candidate=candidate)
    lengths = todo.order_by("position").values_list("position", "utterance__seconds")
    found = slices(lengths.iterator(_BATCH))
    if candidate.evaluation.project.is_remote:
        # A resource tests a dataset as a whole.
        found = _whole(found)
    Shard.objects.bulk_create(
        (Shard(candidate=candidate, first=first, last=last) for first, last in found),
        batch_size=_BATCH,
    )


def slices(lengths: Iterator[tuple[int, float]]) -> Iterator[tuple[int, int]]:
    """Cut (position, seconds) pairs into runs of first and last position.

    >>> list(slices(iter([(1, 80.0), (2, 30.0), (3, 20.0), (4, 900.0)])))
    [(1, 2), (3, 3), (4, 4)]
    """
    first = last = taken = 0
    held = 0.0
    for position, seconds in lengths:
        full = held + seconds > SHARD_SECONDS or taken >= SHARD_UTTERANCES
        if first and full:
            yield first, last
            first, taken, held = 0, 0, 0.0
        first = first or position
        last = position
        taken += 1
        held += seconds
    if first:
        yield first, last


def _whole(slices: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """
    >>> list(_whole(iter([(1, 2), (3, 9)]))), list(_whole(iter([])))
    ([(1, 9)], [])
    """
    positions = [position for both in slices for position in both]
    if positions:
        yield positions[0], positions[-1]


def _items_of(shard: Shard) -> QuerySet[Item]:
    return Item.objects.filter(
        evaluation_id=shard.candidate.evaluation_id,
        position__range=(shard.first, shard.last),
    ).select_related("utterance")


def _store(shard: Shard, item: Item, heard: Transcript) -> None:
    """Keep one result. Result and progress are one step: neither goes alone."""
    with transaction.atomic():
        shard.report(shard.done + 1, shard.total)
        Hypothesis.objects.create(
            candidate=shard.candidate,
            item=item,
            text=heard.text,
            display=heard.display if heard.display != heard.text else "",
            timings=[
                [w.text, round(w.start, 2), round(w.end, 2), round(w.probability, 3)]
                for w in heard.words
            ],
            error=str(heard.error or ""),
        )
        Evaluation.objects.filter(pk=item.evaluation_id).update(done=F("done") + 1)
