"""Start a program that ends with the one that started it.

`launch.py PARENT PROGRAM ARGUMENT...` asks the kernel to kill this process
when process PARENT is gone, however it went, and becomes PROGRAM: the request
outlives the exec. Linux ties it to the *thread* that started us, so that has
to be one that lives as long as its process. Other systems have nothing like
it: there only an orderly stop ends the children.

It runs before every process of the server, so it imports next to nothing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *command = sys.argv[1:]
    die_with(int(parent))
    os.execv(command[0], command)


def die_with(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send `by` to this process when `parent` is gone."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, by.value) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        # It died before we could ask, and nobody would tell us any more.
        os.kill(os.getpid(), by)


if __name__ == "__main__":
    main()
