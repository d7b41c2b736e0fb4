"""The files that a model consists of, for use without this server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.http import JsonResponse

from api.errors import ApiError
from api.files import Entry, Files
from api.operation import Call
from api.shown.parts import model_reference
from engines.base import EngineError
from training import export
from training.models import SpeechModel

_CHUNK = 256 * 1024  # bytes


def manifest_of(
    call: Call, row: SpeechModel, files: Files[SpeechModel]
) -> JsonResponse:
    """Raises `ApiError`, as without the lifetime of the links, which version v3.2 does
    not ask for."""
    if call.version != "v3.2" and "sasLifetimeMinutes" not in call.request.GET:
        message = "“sasLifetimeMinutes” is needed: how long the links are to be good."
        target = "sasLifetimeMinutes"
        raise ApiError(message, "InvalidSasValidityDuration", target)
    entries = parts(row)
    return JsonResponse(
        {
            "model": model_reference(row, call.addresses),
            "modelFiles": [
                {
                    "name": entry.name,
                    "contentUrl": files.shown(call, row, entry)["links"]["contentUrl"],
                }
                for entry in entries
            ],
            # What the files are for: a model of CTranslate2.
            "properties": {"engine": row.engine, "format": "ctranslate2"},
        }
    )


def parts(row: SpeechModel) -> list[Entry]:
    """The files of its folder. Raises `ApiError` when they are not on this machine."""
    try:
        folder, found = export.folder(row), export.manifest(row)
    except EngineError as e:
        raise ApiError(str(e), "InvalidModel", "id", status=409) from e
    return [
        Entry(
            name,
            "",  # the contract has no kind for them: only a manifest lists them
            row.last_action,
            write=partial(_content, folder / name),
            size=size,
        )
        for name, size in found
    ]


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
