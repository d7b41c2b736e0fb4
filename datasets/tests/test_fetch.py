"""What comes from an address: a local server, or one that is made up."""

from __future__ import annotations

import http.server
import io
import ipaddress
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpcore
import pytest
from django.test import override_settings

from datasets import fetch, guard, obtain, services
from datasets.formats.base import FormatError
from datasets.guard import Guard, Pace, is_public
from datasets.models import Dataset
from speechstudio.test import BaseTestCase

ZIP = b"PK\x03\x04" + bytes(1000)
LIMIT = 10_000
PUBLIC = "93.184.216.34"


class Site(http.server.BaseHTTPRequestHandler):
    """Answers what its path says; every request is written down."""

    pages: dict[str, Callable[[Site], None]] = {}
    asked: list[tuple[str, dict[str, str]]] = []
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        self.close_connection = True
        self.pages[self.path.partition("?")[0]](self)

    def log_message(self, *args: object) -> None:
        pass

    def answer(
        self, body: bytes = b"", status: int = 200, **headers: str | int
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    Site.pages, Site.asked = {}, []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(url: str, **more: Any) -> bytes:
    target = io.BytesIO()
    fetch.fetch(url, target, LIMIT, **({"allowed": ["127.0.0.0/8"]} | more))
    return target.getvalue()


def refusal(url: str, **more: Any) -> str:
    with pytest.raises(FormatError) as e:
        fetched(url, **more)
    assert "s3cr3t" not in str(e.value)
    return e.value.code


def test_it_works(site: str) -> None:
    disposition = "attachment; filename*=UTF-8''ward%20round.zip"
    Site.pages["/a"] = lambda page: page.answer(ZIP, Content_Disposition=disposition)
    target, seen = io.BytesIO(), []
    result = fetch.fetch(
        f"{site}/a?sig=s3cr3t&x=%2F",
        target,
        LIMIT,
        allowed=["127.0.0.1"],
        report=lambda done, total: seen.append((done, total)),
    )
    assert (target.getvalue(), result.size) == (ZIP, len(ZIP))
    assert result.name == "ward round.zip"
    assert seen == [(len(ZIP), len(ZIP))]
    path, headers = Site.asked[0]
    assert path == "/a?sig=s3cr3t&x=%2F"
    assert headers["Host"] == site.removeprefix("http://")
    assert "Cookie" not in headers and "Authorization" not in headers


def test_no_proxy_of_the_environment_is_used(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    Site.pages["/a"] = lambda page: page.answer(ZIP)
    assert fetched(f"{site}/a") == ZIP


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "fetch.login"),
        (403, "fetch.login"),
        (404, "fetch.not_found"),
        (410, "fetch.not_found"),
        (429, "fetch.unreachable"),
        (503, "fetch.unreachable"),
        (204, "fetch.not_promised"),
        (418, "fetch.not_promised"),
    ],
)
def test_a_status_is_explained(site: str, status: int, code: str) -> None:
    Site.pages["/a"] = lambda page: page.answer(status=status)
    assert refusal(f"{site}/a?sig=s3cr3t") == code


HTML = b"<!DOCTYPE html><html><body>%s</body></html>"


@pytest.mark.parametrize(
    ("body", "media", "is_text", "code"),
    [
        (HTML % b"Please sign in", "text/html", False, "fetch.login"),
        (HTML % b"<input type='password'>", "text/html", True, "fetch.login"),
        (HTML % b"Your download begins soon", "text/html", True, "fetch.not_promised"),
        (b'{"error": "no"}', "application/json", True, "fetch.not_promised"),
        (b'{"error": "no"}', "application/problem+json", False, "fetch.not_promised"),
        (b"not an archive", "text/plain", False, "fetch.not_promised"),
        (b"", "application/zip", False, "fetch.not_promised"),
    ],
)
def test_what_was_not_promised_is_named(
    site: str, body: bytes, media: str, is_text: bool, code: str
) -> None:
    Site.pages["/a"] = lambda page: page.answer(body, Content_Type=media)
    assert refusal(f"{site}/a", is_text=is_text) == code


def test_text_comes_as_whatever_the_server_calls_it(site: str) -> None:
    Site.pages["/a"] = lambda page: page.answer(b"good day\n", Content_Type="x/y")
    assert fetched(f"{site}/a", is_text=True) == b"good day\n"


