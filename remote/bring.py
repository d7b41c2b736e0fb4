"""Bring a project of a resource in: its datasets, models, tests with results, and
endpoints. Done again, it brings what is new: an address is known once.

What is brought in goes the way of any job from there on: datasets are imported, and the
poller collects what models, tests and endpoints have come to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from datasets.models import Dataset
from endpoints.models import Endpoint
from engines.azure.address import below
from engines.azure.client import AzureClient
from engines.azure.errors import AzureError, Kind
from engines.base import EngineError
from evaluations.models import Evaluation
from evaluations.services import create as create_evaluation
from jobs.models import Gone, Job
from projects.models import Project
from remote.bases import base_at, refresh
from remote.bring_data import bring_dataset
from remote.course import Found
from remote.deploy import told
from remote.make import MARK
from remote.models import Arrival, Remote
from remote.rename import remember
from remote.talk import bare, noted, opened
from remote.train import TRAINING
from scoring.locale import language_of
from training.models import SpeechModel


class LeftOut(Exception):
    """Something cannot come; the message says why, for the user."""


def bring_in(arrival: Arrival) -> None:
    """The work of an arrival's job. Raises `EngineError`."""
    home = Remote.of(Remote.Kind.PROJECT, arrival.project_id)
    if home is None or not home.address:
        message = "The project is not there yet: it is made when work there needs it."
        raise EngineError(message, "InvalidProject")
    notes: list[str] = []
    found: dict[str, int] = {}
    # Whoever has just added the resource knows none yet, and each model has one.
    refresh(home.resource)
    with opened(home.resource) as client:
        listed = [
            (kind, one)
            for kind, path in _PATHS.items()
            for one in client.pages(below(home.address, path))
        ]
        for number, (kind, one) in enumerate(listed):
            _report(arrival, number, len(listed), one)
            try:
                is_new = _bring(client, home, kind, one)
            except LeftOut as e:
                notes.append(f"“{one.get('displayName')}” was left out: {e}")
            else:
                found[kind] = found.get(kind, 0) + is_new
    arrival.report(len(listed), len(listed))
    if not arrival.succeed(stage="", found=found, notes=notes):
        raise Gone(f"{arrival!r} is not ours any more")


def _report(arrival: Arrival, done: int, total: int, one: Found) -> None:
    arrival.report(done, total)
    stage = noted(f"Bringing in “{one.get('displayName')}”")
    arrival.claimed().update(stage=stage)


def _bring(client: AzureClient, home: Remote, kind: str, one: Found) -> bool:
    """Whether it was new. Raises `LeftOut`."""
    address = bare(str(one.get("self") or ""))
    if not address or _known(home, address) or _is_ours(one):
        return False
    _MAKERS[kind](client, home, address, one)
    if row := _known(home, address):
        remember(row)
    return True


def _known(home: Remote, address: str) -> Remote | None:
    return Remote.objects.filter(resource=home.resource, address=address).first()


def _is_ours(one: Found) -> bool:
    """Whether it is just being made from here, and its address is not known yet."""
    mark = (one.get("customProperties") or {}).get(MARK)
    try:
        return Remote.objects.filter(local=UUID(str(mark)), address="").exists()
    except ValueError:
        return False


def key_of(project: Project, address: str) -> UUID:
    """The same for the same, so that nothing comes twice."""
    return uuid5(project.pk, address)


def _dataset(client: AzureClient, home: Remote, address: str, one: Found) -> None:
    project = _project(home)
    if one.get("status") != "Succeeded":
        raise LeftOut(f"its status is {one.get('status')}.")
    if one.get("kind") not in Dataset.Kind.values:
        raise LeftOut(f"its kind, {one.get('kind')}, is not known here.")
    key = key_of(project, address)
    bring_dataset(client, project, key, one)
    _keep(home, Remote.Kind.DATASET, key, address)


def _model(client: AzureClient, home: Remote, address: str, one: Found) -> None:
    """One that is ready is so at once: tests that follow need it."""
    base = _base_of(client, home, one)
    model, row = _model_row(home, address, one, base)
    if one.get("status") == "Succeeded":
        TRAINING.collect(client, row, model, one)
        row.change(next_poll=None)
    else:
        model.hand_over()


def _base_of(client: AzureClient, home: Remote, one: Found) -> SpeechModel:
    """Raises `LeftOut`."""
    address = _address_in(one.get("baseModel"))
    if not address:
        raise LeftOut("its base model is not named.")
    try:
        return base_at(client, home.resource, address)
    except AzureError as e:
        if e.kind is not Kind.GONE:
            raise
        raise LeftOut("its base model is not there any more.") from e


