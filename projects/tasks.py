from __future__ import annotations

from celery import shared_task

from projects.storage import delete_tree


@shared_task
def remove_files(folder: str) -> None:
    """Of what was deleted."""
    delete_tree(folder)
