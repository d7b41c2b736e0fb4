"""The file of a dataset in blocks, as `datasets.uploads` keeps them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from api.body import Fields, read
from api.errors import ApiError, invalid
from api.operation import Call
from api.views.datasets import dataset_for
from datasets import services, uploads
from datasets.incoming import Upload
from datasets.models import Dataset
from datasets.uploads import Named, UploadError
from projects.models import Role

_MAX_ID_BYTES = 64  # before base64
_KINDS = ("Committed", "Uncommitted", "Latest")
_STATUS = {"not_found": 404, "conflict": 409, "too_large": 413, "disk_full": 503}


def put(call: Call, id: UUID) -> HttpResponse:
    """Take the body as the block `blockid`."""
    upload = _upload_for(call, id)
    name = _block_id(call.request)
    length = int(call.request.META.get("CONTENT_LENGTH") or -1)
    try:
        uploads.put(upload, name, call.request, length)
    except UploadError as e:
        raise refusal(e, "blockid") from e
    return HttpResponse(status=201)


def index(call: Call, id: UUID) -> HttpResponse:
    upload = dataset_for(call, id).upload
    blocks = [] if upload is None else upload.blocks.values("name", "size")
    is_committed = upload is not None and upload.is_committed
    listed: dict[str, Any] = {"committedBlocks": [], "uncommittedBlocks": []}
    listed["committedBlocks" if is_committed else "uncommittedBlocks"] = list(blocks)
    return JsonResponse(listed)


def commit(call: Call, id: UUID) -> HttpResponse:
    """Make the blocks that the body lists the file, and have it imported."""
    row = dataset_for(call, id, Role.EDITOR)
    named = _named(read(call.request))
    try:
        services.commit(row, named)
    except UploadError as e:
        raise refusal(e, "id") from e
    return HttpResponse()


def _upload_for(call: Call, key: UUID) -> Upload:
    row: Dataset = dataset_for(call, key, Role.EDITOR)
    if row.upload is None or not row.awaits_file:
        raise ApiError("The dataset does not wait for blocks.", status=409)
    row.upload.project = row.project
    return row.upload


def _block_id(request: HttpRequest) -> str:
    given = request.GET.get("blockid", "")
    try:
        # Of the ways to write the same bytes, one.
        plain = b64decode(given, validate=True)
        is_base64 = b64encode(plain) == given.encode()
    except (Error, ValueError):
        is_base64 = False
    if not is_base64 or not 1 <= len(plain) <= _MAX_ID_BYTES:
        message = f"“blockid” is base64 of 1 to {_MAX_ID_BYTES} bytes."
        raise invalid(message, "blockid")
    return given


def _named(given: Any) -> list[Named]:
    if not isinstance(given, list):
        message = "The body is a list of blocks, each with “kind” and “id”."
        raise ApiError(message, "InvalidRequestBodyFormat")
    named = []
    for place, one in enumerate(given):
        if not isinstance(one, dict):
            raise invalid(f"“[{place}]” is an object.", f"[{place}]")
        fields = Fields(one, f"[{place}]")
        kind = fields.text("kind") or "Latest"
        if kind not in _KINDS:
            target = fields.target("kind")
            raise invalid(f"“{target}” is {' or '.join(_KINDS)}.", target)
        named.append(Named(kind, fields.required("id")))
        fields.end()
    return named


def refusal(error: UploadError, target: str) -> ApiError:
    """`target` is the field that an error is about when it says no more."""
    status = _STATUS.get(error.code)
    if error.place is not None:
        return invalid(str(error), f"[{error.place}].id")
    if status is None:
        is_about_body = target == "blockid" and error.code != "name"
        return invalid(str(error), "" if is_about_body else target)
    inner = "InvalidRequestBodyFormat" if status == 413 else ""
    return ApiError(str(error), inner, target, status=status)
