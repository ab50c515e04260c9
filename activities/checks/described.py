"""What is asked of a described service: its description, and one of its own reads."""

from __future__ import annotations

from typing import Any

from activities.checks.probe import CheckResult
from activities.checks.vendors import PROBES
from activities.connections import Connection
from activities.context import Context
from activities.descriptions.fetching import fetch
from activities.descriptions.source import NotAtHandError
from activities.errors import ActionError
from activities.graphql.profile import GraphQlProfile
from activities.operations.connection import Directory

DESCRIPTION = "its description is good"
READ = "a harmless read is answered"
MOST_TRIED = 200
"""Operations that are looked at for one that only reads and needs nothing."""


async def described(directory: Directory, context: Context) -> list[CheckResult]:
    """Ask a described service for its description, and for something that it gives without being told more.

    Args:
        directory: the service's operations.
        context: surroundings whose connections have the service's.
    """
    try:
        try:
            index = directory.index()
        except NotAtHandError as missing:
            await fetch(missing.source, directory.store, context.http, context.conceal)
            index = directory.index()
    except ActionError as error:
        return [CheckResult(DESCRIPTION, ok=False, message=str(error))]
    found = [CheckResult(DESCRIPTION, ok=True, message=f"It has {len(index.ids()):,} operations.")]
    if directory.kind.kind in PROBES:
        return found
    if isinstance(directory.profile, GraphQlProfile):
        return [*found, await _named(directory.profile, context, context.connections.get(directory.name))]
    reads = [one.id for one in index.listed("") if one.method == "GET" and "{" not in one.path][:MOST_TRIED]
    for id_ in reads:
        operation = directory.find(id_)
        if not operation.schema().get("required"):
            return [*found, await _read(directory, id_, context)]
    return found


async def _named(profile: GraphQlProfile[Any], context: Context, connection: Connection) -> CheckResult:
    """Ask a GraphQL service for the name of its queries' type, which every one has."""
    service = profile.service_of(connection)
    query = {"query": "{__typename}"}
    try:
        answer = await service.call(context, connection, "POST", profile.path(connection), json=query, effect=False)
    except ActionError as error:
        return CheckResult(READ, ok=False, message=str(error))
    refused = answer.members().get("errors")
    message = f"It answered with errors: {str(refused)[:300]}" if refused else "`__typename` was answered."
    return CheckResult(READ, ok=not refused, message=message)


async def _read(directory: Directory, id_: str, context: Context) -> CheckResult:
    connection = context.connections.get(directory.name)
    try:
        await directory.find(id_).call(context, connection, {})
    except ActionError as error:
        return CheckResult(READ, ok=False, message=str(error))
    return CheckResult(READ, ok=True, message=f"`{id_}` was answered.")
