"""Run a test: cut it into shards, recognise and score each, sum up.

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
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from engines.base import Clip, Decoding, EngineError, Transcript
from engines.registry import get_engine
from evaluations import tables
from evaluations.compare import Compared, compared
from evaluations.differences import count_differences
from evaluations.models import Candidate, Evaluation, Hypothesis, Item, Shard
from evaluations.rescore import recount
from evaluations.reuse import reuse
from evaluations.scale import scale_of
from evaluations.token_errors import display_errors, is_display
from jobs.models import Job
from jobs.runner import finish
from projects.storage import local_copy
from scoring.errors import ErrorCounts, counts
from scoring.significance import Interval
from training.fetch import ensure
from training.lifetime import check_recognises

# A shard ends when it holds so many utterances or so much audio: enough for
# an engine to batch, little enough that losing one costs a minute.
SHARD_UTTERANCES = 16
SHARD_SECONDS = 120.0
_BATCH = 1000  # rows written at once
_ERRORS = F("insertions") + F("deletions") + F("substitutions")


def evaluate(evaluation: Evaluation) -> None:
    """Make the models ready, plan the shards and queue them.

    Raises `EngineError` when a model cannot be had or has expired.
    """
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
    for shard in shards.order_by("candidate__position", "first"):
        shard.enqueue()


def recognise(shard: Shard) -> None:
    """Recognise and score the shard's utterances that have no result yet."""
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
    digest = scale_of(evaluation).digest
    # Those that have heard something new, or were scored by other rules.
    fresh = list(evaluation.candidates.exclude(is_complete=True, scale=digest))
    former = [candidate.table for candidate in fresh]
    has_ended = False
    try:
        if not evaluation.is_inspection:
            _examine(evaluation, fresh)
        found = _compare(evaluation)
        with transaction.atomic():
            has_ended = evaluation.succeed(comparisons=found.pairs, stage="")
            if has_ended:
                Candidate.objects.bulk_update(fresh, ["table", "tokens", "scale"])
                for candidate in evaluation.candidates.all():
                    _sum_up(candidate, found.intervals.get(candidate.pk))
                _mark_items(evaluation)
    finally:
        new = [candidate.table for candidate in fresh]
        tables.delete(set(former) - set(new) if has_ended else set(new) - set(former))


def _examine(evaluation: Evaluation, fresh: Sequence[Candidate]) -> None:
    """Give each its table, and its errors in display text where there is such."""
    has_display = is_display(evaluation)
    scale = scale_of(evaluation)
    for candidate in fresh:
        if candidate.is_complete:
            recount(evaluation, candidate)
        candidate.scale = scale.digest
        candidate.table = tables.make(evaluation, candidate)
        if has_display:
            found = display_errors(evaluation, candidate)
            counted = asdict(found.counts)
            counted["tokens"] = counted.pop("words")
            candidate.tokens = counted | asdict(found.parts)


def _compare(evaluation: Evaluation) -> Compared:
    if evaluation.is_inspection:
        count_differences(evaluation)
        return Compared({}, [])
    return compared(evaluation)


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
    Shard.objects.bulk_create(
        (
            Shard(candidate=candidate, first=first, last=last)
            for first, last in slices(lengths.iterator(_BATCH))
        ),
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


def _items_of(shard: Shard) -> QuerySet[Item]:
    return Item.objects.filter(
        evaluation_id=shard.candidate.evaluation_id,
        position__range=(shard.first, shard.last),
    ).select_related("utterance")


def _store(shard: Shard, item: Item, heard: Transcript) -> None:
    """Keep one result. Result and progress are one step: neither goes alone."""
    evaluation = shard.candidate.evaluation
    errors = ErrorCounts()
    if heard.error is None and not evaluation.is_inspection:
        said = item.utterance.transcript
        errors = counts(said, heard.text, scale_of(evaluation))
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
            words=errors.words,
            insertions=errors.insertions,
            deletions=errors.deletions,
            substitutions=errors.substitutions,
        )
        Evaluation.objects.filter(pk=item.evaluation_id).update(done=F("done") + 1)


def _sum_up(candidate: Candidate, interval: Interval | None) -> None:
    scored = Q(error="")
    sums = candidate.hypotheses.annotate(all_errors=_ERRORS).aggregate(
        **{
            f"{name}_": Coalesce(Sum(name), 0)
            for name in ("words", "insertions", "deletions", "substitutions")
        },
        sentences_=Count("pk", filter=scored),
        wrong_sentences_=Count("pk", filter=Q(all_errors__gt=0)),
        failed_=Count("pk", filter=~scored),
    )
    Candidate.objects.filter(pk=candidate.pk).update(
        is_complete=True,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        **{name.removesuffix("_"): value for name, value in sums.items()},
    )


def _mark_items(evaluation: Evaluation) -> None:
    total = (
        Hypothesis.objects.filter(item=OuterRef("pk"))
        .order_by()
        .values("item")
        .annotate(total=Sum(_ERRORS) + Count("pk", filter=~Q(error="")))
        .values("total")
    )
    evaluation.items.update(errors=Coalesce(Subquery(total), 0))
