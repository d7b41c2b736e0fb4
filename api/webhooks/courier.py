"""A thread of the worker's process that delivers: an address that is slow holds up no
task, and nobody who waits for one."""

from __future__ import annotations

import logging
import threading

from django.db import connection

from api.webhooks.deliver import deliver_due

logger = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()


def set_out() -> None:
    """Deliver what is due, unless this process is at it. Whatever it holds when the
    process ends is sent again by another one, a little later."""
    if _one_at_a_time.acquire(blocking=False):
        threading.Thread(target=_deliver, name="web hooks", daemon=True).start()


def _deliver() -> None:
    try:
        deliver_due()
    except Exception:
        logger.exception("Web hooks were not told")
    finally:
        connection.close()
        _one_at_a_time.release()
