"""Taking a test away: how long it takes, and that it needs no more memory for more.

In process, as the server works, with a fresh database; everything is streamed.

    python -m benchmarks.exports          (what the process of `section` runs)
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (1000, 100_000)
MODELS = 3
FORMS = ("csv", "jsonl")

SECTION = f"""\
## Exports

A test of {MODELS} models, all utterances. Memory is what the process needed more while
it sent the file than before it; the tables that pages hold were read already. Wanted:
the same for any number of utterances.

| format | utterances | CPU s | MB sent | MB of memory |
|---|---:|---:|---:|---:|
"""


def section() -> str:
    with tempfile.TemporaryDirectory() as name:
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.exports"],
            env=os.environ | {"DATA_DIR": name},
            check=True,
            capture_output=True,
            text=True,
        )
    return SECTION + answer.stdout.strip()


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")
    django.setup()
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    User.objects.create_user("bench")
    for size in SIZES:
        said = io.StringIO()
        call_command("seed_test", utterances=size, models=MODELS, stdout=said)
        _measure(size, said.getvalue().split()[-1])


def _measure(size: int, key: str) -> None:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get())
    assert client.get(f"/tests/{key}/").status_code == 200
    for form in FORMS:
        before, started = _memory(), time.process_time()
        page = client.get(f"/tests/{key}/export/{form}/")
        assert page.status_code == 200, form
        sent, peak = 0, before
        for piece in page.streaming_content:
            sent, peak = sent + len(piece), max(peak, _memory())
        seconds, grown = time.process_time() - started, peak - before
        print(f"| {form} | {size:,} | {seconds:.1f} | {sent / 1e6:.1f} | {grown:.0f} |")


def _memory() -> float:
    """In MB, without what is only mapped: the database file among it."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1000


if __name__ == "__main__":
    main()
