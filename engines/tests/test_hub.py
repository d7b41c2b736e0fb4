from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from zlib import crc32

import pytest

from engines.base import EngineError
from engines.whisper import catalog, hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOWHERE = "http://127.0.0.1:9"
FILES = {
    "config.json": b"{}",
    "model.bin": bytes(200_000),
    "tokenizer.json": b"{}",
    "vocabulary.json": b"[]",
}


class _Hub(SimpleHTTPRequestHandler):
    """As much of the Hugging Face Hub as a download asks for."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        repository, _, name = self.path.strip("/").partition(f"/resolve/{COMMIT}/")
        if name:
            self._answer(FILES[name])
            return
        names = list(FILES) if "good" in repository else ["config.json"]
        if "/tree/" in repository:
            tree = [
                {"type": "file", "path": name, "size": len(FILES[name]), "oid": "0"}
                for name in names
            ]
            self._answer(json.dumps(tree).encode())
            return
        siblings = [{"rfilename": name} for name in names]
        about = {"id": "owner/x", "sha": COMMIT, "siblings": siblings}
        self._answer(json.dumps(about).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{crc32(body):x}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.05))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_fetching_gives_the_whole_model(tmp_path: Path, endpoint: str) -> None:
    reports: list[tuple[int, int]] = []
    target = tmp_path / "models" / "owner--good"
    hub.fetch(
        "owner/good", target, lambda *counts: reports.append(counts), endpoint=endpoint
    )
    assert not catalog.missing(target)
    assert sorted(path.name for path in target.iterdir()) == sorted(FILES)
    total = sum(len(content) for content in FILES.values())
    assert reports[-1] == (total, total)
    hub.fetch("owner/good", target, _ignore, endpoint=NOWHERE)


def test_fetching_what_is_no_model_leaves_nothing(
    tmp_path: Path, endpoint: str
) -> None:
    target = tmp_path / "models" / "owner--bad"
    with pytest.raises(EngineError, match=r"it has no model\.bin") as caught:
        hub.fetch("owner/bad", target, _ignore, endpoint=endpoint)
    assert caught.value.code == "BadModel"
    assert not target.exists()


def test_fetching_without_a_network_is_told(tmp_path: Path) -> None:
    target = tmp_path / "owner--good"
    with pytest.raises(EngineError, match="BASE_MODELS") as caught:
        hub.fetch("owner/good", target, _ignore, endpoint=NOWHERE)
    assert caught.value.code == "ModelNotFetched"
    assert str(caught.value).startswith("owner/good could not be fetched")
    assert not target.exists()


def test_a_cancelled_fetch_is_no_model(tmp_path: Path, endpoint: str) -> None:
    def cancel(done: int, total: int) -> None:
        raise KeyError("deleted")

    target = tmp_path / "owner--good"
    with pytest.raises(KeyError, match="deleted"):
        hub.fetch("owner/good", target, cancel, endpoint=endpoint)
    assert not target.exists()


def _ignore(done: int, total: int) -> None:
    """Who waits for no progress."""
