from __future__ import annotations

from celery import shared_task

from datasets.formats.base import FormatError
from datasets.ingest import ingest
from datasets.models import Dataset
from jobs.runner import run


@shared_task
def ingest_dataset(dataset_id: str) -> None:
    run(Dataset, dataset_id, ingest, expected=(FormatError,))
