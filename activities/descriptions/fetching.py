"""Descriptions at addresses: fetched through the guard, kept, and asked for again by their ETag."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activities.descriptions.source import BadDescriptionError, Conceal, DescriptionSource
from activities.descriptions.store import LARGEST, Store, write
from activities.errors import ActionError, OutcomeUnknown, ResultTooLarge, Unavailable

if TYPE_CHECKING:
    from activities.http_client.client import Client

log = logging.getLogger(__name__)

REDIRECTS = 3
SECONDS = 60.0
"""How long fetching one description may take."""

FRESH = 15 * 60.0
"""Seconds for which a copy counts as the newest."""

LONG_FRESH = 24 * 3600.0
"""The same, by the age of the copy, of a description that is asked for once a day."""

EVERY = 1.0
"""Seconds between looks for what is to be fetched."""

AGAIN = 30.0
"""Seconds after which a description is asked for again that could not be had."""


class Fetcher:
    """Fetches the descriptions that somebody of this process has asked for, each once at a time.

    Args:
        store: where copies are kept.
        http: the guarded client.
        conceal: scrubs tokens that are asked for on the way.
    """

    def __init__(self, store: Store, http: Client, conceal: Conceal) -> None:
        self.store = store
        self.http = http
        self.conceal = conceal
        self._tasks: dict[DescriptionSource, asyncio.Task[None]] = {}
        self._begun: dict[DescriptionSource, float] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look for what is to be fetched while the context lasts."""
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            for task in (looking, *self._tasks.values()):
                task.cancel()
            await asyncio.gather(looking, *self._tasks.values(), return_exceptions=True)

    async def _look(self) -> None:
        while True:
            for source in self.store.sources():
                self._begin(source)
            await asyncio.sleep(EVERY)

    def _begin(self, source: DescriptionSource) -> None:
        """Fetch a description in the background, unless there is a fresh copy or it is being fetched already."""
        copy = self.store.copy(source)
        if source.daily and _age(copy) < LONG_FRESH:
            return
        now = time.monotonic()
        wait = FRESH if copy.is_file() else AGAIN
        running = self._tasks.get(source)
        if now - self._begun.get(source, -wait) >= wait and (running is None or running.done()):
            self._begun[source] = now
            self._tasks[source] = asyncio.create_task(self._fetch(source))

    async def _fetch(self, source: DescriptionSource) -> None:
        try:
            await fetch(source, self.store, self.http, self.conceal)
        except ActionError as error:
            log.warning("The description at %s could not be fetched: %s", source.place, error)
        else:
            log.info("The description at %s is at hand.", source.place)


def _age(copy: Path) -> float:
    """Return the seconds since a copy was written; infinite where there is none."""
    try:
        return time.time() - copy.stat().st_mtime
    except OSError:
        return math.inf


def conceal_nothing(_owner: object, _values: Collection[str]) -> None:
    """Scrub nothing, where nothing that is kept or shown could hold a token."""


async def fetch(source: DescriptionSource, store: Store, http: Client, conceal: Conceal = conceal_nothing) -> None:
    """Fetch a description and keep it; what has not changed since is not sent again.

    Args:
        source: where it is.
        store: where copies are kept.
        http: the guarded client.
        conceal: scrubs tokens that are asked for on the way.

    Raises:
        Refused: the address is not allowed, or there is no description.
        Unavailable: it cannot be had for now.
    """
    try:
        if source.reading is None:
            await _get(source, store, http)
        else:
            await asyncio.to_thread(_keep, source, store, await source.reading(http, conceal))
    except (OutcomeUnknown, ResultTooLarge) as error:
        raise Unavailable(str(error)) from None


async def _get(source: DescriptionSource, store: Store, http: Client) -> None:
    copy = store.copy(source)
    notes = copy.with_name(f"{copy.name}.json")
    known: dict[str, Any] = {}
    if copy.is_file():
        with suppress(OSError, ValueError):
            known = json.loads(notes.read_bytes())
    headers = {"If-None-Match": known["etag"]} if isinstance(known.get("etag"), str) else {}
    answer = await http.request(
        "GET", source.place, headers=headers, timeout=SECONDS, max_bytes=LARGEST, redirects=REDIRECTS
    )
    if answer.status == HTTPStatus.NOT_MODIFIED and known:
        return
    answer.require()
    await asyncio.to_thread(_keep, source, store, answer.body)
    etag = answer.headers.get("etag")
    with suppress(BadDescriptionError):
        write(notes, json.dumps({"address": source.place, "etag": etag}).encode())


def _keep(source: DescriptionSource, store: Store, content: bytes) -> None:
    try:
        store.keep(source, content)
    except BadDescriptionError as error:
        raise Unavailable(str(error)) from None
