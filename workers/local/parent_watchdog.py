"""Becomes another program, which then ends when the process that started it does, in whatever way that dies.

Run as a script: `python parent_watchdog.py PARENT COMMAND…`. It is a program of its own because a process with threads
must not run Python between fork and exec.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it died before it could be asked for
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - the command is ours, and a shell is what it must not meet


if __name__ == "__main__":
    main()
