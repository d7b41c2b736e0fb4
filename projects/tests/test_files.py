from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404
from django.test import RequestFactory, SimpleTestCase

from projects.files import serve

DATA = bytes(range(100))


class ServeTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.name = default_storage.save("served.bin", ContentFile(DATA))
        self.addCleanup(default_storage.delete, self.name)

    def get(self, asked: str = "", method: str = "get", **headers: str):  # type: ignore[no-untyped-def]
        if asked:
            headers["Range"] = asked
        request = getattr(RequestFactory(), method)("/", headers=headers)
        return serve(request, self.name, "audio/wav")

    def test_it_works(self) -> None:
        response = self.get()
        assert response.status_code == 200
        assert response.getvalue() == DATA
        assert response["Content-Type"] == "audio/wav"
        assert response["Content-Length"] == "100"
        assert response["Accept-Ranges"] == "bytes"

    def test_it_serves_the_range_that_is_asked_for(self) -> None:
        cases = [
            ("bytes=0-9", 0, 10),
            ("bytes=90-", 90, 100),
            ("bytes=-10", 90, 100),
            ("bytes=50-500", 50, 100),
            ("bytes=-500", 0, 100),
            ("bytes=99-99", 99, 100),
        ]
        for asked, start, end in cases:
            response = self.get(asked)
            assert response.getvalue() == DATA[start:end], asked
            if (start, end) != (0, 100):
                assert response.status_code == 206, asked
                assert response["Content-Range"] == f"bytes {start}-{end - 1}/100"

    def test_a_range_outside_the_file_is_416(self) -> None:
        for asked in ("bytes=100-", "bytes=200-300", "bytes=9-3", "bytes=-0"):
            response = self.get(asked)
            assert response.status_code == 416, asked
            assert response["Content-Range"] == "bytes */100"

    def test_what_is_not_a_single_range_gets_the_whole_file(self) -> None:
        for asked in (
            "bytes=0-1,5-6",
            "lines=1-2",
            "bytes=a-b",
            "bytes=-",
            f"bytes={5000 * '9'}-",
            "bytes=٣-٤",
        ):
            assert self.get(asked).status_code == 200, asked

    def test_a_range_of_another_version_gets_the_whole_file(self) -> None:
        assert self.get("bytes=0-1", **{"If-Range": '"old"'}).status_code == 200
        tag = self.get()["ETag"]
        assert self.get("bytes=0-1", **{"If-Range": tag}).status_code == 206

    def test_head_gives_the_length_alone(self) -> None:
        response = self.get(method="head")
        assert response["Content-Length"] == "100"
        assert response.content == b""

    def test_a_file_that_is_gone_is_404(self) -> None:
        with pytest.raises(Http404):
            serve(RequestFactory().get("/"), "no/such.wav", "audio/wav")
