"""Loaded by pytest before anything reads the settings: nothing of the person
who runs the tests is touched, and nothing of theirs changes a test."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

from speechstudio import env

_folder = tempfile.mkdtemp(prefix="speechstudio-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
for _name in env.NAMES:
    os.environ.pop(_name, None)
    os.environ.pop(f"{_name}_FILE", None)
os.environ["DATA_DIR"] = _folder
if url := os.environ.get("TEST_DATABASE_URL"):
    # The same tests on PostgreSQL.
    os.environ["DATABASE_URL"] = url
