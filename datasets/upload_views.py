"""Files on their way here, for the script of the upload page: JSON in and out."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from datasets import uploads
from datasets.incoming import Upload
from datasets.uploads import Named, UploadError
from projects.access import project_for
from projects.models import Role
from projects.requests import Request

_STATUS = {
    "invalid": 400,
    "name": 400,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "disk_full": 507,
}


@require_POST
def begin(request: Request, project_id: UUID) -> HttpResponse:
    project = project_for(request.user, project_id, Role.EDITOR)
    try:
        asked = _body(request)
        upload = uploads.begin(
            project,
            request.user,
            _text(asked, "file_name"),
            _number(asked, "size"),
            _number(asked, "modified"),
            _text(asked, "kind"),
        )
    except UploadError as e:
        return _refusal(e)
    return JsonResponse(_shown(upload), status=201)


@require_http_methods(["GET", "DELETE"])
def show(request: Request, upload_id: UUID) -> HttpResponse:
    upload = _upload_for(request, upload_id)
    if request.method == "DELETE":
        if not upload.discard():
            message = "A dataset is being made of this upload. Delete the dataset."
            return _refusal(UploadError(message, "conflict"))
        return HttpResponse(status=204)
    return JsonResponse(_shown(upload))


@require_http_methods(["GET", "PUT"])
def blocks(request: Request, upload_id: UUID) -> HttpResponse:
    """List the blocks, or take the body as the block `?name=`."""
    upload = _upload_for(request, upload_id)
    if request.method == "GET":
        return JsonResponse({"blocks": _blocks(upload)})
    length = request.META.get("CONTENT_LENGTH") or "-1"
    try:
        block = uploads.put(upload, request.GET.get("name", ""), request, int(length))
    except UploadError as e:
        return _refusal(e)
    return JsonResponse({"name": block.name, "size": block.size}, status=201)


@require_POST
def commit(request: Request, upload_id: UUID) -> HttpResponse:
    """Takes {"blocks": [{"kind": "Latest", "name": "000000"}, ...]}."""
    upload = _upload_for(request, upload_id)
    try:
        uploads.commit(upload, _named(_body(request)))
    except UploadError as e:
        return _refusal(e)
    return JsonResponse(_shown(upload))


def _upload_for(request: Request, upload_id: UUID) -> Upload:
    """Only who began it may go on with it."""
    upload = get_object_or_404(Upload, pk=upload_id, user=request.user)
    upload.project = project_for(request.user, upload.project_id, Role.EDITOR)
    return upload


def _body(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError) as e:
        raise UploadError("The request is not JSON.") from e
    if not isinstance(asked, dict):
        raise UploadError("The request is not a JSON object.")
    return asked


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise UploadError(f"“{name}” is a text.")
    return value


def _number(asked: dict[str, Any], name: str) -> int | None:
    value = asked.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**62:
        raise UploadError(f"“{name}” is a whole number.")
    return value


def _named(asked: dict[str, Any]) -> list[Named]:
    given = asked.get("blocks")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise UploadError("“blocks” is a list of objects with “kind” and “name”.")
    return [Named(_text(one, "kind") or "Latest", _text(one, "name")) for one in given]


def _shown(upload: Upload) -> dict[str, Any]:
    return {
        "id": str(upload.pk),
        "file_name": upload.file_name,
        "size": upload.size,
        "is_committed": upload.is_committed,
        "blocks": _blocks(upload),
    }


def _blocks(upload: Upload) -> list[dict[str, Any]]:
    state = "Committed" if upload.is_committed else "Uncommitted"
    return [
        {"name": name, "size": size, "state": state}
        for name, size in upload.blocks.values_list("name", "size")
    ]


def _refusal(error: UploadError) -> JsonResponse:
    answer = {"code": error.code, "message": str(error)}
    return JsonResponse(answer, status=_STATUS[error.code])
