"""Rows as the objects of the API: one function for each kind."""

from __future__ import annotations

from api.shown.copies import operation
from api.shown.datasets import dataset
from api.shown.endpoints import endpoint
from api.shown.evaluations import evaluation
from api.shown.models import base_model, model
from api.shown.projects import project
from api.shown.transcriptions import transcription, with_seconds
from api.shown.webhooks import delivery, web_hook

__all__ = [
    "base_model",
    "dataset",
    "delivery",
    "endpoint",
    "evaluation",
    "model",
    "operation",
    "project",
    "transcription",
    "web_hook",
    "with_seconds",
]
