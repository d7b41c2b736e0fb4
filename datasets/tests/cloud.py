"""A local server with containers that speaks both lists, in pages, and takes files."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from datasets import container

SAS = "sv=2024-11-04&sp=rwl&sr=c&sig=s3cr3t%2F%3D"
AZURE = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<EnumerationResults ContainerName="https://a.example/calls"><Blobs>%s</Blobs>
<NextMarker>%s</NextMarker></EnumerationResults>"""
S3 = """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s
<IsTruncated>%s</IsTruncated>%s</ListBucketResult>"""


class Cloud(http.server.BaseHTTPRequestHandler):
    """A container /calls with a SAS, and a bucket /bucket for everybody."""

    files: dict[str, bytes] = {}
    page_size = 2
    asked: list[str] = []
    # What is answered in place of what would be right: (status, body).
    wrong: list[tuple[int, bytes]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.wrong:
            self.answer(*self.wrong.pop(0))
            return
        url, query = self.parts()
        if "/" not in url.strip("/"):
            self.answer(200, self.listing(url.strip("/"), query).encode())
        elif url in self.files and self.may(url, query):
            self.answer(200, self.files[url])
        else:
            self.answer(404)

    def do_PUT(self) -> None:
        self.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.wrong:
            self.answer(*self.wrong.pop(0))
            return
        url, query = self.parts()
        is_fine = self.may(url, query) and self.headers["x-ms-blob-type"] == "BlockBlob"
        if is_fine:
            self.files[url] = body
        self.answer(201 if is_fine else 403)

    def parts(self) -> tuple[str, dict[str, str]]:
        url = urlsplit(self.path)
        return url.path, {name: one[0] for name, one in parse_qs(url.query).items()}

    def may(self, url: str, query: dict[str, str]) -> bool:
        return not url.startswith("/calls/") or query.get("sig") == "s3cr3t/="

    def listing(self, where: str, query: dict[str, str]) -> str:
        is_azure = query.get("restype") == "container"
        marker = query.get("marker" if is_azure else "continuation-token", "0")
        names = [
            name.removeprefix(f"/{where}/")
            for name in self.files
            if name.startswith(f"/{where}/{query.get('prefix', '')}")
        ]
        start = int(marker)
        found = [escape(name) for name in names[start : start + self.page_size]]
        end = start + self.page_size
        more = str(end) if end < len(names) else ""
        if is_azure:
            blobs = "".join(f"<Blob><Name>{name}</Name></Blob>" for name in found)
            return AZURE % (blobs, more)
        keys = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in found)
        token = f"<NextContinuationToken>{more}</NextContinuationToken>"
        return S3 % (keys, "true" if more else "false", token if more else "")

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server without files, which is asked again without a pause."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    Cloud.files, Cloud.asked, Cloud.wrong = {}, [], []
    try:
        with patch.object(container, "PAUSES", (0.0, 0.0)):
            yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
