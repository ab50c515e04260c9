"""Records at vendors: what steps of one run write to the same one is sent one after the other, as it came up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
        self._queues: dict[Record, list[Turn]] = {}

    def writing(self, wanted: Sequence[Record]) -> Turn:
        """Wait until whatever came up before for one of these records has ended, and hold them while this lasts."""
        return Turn(self._queues, wanted)


class Turn:
    """The turn of one step.

    It is no generator: an event loop closes those when a worker ends, under runs that go on elsewhere.
    """

    __slots__ = ("_queues", "_wanted")

    def __init__(self, queues: dict[Record, list[Turn]], wanted: Sequence[Record]) -> None:
        self._queues = queues
        self._wanted = wanted

    async def __aenter__(self) -> None:
        for record in self._wanted:
            self._queues.setdefault(record, []).append(self)
        if self._has_come():
            return
        try:
            await host.wait_condition(self._has_come)
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def _has_come(self) -> bool:
        return all(self._queues[record][0] is self for record in self._wanted)

    def _leave(self) -> None:
        for record in self._wanted:
            queue = self._queues[record]
            queue.remove(self)
            if not queue:
                del self._queues[record]
