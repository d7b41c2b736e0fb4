"""What can be done with endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from endpoints import keys
from endpoints.models import Endpoint
from projects.models import Project
from projects.storage import delete_later
from training.lifetime import DEPRECATED
from training.models import SpeechModel
from training.offers import on_offer


class Refused(Exception):
    """This cannot be done; the message is fit for the user, the code one of the
    contract's."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Offer:
    """A model to deploy, or why it cannot be."""

    model: SpeechModel
    why_not: str = ""


def offers(project: Project) -> list[Offer]:
    """The project's custom models, newest first, then the base models on offer that
    speak its language, newest first; those that cannot be deployed are among them."""
    own = project.models.select_related("base").order_by("-created", "name")
    own = own.prefetch_related("datasets")
    models = [*own, *on_offer(project)]
    return [Offer(model, _why_not(project, model)[0]) for model in models]


def _why_not(project: Project, model: SpeechModel) -> tuple[str, str]:
    """Why this model cannot be deployed here, and the code for it; empty when it can.

    A base model need not be on the disk: the job brings it.
    """
    if model.project_id not in (None, project.pk) or model.engine != project.engine:
        return "It belongs to another project.", "InvalidModel"
    if not model.speaks(project.locale):
        return f"It does not speak {project.language}.", "ModelMismatch"
    if model.is_expired:
        return "It has expired and recognises nothing any more.", DEPRECATED
    if model.is_custom and model.status == SpeechModel.Status.FAILED:
        return "It failed: there is nothing to deploy.", "DeployingFailedModel"
    if model.is_custom and model.is_active:
        return "It is not ready yet.", "ModelNotDeployable"
    return "", ""


@transaction.atomic
def create(
    project: Project,
    model: SpeechModel,
    name: str,
    description: str = "",
    logging_enabled: bool = False,
    key: UUID | None = None,
) -> Endpoint:
    """Make an endpoint, without keys, and have its model got ready.

    `key` is for a form that may be sent twice: it makes one endpoint. Raises `Refused`.
    """
    key = key or uuid4()
    Project.objects.select_for_update().get(pk=project.pk)
    if former := Endpoint.objects.filter(pk=key).first():
        if former.project_id == project.pk:
            return former
        key = uuid4()  # that one is somebody else's
    _check(project, model)
    endpoint = Endpoint(
        pk=key,
        project=project,
        model=model,
        name=name,
        description=description,
        logging_enabled=logging_enabled,
    )
    endpoint.save(force_insert=True)
    transaction.on_commit(endpoint.enqueue)
    return endpoint


@transaction.atomic
def make_keys(endpoint: Endpoint) -> dict[int, str]:
    """Both keys in plain, for the only time; nothing where there are keys already."""
    row = _locked(endpoint)
    if row.keys.exists():
        return {}
    return {number: keys.renew(row, number) for number in keys.NUMBERS}


@transaction.atomic
def change_model(endpoint: Endpoint, model: SpeechModel) -> None:
    """Have the endpoint answer with this model as soon as that is ready; until then
    the former one goes on. Raises `Refused`."""
    row = _locked(endpoint)
    if row.is_active:
        raise Refused(
            f"“{row.model.name}” is being got ready. Wait until that has ended.",
            "EndpointNotUpdatable",
        )
    _check(row.project, model)
    row.model = model
    row.save(update_fields=["model"])
    if row.reopen() or row.retry():
        transaction.on_commit(row.enqueue)


def retry(endpoint: Endpoint) -> None:
    """Try once more to get the model ready."""
    if endpoint.retry():
        transaction.on_commit(endpoint.enqueue)


def rename(endpoint: Endpoint, name: str, description: str) -> None:
    _row(endpoint).update(name=name, description=description)


def set_logging(endpoint: Endpoint, enabled: bool) -> None:
    """Whether audio and transcripts of all further requests are kept."""
    _row(endpoint).update(logging_enabled=enabled)


def suspend(endpoint: Endpoint) -> None:
    """Refuse all requests from now on, until `resume`."""
    _row(endpoint).update(is_suspended=True)


def resume(endpoint: Endpoint) -> None:
    _row(endpoint).update(is_suspended=False)


@transaction.atomic
def delete(endpoint: Endpoint) -> None:
    """Delete it with its keys, its counters and its logs. A job under way stops."""
    _row(endpoint).delete()
    delete_later(endpoint.folder)


def _check(project: Project, model: SpeechModel) -> None:
    problem, code = _why_not(project, model)
    if problem:
        raise Refused(f"“{model.name}” cannot be deployed. {problem}", code)


def _row(endpoint: Endpoint) -> QuerySet[Endpoint]:
    """Only what is meant is written: its job may change the rest meanwhile."""
    return Endpoint.objects.filter(pk=endpoint.pk)


def _locked(endpoint: Endpoint) -> Endpoint:
    rows = Endpoint.objects.select_for_update(of=("self",))
    return rows.select_related("project", "model").get(pk=endpoint.pk)
