"""Watching the folder: a worker waits for its files before it takes runs, and looks at them ever after."""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from workers.definitions.automations import Automations
from workers.definitions.problems import listed
from workers.definitions.settling import APART, QUIET, Patience

log = logging.getLogger(__name__)

SETTLED = Patience(quiet=QUIET, apart=APART)
"""How long a file must be the same before a worker runs what it holds."""

EVERY = 0.5
"""Seconds between two looks: a change counts these and `QUIET` after the last write, at the latest."""

SAID_EVERY = 10.0
"""Seconds between two lines that say which files a worker waits for at its start."""


async def settle(automations: Automations) -> None:
    """Wait until the files that are there at first have settled: with files that are old, a quarter of a second."""
    loop = asyncio.get_running_loop()
    said = loop.time() - SAID_EVERY + 2 * QUIET
    while not await automations.aside(automations.look):
        if loop.time() - said >= SAID_EVERY:
            files = listed(automations.changing()) or automations.folder
            log.warning("Waiting until nobody writes %s any more.", files)
            said = loop.time()
        await asyncio.sleep(APART)


async def watch(automations: Automations) -> NoReturn:
    """Look at the folder now and then, also while no run asks for anything."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            await automations.aside(automations.look)
        except Exception:  # a defect in reading one file must not end the runs of all others
            log.exception("%s could not be looked at.", automations.folder)
