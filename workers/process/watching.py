"""Watching files: a worker waits for its automations before it takes runs, and looks at what changes ever after."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from workers.definitions.automations import Automations
from workers.definitions.problems import listed
from workers.definitions.settling import APART, QUIET, Patience
from workers.process.equipment import Equipment, foreseen

log = logging.getLogger(__name__)

SETTLED = Patience(quiet=QUIET, apart=APART)
"""How long a file must be the same before a worker runs what it holds."""

EVERY = 0.5
"""Seconds between two looks: a change counts these and `QUIET` after the last write, at the latest."""

FOR_EACH_FILE, LONGEST = 0.000_05, 1.0
"""Seconds between two looks for each file, where that is longer, and how long they are at most: looking costs time."""

REPEATED_EVERY = 10.0
"""Seconds between two lines that say which files a worker waits for at its start."""


async def settle(automations: Automations) -> None:
    """Wait until the files that are there at first have settled: with files that are old, a quarter of a second."""
    loop = asyncio.get_running_loop()
    last = loop.time() - REPEATED_EVERY + 2 * QUIET
    while not await automations.aside(automations.look):
        if loop.time() - last >= REPEATED_EVERY:
            files = listed(automations.changing()) or automations.folder
            log.warning("Waiting until nobody writes %s any more.", files)
            last = loop.time()
        await asyncio.sleep(APART)


def pause(files: int) -> float:
    """Return the seconds between two looks at so many files: the same in all processes, which announce by it."""
    return max(EVERY, min(files * FOR_EACH_FILE, LONGEST))


class Watch:
    """Looks at the files of a worker, and says once what their changes will make fail.

    Args:
        equipment: what the worker has read.
        complaints: what was said at the start.
        speaks: whether this process speaks for all of its worker.
    """

    def __init__(self, equipment: Equipment, complaints: Iterable[str], *, speaks: bool) -> None:
        self.equipment = equipment
        self.speaks = speaks
        self._complaints = set(complaints)
        self._state: tuple[object, ...] = ()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watching")

    async def watch(self) -> NoReturn:
        """Look now and then, in a thread of its own: no run waits for it."""
        loop, automations = asyncio.get_running_loop(), self.equipment.automations
        while True:
            await asyncio.sleep(pause(automations.files))
            try:
                await loop.run_in_executor(self._thread, self.look)
            except Exception:  # a defect in reading one file must not end the runs of all others
                log.exception("%s could not be looked at.", automations.folder)

    def look(self) -> None:
        """Look once; what was bad before is not said again, what has become bad anew is."""
        state = self._look()
        if state == self._state or not self.speaks:
            return
        self._state = state
        now = list(foreseen(self.equipment))
        for sentence in now:
            if sentence not in self._complaints:
                log.warning("%s", sentence)
        self._complaints = set(now)

    def _look(self) -> tuple[object, ...]:
        """Read again what has changed: automations, groups and keys; a file that has become bad is logged by itself."""
        equipment = self.equipment
        equipment.automations.look()
        return equipment.automations.reads, *equipment.groups.names(), bool(equipment.signing)
