"""A whole installation under mixed traffic for a while: is every answer right, and does
it hold no more at the end than soon after its start?

    python -m benchmarks soak [minutes]

Half an hour, unless other minutes are given. Fails (with 1) when an answer was wrong, a
process ended, or one holds more than it may.
"""

from __future__ import annotations

import contextlib
import random
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from benchmarks.traffic import KINDS, Busy, Client, Kind, Misheard
from recognition.tests.callers import Held, Said, clips, held, understood
from recognition.tests.installation import Deployed, deployed
from speechstudio.tests.studio import wait_for

MINUTES = 30.0
HEADING = "## Soak"
SAMPLE_SECONDS = 10
# The first sixth is for warming up; the next one is compared with the last.
SHARES = 6
# What the processes of one kind may hold more at the end; the allocator of the numeric
# libraries gives back what it has whenever it likes.
MOST_MORE = Held(megabytes=100, threads=4, files=8)

_ROLES = {
    "redis-server": "Redis",
    "uvicorn": "web server",
    "=worker@": "worker",
    "=trainer@": "trainer",
    " beat": "beat",
    "speechstudio.up": "what starts them",
}
_SECTION = """\
{heading}

A whole installation for {minutes:g} minutes under mixed traffic, client and server on the
same cores. Every answer was checked, its words as well; of the words, that they are those
of the clip that was sent. “Told to come again” is an answer 429; misheard is where the
custom model, which knows one sentence, took that for what was said. Wanted: none wrong,
and nothing that grows. {changes} changes of the model among them.

| client | right | wrong | misheard | told to come again | median s | 95 % s |
|:---|---:|---:|---:|---:|---:|---:|
{clients}

What the processes hold, from minute {begin:.1f} to {middle:.1f} and in the last
{span:.1f} minutes: the median of memory, and the fewest threads and open files, since
clients that are just there have some, too.

| process | memory MB, then | at the end | threads, then | at the end | files, then | at the end |
|:---|---:|---:|---:|---:|---:|---:|
{processes}
"""  # noqa: E501


@dataclass
class Book:
    """What one kind of clients has come to."""

    took: list[float] = field(default_factory=list)  # seconds, of the right answers
    wrong: list[str] = field(default_factory=list)
    busy: int = 0
    misheard: int = 0


@dataclass(frozen=True)
class Sample:
    at: float  # seconds after the start of the traffic
    roles: dict[str, Held]
    pids: frozenset[int]  # of those that ought never to be replaced


def section(minutes: float = MINUTES) -> tuple[str, list[str]]:
    """The text for the results, and what was not as it should be."""
    books = {kind.name: Book() for kind in KINDS}
    with tempfile.TemporaryDirectory() as name, deployed(Path(name) / "data") as ward:
        sql = "SELECT count(*) FROM endpoints_endpoint WHERE serving_id IS NOT NULL"
        wait_for(lambda: ward.studio.rows(sql)[0][0])
        with _traffic(ward, understood(ward, clips()), books):
            samples = list(_samples(ward, 60 * minutes, books))
        wrong = [f"{name}: {one}" for name, book in books.items() for one in book.wrong]
        wrong += _left(ward)
    then, end = _held(samples, 1), _held(samples, SHARES - 1)
    wrong += _grown(then, end)
    if len({sample.pids for sample in samples}) > 1:
        wrong.append("A process ended, and another took its place.")
    return _text(minutes, books, then, end), wrong


