"""What it costs to look after jobs at a Speech resource.

python -m benchmarks.polling      (prints it)
"""

from __future__ import annotations

import json
import os
import resource as system
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from speechstudio.tests.studio import ROOT, clean_environment

JOBS = 5_000
SECONDS = 180
EVERY = 5.0  # as in the settings
_PAGE = 1_000

POLLING = f"""\
## Jobs at a Speech resource

{JOBS:,} trainings that run at a resource, looked after by one worker for {SECONDS}
seconds, each asked for about once a minute; the resource is a server on the same
machine. Wanted: under 200 MB, under 5 % of a core.

| what | figure |
|:---|---:|
"""


def section() -> str:
    """The section of the results."""
    with tempfile.TemporaryDirectory() as folder:
        environment = clean_environment() | {"DATA_DIR": folder}
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.polling", "worker"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    found = json.loads(done.stdout.splitlines()[-1])
    rows = [
        ("share of a core", f"{100 * found['cpu']:.1f} %"),
        ("memory", f"{found['megabytes']:.0f} MB"),
        ("jobs asked for in a minute", f"{found['asked_a_minute']:,.0f}"),
        ("requests in a minute", f"{found['requests_a_minute']:,.0f}"),
    ]
    return POLLING + "".join(f"| {what} | {figure} |\n" for what, figure in rows)


class _Resource(BaseHTTPRequestHandler):
    """Says of every model that it is being trained."""

    protocol_version = "HTTP/1.1"
    requests = 0

    def do_GET(self) -> None:
        type(self).requests += 1
        parts = urlsplit(self.path)
        skip = int(parse_qs(parts.query).get("skip", ["0"])[0])
        base = f"http://127.0.0.1:{self.server.server_port}/speechtotext/models"
        values = [
            {"self": f"{base}/{UUID(int=number)}", "status": "Running"}
            for number in range(skip, min(skip + _PAGE, JOBS))
        ]
        body: dict[str, object] = {"values": values}
        if skip + _PAGE < JOBS:
            body["@nextLink"] = f"{base}?skip={skip + _PAGE}&api-version=2025-10-15"
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _serve() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Resource)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()  # until whoever started this is gone
    print(_Resource.requests, flush=True)


def _work() -> None:
    """In a process that is as a worker: it has loaded what a worker has."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")
    import django

    django.setup()
    from speechstudio.celery import app

    app.autodiscover_tasks(force=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.polling", "server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None and server.stdin is not None
    _fill(int(server.stdout.readline()))
    found = _measured()
    server.stdin.close()
    requests = int(server.stdout.readline())
    server.wait()
    print(json.dumps(found | {"requests_a_minute": requests * 60 / SECONDS}))


def _fill(port: int) -> None:
    import random
    from datetime import timedelta

    from django.utils.timezone import now

    from remote.models import Remote
    from resources.models import Resource
    from resources.vault import seal
    from training.models import SpeechModel

    endpoint = f"http://127.0.0.1:{port}"
    resource = Resource.objects.create(
        key="there", name="There", endpoint=endpoint, sealed_key=seal("secret")
    )
    models = SpeechModel.objects.bulk_create(
        SpeechModel(
            pk=UUID(int=number), name="Ward", reference=str(number), status="Running"
        )
        for number in range(JOBS)
    )
    Remote.objects.bulk_create(
        Remote(
            kind=Remote.Kind.MODEL,
            local=model.pk,
            resource=resource,
            address=f"{endpoint}/speechtotext/models/{model.pk}",
            asked=9,
            next_poll=now() + timedelta(seconds=60 * random.random()),
        )
        for model in models
    )


def _measured() -> dict[str, float]:
    from django.db.models import Sum

    from remote.models import Remote
    from remote.poll import round_of_questions

    def asked() -> int:
        return Remote.objects.aggregate(n=Sum("asked"))["n"] or 0

    def send(key: str) -> None:
        raise AssertionError(f"{key} has not ended")

    round_of_questions(send)
    before, begun, used = asked(), time.monotonic(), time.process_time()
    while time.monotonic() - begun < SECONDS:
        start = time.monotonic()
        round_of_questions(send)
        time.sleep(max(0.0, EVERY - (time.monotonic() - start)))
    share = (time.process_time() - used) / (time.monotonic() - begun)
    peak = system.getrusage(system.RUSAGE_SELF).ru_maxrss / 1024
    a_minute = (asked() - before) * 60 / SECONDS
    return {"cpu": share, "megabytes": peak, "asked_a_minute": a_minute}


if __name__ == "__main__":
    {"server": _serve, "worker": _work}.get(sys.argv[-1], lambda: print(section()))()
