"""The data plane alone: `uvicorn recognition.asgi:application`, as often as is needed,
behind anything that spreads requests."""

from __future__ import annotations

import os
import tempfile

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechstudio.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402

from recognition.app import application  # noqa: E402

__all__ = ["application"]

# Forms are kept there until they are read. On many machines /tmp is in memory.
tempfile.tempdir = str(settings.FILE_UPLOAD_TEMP_DIR)
