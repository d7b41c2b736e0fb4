"""`POST /datasets/upload`: a dataset with its file as one form; version v3.2 only."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import (
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.db import transaction
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParserError

from api import change, shown
from api.body import Fields
from api.errors import ApiError, invalid
from api.operation import Call
from api.project import project_of
from api.views import blocks
from api.views.datasets import answers_of, refusal
from datasets import services, uploads
from datasets.forms import check_file
from datasets.kinds import BY_VALUE
from datasets.uploads import UploadError


def create(call: Call) -> HttpResponse:
    if call.version != "v3.2":
        message = (
            "There is no datasets/upload in this version: send the file in blocks."
        )
        raise ApiError(message, status=404)
    try:
        fields = Fields(_values(call))
        file = call.request.FILES.get("data")
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent) as e:
        message = "The body is not a form as multipart/form-data."
        raise ApiError(message, "InvalidRequestBodyFormat") from e
    project = project_of(call, fields)
    answers = answers_of(fields, project)
    properties = fields.custom_properties({})
    fields.end()
    if file is None:
        raise invalid("“data” is needed: the file.", "data")
    try:
        check_file(file.name or "", file.size or 0, BY_VALUE[answers["kind"]])
        with transaction.atomic():
            upload = uploads.keep_whole(project, call.caller.user, file)
            row = services.create(project, use="", upload=upload, **answers)
            change.keep(row, properties)
    except services.Refused as e:
        raise refusal(e) from e
    except ValidationError as e:
        raise invalid(e.messages[0], "data") from e
    except UploadError as e:
        raise blocks.refusal(e, "data") from e
    return call.created(shown.dataset(row, call.addresses))


def _values(call: Call) -> dict[str, Any]:
    """The fields of the form as those of a JSON body."""
    values: dict[str, Any] = dict(call.request.POST.items())
    if "project" in values:
        values["project"] = {"self": values["project"]}
    if "customProperties" in values:
        try:
            values["customProperties"] = json.loads(values["customProperties"])
        except (ValueError, RecursionError) as e:
            message = "“customProperties” is a JSON object."
            raise invalid(message, "customProperties") from e
    return values
