"""`GET /healthz`: whether the parts that the server needs are there.

It is open to everybody, so an answer says only "ok" or what is missing, and
is kept for a moment: asking often costs nothing.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from shutil import disk_usage
from urllib.parse import parse_qs, urlsplit

import redis
from celery import current_app
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError

OK = "ok"
_KEPT_SECONDS = 2.0
_TIMEOUT_SECONDS = 2.5
_MIB = 1024**2


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    checks = _kept()
    healthy = all(answer == OK for answer in checks.values())
    return JsonResponse(
        {"status": OK if healthy else "unavailable", "checks": checks},
        status=200 if healthy else 503,
    )


def check() -> dict[str, str]:
    """Ask every part at the same time; one that hangs is not waited for."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    asked = {name: _ask(name, question) for name, question in _QUESTIONS.items()}
    for thread in asked.values():
        thread.join(max(0.0, deadline - time.monotonic()))
    return {
        name: "no answer in time" if thread.is_alive() else _answers[name]
        for name, thread in asked.items()
    }


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "not reachable"
    finally:
        # Each check has its own thread, which Django does not tidy up after.
        connection.close()
    return OK


def broker() -> str:
    options = {"socket_timeout": 1, "socket_connect_timeout": 1}
    try:
        with redis.Redis.from_url(redis_url(settings.REDIS_URL), **options) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "not reachable"
    return OK


def worker() -> str:
    """A worker's main process answers even while its pool is busy.

    The trainer is not asked: without it all but training goes on.
    """
    try:
        with current_app.connection_for_write() as link:
            link.transport_options |= {"socket_timeout": 1, "max_retries": 0}
            answers = current_app.control.ping(
                timeout=1,
                limit=1,
                connection=link,
                pattern="worker@*",
                matcher="glob",
            )
    except (KombuError, redis.RedisError, OSError):
        return "not reachable"
    return OK if answers else "none answers"


def disk() -> str:
    try:
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as f:
            f.write(b"x")
        free = disk_usage(settings.DATA_DIR).free
    except OSError:
        return "not writable"
    return OK if free >= settings.MIN_FREE_DISK_MB * _MIB else "little space left"


def redis_url(url: str) -> str:
    """Celery's address of a Redis in redis-py's spelling.

    >>> redis_url("redis+socket:///run/redis.sock?virtual_host=3")
    'unix:///run/redis.sock?db=3'
    >>> redis_url("redis://cache:6379/1")
    'redis://cache:6379/1'
    """
    parts = urlsplit(url)
    if parts.scheme != "redis+socket":
        return url
    number = parse_qs(parts.query).get("virtual_host", ["0"])[0].strip("/")
    return f"unix://{parts.netloc}{parts.path}?db={number}"


_QUESTIONS: dict[str, Callable[[], str]] = {
    "database": database,
    "redis": broker,
    "worker": worker,
    "disk": disk,
}
_threads: dict[str, threading.Thread] = {}
_answers: dict[str, str] = {}
_lock = threading.Lock()
_latest: dict[str, str] = {}
_latest_at = 0.0


def _kept() -> dict[str, str]:
    """The checks of a moment ago, or new ones. One request at a time asks."""
    global _latest, _latest_at
    # Those who come while one asks get what was found before.
    if _lock.acquire(blocking=not _latest):
        try:
            if time.monotonic() - _latest_at > _KEPT_SECONDS:
                _latest = check()
                _latest_at = time.monotonic()
        finally:
            _lock.release()
    return _latest


def _ask(name: str, question: Callable[[], str]) -> threading.Thread:
    """Start the check, unless it still hangs since last time."""

    def run() -> None:
        _answers[name] = "failed"
        _answers[name] = question()

    thread = _threads.get(name)
    if thread is None or not thread.is_alive():
        # A daemon, so that a check that hangs does not delay the server's end.
        thread = threading.Thread(target=run, name=f"health {name}", daemon=True)
        _threads[name] = thread
        thread.start()
    return thread
