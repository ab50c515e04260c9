"""Records at vendors: what steps of one run write to the same one is sent one after the other, as it came up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from workflows import host


class Record(NamedTuple):
    """A record at a vendor: the name of the connection that leads to it, where one is known; its kind, and its id."""

    connection: str | None
    kind: str
    id: str


def records(connection: str | None, writes: Mapping[str, str], config: Mapping[str, Any]) -> tuple[Record, ...]:
    """Return the records that a rendered config names.

    Args:
        connection: the connection that the step uses.
        writes: kind of each record, by the key of the config that holds an id or a list of ids.
        config: the rendered config.
    """
    found = [
        Record(connection, kind, _id(value))
        for key, kind in writes.items()
        for value in (config[key] if isinstance(config.get(key), list) else [config.get(key)])
        if value not in (None, "")
    ]
    return tuple(dict.fromkeys(found))


def _id(value: Any) -> str:
    """Return an id as actions read it: the number 7 is the text `7`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


class RecordQueues:
    """Who writes which record, and who waits for that, in the order in which they came up.

    A step joins the queues of all of its records at once. So of two steps one is before the other wherever both wait,
    and none waits for another that waits for it.
    """

    def __init__(self) -> None:
        self._queues: dict[Record, list[object]] = {}

    @asynccontextmanager
    async def writing(self, wanted: Sequence[Record]) -> AsyncIterator[None]:
        """Wait until whatever came up before for one of these records has ended, and hold them while this lasts."""
        mine = object()
        for record in wanted:
            self._queues.setdefault(record, []).append(mine)
        try:
            if not self._first(wanted, mine):
                await host.wait_condition(lambda: self._first(wanted, mine))
            yield
        finally:
            for record in wanted:
                self._queues[record].remove(mine)
                if not self._queues[record]:
                    del self._queues[record]

    def _first(self, wanted: Sequence[Record], mine: object) -> bool:
        return all(self._queues[record][0] is mine for record in wanted)
