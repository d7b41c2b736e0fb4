from __future__ import annotations

from uuid import UUID

from celery import shared_task

from datasets import services as datasets
from editor.disk import DiskFull
from editor.export import ExportRefused, export
from editor.models import EditorSet, Export, Rewrite, Shard
from editor.pieces import Refused
from editor.rewrite import rewrite
from editor.take_in import SourceGone, settle, take_in, work_on
from engines.base import EngineError
from jobs.runner import run


@shared_task
def take_in_set(set_id: str) -> None:
    expected = (EngineError, SourceGone, DiskFull)
    run(EditorSet, set_id, take_in, expected=expected)
    settle(set_id)


@shared_task
def run_shard(shard_id: str) -> None:
    run(Shard, shard_id, work_on, expected=(EngineError,))
    set_id = _set_of(shard_id)
    if set_id:
        settle(set_id)


@shared_task
def settle_set(set_id: str) -> None:
    settle(set_id)


@shared_task
def run_export(export_id: str) -> None:
    expected = (ExportRefused, DiskFull, datasets.Refused)
    run(Export, export_id, export, expected=expected)


@shared_task
def run_rewrite(rewrite_id: str) -> None:
    run(Rewrite, rewrite_id, rewrite, expected=(Refused,))


def _set_of(shard_id: str) -> UUID | None:
    keys = Shard.objects.filter(pk=shard_id).values_list("editor_set", flat=True)
    return keys.first()
