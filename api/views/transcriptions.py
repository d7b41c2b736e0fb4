from __future__ import annotations

import math
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse
from django.utils.dateparse import parse_duration

from api import change, shown
from api.body import Fields, read_object
from api.errors import ApiError, invalid
from api.files import Entry, Files, key_of
from api.operation import Call, nothing
from api.paging import ENTITIES, page
from api.project import project_of
from api.views.endpoints import spoken
from editor.disk import DiskFull
from projects.models import Role
from transcriptions import services
from transcriptions.forms import RenameForm, TranscriptionForm
from transcriptions.models import (
    MAX_HOURS,
    MIN_HOURS,
    Transcription,
    TranscriptionFile,
)
from transcriptions.stored import REPORT_NAME

# Fields of our form: what they are called here, and the code of what is wrong with
# them where the form does not say a more exact one.
_FIELDS = {
    "name": ("displayName", ""),
    "description": ("description", ""),
    "urls": ("contentUrls", "InvalidRecordingsUri"),
    "container": ("contentContainerUrl", "InvalidRecordingsUri"),
    "dataset": ("dataset", "InvalidDataset"),
    "model": ("model", "InvalidModel"),
    "hours": ("properties.timeToLiveHours", "InvalidTimeToLive"),
    "channels": ("properties.channels", "InvalidChannels"),
    "punctuation": ("properties.punctuationMode", ""),
    "profanity": ("properties.profanityFilterMode", ""),
    "destination": ("properties.destinationContainerUrl", ""),
    "diarization": ("properties.diarization", ""),
    "language_identification": ("properties.languageIdentification", ""),
}
_CODES = frozenset(
    {
        *("ExceededNumberOfRecordingsUris", "OnlyOneOfUrlsOrContainerOrDataset"),
        *("InvalidChannels", "InvalidRecordingsUri", "ModelDeprecated"),
    }
)
# What is worked out here, and may come back in what a client sends.
_WORKED_OUT = ("error", "durationMilliseconds", "duration")


def locales(call: Call) -> HttpResponse:
    """Version v3.2 knows no fast transcription, and lists those of the batches."""
    tags = spoken()
    if call.version == "v3.2":
        return JsonResponse(tags, safe=False)
    return JsonResponse({"Transcribe": tags, "Submit": tags})


def index(call: Call) -> HttpResponse:
    rows = Transcription.objects.filter(project__in=call.caller.projects())
    return _list(call, "transcriptions", rows)


def of_project(call: Call, id: UUID) -> HttpResponse:
    project = call.caller.project_for(id)
    return _list(call, f"projects/{id}/transcriptions", project.transcriptions.all())


def create(call: Call) -> HttpResponse:
    """What version v3.2 does in the place of `submit`."""
    if call.version != "v3.2":
        message = "In this version recordings are sent to transcriptions:submit."
        raise ApiError(message, status=405)
    return _create(call)


def submit(call: Call) -> HttpResponse:
    if call.version == "v3.2":
        message = "In this version recordings are sent to transcriptions."
        raise ApiError(message, status=404)
    return _create(call)


def show(call: Call, id: UUID) -> HttpResponse:
    row = _transcription_for(call, id)
    return call.of_job(row, shown.transcription(row, call.addresses))


@transaction.atomic
def update(call: Call, id: UUID) -> HttpResponse:
    row = _transcription_for(call, id, Role.EDITOR)
    change.rename(call, row, RenameForm, services.rename)
    row = _transcription_for(call, id)
    return JsonResponse(shown.transcription(row, call.addresses))


def delete(call: Call, id: UUID) -> HttpResponse:
    services.delete(_transcription_for(call, id, Role.EDITOR))
    return nothing()


def files(call: Call, id: UUID) -> HttpResponse:
    return _FILES.page(call, id)


def file(call: Call, id: UUID, file_id: UUID) -> HttpResponse:
    return _FILES.show(call, id, file_id)


def _transcription_for(
    call: Call, key: UUID, role: Role = Role.VIEWER
) -> Transcription:
    """Raises `ApiError`."""
    rows = shown.with_seconds(Transcription.objects.select_related("model"))
    return call.caller.row(rows, key, role, "transcriptions")


def _list(call: Call, path: str, rows: QuerySet[Transcription]) -> HttpResponse:
    return page(
        call.request,
        call.addresses,
        path,
        shown.with_seconds(rows.select_related("project", "model")),
        ENTITIES,
        lambda row: shown.transcription(row, call.addresses),
    )


@transaction.atomic
def _create(call: Call) -> HttpResponse:
    fields = read_object(call.request)
    project = project_of(call, fields)
    asked = change.named(fields) | _recordings(call, fields)
    asked |= _options(fields.fields("properties"), call.version)
    asked["model"] = fields.reference("model", call.addresses, "models", "models/base")
    properties = fields.custom_properties({})
    fields.end()
    answers = _checked(TranscriptionForm(asked, project=project))
    try:
        row = services.create(project, **answers)
    except DiskFull as e:
        raise ApiError(str(e), status=503) from e
    change.keep(row, properties)
    row = _transcription_for(call, row.pk)
    return call.created(shown.transcription(row, call.addresses))


def _recordings(call: Call, fields: Fields) -> dict[str, Any]:
    """Where the recordings are, as the form takes it. Raises `ApiError`."""
    urls = fields.items("contentUrls")
    for place, url in enumerate(urls):
        if not isinstance(url, str) or len(url.split()) != 1:
            target = f"contentUrls[{place}]"
            message = f"“{target}” is an address."
            raise invalid(message, target, "InvalidRecordingsUri")
    found = {
        "urls": "\n".join(urls),
        "container": fields.text("contentContainerUrl"),
        "dataset": fields.reference("dataset", call.addresses, "datasets"),
    }
    if not any(found.values()):
        message = "One of contentUrls, contentContainerUrl and dataset is needed."
        raise invalid(message, "contentUrls", "OnlyOneOfUrlsOrContainerOrDataset")
    return found


