"""One process of a worker that has several: `python -m workers.process.child NUMBER DESCRIPTOR`, started by its parent.

Its settings come from the environment, its page is served on the listening socket DESCRIPTOR, and its standard input
ends when the parent does.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time

from workers import logs
from workers.errors import TrunklineError
from workers.process.lifetime import OVERTIME, run
from workers.settings import Settings

log = logging.getLogger("trunkline.worker")


def main(number: int, descriptor: int) -> None:
    """Run this process until the parent says so or has died."""
    logs.configure(process=number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what it means
    page = socket.socket(fileno=descriptor)
    try:
        settings = Settings.from_environment()
        threading.Thread(target=_follow_parent, args=(settings.grace,), daemon=True).start()
        code = run(settings, process=number, page=page)
    except TrunklineError as failure:
        log.error("%s", failure)  # noqa: TRY400 - the sentence says it all, a traceback would hide it
        code = failure.exit_code
    logging.shutdown()
    os._exit(code)  # Temporal's client can abort the interpreter while it is torn down


def _follow_parent(grace: float) -> None:
    """Stop gracefully once the parent is gone, however it went, so that no process is left behind."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    log.warning("The parent process has ended, so this one does.")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace + OVERTIME)
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
