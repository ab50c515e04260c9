"""The vendors of the fault benchmark: the sandbox in a process of its own, in bad weather.

Run as `python -m bench.faults.vendors PORT LEDGER SEED RATE`; what arrives is written to LEDGER as JSON lines.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote_plus

from workers.sandbox import Sandbox
from workers.sandbox.faults import Fault, Faults
from workers.sandbox.record import RecordEntry

GARBAGE = "<html>It works!</html>"
REFUSED_BY_SLACK = {"ok": False, "error": "channel_not_found"}

WEATHER: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "429 with Retry-After": (4, {"status": 429, "retry_after": 1}),
    "400": (2, {"status": 400}),
    "500, not carried out": (3, {"status": 500}),
    "500, carried out": (3, {"status": 500, "accept": True}),
    "200 with garbage, not carried out": (2, {"status": 200, "body": GARBAGE}),
    "200 with garbage, carried out": (2, {"status": 200, "body": GARBAGE, "accept": True}),
    "connection dropped before": (4, {"drop": "before"}),
    "connection dropped after": (4, {"drop": "after"}),
    "carried out, answered after the timeout": (4, {"delay": 5}),
    "carried out after the timeout": (3, {"late": 5}),
}
"""How a request may be met: how often compared with the others, and the words of the fault."""

STEP = re.compile(r"(?P<run>storm[a-z-]*/(?:hook:)?[0-9]+)\.(?P<step>[a-z]+[0-9]*)")
"""What every step of the automations puts into its request: which run and which step it is."""

AMOUNT = re.compile(r'"amount": ?(?P<amount>[0-9]+)')
"""What people change where they edit a request."""

CALM, CLOSED = (5.0, 12.0), 0.5
"""Seconds between the times at which no connection is accepted, at least and at most, and how long those last."""

HARVEST = 0.5


class Weather(Faults):
    """Meets a share of all requests with a fault, chosen by a seeded random.

    Args:
        seed: of the random.
        rate: share of the requests that meet a fault.
    """

    def __init__(self, seed: int, rate: float) -> None:
        super().__init__()
        self._random = random.Random(seed)  # noqa: S311 # chance, not a secret
        self._rate = rate
        self._names = list(WEATHER)
        self._weights = [weight for weight, _ in WEATHER.values()]

    def take(self, vendor: str, _path: str, _method: str) -> Fault | None:
        """Return the fault that a request meets, if any."""
        if self._random.random() >= self._rate:
            return None
        [name] = self._random.choices(self._names, self._weights)
        if (vendor, name) == ("slack", "400"):
            return Fault(vendor="slack", status=200, body=REFUSED_BY_SLACK)
        if (vendor, name) == ("http", "200 with garbage, not carried out"):
            name = "200 with garbage, carried out"  # whoever answers 2xx to plain HTTP has said that it was
        if (vendor, name) == ("smtp", "500, carried out"):
            name = "500, not carried out"  # a mail server that answers 5xx has said that it took nothing
        return Fault(vendor=vendor, **WEATHER[name][1])


def named(fault: Mapping[str, Any] | None) -> str | None:
    """Return the name of a fault that a request met."""
    if fault is None:
        return None
    if fault.get("body") == REFUSED_BY_SLACK:
        return "400"
    words = {name: value for name, value in fault.items() if name not in {"vendor", "times"}}
    shown = ((name, Fault(vendor="http", **kind).shown()) for name, (_, kind) in WEATHER.items())
    return next(name for name, kind in shown if {**kind, "vendor": None} == {**words, "vendor": None})


def line(received: RecordEntry) -> dict[str, Any]:
    """Return what the ledger keeps of a request."""
    request = received.request
    written = f"{unquote_plus(request.raw.decode(errors='replace'))} {' '.join(request.query.values())}"
    found, amount = STEP.search(written), AMOUNT.search(written)
    return {
        "at": received.at.timestamp(),
        "vendor": received.vendor,
        "method": request.method,
        "run": found["run"] if found else None,
        "step": found["step"] if found else None,
        "key": received.key,
        "amount": None if amount is None else int(amount["amount"]),
        "accepted": received.accepted,
        "fault": named(received.fault),
    }


async def main(port: int, delivery_log: Path, seed: int, rate: float) -> None:
    """Serve until SIGTERM; now and then accept no connection for a moment."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    sandbox = Sandbox(port, faults=Weather(seed, rate))
    chance = random.Random(seed)  # noqa: S311 # chance, not a secret
    seen: set[int] = set()
    await sandbox.start()
    if sandbox.port != port:
        raise SystemExit(f"Port {port} is taken.")
    with delivery_log.open("w") as file:
        loop = asyncio.get_running_loop()
        closes = loop.time() + chance.uniform(*CALM)
        while not stopped.is_set():
            await asyncio.sleep(HARVEST)
            harvest(sandbox, seen, file)
            if rate and loop.time() >= closes:
                await sandbox.stop()
                await asyncio.sleep(CLOSED)
                await sandbox.start()
                file.write(json.dumps({"closed": CLOSED}) + "\n")
                closes = loop.time() + chance.uniform(*CALM)
        await sandbox.stop()
        harvest(sandbox, seen, file)


def harvest(sandbox: Sandbox, seen: set[int], file: IO[str]) -> None:
    """Write down what has arrived since the last time; the sandbox itself forgets what is old."""
    for received in sandbox.requests():
        if received.id not in seen:
            seen.add(received.id)
            file.write(json.dumps(line(received)) + "\n")
    file.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
