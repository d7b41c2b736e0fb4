from __future__ import annotations

import os
import time
from pathlib import Path

from engines.shelf import tidy

TWO_DAYS_AGO = time.time() - 2 * 24 * 3600


def test_models_that_nobody_knows_are_deleted_after_a_day(tmp_path: Path) -> None:
    for name, is_old in (
        ("6f1a", True),
        (".6f1a.work", True),
        ("7e2b", True),
        (".8c3d.work", True),
        ("9d4e", False),
        ("5c5c", True),
        (".5c5c.work", False),
        (".4b4b.work", True),
    ):
        path = tmp_path / "custom" / name
        path.mkdir(parents=True)
        (path / "model.bin").touch()
        if is_old:
            os.utime(path, (TWO_DAYS_AGO, TWO_DAYS_AGO))
    (tmp_path / "models--of-a-hub").mkdir()
    tidy(tmp_path, ["custom:6f1a", "custom:5c5c", "custom:4b4b"])
    left = {path.name for path in (tmp_path / "custom").iterdir()}
    # A training may be at what belongs to no complete model.
    assert left == {"6f1a", "9d4e", "5c5c", ".5c5c.work", ".4b4b.work"}
    assert (tmp_path / "models--of-a-hub").is_dir()


def test_without_any_model_there_is_nothing_to_do(tmp_path: Path) -> None:
    tidy(tmp_path, [])
