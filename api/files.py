"""Files of datasets, tests, models and the like: listed, shown, and fetched by links
that need no key and end by themselves.

A collection says once what files its rows have, and its views ask that:

    FILES = Files("datasets", Dataset.objects.all(), entries)

    def entries(row: Dataset) -> list[Entry]: ...

    def files(call: Call, id: UUID) -> HttpResponseBase:
        return FILES.page(call, id)

    def file(call: Call, id: UUID, file_id: UUID) -> HttpResponseBase:
        return FILES.show(call, id, file_id)

    path("datasets/<uuid:id>/files", at(GET=datasets.files)),
    path("datasets/<uuid:id>/files/<uuid:file_id>", at(GET=datasets.file)),

A link says how long it is good for, and is signed. Whoever follows it, the files of the
row are asked for anew: with the row or the file the link ends as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID, uuid5

from django.core.signing import Signer
from django.db.models import Model, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.utils.crypto import constant_time_compare
from django.utils.http import content_disposition_header

from api.errors import ApiError
from api.filters import Property
from api.operation import Call
from api.paging import number_in, page_of_list
from api.shown.parts import duration, moment
from projects import files

M = TypeVar("M", bound=Model)
KINDS = (
    *("DatasetReport", "Audio", "LanguageData", "PronunciationData"),
    *("AcousticDataArchive", "AcousticDataTranscriptionV2", "Transcription"),
    *("TranscriptionReport", "EvaluationDetails", "ModelReport"),
    "OutputFormattingData",
)
_PROPERTIES = {
    "name": Property("name"),
    "kind": Property("kind", choices=KINDS),
    "createdDateTime": Property("created", is_time=True),
}
_DEFAULT_SECONDS = 12 * 3600
_MOST_SECONDS = 7 * 24 * 3600
_SIGNER = Signer(salt="api.files")


@dataclass(frozen=True)
class Entry:
    """A file of a row: either `stored` or made by `write` whenever it is asked for."""

    name: str  # no other file of the row has it; what it is called when fetched
    kind: str  # one of `KINDS`
    created: datetime
    stored: str = ""  # its name on the storage
    write: Callable[[], Iterable[str | bytes]] | None = None
    size: int | None = None  # bytes, where they are known
    seconds: float | None = None  # of audio
    content_type: str = "application/octet-stream"


class Files(Generic[M]):
    """The files of a collection's rows.

    `find` gets one file by its key, for rows that have so many that to list them all
    would take long.
    """

    of: ClassVar[dict[str, Files[Any]]] = {}  # by collection, for the links

    def __init__(
        self,
        collection: str,
        rows: QuerySet[M],
        entries: Callable[[M], Sequence[Entry]],
        find: Callable[[M, UUID], Entry | None] | None = None,
    ) -> None:
        self._collection = collection
        self._rows = rows
        self._entries = entries
        self._find = find
        Files.of[collection] = self

    def page(self, call: Call, key: UUID) -> JsonResponse:
        """The list of a row's files, as it was asked for. Raises `ApiError`."""
        row = call.caller.row(self._rows, key, collection=self._collection)
        path = f"{self._collection}/{key}/files"
        return page_of_list(
            call.request,
            call.addresses,
            path,
            self._entries(row),
            _PROPERTIES,
            lambda entry: self.shown(call, row, entry),
        )

    def show(self, call: Call, key: UUID, file_id: UUID) -> JsonResponse:
        """Raises `ApiError`."""
        row = call.caller.row(self._rows, key, collection=self._collection)
        return JsonResponse(self.shown(call, row, self._entry(row, file_id)))

    def shown(self, call: Call, row: M, entry: Entry, path: str = "") -> dict[str, Any]:
        """The object of a file, with a link to it. `path` is where the object itself
        is, when that is not below the row's `files`. Raises `ApiError`."""
        file_id = key_of(row, entry)
        path = path or f"{self._collection}/{row.pk}/files/{file_id}"
        properties: dict[str, Any] = {}
        if entry.size is not None:
            properties["size"] = entry.size
        if entry.seconds is not None:
            properties |= duration(entry.seconds, call.version)
        link = f"{self._collection}/{row.pk}/{file_id}"
        return {
            "self": call.addresses.of(path),
            "name": entry.name,
            "kind": entry.kind,
            "properties": properties,
            "createdDateTime": moment(entry.created),
            "links": {"contentUrl": _link(call, link, entry.name)},
        }

    def fetch(self, request: HttpRequest, key: UUID, file_id: UUID) -> HttpResponseBase:
        row = self._rows.filter(pk=key).first()
        if row is None:
            raise _no_file(file_id)
        entry = self._entry(row, file_id)
        if entry.write is None:
            name, kind = entry.stored, entry.content_type
            return files.serve(request, name, kind, download_as=entry.name)
        response: HttpResponseBase = HttpResponse()
        if request.method == "GET":
            response = StreamingHttpResponse(entry.write())
        disposition = content_disposition_header(True, entry.name)
        response.headers["Content-Disposition"] = disposition
        if entry.size is not None:
            response.headers["Content-Length"] = str(entry.size)
            response.headers["Content-Encoding"] = "identity"  # or it has another one
        response.headers["Content-Type"] = entry.content_type
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    def _entry(self, row: M, file_id: UUID) -> Entry:
        if self._find:
            entry = self._find(row, file_id)
        else:
            named = {key_of(row, one): one for one in self._entries(row)}
            entry = named.get(file_id)
        if entry is None:
            raise _no_file(file_id)
        return entry


def key_of(row: Model, entry: Entry) -> UUID:
    """The key of a row's file. It stays the same for as long as the file is there."""
    return uuid5(row.pk, entry.name)


def fetch(
    request: HttpRequest, collection: str, id: UUID, file_id: UUID, name: str
) -> HttpResponseBase:
    """The file behind a link. Raises `ApiError`."""
    if request.method not in ("GET", "HEAD"):
        raise ApiError("A file is only fetched, by GET or HEAD.", status=405)
    path = f"{collection}/{id}/{file_id}"
    given = {name: request.GET.get(name, "") for name in ("expires", "signature")}
    signature = _signature(path, given["expires"])
    if not constant_time_compare(signature, given["signature"]):
        raise ApiError("The link is not one that was given here.", status=403)
    if int(given["expires"]) < time.time():
        message = "The link has expired. Ask the API for a fresh one."
        raise ApiError(message, status=403)
    return Files.of[collection].fetch(request, id, file_id)


def _link(call: Call, path: str, name: str) -> str:
    """The address of a file's content. `path` is the collection and both keys."""
    expires = str(int(time.time()) + _lifetime(call.request))
    asked = urlencode({"expires": expires, "signature": _signature(path, expires)})
    shown = quote(PurePosixPath(name).name, safe="")
    return f"{call.addresses.base}/speechtotext/files/{path}/{shown}?{asked}"


def _lifetime(request: HttpRequest) -> int:
    """Seconds. Version v3.2 asks by another name."""
    seconds = number_in(request, "sasValidityInSeconds", 1, _MOST_SECONDS)
    minutes = number_in(request, "sasLifetimeMinutes", 1, _MOST_SECONDS // 60)
    return seconds or (minutes or 0) * 60 or _DEFAULT_SECONDS


def _signature(path: str, expires: str) -> str:
    return _SIGNER.signature(f"{path}?{expires}")


def _no_file(file_id: UUID) -> ApiError:
    return ApiError(f"There is no file {file_id}.", status=404, target="fileId")
