"""Custom models. Base models are in `base_models`, copies in `copies`."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse, JsonResponse

from api import change, shown
from api.body import Fields, read_object
from api.errors import ApiError, invalid
from api.files import Entry, Files
from api.manifest import manifest_of, parts
from api.operation import Call, nothing
from api.paging import ENTITIES, page
from api.project import project_of
from api.references import bases_here, dataset_in, model_in
from datasets.models import Dataset
from engines.base import DEFAULT_TEXT_WEIGHT
from projects.locales import LOCALES
from projects.models import Role
from training import services
from training.forms import RenameForm
from training.models import SpeechModel

_TARGETS = {"base": "baseModel"}
# What is worked out here, and may come back in what a client sends.
_WORKED_OUT = ("deprecationDates", "features", "error")


def locales(call: Call) -> HttpResponse:
    """Those that a base model on offer can be trained for."""
    bases = list(bases_here().exclude(adapts_with=""))
    spoken = [tag for tag, _ in LOCALES if any(base.speaks(tag) for base in bases)]
    return JsonResponse(spoken, safe=False)


def index(call: Call) -> HttpResponse:
    rows = SpeechModel.objects.filter(project__in=call.caller.projects())
    return _list(call, "models", rows)


def of_project(call: Call, id: UUID) -> HttpResponse:
    project = call.caller.project_for(id)
    return _list(call, f"projects/{id}/models", project.models.all())


@transaction.atomic
def create(call: Call) -> HttpResponse:
    """Without `baseModel` it is trained from the newest one that fits."""
    fields = read_object(call.request)
    project = project_of(call, fields)
    data = change.checked(RenameForm(change.named(fields)))
    base, datasets = _base(call, fields), _datasets(call, fields)
    weight = _weight(fields)
    properties = fields.custom_properties({})
    fields.end()
    try:
        row = services.create(project, base, datasets, **data, text_weight=weight)
    except services.Refused as e:
        raise invalid(str(e), _TARGETS.get(e.about, e.about), e.code) from e
    change.keep(row, properties)
    return call.created(shown.model(row, call.addresses))


def show(call: Call, id: UUID) -> HttpResponse:
    row = model_for(call, id)
    return call.of_job(row, shown.model(row, call.addresses))


@transaction.atomic
def update(call: Call, id: UUID) -> HttpResponse:
    row = model_for(call, id, Role.EDITOR)
    change.rename(call, row, RenameForm, services.rename)
    return JsonResponse(shown.model(model_for(call, id), call.addresses))


def delete(call: Call, id: UUID) -> HttpResponse:
    try:
        services.delete(model_for(call, id, Role.EDITOR))
    except services.InUse as e:
        raise ApiError(str(e), "InUseViolation", "id", status=409) from e
    return nothing()


def files(call: Call, id: UUID) -> HttpResponse:
    return FILES.page(call, id)


def file(call: Call, id: UUID, file_id: UUID) -> HttpResponse:
    return FILES.show(call, id, file_id)


def manifest(call: Call, id: UUID) -> HttpResponse:
    """The files that the model consists of, with links to them."""
    row = ready_model_for(call, id)
    return manifest_of(call, row, PARTS)


def model_for(call: Call, key: UUID, role: Role = Role.VIEWER) -> SpeechModel:
    """A custom model. Raises `ApiError`."""
    rows = SpeechModel.objects.select_related("base").prefetch_related("datasets")
    return call.caller.row(rows, key, role, "models")


def ready_model_for(call: Call, key: UUID) -> SpeechModel:
    """One whose files may be taken away: as on the pages, by those who may change the
    project. Raises `ApiError`."""
    row = model_for(call, key, Role.EDITOR)
    if row.status != SpeechModel.Status.SUCCEEDED:
        message = f"The model has no files: its status is {row.status}."
        raise ApiError(message, "InvalidModel", "id", status=409)
    return row


def _list(call: Call, path: str, rows: QuerySet[SpeechModel]) -> HttpResponse:
    # Projects and base models are few: each is read once, not with every model.
    related = (
        "project",
        Prefetch("base", SpeechModel.objects.only("project")),
        Prefetch("datasets", Dataset.objects.only("pk")),
    )
    return page(
        call.request,
        call.addresses,
        path,
        rows.defer("curve", "recipe", "held_out").prefetch_related(*related),
        ENTITIES,
        lambda row: shown.model(row, call.addresses),
    )


def _base(call: Call, fields: Fields) -> SpeechModel | None:
    """A custom model is none, which the service says. Raises `ApiError`."""
    key = fields.reference("baseModel", call.addresses, "models/base", "models")
    if key is None:
        return None
    try:
        return model_in(call, key, "baseModel")
    except ApiError as e:
        raise invalid(str(e), "baseModel", "InvalidBaseModel") from e


def _datasets(call: Call, fields: Fields) -> list[Dataset]:
    """Each once. Whether they can train it is the service's to say."""
    found: dict[UUID, Dataset] = {}
    for place, one in enumerate(fields.items("datasets")):
        target = f"datasets[{place}]"
        if not isinstance(one, dict):
            raise invalid(f"“{target}” is an object with “self”.", target)
        inside = Fields(one, target)
        address = inside.required("self")
        inside.end()
        key = call.addresses.key_in(address, ("datasets",), target)
        found[key] = found.get(key) or dataset_in(call, key, target)
    return list(found.values())


def _weight(fields: Fields) -> int:
    """Of the text against the base model; the usual one where nobody says it."""
    properties = fields.fields("properties")
    weight = properties.number("customModelWeightPercent", 1, 100)
    for name in _WORKED_OUT:
        properties.get(name)
    properties.end()
    return weight or DEFAULT_TEXT_WEIGHT


def _entries(row: SpeechModel) -> list[Entry]:
    """The report of the training, once there is one."""
    if not row.report_file:
        return []
    return [
        Entry(
            "report.json",
            "ModelReport",
            row.last_action,
            stored=str(row.report_file.name),
            content_type="application/json",
        )
    ]


_custom = SpeechModel.objects.exclude(project=None).select_related("project")
FILES = Files("models", _custom, _entries)
PARTS = Files("model-parts", _custom, parts)
