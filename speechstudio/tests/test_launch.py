from __future__ import annotations

import os
import subprocess
import sys

from speechstudio import launch

_HOW_NICE = """
import os
print(os.nice(0))
group = "/proc/self/autogroup"
print(open(group).read().split()[-1] if os.path.exists(group) else "")
"""


def started(*more: str) -> list[str]:
    command = [sys.executable, launch.__file__, str(os.getpid()), *more]
    done = subprocess.run(
        [*command, sys.executable, "-c", _HOW_NICE],
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_program_that_gives_way_is_nice_and_so_is_its_session() -> None:
    process, *session = started("--nice=15")
    assert int(process) == min(os.nice(0) + 15, 19)
    if session and os.access("/proc/self/autogroup", os.W_OK):
        assert session == ["15"]


def test_another_is_as_nice_as_who_started_it() -> None:
    assert started()[0] == str(os.nice(0))
