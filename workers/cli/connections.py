"""`trunkline connections`: whether connections work, before the first run needs one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from cyclopts import App
from rich.markup import escape

from workers.cli.catalog import actions_at_hand, services_at_hand
from workers.cli.screen import console, print_json
from workers.definitions.checking.operations import Services
from workers.definitions.problems import listed, nearest
from workers.errors import UsageError
from workers.settings import Settings

connections = App(name="connections", help="The connections of this folder, and whether they work.", help_epilogue="")


@connections.command(help_epilogue="")
def check(name: str | None = None, /, *, json: bool = False) -> int:
    """Ask vendors whether connections work: logins, scopes, a number that can send. Nothing is changed or sent.

    TRUNKLINE_CONNECTIONS, or `connections.yaml`, has them; the variables that they name have to be set. No credential
    is printed. What a vendor tells nobody before a message is posted is said as well.

    Args:
        name: one connection; by default all of them.
        json: print what came of each question as JSON, for scripts.

    Returns:
        0 if everything is well, 1 if something is not, 2 if there is no file of connections, or none of that name.
    """
    services = services_at_hand(actions_at_hand())
    if services is None:
        raise UsageError(
            "There is no connections file: name one with TRUNKLINE_CONNECTIONS, or write `connections.yaml`."
        )
    names = [*services.connections.entries]
    if name is not None and name not in names:
        hint = nearest(name, names) or f"There are {listed(names) or 'none'}."
        raise UsageError(f"There is no connection {name!r}. {hint}")
    rows = asyncio.run(_all([name] if name is not None else names, services))
    if json:
        print_json(rows)
    else:
        _show(rows)
    return 0 if all(row["ok"] for row in rows) else 1


async def _all(names: list[str], services: Services) -> list[dict[str, Any]]:
    from activities.attempt.scrubber import Scrubber
    from activities.http_client.client import Client
    from activities.operations.reading import reading_context

    settings = Settings.from_environment()
    http = Client(allow=settings.allow, stand_ins=services.connections.stand_ins())
    scrubber = Scrubber(services.connections.credentials())
    context = replace(reading_context(http, scrubber.renew), connections=services.connections)
    try:
        rows = await asyncio.gather(*(_one(name, services, context) for name in names))
    finally:
        await http.close()
    return [scrubber.scrub_json(row) for row in rows]


async def _one(name: str, services: Services, context: Any) -> dict[str, Any]:
    from activities.checks.described import described
    from activities.checks.probe import CheckResult, result_of
    from activities.checks.vendors import PROBES
    from activities.errors import Refused
    from activities.operations.connection import DescribedConnection, Directory

    known = services.connections
    kind = str(known.entries[name].get("kind"))
    try:
        connection = known.get(name)
        found = [await result_of(probe, context, connection) for probe in PROBES.get(kind, ())]
        if isinstance(connection, DescribedConnection) and (kind not in PROBES or connection.description is not None):
            found += await described(Directory(name, type(connection), known, services.store), context)
    except Refused as refused:
        found = [CheckResult("it is complete", ok=False, message=str(refused))]
    return {
        "connection": name,
        "kind": kind,
        "ok": all(one.ok for one in found),
        "checks": [one.to_json() for one in found],
    }


def _show(rows: list[dict[str, Any]]) -> None:
    screen = console()
    for row in rows:
        screen.print(f"{escape(row['connection'])} ({escape(row['kind'])})")
        for one in row["checks"]:
            mark = "[green]✓[/]" if one["ok"] else "[red]✗[/]"
            screen.print(f"  {mark} {escape(one['what'])}: {escape(one['message'])}")
    if not rows:
        screen.print("There is no connection.")
