"""Bring a base model to this disk, so that it can be used."""

from __future__ import annotations

from engines.base import EngineError
from engines.registry import get_engine
from jobs.models import Job
from jobs.runner import run
from training.models import SpeechModel

_MEGABYTE = 1_000_000


def fetch(model: SpeechModel) -> None:
    """The work of a base model's job. Raises `EngineError`."""

    def report(done: int, total: int) -> None:
        model.report(done // _MEGABYTE, total // _MEGABYTE)

    get_engine(model.engine).fetch(model.reference, report)
    model.succeed()


def ensure(model: SpeechModel) -> None:
    """Return when the model can be used; fetch a base model first where need be.

    Raises `EngineError` with what to do when it cannot be had. When another
    worker is fetching it, this waits for the engine, which takes turns.
    """
    if model.is_custom:
        _check_ready(model)
        return
    model.retry()
    run(SpeechModel, model.pk, fetch, expected=(EngineError,))
    model.refresh_from_db()
    if model.status == Job.Status.RUNNING:
        get_engine(model.engine).fetch(model.reference, lambda done, total: None)
    elif model.status != Job.Status.SUCCEEDED:
        raise EngineError(model.error, model.error_code)


def _check_ready(model: SpeechModel) -> None:
    """A custom model is made by its own job, and by nobody else."""
    if model.status == Job.Status.SUCCEEDED:
        return
    how = "has failed" if model.status == Job.Status.FAILED else "has not ended yet"
    raise EngineError(
        f"The custom model {model.name} is not ready: its training {how}. Use a "
        "model that is ready.",
        "ModelNotReady",
    )
