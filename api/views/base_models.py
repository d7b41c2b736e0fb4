"""Base models: each as one of every locale that it speaks, as in the reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse, JsonResponse

from api import shown
from api.errors import ApiError
from api.files import Files
from api.filters import Property
from api.manifest import manifest_of, parts
from api.operation import Call
from api.paging import ENTITIES, page_of_list
from api.references import bases_here
from projects.locales import LOCALES
from training.models import SpeechModel

_PROPERTIES = {**ENTITIES, "locale": Property("locale")}


@dataclass(frozen=True)
class _Spoken:
    """A model in a locale; filters ask for its attributes."""

    model: SpeechModel
    locale: str

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def description(self) -> str:
        return self.model.description

    @property
    def created(self) -> datetime:
        return self.model.created

    @property
    def last_action(self) -> datetime:
        return self.model.last_action

    @property
    def status(self) -> str:
        return SpeechModel.Status.SUCCEEDED.value


def index(call: Call) -> HttpResponse:
    """Of the models on offer the oldest first."""
    offered = bases_here()
    return page_of_list(
        call.request,
        call.addresses,
        "models/base",
        [
            _Spoken(row, tag)
            for row in offered.order_by("created", "name")
            for tag in _locales(row)
        ],
        _PROPERTIES,
        lambda one: shown.base_model(one.model, one.locale, call.addresses),
    )


def show(call: Call, id: UUID) -> HttpResponse:
    """In the locale that its address names; without one, in any that it speaks."""
    row = _base_model(id)
    spoken = _locales(row)
    asked = call.request.GET.get("locale") or next(iter(spoken), "")
    if asked not in spoken:
        message = f"{row.name} does not speak “{asked[:40]}”."
        raise ApiError(message, "InvalidLocale", "locale", status=404)
    return JsonResponse(shown.base_model(row, asked, call.addresses))


def manifest(call: Call, id: UUID) -> HttpResponse:
    """Once a training or a test has brought the model to this machine."""
    return manifest_of(call, _base_model(id), PARTS)


def _base_model(key: UUID) -> SpeechModel:
    """One that is not on offer any more is still there: what was made of it refers to
    it. Raises `ApiError`."""
    row = SpeechModel.objects.filter(pk=key, project=None).first()
    if row is None:
        raise ApiError(f"There is no models/base/{key}.", status=404, target="id")
    return row


def _locales(row: SpeechModel) -> list[str]:
    return [tag for tag, _ in LOCALES if row.speaks(tag)]


PARTS = Files("base-model-parts", SpeechModel.objects.filter(project=None), parts)
