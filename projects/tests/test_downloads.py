from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator

from projects.downloads import download, encoded, zipped


def test_lines_are_sent_in_large_pieces() -> None:
    pieces = list(encoded("ü" * 1000 + "\n" for _ in range(100)))
    assert len(pieces) == 4
    assert b"".join(pieces).decode() == ("ü" * 1000 + "\n") * 100
    assert b"".join(encoded([])) == b""
    assert b"".join(encoded(["\ud800"])) == b"?"


def test_an_archive_is_packed_while_it_is_sent() -> None:
    asked: list[int] = []
    chance = random.Random(1)

    def members() -> Iterator[tuple[str, list[bytes]]]:
        for number in range(1000):
            asked.append(number)
            yield f"{number}.txt", [b"\7" * 10, chance.randbytes(400)]

    parts = zipped(members())
    first = next(parts)
    assert len(asked) < 1000
    archive = zipfile.ZipFile(io.BytesIO(first + b"".join(parts)))
    assert archive.testzip() is None
    assert len(archive.namelist()) == 1000
    assert archive.read("7.txt")[:10] == b"\7" * 10


def test_no_cache_keeps_a_download_and_nobody_packs_it_twice() -> None:
    response = download([b"x"], "application/zip", "März.zip")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Content-Encoding"] == "identity"
    assert "M%C3%A4rz.zip" in response.headers["Content-Disposition"]
    assert "Content-Encoding" not in download([b"x"], "text/csv", "x.csv").headers
