"""Start a program that ends with the one that started it.

`launch.py PARENT [--nice=N] PROGRAM ARGUMENT...` asks the kernel to kill this
process when process PARENT is gone, however it went, and becomes PROGRAM: the
request outlives the exec. Linux ties it to the *thread* that started us, so that
has to be one that lives as long as its process. Other systems have nothing like
it: there only an orderly stop ends the children.

With `--nice`, the program gives way to the others that were started like this.

It runs before every process of the server, so it imports next to nothing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

NICE = "--nice="
_PR_SET_PDEATHSIG = 1
_AUTOGROUP = "/proc/self/autogroup"
_TRIES = 20


def main() -> None:
    parent, *command = sys.argv[1:]
    die_with(int(parent))
    if command[0].startswith(NICE):
        give_way(int(command.pop(0).removeprefix(NICE)))
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


def give_way(by: int) -> None:
    """Make this process, and what it starts, as nice as `by`, from 0 to 19.

    Linux may share the cores among sessions (autogroups), and between them how nice
    a process is counts for nothing: its session has to be nice, which it leads.
    """
    os.nice(by)
    for _ in range(_TRIES):
        try:
            # It is closed when the program takes over.
            os.write(os.open(_AUTOGROUP, os.O_WRONLY), str(by).encode())
        except BlockingIOError:
            # The kernel allows one such change each tenth of a second.
            time.sleep(0.1)
        except OSError:
            # Other systems have none, and a container may not let it be written.
            return
        else:
            return


if __name__ == "__main__":
    main()