@transaction.atomic
def _model_row(
    home: Remote, address: str, one: Found, base: SpeechModel
) -> tuple[SpeechModel, Remote]:
    """The model, held by this worker."""
    project = _project(home)
    weight = one.get("properties", {}).get("customModelWeightPercent")
    model = SpeechModel.objects.create(
        pk=key_of(project, address),
        project=project,
        engine=project.engine,
        reference=address,
        base=base,
        languages=language_of(project.locale),
        **_named(one),
        **({"text_weight": weight} if weight else {}),
    )
    datasets = [_local(home, each) for each in one.get("datasets") or []]
    keys = [row.local for row in datasets if row]
    model.datasets.set(Dataset.objects.filter(pk__in=keys))
    return model, _begun(home, Remote.Kind.MODEL, model, address)


@transaction.atomic
def _endpoint(client: AzureClient, home: Remote, address: str, one: Found) -> None:
    project = _project(home)
    model = _model_at(project, one.get("model"))
    if model is None:
        raise LeftOut("its model is not among those of this project.")
    logs = one.get("properties", {}).get("loggingEnabled") is True
    endpoint = Endpoint.objects.create(
        pk=key_of(project, address),
        project=project,
        model=model,
        logging_enabled=logs,
        **_named(one),
    )
    state = {"model": model.reference, "told": told(endpoint)}
    _begun(home, Remote.Kind.ENDPOINT, endpoint, address, **state)
    endpoint.hand_over()


@transaction.atomic
def _evaluation(client: AzureClient, home: Remote, address: str, one: Found) -> None:
    """It waits until its dataset is imported, as any test; then the results are
    taken from this address instead of a new test."""
    project = _project(home)
    data = _local(home, one.get("dataset"))
    dataset = Dataset.objects.filter(pk=data.local).first() if data else None
    if dataset is None:
        raise LeftOut("its dataset is not among those of this project.")
    if not dataset.source:
        raise LeftOut(f"the recordings of “{dataset.name}” are not here.")
    if one.get("status") == "Failed":
        raise LeftOut("it failed there.")
    pair = [_model_at(project, one.get(name)) for name in ("model1", "model2")]
    models = [model for model in dict.fromkeys(pair) if model]
    if None in pair:
        raise LeftOut("its models are not among those of this project.")
    wanted = one.get("customProperties", {}).get("testingKind")
    kinds = Evaluation.Kind
    kind = wanted if wanted in kinds.values else _usual_kind(dataset)
    made = create_evaluation(
        project, dataset, models, **_named(one), key=key_of(project, address), kind=kind
    )
    _keep(home, Remote.Kind.RESULT, made.pk, address, adopt=True)


def _usual_kind(dataset: Dataset) -> str:
    kinds = Evaluation.Kind
    return kinds.ACCURACY if dataset.has_transcripts else kinds.INSPECTION


def _named(one: Found) -> dict[str, str]:
    return {
        "name": str(one.get("displayName") or "Without a name")[:200],
        "description": str(one.get("description") or "")[:1000],
    }


def _keep(home: Remote, kind: str, key: UUID, address: str, **state: Any) -> Remote:
    return Remote.objects.create(
        kind=kind,
        local=key,
        resource=home.resource,
        project=home.project,
        address=address,
        is_ours=False,
        state=state,
    )


def _begun(home: Remote, kind: str, job: Job, address: str, **state: Any) -> Remote:
    """A job that was begun there; once it is handed over, the poller ends it."""
    row = _keep(home, kind, job.pk, address, **state)
    job.start()
    row.change(next_poll=job.last_action)
    return row


def _project(home: Remote) -> Project:
    assert home.project is not None
    return home.project


def _local(home: Remote, reference: Any) -> Remote | None:
    """What something that is referred to is here."""
    address = _address_in(reference)
    return _known(home, address) if address else None


def _address_in(reference: Any) -> str:
    """What a reference refers to; empty where there is none."""
    address = reference.get("self") if isinstance(reference, dict) else None
    return bare(str(address or ""))


def _model_at(project: Project, reference: Any) -> SpeechModel | None:
    """A base model of the resource, or one of the project. A model that is still in
    training is found by its address as well."""
    address = _address_in(reference)
    if not address:
        return None
    rows = SpeechModel.objects.filter(engine=project.engine)
    found = rows.filter(reference=address).first()
    is_theirs = found is not None and found.project_id in (None, project.pk)
    return found if is_theirs else None


_PATHS = {
    Remote.Kind.DATASET: "datasets",
    Remote.Kind.MODEL: "models",
    Remote.Kind.ENDPOINT: "endpoints",
    Remote.Kind.EVALUATION: "evaluations",
}
_MAKERS: dict[str, Callable[[AzureClient, Remote, str, Found], None]] = {
    Remote.Kind.DATASET: _dataset,
    Remote.Kind.MODEL: _model,
    Remote.Kind.ENDPOINT: _endpoint,
    Remote.Kind.EVALUATION: _evaluation,
}