@contextlib.contextmanager
def _traffic(
    ward: Deployed, clips: Sequence[Said], books: dict[str, Book]
) -> Iterator[None]:
    """All clients, until this ends."""
    over = threading.Event()
    seeds = iter(range(1_000))
    threads = [
        threading.Thread(
            target=_visit_again, args=(kind, ward, clips, seed, books[kind.name], over)
        )
        for kind in KINDS
        for _, seed in zip(range(kind.clients), seeds, strict=False)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _visit_again(
    kind: Kind,
    ward: Deployed,
    clips: Sequence[Said],
    seed: int,
    book: Book,
    over: threading.Event,
) -> None:
    client = Client(ward, clips, seed)
    pauses = random.Random(seed)
    while not over.wait(pauses.uniform(0, 2 * kind.pause)):
        began = time.monotonic()
        try:
            kind.ask(client)
        except Busy:
            book.busy += 1
        except Misheard:
            book.misheard += 1
        # Whatever it is, it is told at the end, and the traffic goes on.
        except Exception as e:
            at = time.strftime("%H:%M:%S")
            book.wrong.append(f"{at} {type(e).__name__}: {e}"[:500])
        else:
            book.took.append(time.monotonic() - began)


def _samples(
    ward: Deployed, seconds: float, books: dict[str, Book]
) -> Iterator[Sample]:
    began = time.monotonic()
    while (at := time.monotonic() - began) < seconds:
        roles: dict[str, Held] = defaultdict(lambda: Held(0, 0, 0))
        pids = set()
        for pid, command in ward.studio.processes().items():
            # It may have ended since it was found.
            with contextlib.suppress(OSError):
                role = _role(command)
                roles[role] += held(pid)
                # A worker of the trainer's pool lives for one training.
                if role != "trainer":
                    pids.add(pid)
        yield Sample(at, dict(roles), frozenset(pids))
        right = sum(len(book.took) for book in books.values())
        wrong = sum(len(book.wrong) for book in books.values())
        web = roles["web server"]
        print(f"{at:.0f} s: {right} right, {wrong} wrong, {web}", flush=True)
        time.sleep(SAMPLE_SECONDS)


def _role(command: str) -> str:
    return next((role for word, role in _ROLES.items() if word in command), "other")


def _held(samples: Sequence[Sample], share: int) -> dict[str, Held]:
    """By role, in this share of the time."""
    seconds = samples[-1].at / SHARES
    of_share = [one.roles for one in samples if share <= one.at / seconds <= share + 1]
    return {
        role: Held(
            median(roles[role].megabytes for roles in of_share if role in roles),
            min(roles[role].threads for roles in of_share if role in roles),
            min(roles[role].files for roles in of_share if role in roles),
        )
        for role in _ROLES.values()
    }


def _grown(then: dict[str, Held], end: dict[str, Held]) -> list[str]:
    return [
        f"{role} holds more than it should: {then[role]}, in the end {end[role]}"
        for role in then
        if end[role].megabytes > then[role].megabytes + MOST_MORE.megabytes
        or end[role].threads > then[role].threads + MOST_MORE.threads
        or end[role].files > then[role].files + MOST_MORE.files
    ]


def _left(ward: Deployed) -> list[str]:
    """What nobody should find when all clients are gone."""
    said = [line for line in ward.studio.output.splitlines() if line.strip()]
    told = [line for line in said if "speechstudio is ready" not in line]
    files = list((ward.studio.folder / "tmp").iterdir())
    return [f"printed: {line}" for line in told] + [f"left: {file}" for file in files]


def _text(
    minutes: float, books: dict[str, Book], then: dict[str, Held], end: dict[str, Held]
) -> str:
    rows = [
        f"| {role} | {a.megabytes:.0f} | {b.megabytes:.0f} | {a.threads} "
        f"| {b.threads} | {a.files} | {b.files} |"
        for role, a, b in ((role, then[role], end[role]) for role in then)
    ]
    return _SECTION.format(
        heading=HEADING,
        minutes=minutes,
        changes=len(books["change of model"].took),
        clients="\n".join(_row(name, book) for name, book in books.items()),
        begin=minutes / SHARES,
        middle=2 * minutes / SHARES,
        span=minutes / SHARES,
        processes="\n".join(rows),
    )


def _row(name: str, book: Book) -> str:
    counts = f"| {name} | {len(book.took)} | {len(book.wrong)} "
    counts += f"| {book.misheard} | {book.busy} "
    if len(book.took) < 2:
        return f"{counts}| | |"
    late = quantiles(book.took, n=20)[-1]
    return f"{counts}| {median(book.took):.2f} | {late:.2f} |"