def test_a_page_to_sign_in_is_known_by_its_address(site: str) -> None:
    Site.pages["/a"] = lambda page: page.answer(status=302, Location="/oauth2/start")
    Site.pages["/oauth2/start"] = lambda page: page.answer(HTML % b"Welcome")
    assert refusal(f"{site}/a") == "fetch.login"


def test_what_is_too_large_is_not_read(site: str) -> None:
    def announced(page: Site) -> None:
        page.send_response(200)
        page.send_header("Content-Length", str(LIMIT + 1))
        page.end_headers()

    Site.pages["/a"] = announced
    assert refusal(f"{site}/a") == "fetch.too_large"


def test_what_never_ends_is_cut_at_the_limit(site: str) -> None:
    def endless(page: Site) -> None:
        page.send_response(200)
        page.send_header("Transfer-Encoding", "chunked")
        page.end_headers()
        try:
            while True:
                page.wfile.write(b"400\r\n" + bytes(1024) + b"\r\n")
        except OSError:
            pass

    Site.pages["/a"] = endless
    assert refusal(f"{site}/a") == "fetch.too_large"


def test_a_connection_that_breaks_off_is_no_file(site: str) -> None:
    def half(page: Site) -> None:
        page.send_response(200)
        page.send_header("Content-Length", "2000")
        page.end_headers()
        page.wfile.write(ZIP)

    Site.pages["/a"] = half
    assert refusal(f"{site}/a") == "fetch.interrupted"


def test_memory_does_not_grow_with_the_file(site: str) -> None:
    size = 30 * 1024**2

    def large(page: Site) -> None:
        page.send_response(200)
        page.send_header("Content-Length", str(size))
        page.end_headers()
        for _ in range(30):
            page.wfile.write(ZIP[:4] + bytes(1024**2 - 4))

    Site.pages["/a"] = large
    tracemalloc.start()
    try:
        with open("/dev/null", "wb") as target:  # noqa: PTH123
            allowed = ["127.0.0.1"]
            assert fetch.fetch(f"{site}/a", target, size, allowed=allowed).size == size
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024**2
    finally:
        tracemalloc.stop()


def test_five_redirects_are_followed_and_no_more(site: str) -> None:
    for i in range(6):
        Site.pages[f"/{i}"] = lambda page, i=i: page.answer(
            status=302, Location=f"/{i + 1}"
        )
    Site.pages["/6"] = lambda page: page.answer(ZIP)
    assert fetched(f"{site}/1") == ZIP
    assert refusal(f"{site}/0") == "fetch.redirects"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://10.0.0.5/x", "fetch.forbidden_address"),
        ("http://[::1]/x", "fetch.forbidden_address"),
        ("http://169.254.169.254/latest/meta-data/", "fetch.forbidden_address"),
        ("file:///etc/passwd", "fetch.address"),
        ("http://a:b@127.0.0.1/x", "fetch.password"),
        ("http://a:b/", "fetch.redirects"),
    ],
)
def test_each_redirect_is_checked(site: str, target: str, code: str) -> None:
    Site.pages["/a"] = lambda page: page.answer(status=307, Location=target)
    assert refusal(f"{site}/a", allowed=["127.0.0.1"]) == code


def test_an_address_that_is_led_on_to_says_where_from(site: str) -> None:
    Site.pages["/a"] = lambda page: page.answer(status=302, Location="ftp://a.example")
    with pytest.raises(FormatError, match="leads on to another address"):
        fetched(f"{site}/a")


def test_a_name_that_a_server_gives_is_one_line(site: str) -> None:
    disposition = 'attachment; filename="a%0d%0aX-Y: z.txt"'
    Site.pages["/a"] = lambda page: page.answer(ZIP, Content_Disposition=disposition)
    got = fetch.fetch(f"{site}/a", io.BytesIO(), LIMIT, allowed=["127.0.0.0/8"])
    assert got.name == r"a\r\nX-Y: z.txt"


def test_a_redirect_without_a_target_is_said(site: str) -> None:
    Site.pages["/a"] = lambda page: page.answer(status=302)
    assert refusal(f"{site}/a") == "fetch.redirects"


