"""`trunkline connectors`: the services that steps can use, and every operation that they have."""

from __future__ import annotations

import asyncio
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any

from cyclopts import App

from activities.descriptions.fetching import fetch
from activities.descriptions.index import Index, ListedOperation
from activities.descriptions.schemas import Schemas
from activities.descriptions.source import NotAtHandError
from activities.descriptions.validation import TYPES
from activities.errors import ActionError, Refused, UnknownOperation
from activities.http_client.client import Client
from activities.operations.connection import DescribedConnection, Directory
from workers.cli.catalog import actions_at_hand, services_at_hand
from workers.cli.screen import print_json
from workers.definitions.checking.operations import Services
from workers.definitions.problems import listed, nearest
from workers.errors import NotFoundError, TrunklineError, UnreachableError
from workers.settings import Settings
from workflows.holds.wording import visible

WIDTH = 100
BODY = "body"
DEEPEST = 2
"""Levels of members that are shown: params, and what is right inside of them; `--json` has all."""

LONGEST = 200
"""Characters of a description that are shown; `--json` has all."""

MOST_OPTIONS = 20

TAG = re.compile(r"</?[A-Za-z][^<>]*>")

connectors = App(name="connectors", help="The services that steps can use, and their operations.", help_epilogue="")


@connectors.command(name="list", help_epilogue="")
def list_(*, json: bool = False) -> int:
    """Print every connection of a described service: its kind, its operations, and where its description is.

    TRUNKLINE_CONNECTIONS, or `connections.yaml`, has them; no credential needs to be set.

    Args:
        json: print JSON for machines instead.

    Returns:
        0; 4 if there is no file of connections.
    """
    services = _services()
    rows = [_summary(name, kind, services) for name, kind in _kinds(services).items()]
    if json:
        print_json(rows)
        return 0
    if not rows:
        sys.stdout.write("There is no connection of a described service; docs/connectors.md shows how to add one.\n")
    width = max((len(row["connection"]) for row in rows), default=0)
    for row in rows:
        missing = "not usable" if row["problem"] else "not at hand"
        count = missing if row["operations"] is None else f"{row['operations']:,} operations"
        problem = f" ({row['problem']})" if row["problem"] else ""
        line = f"{row['connection']:<{width}}  {row['kind']:<8}  {count:<17}  {row['description']}{problem}"
        sys.stdout.write(visible(line) + "\n")
    return 0


