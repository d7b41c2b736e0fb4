from __future__ import annotations

import hypothesis
import pytest
from django.conf import settings

from speechstudio.celery import app

# What a test takes says nothing of what it proves.
hypothesis.settings.register_profile("calm", deadline=None, derandomize=True)
hypothesis.settings.load_profile("calm")


def pytest_configure(config: pytest.Config) -> None:
    # In the fast layer a task runs where it is sent; the real layer starts
    # worker processes, which do not see this.
    app.conf.task_always_eager = True
    app.conf.task_eager_propagates = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": plain}}
