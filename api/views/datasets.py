from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpResponse, JsonResponse

from api import change, shown
from api.body import Fields, read_object
from api.errors import ApiError, invalid
from api.files import Entry, Files
from api.filters import Property
from api.operation import Call, nothing
from api.paging import ENTITIES, page
from api.project import project_of
from api.shown.datasets import kind_of
from datasets import fetch, services
from datasets.formats.base import FormatError
from datasets.forms import DatasetForm
from datasets.kinds import BY_VALUE
from datasets.models import Dataset
from datasets.report_views import report_as_json
from projects.locales import LOCALES
from projects.models import Project, Role

KINDS = tuple(kind for kind in BY_VALUE if kind != Dataset.Kind.TRANSCRIPT)
_PROPERTIES = {**ENTITIES, "kind": Property("kind_in_api", choices=KINDS)}
# What is worked out here, and may come back in what a client sends.
_WORKED_OUT = (
    *("acceptedLineCount", "rejectedLineCount", "error"),
    *("durationMilliseconds", "duration"),
)
_SOURCES = {
    Dataset.Kind.PLAIN_TEXT: "LanguageData",
    Dataset.Kind.STRUCTURED_TEXT: "LanguageData",
    Dataset.Kind.PRONUNCIATION: "PronunciationData",
    Dataset.Kind.OUTPUT_FORMAT: "OutputFormattingData",
}


def locales(call: Call) -> HttpResponse:
    """Version v3.2 lists the kinds of each locale, later ones the other way round."""
    tags = [tag for tag, _ in LOCALES]
    if call.version == "v3.2":
        body = {
            tag: [kind for kind in KINDS if BY_VALUE[kind].is_offered("", tag)]
            for tag in tags
        }
    else:
        body = {
            kind: [tag for tag in tags if BY_VALUE[kind].is_offered("", tag)]
            for kind in KINDS
        }
    return JsonResponse(body)


def index(call: Call) -> HttpResponse:
    rows = Dataset.objects.filter(project__in=call.caller.projects())
    return _list(call, "datasets", rows)


def of_project(call: Call, id: UUID) -> HttpResponse:
    project = call.caller.project_for(id)
    return _list(call, f"projects/{id}/datasets", project.datasets.all())


@transaction.atomic
def create(call: Call) -> HttpResponse:
    """A dataset of what is at `contentUrl`; without it, one that waits for blocks."""
    fields = read_object(call.request)
    project = project_of(call, fields)
    answers = answers_of(fields, project)
    url = _address(fields)
    properties = fields.custom_properties({})
    fields.end()
    try:
        if url:
            row = services.create(project, use="", url=url, **answers)
        else:
            row = services.await_file(project, call.caller.user, **answers)
    except services.Refused as e:
        raise refusal(e) from e
    change.keep(row, properties)
    return call.created(shown.dataset(row, call.addresses))


def show(call: Call, id: UUID) -> HttpResponse:
    row = dataset_for(call, id)
    return call.of_job(row, shown.dataset(row, call.addresses))


@transaction.atomic
def update(call: Call, id: UUID) -> HttpResponse:
    row = dataset_for(call, id, Role.EDITOR)
    change.rename(call, row, DatasetForm, services.rename)
    return JsonResponse(shown.dataset(dataset_for(call, id), call.addresses))


def delete(call: Call, id: UUID) -> HttpResponse:
    try:
        services.delete(dataset_for(call, id, Role.EDITOR))
    except services.InUse as e:
        raise ApiError(str(e), "InUseViolation", "id", status=409) from e
    return nothing()


def files(call: Call, id: UUID) -> HttpResponse:
    return FILES.page(call, id)


def file(call: Call, id: UUID, file_id: UUID) -> HttpResponse:
    return FILES.show(call, id, file_id)


def dataset_for(call: Call, key: UUID, role: Role = Role.VIEWER) -> Dataset:
    """Raises `ApiError`."""
    return call.caller.row(Dataset.objects.all(), key, role, "datasets")


def answers_of(fields: Fields, project: Project) -> dict[str, Any]:
    """What `services.create` takes, but for the file. Raises `ApiError`."""
    data = change.checked(DatasetForm(change.named(fields)))
    kind = _kind(fields, project)
    return {
        "kind": kind,
        "name": data["name"],
        "description": data["description"],
        "text_normalization": _normalization(fields.fields("properties"), kind),
    }


def refusal(error: services.Refused) -> ApiError:
    inner = "QuotaViolation" if isinstance(error, services.Full) else ""
    return ApiError(str(error), inner, status=409)


def _list(call: Call, path: str, rows: QuerySet[Dataset]) -> HttpResponse:
    is_spoken = When(
        kind=Dataset.Kind.TRANSCRIPT, then=Value(Dataset.Kind.ACOUSTIC.value)
    )
    rows = rows.annotate(kind_in_api=Case(is_spoken, default="kind"))
    return page(
        call.request,
        call.addresses,
        path,
        rows.select_related("project", "upload"),
        _PROPERTIES,
        lambda row: shown.dataset(row, call.addresses),
    )


def _kind(fields: Fields, project: Project) -> str:
    kind = fields.required("kind")
    if kind not in KINDS:
        raise invalid(f"“{kind[:40]}” is none of {', '.join(KINDS)}.", "kind")
    if not BY_VALUE[kind].is_offered("", project.locale):
        message = f"There is no data of the kind {kind} in {project.locale}; "
        message += "datasets/locales says where there is."
        raise invalid(message, "kind", "InvalidLocale")
    return kind


def _normalization(properties: Fields, kind: str) -> str:
    styles = Dataset.Normalization
    given = properties.text("textNormalizationKind") or styles.DEFAULT.value
    target = properties.target("textNormalizationKind")
    if given not in styles.values:
        raise invalid(f"“{target}” is {' or '.join(styles.values)}.", target)
    if given == styles.NONE and kind != Dataset.Kind.ACOUSTIC:
        message = f"“{target}” can be None for {Dataset.Kind.ACOUSTIC.value} only."
        raise invalid(message, target)
    for name in _WORKED_OUT:
        properties.get(name)
    properties.end()
    return given


def _address(fields: Fields) -> str:
    url = fields.text("contentUrl").strip()
    if url:
        try:
            fetch.check_public(url, settings.FETCH_ALLOWED_HOSTS)
        except FormatError as e:
            raise invalid(str(e), "contentUrl") from e
    return url


def _entries(row: Dataset) -> list[Entry]:
    """The report of the import, and the file as it came."""
    found = []
    if not row.is_active:
        found.append(
            Entry(
                "report.json",
                "DatasetReport",
                row.last_action,
                write=lambda: report_as_json(row),
                content_type="application/json",
            )
        )
    if row.source:
        found.append(
            Entry(
                row.source_name,
                _source_kind(row),
                row.created,
                stored=str(row.source.name),
                size=row.source_bytes,
            )
        )
    return found


def _source_kind(row: Dataset) -> str:
    if not row.has_audio:
        return _SOURCES[Dataset.Kind(row.kind)]
    if row.source_name.lower().endswith(".zip"):
        return "AcousticDataArchive"
    is_audio = kind_of(row) == Dataset.Kind.AUDIO
    return "Audio" if is_audio else "AcousticDataTranscriptionV2"


FILES = Files("datasets", Dataset.objects.select_related("project"), _entries)