@connectors.command(help_epilogue="")
def actions(connection: str, search: str = "", /, *, json: bool = False) -> int:
    """Print the operations of a connection, each with the id that a step's `actionId` names, and its aliases.

    A description that is at an address and not on this machine yet is fetched.

    Args:
        connection: name of the connection.
        search: words, all of which stand in an operation's id, method, path or summary.
        json: print JSON for machines instead.

    Returns:
        0; 1 if the description cannot be used, 3 if it cannot be fetched, 4 if there is no such connection.
    """
    directory = _directory(connection)
    found = _index(directory).listed(search)
    aliases = _aliases(directory)
    if json:
        print_json([{**_described(one), "aliases": aliases.get(one.id, [])} for one in found])
        return 0
    if not found:
        sys.stdout.write(f"{connection} has no operation with {search!r}.\n")
    width = min(max((len(one.id) for one in found), default=0), WIDTH // 2)
    for one in found:
        named = f" [{', '.join(aliases[one.id])}]" if one.id in aliases else ""
        old = " (deprecated)" if one.deprecated else ""
        sys.stdout.write(visible(f"{one.id:<{width}}  {one.method} {one.path}{named}  {one.summary}{old}") + "\n")
    return 0


@connectors.command(help_epilogue="")
def show(connection: str, action: str, /, *, json: bool = False) -> int:
    """Print one operation: its request, what its unknown outcome allows, and the params that it takes.

    Args:
        connection: name of the connection.
        action: id of the operation, or an alias.
        json: print JSON for machines instead: `params` is a JSON Schema.

    Returns:
        0; 1 if the description cannot be used, 3 if it cannot be fetched, 4 if there is no such operation.
    """
    directory = _directory(connection)
    index = _index(directory)
    try:
        operation = directory.find(action)
    except UnknownOperation as unknown:
        raise NotFoundError(str(unknown)) from None
    except Refused as refused:
        raise TrunklineError(str(refused)) from None
    row, pin, schema = index.operation(operation.id), operation.pin(), operation.schema()
    shown = {
        "connection": connection,
        "id": operation.id,
        "method": pin.method,
        "path": row.path if row else "",
        "summary": operation.summary,
        "deprecated": bool(row and row.deprecated),
        "repeat": pin.repeat,
        "key": pin.key,
        "looks": operation.look is not None,
        "digest": pin.digest,
        "asks": directory.asks,
        "params": schema,
    }
    if json:
        print_json(shown)
    else:
        sys.stdout.write(visible("\n".join(_page(shown, action))) + "\n")
    return 0


def _kinds(services: Services) -> dict[str, type[DescribedConnection]]:
    """Return the kind of every connection of a described service, by the connection's name."""
    known = services.connections
    kinds = {name: known.kinds.get(str(entry.get("kind"))) for name, entry in known.entries.items()}
    return {name: kind for name, kind in kinds.items() if kind is not None and issubclass(kind, DescribedConnection)}


def _services() -> Services:
    services = services_at_hand(actions_at_hand())
    if services is None:
        raise NotFoundError(
            "There is no connections file: name one with TRUNKLINE_CONNECTIONS, or write `connections.yaml`."
        )
    return services


def _directory(name: str) -> Directory:
    services = _services()
    every = _kinds(services)
    if name not in every:
        hint = nearest(name, every) or f"There are {listed(every) or 'none'}."
        raise NotFoundError(f"There is no connection {name!r} of a described service. {hint}")
    try:
        return Directory(name, every[name], services.connections, services.store)
    except Refused as refused:
        raise TrunklineError(str(refused)) from None


def _index(directory: Directory) -> Index:
    """Return the index of a description, which is fetched where it is not on this machine."""
    try:
        try:
            return directory.index()
        except NotAtHandError as missing:
            asyncio.run(_fetch(directory, missing))
            return directory.index()
    except Refused as refused:
        raise TrunklineError(str(refused)) from None


async def _fetch(directory: Directory, missing: NotAtHandError) -> None:
    http = Client(allow=Settings.from_environment().allow)
    try:
        await fetch(missing.source, directory.store, http)
    except ActionError as error:
        raise UnreachableError(f"The description of {directory.name!r} cannot be fetched: {error}") from None
    finally:
        await http.close()


def _summary(name: str, kind: type[DescribedConnection], services: Services) -> dict[str, Any]:
    count, problem, place = None, None, ""
    try:
        directory = Directory(name, kind, services.connections, services.store)
        place = directory.source.place
        count = len(directory.index().ids())
    except NotAtHandError:
        pass
    except Refused as refused:
        problem = str(refused)
    return {
        "connection": name,
        "kind": kind.kind,
        "description": place,
        "operations": count,
        "problem": problem,
    }


def _aliases(directory: Directory) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for alias, id_ in directory.aliases.items():
        found.setdefault(id_, []).append(alias)
    return found


def _described(one: ListedOperation) -> dict[str, Any]:
    return {
        "id": one.id,
        "method": one.method,
        "path": one.path,
        "summary": one.summary,
        "deprecated": one.deprecated,
    }


def _page(shown: Mapping[str, Any], action: str) -> Iterator[str]:
    yield f"{shown['id']}: {shown['summary'] or 'no summary'}{' (deprecated)' if shown['deprecated'] else ''}"
    yield ""
    yield f"request:  {shown['method']} {shown['path']}"
    key = f", by {shown['key']}" if shown["key"] else ""
    yield f"repeat:   {shown['repeat']}{key}"
    if shown["looks"]:
        yield "look-up:  after an unknown outcome the service is asked what became of it"
    if shown["asks"]:
        yield "approval: people are asked unless the step says `requireApproval: false`"
    yield ""
    yield "params:"
    schema = shown["params"]
    yield from _members(schema, Schemas(schema["$defs"]), 1) if schema["properties"] else ["  none"]
    yield ""
    yield "step:"
    yield "  actionType: execute_connector_action"
    yield f"  config: {{connectorId: {shown['connection']}, actionId: {action!r}, params: {{…}}}}"


def _members(schema: Any, schemas: Schemas, level: int) -> Iterator[str]:
    indent, required = "  " * level, schemas.required(schema)
    members = schemas.members(schema)
    for name in sorted(members, key=lambda one: one not in required):
        inside = members[name]
        items = schemas.items(inside)
        deeper = [one for one in (inside, items) if one is not True and schemas.members(one)]
        if level == 1 and name == BODY and len(members) > 1:
            deeper = []  # its members stand beside it
        marks = [", required"] * (name in required) + [", in answers only"] * schemas.answers_only(inside)
        marks += [" …"] * (bool(deeper) and level == DEEPEST)
        yield f"{indent}{name}: {_type(inside, schemas)}{''.join(marks)}"
        if text := _description(inside, schemas):
            yield textwrap.indent(textwrap.fill(text, WIDTH, break_on_hyphens=False), f"{indent}    ")
        for one in deeper if level < DEEPEST else ():
            yield from _members(one, schemas, level + 1)


def _description(schema: Any, schemas: Schemas) -> str:
    """Return the beginning of what is said of a member: by itself, else by what it refers to."""
    text = next((part["description"] for part in schemas.certain(schema) if part.get("description")), "")
    words = " ".join(TAG.sub("", str(text)).split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST].rpartition(' ')[0]} …"


def _type(schema: Any, schemas: Schemas) -> str:
    kinds = schemas.types(schema)
    options = next((part["enum"] for part in schemas.parts(schema) if isinstance(part.get("enum"), list)), None)
    if options and not kinds & {"array", "object"}:
        named = [str(one) if isinstance(one, str) else dumps(one) for one in options[:MOST_OPTIONS]]
        return " | ".join([*named, *(["…"] if len(options) > MOST_OPTIONS else [])])
    if len(kinds) == len(TYPES):
        return "anything"
    shown = [TYPES[kind] for kind in TYPES if kind in kinds and not (kind == "integer" and "number" in kinds)]
    return " or ".join(shown) or "nothing"
