from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("apt, is_told", [("exit 0", False), ("exit 100", True)])
def test_ci_promises_a_browser_and_tells_what_it_lacks(
    tmp_path: Path, apt: str, is_told: bool
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(settings.BASE_DIR / ".ci" / "run", tmp_path / ".ci")
    scripts = {"apt-get": apt, "id": "echo 0", "make": 'echo "$1 with CI=$CI"'}
    for name, script in scripts.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        [tmp_path / ".ci" / "run"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "test with CI=1\n")
    assert ("not installed: chromium" in done.stderr) is is_told
