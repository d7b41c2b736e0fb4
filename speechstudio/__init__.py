"""Composes the rooms; owns no rule of the domain; nobody imports it."""

from __future__ import annotations

# Tasks declared with @shared_task need the application to be there.
from speechstudio.celery import app as celery_app

__all__ = ["celery_app"]
