from __future__ import annotations

from django.dispatch import Signal

# A job has got another status, in the same transaction. Who listens is given the `job`.
moved = Signal()
