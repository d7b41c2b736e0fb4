"""Send a stored file over HTTP: streamed, with Range, to whoever may see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zlib import crc32

from django.core.files.storage import default_storage
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header

_CHUNK = 256 * 1024  # bytes
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def serve(
    request: HttpRequest, name: str | None, content_type: str, download_as: str = ""
) -> HttpResponseBase:
    """Answer with the stored file `name`, or the part that `Range` asks for.

    One range is honoured, as RFC 9110 allows; the file is never held in
    memory. Stored files do not change, so that name and size are its tag.
    """
    if not name:
        raise Http404("There is no file.")
    try:
        size = default_storage.size(name)
    except FileNotFoundError as e:
        raise Http404("The file is gone.") from e
    tag = f'"{crc32(name.encode()):x}-{size:x}"'
    span = _span(request, size, tag)
    if span is None:
        response: HttpResponseBase = HttpResponse(status=416)
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    start, end = span
    response = _body(request, name, start, end - start)
    response.headers["Content-Type"] = content_type
    response.headers["Content-Length"] = str(end - start)
    response.headers["Accept-Ranges"] = "bytes"
    # Not to be compressed: its parts are counted in the file's own bytes.
    response.headers["Content-Encoding"] = "identity"
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, max-age=3600"
    if (start, end) != (0, size):
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    disposition = content_disposition_header(bool(download_as), download_as)
    if disposition:
        response.headers["Content-Disposition"] = disposition
    return response


def _span(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """First byte and the one after the last; None when it cannot be satisfied."""
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not found or found[0] == "bytes=-":
        return 0, size
    if request.headers.get("If-Range", tag) != tag:
        return 0, size
    first, last = found[1], found[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    return (start, end) if start < end else None


def _body(request: HttpRequest, name: str, start: int, length: int) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    # `speechstudio.asgi` sends it piece by piece.
    return StreamingHttpResponse(_chunks(name, start, length))


def _chunks(name: str, start: int, length: int) -> Iterator[bytes]:
    with default_storage.open(name) as file:
        file.seek(start)
        while length > 0 and (chunk := file.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk
