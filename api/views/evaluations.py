from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse

from api import change, shown
from api.body import Fields, read_object
from api.errors import invalid
from api.files import Entry, Files
from api.operation import Call, nothing
from api.paging import ENTITIES, page
from api.project import project_of
from api.references import dataset_in, model_in
from api.shown.evaluations import CANDIDATES
from datasets.models import Dataset
from evaluations import services
from evaluations.columns import columns_of
from evaluations.export.names import FileNames
from evaluations.export.scores import score_file, score_name
from evaluations.export.utterances import Order, exported
from evaluations.forms import RenameForm
from evaluations.levels import scored
from evaluations.models import Candidate, Evaluation
from projects.locales import LOCALES
from projects.models import Role
from training.models import SpeechModel

_KIND = "testingKind"


def locales(call: Call) -> HttpResponse:
    """Errors are counted in all of them."""
    return JsonResponse([tag for tag, _ in LOCALES], safe=False)


def index(call: Call) -> HttpResponse:
    rows = Evaluation.objects.filter(project__in=call.caller.projects())
    return _list(call, "evaluations", rows)


def of_project(call: Call, id: UUID) -> HttpResponse:
    project = call.caller.project_for(id)
    rows = Evaluation.objects.filter(project=project)
    return _list(call, f"projects/{id}/evaluations", rows)


@transaction.atomic
def create(call: Call) -> HttpResponse:
    """`model2` may be missing, or be the same as `model1`: then one model is tested."""
    fields = read_object(call.request)
    project = project_of(call, fields)
    data = change.checked(RenameForm(change.named(fields)))
    dataset = _dataset(call, fields)
    models = _models(call, fields)
    properties = fields.custom_properties({})
    kind = _kind(properties.pop(_KIND, ""), dataset)
    # What is worked out here, and may come back in what a client sends.
    fields.fields("properties")
    fields.end()
    tested = list(models.values())
    try:
        services.check(project, dataset, tested, kind)
    except services.Refused as e:
        named = (name for name, model in models.items() if model == e.about)
        raise invalid(str(e), next(named, "dataset"), e.code) from e
    row = services.create(
        project, dataset, list(dict.fromkeys(tested)), **data, kind=kind
    )
    change.keep(row, properties)
    made = evaluation_for(call, row.pk)
    return call.created(shown.evaluation(made, call.addresses))


def show(call: Call, id: UUID) -> HttpResponse:
    row = evaluation_for(call, id)
    return call.of_job(row, shown.evaluation(row, call.addresses))


@transaction.atomic
def update(call: Call, id: UUID) -> HttpResponse:
    row = evaluation_for(call, id, Role.EDITOR)
    fields = read_object(call.request)
    data = change.checked(RenameForm(change.named(fields, row)))
    change.stays(fields, row, call.addresses)
    properties = fields.custom_properties(row.custom_properties)
    if properties.pop(_KIND, row.kind) != row.kind:
        message = f"A test stays what it is: “{_KIND}” is {row.kind}."
        raise invalid(message, f"customProperties.{_KIND}")
    fields.end()
    services.rename(row, data["name"], data["description"])
    change.keep(row, properties)
    return JsonResponse(shown.evaluation(evaluation_for(call, id), call.addresses))


def delete(call: Call, id: UUID) -> HttpResponse:
    services.delete(evaluation_for(call, id, Role.EDITOR))
    return nothing()


def files(call: Call, id: UUID) -> HttpResponse:
    return FILES.page(call, id)


def file(call: Call, id: UUID, file_id: UUID) -> HttpResponse:
    return FILES.show(call, id, file_id)


def evaluation_for(call: Call, key: UUID, role: Role = Role.VIEWER) -> Evaluation:
    """Raises `ApiError`."""
    rows = Evaluation.objects.prefetch_related(CANDIDATES)
    return call.caller.row(rows, key, role, "evaluations")


def _list(call: Call, path: str, rows: QuerySet[Evaluation]) -> HttpResponse:
    return page(
        call.request,
        call.addresses,
        path,
        rows.prefetch_related("project", CANDIDATES),
        ENTITIES,
        lambda row: shown.evaluation(row, call.addresses),
    )


def _dataset(call: Call, fields: Fields) -> Dataset:
    key = fields.reference("dataset", call.addresses, "datasets")
    if key is None:
        raise invalid("“dataset” is needed: the data to test on.", "dataset")
    return dataset_in(call, key, "dataset")


def _models(call: Call, fields: Fields) -> dict[str, SpeechModel]:
    """By the names of their fields."""
    found = {}
    for name in ("model1", "model2"):
        key = fields.reference(name, call.addresses, "models", "models/base")
        if key:
            found[name] = model_in(call, key, name)
    if "model1" not in found:
        raise invalid("“model1” is needed: the model to test.", "model1")
    return found


def _kind(asked: str, dataset: Dataset) -> str:
    """Where nobody says it, errors are counted if there are transcripts."""
    kinds = Evaluation.Kind
    if asked and asked not in kinds.values:
        target = f"customProperties.{_KIND}"
        raise invalid(f"“{target}” is {' or '.join(kinds.values)}.", target)
    usual = kinds.INSPECTION if dataset.kind == Dataset.Kind.AUDIO else kinds.ACCURACY
    return asked or usual


def _entries(row: Evaluation) -> list[Entry]:
    """For each recording and model what was recognised and which words are wrong."""
    numbers = [n for n, one in enumerate(_candidates(row), 1) if one.is_complete]
    if not numbers:
        return []
    columns = columns_of(row)
    names = FileNames(columns)
    return [
        Entry(
            score_name(names.of(name, position), number),
            "EvaluationDetails",
            row.last_action,
            write=partial(_scored, row, position, place),
            content_type="application/json",
        )
        for position, name in zip(
            columns.positions.tolist(), columns.names, strict=True
        )
        for place, number in enumerate(numbers)
    ]


def _scored(row: Evaluation, position: int, place: int) -> Iterator[bytes]:
    """Of the recording at a position and the model at a place among the complete."""
    found = scored(row)
    order = Order(
        shown=found,
        candidates=list(_candidates(row)),
        positions=np.array([position], dtype=np.int64),
        filters=[],
        chosen=place,
        against=None,
        site="",
    )
    for one in exported(order):
        yield score_file(order, one, one.heard[place])


def _candidates(row: Evaluation) -> Sequence[Candidate]:
    return list(row.candidates.select_related("model"))


FILES = Files("evaluations", Evaluation.objects.select_related("project"), _entries)
