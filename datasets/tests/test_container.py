"""Containers are listed page by page and written into; what is wrong is said."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from datasets import container
from datasets.formats.base import FormatError
from datasets.formats.listing import Page
from datasets.tests.cloud import AZURE, S3, SAS, Cloud, serving


@pytest.fixture
def cloud() -> Iterator[str]:
    with serving() as address:
        yield address


def listed(address: str, **more: Any) -> list[str]:
    return container.names_in(address, **({"allowed": ["127.0.0.1"]} | more))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(FormatError) as e:
        act()
    assert "s3cr3t" not in str(e.value)
    return e.value.code


def write(address: str, content: bytes = b"{}") -> None:
    container.write(
        address,
        "1/a.json",
        lambda: iter([content]),
        len(content),
        allowed=["127.0.0.1"],
    )


NAMES = ["a.wav", "May 1/b&c#d?.wav", "May 1/e.txt", "ü.mp3", "z.wav"]


@pytest.mark.parametrize("where", ["calls", "bucket"])
def test_all_pages_of_both_kinds_are_read(cloud: str, where: str) -> None:
    Cloud.files = {f"/{where}/{name}": b"x" for name in NAMES}
    seen: list[int] = []
    address = f"{cloud}/{where}" + (f"?{SAS}" if where == "calls" else "")
    assert listed(address, report=seen.append) == NAMES
    assert seen == [2, 4, 5]
    assert all(("sig=s3cr3t%2F%3D" in one) == (where == "calls") for one in Cloud.asked)


def test_a_prefix_takes_a_part(cloud: str) -> None:
    Cloud.files = {f"/calls/{name}": b"x" for name in NAMES}
    address = f"{cloud}/calls?prefix=May%201/&{SAS}&comp=list&restype=container"
    assert listed(address) == NAMES[1:3]


def test_a_file_is_opened_by_the_sas_alone() -> None:
    sas = f"https://a.example/calls/?restype=container&comp=list&prefix=M&{SAS}"
    plain = container.address_of(sas, "May 1/ü.wav")
    assert plain == "https://a.example/calls/May%201/%C3%BC.wav"
    assert container.opened(plain, sas) == f"{plain}?{SAS}"
    signed = "https://b.example/?list-type=2&X-Amz-Signature=s3cr3t"
    assert container.opened("https://b.example/a.wav", signed).endswith("/a.wav")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, b"", "container.denied"),
        (403, b"<Error/>", "container.denied"),
        (404, b"", "container.not_found"),
        (400, b"", "container.none"),
        (301, b"", "container.redirected"),
        (200, b"", "container.none"),
        (200, b"RIFF....WAVE", "container.none"),
        (200, b"<html><body>Sign in</body></html>", "container.none"),
        (200, b"<EnumerationResults><Blobs>", "container.none"),
        (200, b"<!DOCTYPE html><EnumerationResults/>", "container.none"),
        (
            200,
            b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]>'
            b"<EnumerationResults>&d;</EnumerationResults>",
            "container.none",
        ),
        (
            200,
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
            b"<ListBucketResult><Contents><Key>&b;</Key></Contents></ListBucketResult>",
            "container.none",
        ),
        (200, b"<a>" * 100_000, "container.none"),
        (200, b"<ListBucketResult>" + b"a" * 100_000, "container.none"),
        # The older list of S3, which cannot be gone on with.
        (
            200,
            (S3 % ("", "true", "<NextMarker>a</NextMarker>")).encode(),
            "container.none",
        ),
        (200, b'<?xml version="1.0" encoding="none"?><a/>', "container.none"),
    ],
)
def test_what_is_no_list_is_said(
    cloud: str, status: int, body: bytes, code: str
) -> None:
    Cloud.wrong = [(status, body)]
    assert refusal(lambda: listed(f"{cloud}/calls?{SAS}")) == code


def test_folders_are_no_files_and_odd_names_are_read() -> None:
    page = Page(
        b"<EnumerationResults><Blobs><Blob><Name>May</Name><Properties>"
        b"<ResourceType>directory</ResourceType></Properties></Blob>"
        b'<Blob><Name Encoded="true">a%EF%BF%BE.wav</Name></Blob>'
        b"<Blob><Name>b/</Name></Blob><BlobPrefix><Name>c/</Name></BlobPrefix>"
        b"</Blobs></EnumerationResults>"
    )
    assert (page.is_whole, page.names) == (True, ["a\ufffe.wav"])


def test_more_files_than_are_allowed_are_refused(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "MAX_FILES", 3)
    Cloud.files = {f"/bucket/{n}.wav": b"" for n in range(4)}
    assert refusal(lambda: listed(f"{cloud}/bucket")) == "container.too_many"


def test_a_list_without_an_end_is_given_up(
    cloud: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cloud.wrong = [(200, (AZURE % ("", "again")).encode())] * 5
    assert refusal(lambda: listed(f"{cloud}/calls?{SAS}")) == "container.endless"
    assert len(Cloud.asked) == 2
    monkeypatch.setattr(container, "MAX_PAGES", 7)
    Cloud.wrong = [(200, (AZURE % ("", n)).encode()) for n in range(100)]
    assert refusal(lambda: listed(f"{cloud}/calls?{SAS}")) == "container.endless"
    assert len(Cloud.asked) == 9


def test_a_presigned_list_has_one_page(cloud: str) -> None:
    address = f"{cloud}/bucket?list-type=2&X-Amz-Signature=s3cr3t"
    Cloud.files = {f"/bucket/{n}.wav": b"" for n in range(2)}
    assert listed(address) == ["0.wav", "1.wav"]
    assert "X-Amz-Signature=s3cr3t" in Cloud.asked[0]
    Cloud.files["/bucket/2.wav"] = b""
    assert refusal(lambda: listed(address)) == "container.signed"


def test_a_busy_server_is_asked_again(cloud: str) -> None:
    Cloud.files = {"/calls/a.wav": b""}
    Cloud.wrong = [(503, b""), (429, b"")]
    assert listed(f"{cloud}/calls?{SAS}") == ["a.wav"]
    Cloud.wrong = [(500, b"")] * 3
    assert refusal(lambda: listed(f"{cloud}/calls?{SAS}")) == "container.unreachable"


def test_a_file_is_written_and_tried_again(cloud: str) -> None:
    Cloud.wrong = [(503, b""), (429, b"")]
    write(f"{cloud}/calls/?{SAS}", b"{1}")
    assert Cloud.files == {"/calls/1/a.json": b"{1}"}
    for status, code in (
        (403, "container.denied"),
        (404, "container.not_found"),
        (409, "container.refused"),
        (302, "container.refused"),
    ):
        Cloud.wrong = [(status, b"")]
        assert refusal(lambda: write(f"{cloud}/calls?{SAS}")) == code


def test_nothing_private_is_listed_or_written_to(cloud: str) -> None:
    address = f"{cloud}/calls?{SAS}"
    assert refusal(lambda: listed(address, allowed=[])) == "fetch.forbidden_address"
    with pytest.raises(FormatError, match="private network"):
        container.write(address, "a", lambda: iter([b""]), 0)
    assert not Cloud.asked


def test_a_server_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "PAUSES", (0.0,))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/c?{SAS}"
    assert refusal(lambda: listed(address)) == "container.unreachable"


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("", "with a SAS"),
        ("X-Amz-Signature=s3cr3t", "presigned address of S3"),
        ("sp=rl&sig=s3cr3t", "does not permit to write"),
        ("sr=b&sp=w&sig=s3cr3t", "a single file"),
    ],
)
def test_only_a_sas_lets_write(query: str, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        container.check_writable(f"https://a.example/c?{query}")
    container.check_writable("https://a.example/c?sp=c&sig=s3cr3t")