def test_this_machine_is_not_fetched_from_unless_it_is_allowed(site: str) -> None:
    Site.pages["/a"] = lambda page: page.answer(ZIP)
    for url in (site, site.replace("127.0.0.1", "2130706433")):
        assert refusal(f"{url}/a", allowed=[]) == "fetch.forbidden_address"
    assert not Site.asked
    assert fetched(f"{site}/a", allowed=["127.0.0.1"]) == ZIP
    named = site.replace("127.0.0.1", "localhost")
    resolve = answers("127.0.0.1")
    allowed = Guard(["localhost"], resolve=resolve)
    assert fetched(f"{named}/a", guard=allowed) == ZIP
    assert refusal(f"{named}/a", guard=Guard(resolve=resolve)).endswith("_address")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "0.0.0.0", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
        *("255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1"),
        *("fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "ff0e::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "::ffff:0:127.0.0.1"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_addresses_that_are_public() -> None:
    for address in (PUBLIC, "2606:2800:220:1::1"):
        assert is_public(ipaddress.ip_address(address))


def answers(*addresses: str) -> Callable[..., Sequence[tuple[Any, ...]]]:
    """A resolver that knows these addresses for every name."""
    return lambda host, port, type: [(0, 0, 0, "", (a, port)) for a in addresses]


class Wire(httpcore.MockBackend):
    """A network on which every server says the same; it writes down who is called."""

    def __init__(self, *parts: bytes, error: Exception | None = None) -> None:
        super().__init__(list(parts))
        self.called: list[str] = []
        self.error = error

    def connect_tcp(self, host: str, *args: Any, **more: Any) -> httpcore.NetworkStream:
        self.called.append(host)
        if self.error:
            raise self.error
        return super().connect_tcp(host, *args, **more)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nPK\3\4"


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    wire, asked = Wire(OK), []

    def resolve(host: str, port: int, type: int) -> Sequence[tuple[Any, ...]]:
        asked.append(host)
        # The second time the name would lead elsewhere.
        return answers(PUBLIC if len(asked) == 1 else "127.0.0.1")(host, port, type)

    assert fetched("https://a.example/b", guard=Guard([], wire, resolve)) == b"PK\3\4"
    assert (wire.called, asked) == ([PUBLIC], ["a.example"])


def test_one_forbidden_address_of_a_name_is_enough() -> None:
    wire = Wire(OK)
    resolve = answers(PUBLIC, "10.0.0.1")
    code = refusal("http://a.example/b", guard=Guard([], wire, resolve))
    assert (code, wire.called) == ("fetch.forbidden_address", [])
    network = Guard(["10.0.0.0/24"], wire, resolve)
    assert fetched("http://a.example/b", guard=network) == b"PK\3\4"


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    wire = Wire(OK, error=httpcore.ConnectError("refused"))
    resolve = answers(PUBLIC, "9.9.9.9")
    code = refusal("http://a.example/b", guard=Guard([], wire, resolve))
    assert (code, wire.called) == ("fetch.unreachable", [PUBLIC, "9.9.9.9"])


def test_ports_of_other_services_are_left_alone() -> None:
    wire = Wire(OK)
    for port, is_fine in ((22, False), (25, False), (8080, True), (443, True)):
        public = Guard([], wire, answers(PUBLIC))
        url = f"http://a.example:{port}/b"
        if is_fine:
            assert fetched(url, guard=public)
        else:
            assert refusal(url, guard=public) == "fetch.forbidden_address"
    assert fetched(
        "http://a.example:22/b", guard=Guard(["a.example"], wire, answers(PUBLIC))
    )


def test_a_name_that_nobody_knows_is_said() -> None:
    def resolve(*args: Any, **more: Any) -> Sequence[tuple[Any, ...]]:
        raise OSError("Name or service not known")

    code = refusal("http://a.example/b", guard=Guard([], Wire(), resolve))
    assert code == "fetch.unknown_host"


def test_trouble_with_tls_is_told_from_an_absent_server(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(site.replace("http:", "https:") + "/a") == "fetch.tls"

    def start_tls(*args: Any, **more: Any) -> httpcore.NetworkStream:
        why = ssl.SSLCertVerificationError("untrusted")
        why.verify_message = "self-signed certificate"
        raise httpcore.ConnectError from why

    monkeypatch.setattr(httpcore.MockStream, "start_tls", start_tls)
    with pytest.raises(FormatError, match="trusted: self-signed certificate"):
        fetched("https://a.example/b", guard=Guard([], Wire(OK), answers(PUBLIC)))
    for error, code in (
        (httpcore.ConnectError(), "fetch.unreachable"),
        (httpcore.ConnectTimeout(), "fetch.timed_out"),
    ):
        away = Guard([], Wire(error=error), answers(PUBLIC))
        assert refusal("https://a.example/b", guard=away) == code


class Ticking:
    """A clock that goes on by a second whenever it is read."""

    def __init__(self, step: float = 1) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nPK\3\4"] + [b"x"] * 900,
        # In the head already.
        [b"HTTP/1.1 200 OK\r\n", b"X: "] + [b"y"] * 900,
    ],
)
def test_a_server_that_sends_drop_by_drop_is_given_up(parts: list[bytes]) -> None:
    clock = Ticking()
    slow = Guard([], Wire(*parts), answers(PUBLIC), Pace(clock))
    assert refusal("http://a.example/b", guard=slow) == "fetch.timed_out"
    assert clock.now < 2 * guard.PACE_SECONDS