def _options(properties: Fields, version: str) -> dict[str, Any]:
    """How the results are to be, as the form takes it. Raises `ApiError`.

    `DictatedAndAutomatic` is taken as `Automatic`, and the answer shows that. It is
    the default of the reference: clients send it without a thought of dictation, and
    get what those get that leave it out. Marks that are dictated stay words, which is
    why `Dictated` alone, whose result would have no marks at all, is refused.
    """
    mode = properties.text("punctuationMode")
    if mode == Transcription.Punctuation.BOTH:
        mode = Transcription.Punctuation.AUTOMATIC.value
    asked: dict[str, Any] = {
        "has_word_times": properties.flag("wordLevelTimestampsEnabled"),
        "has_display_word_times": properties.flag(
            "displayFormWordLevelTimestampsEnabled"
        ),
        "punctuation": mode,
        "profanity": properties.text("profanityFilterMode"),
        "destination": properties.text("destinationContainerUrl"),
        "channels": _channels(properties),
        "hours": _hours(properties, version),
        "diarization": _diarization(properties, version),
        "language_identification": properties.get("languageIdentification") is not None,
    }
    for name in _WORKED_OUT:
        properties.get(name)
    properties.end()
    return asked


def _channels(properties: Fields) -> str:
    if properties.get("channels") is None:
        return ""
    given = ",".join(sorted(map(str, properties.items("channels"))))
    if given not in ("0", "1", "0,1"):
        target = properties.target("channels")
        message = f"“{target}” is [0], [1] or [0, 1]."
        raise invalid(message, target, "InvalidChannels")
    return given


def _hours(properties: Fields, version: str) -> int:
    """How long results are kept. In version v3.2 that may be left out, for ever, which
    is the longest time here; the answer shows which."""
    if version == "v3.2":
        return _whole_hours(properties)
    try:
        hours = properties.number("timeToLiveHours", MIN_HOURS, MAX_HOURS)
    except ApiError as e:
        raise invalid(str(e), e.target, "InvalidTimeToLive") from e
    if hours is None:
        target = properties.target("timeToLiveHours")
        message = f"“{target}” is needed: how many hours the results are kept, from "
        message += f"{MIN_HOURS} to {MAX_HOURS}."
        raise invalid(message, target, "InvalidTimeToLive")
    return hours


def _whole_hours(properties: Fields) -> int:
    given = properties.text("timeToLive")
    if not given:
        return MAX_HOURS
    try:
        length = parse_duration(given) if given.startswith("P") else None
    except OverflowError:
        length = None
    hours = 0 if length is None else math.ceil(length.total_seconds() / 3600)
    if not MIN_HOURS <= hours <= MAX_HOURS:
        target = properties.target("timeToLive")
        message = f"“{target}” is from PT{MIN_HOURS}H to P{MAX_HOURS // 24}D."
        raise invalid(message, target, "InvalidTimeToLive")
    return hours


def _diarization(properties: Fields, version: str) -> bool:
    """Whether speakers are to be told apart. Who says that they need not be is
    content."""
    if version == "v3.2":
        has_wish = properties.get("diarization") is not None
        return properties.flag("diarizationEnabled", has_wish)
    wish = properties.fields("diarization")
    is_wanted = wish.flag("enabled")
    wish.number("maxSpeakers", 2, 35)
    wish.end()
    return is_wanted


def _checked(form: TranscriptionForm) -> dict[str, Any]:
    """What `services.create` takes. Raises `ApiError`."""
    if form.is_valid():
        return form.answers()
    field, errors = next(iter(form.errors.as_data().items()))
    error = errors[0]
    if error.code == "NotAllowed":
        # The form says of the whole what cannot be done here; the target is the wish.
        refused = ("diarization", "language_identification")
        field = next(name for name in refused if form.data.get(name))
    target, inner = _FIELDS.get(field, ("", ""))
    if error.code in _CODES:
        inner = error.code
    raise invalid(error.messages[0], target, inner or "InvalidParameterValue")


def _entries(row: Transcription) -> list[Entry]:
    """A result for each recording that was transcribed, and the report."""
    done = row.files.exclude(result="").only("position", "result", "last_action")
    found = [_result(file) for file in done.order_by("position")]
    return found + ([_report(row)] if row.report_file else [])


def _find(row: Transcription, file_id: UUID) -> Entry | None:
    """One of up to 10,001: whoever fetches them all is not to have all rows read for
    each. What they are called says which it is."""
    if row.report_file and key_of(row, _report(row)) == file_id:
        return _report(row)
    one = TranscriptionFile()
    for one.position in range(row.files.count()):
        named = Entry(one.result_name, "Transcription", row.last_action)
        if key_of(row, named) == file_id:
            file = row.files.exclude(result="").filter(position=one.position).first()
            return _result(file) if file else None
    return None


def _report(row: Transcription) -> Entry:
    return Entry(
        REPORT_NAME,
        "TranscriptionReport",
        row.last_action,
        stored=str(row.report_file.name),
        content_type="application/json",
    )


def _result(file: TranscriptionFile) -> Entry:
    return Entry(
        file.result_name,
        "Transcription",
        file.last_action,
        stored=str(file.result.name),
        content_type="application/json",
    )


_FILES = Files(
    "transcriptions",
    Transcription.objects.select_related("project"),
    _entries,
    _find,
)
