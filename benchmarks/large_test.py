"""The pages of a test of 100,000 utterances and three models, and its levels.

In process, as the server works, with a fresh database; the same addresses with 100
utterances beside it, in the same run.

    python -m benchmarks.large_test     (what the process of `section` runs)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from io import StringIO
from statistics import median, quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluations.models import Evaluation

SIZES = (100, 10_000, 100_000)
ROUNDS = 5
FILTERS = (
    *("", "only=errors", "only=flagged", "kind=deletion", "kind=insertion&model=2"),
    *(
        "right=3&wrong=1",
        "word=okay",
        "q=metoprol",
        "q=call_1",
        "wer_min=50&wer_max=90",
    ),
    *("conf_max=40", "slice=device:phone", "slice=seconds:2..4", "verdict=none"),
    *("term=the+a", "error=substitution&said=the&heard=a", "only=errors&kind=deletion"),
)
SORTS = ("-errors", "position", "name", "-duration", "wer", "confidence", "-gap")
PAGES = (
    *("words/", "words/?q=me&sort=-said", "words/?a=1&b=2&least=5", "terms/"),
    *("slices/", "slices/?by=device", "slices/?by=speaker", "slices/?by=seconds"),
    *("confidence/", "references/", "references/?page=2", "report/"),
    "utterances/7/",
)

SECTION = f"""\
## A test of 100,000 utterances and three models

The list of utterances for filters, sorts, first and middle pages, and all other pages
of the test, in process, each {ROUNDS} times after a first look. Wanted: 95 % within
150 ms. The first look at a test reads its tables into memory.

| utterances | addresses | first look s | median ms | 95 % ms | slowest ms | slowest |
|---:|---:|---:|---:|---:|---:|---|
"""
LEVELS = """

Its errors counted at another level, for the three models together, seconds of the
processor. Wanted: 2 s for 10,000 utterances, 30 s for 100,000.

| utterances | plain | whisper | project |
|---:|---:|---:|---:|
"""


def section() -> str:
    with tempfile.TemporaryDirectory() as name:
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.large_test"],
            env=os.environ | {"DATA_DIR": name},
            check=True,
            capture_output=True,
            text=True,
        )
    pages, levels = answer.stdout.strip().split("\n\n")
    return SECTION + pages + LEVELS + levels


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
    User.objects.create_superuser("bench")
    tests = {size: _seed(size) for size in SIZES}
    for size, test in tests.items():
        print(_pages(size, test), flush=True)
    print()
    for size, test in tests.items():
        print(_levels(size, test), flush=True)


def _seed(size: int) -> Evaluation:
    from django.core.management import call_command

    from evaluations.models import Evaluation

    out = StringIO()
    call_command("seed_test", utterances=size, models=3, stdout=out)
    return Evaluation.objects.select_related("project").get(pk=out.getvalue().strip())


def _pages(size: int, test: Evaluation) -> str:
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get())
    first = _milliseconds(client, test.get_absolute_url()) / 1000
    times: dict[str, float] = {}
    every: list[float] = []
    for address in _addresses(test.get_absolute_url(), size):
        _milliseconds(client, address)
        taken = [_milliseconds(client, address) for _ in range(ROUNDS)]
        every += taken
        times[address.partition(str(test.pk))[2]] = median(taken)
    slowest = max(times, key=lambda address: times[address])
    return (
        f"| {size:,} | {len(times)} | {first:.1f} | {median(every):.0f} "
        f"| {quantiles(every, n=20)[-1]:.0f} | {times[slowest]:.0f} | `{slowest}` |"
    )


def _milliseconds(client: object, address: str) -> float:
    started = time.perf_counter()
    page = client.get(address)  # type: ignore[attr-defined]
    assert page.status_code == 200, address
    assert page.content
    return 1000 * (time.perf_counter() - started)


def _addresses(base: str, size: int) -> Iterator[str]:
    for query in FILTERS:
        yield f"{base}?{query}"
    for sort in SORTS:
        for page in (1, size // 50):
            yield f"{base}?sort={sort}&page={page}"
            yield f"{base}?only=errors&sort={sort}&page={page}"
    for page_name in PAGES:
        yield f"{base}{page_name}"


def _levels(size: int, test: Evaluation) -> str:
    from evaluations import levels
    from evaluations.models import Scoring
    from scoring.scale import Level

    test.project.equivalences = "okay = ok\nmetopro = meto pro"
    seconds = []
    for level in (Level.PLAIN, Level.WHISPER, Level.PROJECT):
        scoring = Scoring.objects.create(evaluation=test, level=level)
        scoring.start()
        started = time.process_time()
        levels.count(scoring)
        seconds.append(f"{time.process_time() - started:.1f}")
    return f"| {size:,} | {' | '.join(seconds)} |"


if __name__ == "__main__":
    main()
