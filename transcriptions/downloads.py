"""What is taken away: the result of a file, all of them, the report."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_safe

from projects.downloads import download, file_name, zipped
from projects.files import serve
from projects.requests import Request
from transcriptions.access import file_for, transcription_for
from transcriptions.stored import CONTENT_TYPES, FORMS, members, name_in, read


@require_safe
def one(
    request: Request, transcription_id: UUID, position: int, form: str
) -> HttpResponseBase:
    _check(form)
    file = file_for(request, transcription_id, position)
    name, kind = name_in(form, file), CONTENT_TYPES[form]
    if form == "json":
        return serve(request, file.result.name, kind, download_as=name)
    return download([FORMS[form](read(file)).encode()], kind, name)


@require_safe
def all_of(request: Request, transcription_id: UUID, form: str) -> HttpResponseBase:
    _check(form)
    transcription = transcription_for(request, transcription_id)
    name = f"{file_name(transcription.name)}-{form}.zip"
    return download(zipped(members(transcription, form)), "application/zip", name)


@require_safe
def report(request: Request, transcription_id: UUID) -> HttpResponseBase:
    transcription = transcription_for(request, transcription_id)
    name = transcription.report_file.name
    return serve(request, name, "application/json", download_as="report.json")


def _check(form: str) -> None:
    if form not in CONTENT_TYPES:
        raise Http404("No such form.")