def test_a_file_that_takes_all_day_is_given_up() -> None:
    data = b"PK\3\4" * 5000
    parts = [b"HTTP/1.1 200 OK\r\n\r\n" + data, *[data] * 1000]
    slow = Guard([], Wire(*parts), answers(PUBLIC), Pace(Ticking(59)))
    with pytest.raises(FormatError, match="within 3 hours"):
        fetch.fetch("http://a.example/b", io.BytesIO(), 10**9, guard=slow)


def test_what_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*args: Any, **more: Any) -> bytes:
        raise httpcore.ReadTimeout

    monkeypatch.setattr(httpcore.MockStream, "read", read)
    stalled = Guard([], Wire(OK), answers(PUBLIC))
    assert refusal("http://a.example/b", guard=stalled) == "fetch.timed_out"


def test_certificates_are_checked() -> None:
    assert httpcore.default_ssl_context().verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "fetch.address"),
        ("ward.zip", "fetch.address"),
        ("https://", "fetch.address"),
        ("https:///a", "fetch.address"),
        ("javascript:alert(1)", "fetch.address"),
        ("https://a.example:99999/", "fetch.address"),
        ("https://a.example/\n", None),
        ("https://a.example/" + "a" * 4000, "fetch.address"),
        ("https://user@a.example/", "fetch.password"),
        ("https://a.example:0/", "fetch.address"),
        ("https://xn--/", "fetch.address"),
        ("https://bücher.example/ä.zip", None),
    ],
)
def test_addresses_are_checked_before_anything_is_asked(
    address: str, code: str | None
) -> None:
    if code is None:
        assert fetch.checked(address).host
        return
    with pytest.raises(FormatError) as e:
        fetch.checked(address)
    assert e.value.code == code


class ObtainTestCase(BaseTestCase):
    @pytest.fixture(autouse=True)
    def _site(self, site: str) -> None:
        self.site = site

    def setUp(self) -> None:
        super().setUp()
        Site.pages["/words.txt"] = lambda page: page.answer(b"good day\n")
        self.url = f"{self.site}/words.txt?sig=s3cr3t"
        self.dataset = services.create(
            self.project, "Language", "training", "Words", url=self.url
        )
        self.dataset.start()

    @override_settings(FETCH_ALLOWED_HOSTS=["127.0.0.1"])
    def test_it_works_and_forgets_the_key(self) -> None:
        obtain.obtain(self.dataset, self.dataset.report)
        with self.dataset.source.open() as file:
            assert file.read() == b"good day\n"
        self.dataset.refresh_from_db()
        assert self.dataset.source_url == f"{self.site}/words.txt"
        assert (self.dataset.source_name, self.dataset.source_bytes) == ("words.txt", 9)
        obtain.obtain(self.dataset, self.dataset.report)
        assert len(Site.asked) == 1

    def test_what_failed_can_be_tried_again(self) -> None:
        with pytest.raises(FormatError) as e:
            obtain.obtain(self.dataset, self.dataset.report)
        self.dataset.fail(str(e.value), e.value.code)
        dataset = Dataset.objects.get()
        assert dataset.can_be_repeated
        assert dataset.stage == "Fetching from 127.0.0.1"
        assert dataset.source_url == self.url
        with override_settings(FETCH_ALLOWED_HOSTS=["127.0.0.1"]):
            dataset.retry()
            dataset.start()
            obtain.obtain(dataset, dataset.report)
        assert "s3cr3t" not in Dataset.objects.get().source_url

    @override_settings(FETCH_ALLOWED_HOSTS=["127.0.0.1"])
    def test_an_address_without_a_usable_name_is_fetched(self) -> None:
        for path in ("/%2e%2e", "/a." + "b" * 240):
            Site.pages[path] = lambda page: page.answer(b"good day\n")
            dataset = services.create(
                self.project, "Language", "training", "Words", url=self.site + path
            )
            dataset.start()
            obtain.obtain(dataset, dataset.report)
            assert dataset.source_bytes == 9
