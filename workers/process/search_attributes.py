"""Registers the search attributes under which operators find runs, where this worker may."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.common import SearchAttributeIndexedValueType
from temporalio.service import RPCError

from workflows.view.attributes import ALL

if TYPE_CHECKING:
    from temporalio.client import Client

TYPES = {key.name: IndexedValueType.ValueType(int(key.indexed_value_type)) for key in ALL}
NAMES = {
    SearchAttributeIndexedValueType.KEYWORD: "Keyword",
    SearchAttributeIndexedValueType.KEYWORD_LIST: "KeywordList",
    SearchAttributeIndexedValueType.DATETIME: "Datetime",
}
KNOWN_WITHIN = 20.0
"""Seconds that are waited for a server to take what was just created."""

WORDS = {key.name: NAMES[key.indexed_value_type] for key in ALL}
"""The type of each search attribute as Temporal's command line calls it."""


async def register(client: Client) -> str | None:
    """Create the search attributes that are missing, and wait until the server takes them.

    Returns:
        None if runs can set all of them, else what an operator should do; a namespace that refuses is no error.
    """
    namespace = client.namespace
    try:
        listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    except RPCError as error:
        return _refused(namespace, f"may not read search attributes ({error.message})", TYPES)
    known = listed.custom_attributes
    conflicts = [name for name, kind in TYPES.items() if known.get(name, kind) != kind]
    if conflicts:
        return _conflict(namespace, conflicts)
    missing = {name: kind for name, kind in TYPES.items() if name not in known}
    if not missing:
        return None
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=namespace, search_attributes=missing)
        )
    except RPCError as error:
        return _refused(namespace, f"may not create search attributes ({error.message})", missing)
    await _until_known(client, missing)
    return None


async def _until_known(client: Client, names: Iterable[str]) -> None:
    """Wait until the server has read anew which search attributes there are: a start that has one fails before."""
    query = " AND ".join(f"{name} IS NULL" for name in names)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(KNOWN_WITHIN):
            while not await _answers(client, query):  # noqa: ASYNC110 # another process decides
                await asyncio.sleep(KNOWN_WITHIN / 100)


async def _answers(client: Client, query: str) -> bool:
    try:
        await client.count_workflows(query)
    except RPCError:
        return False
    return True


def command(namespace: str, names: Iterable[str]) -> str:
    """Return the command with which an operator creates search attributes of ours."""
    options = " ".join(f"--name {name} --type {WORDS[name]}" for name in names)
    return f"temporal operator search-attribute create --namespace {namespace} {options}"


def _refused(namespace: str, what: str, names: Iterable[str]) -> str:
    return (
        f"This worker {what}. Runs work without them, but cannot be found by automation, event, outcome or hold. "
        f"Somebody who may should run: {command(namespace, names)}"
    )


def _conflict(namespace: str, names: list[str]) -> str:
    remove = " ".join(f"--name {name}" for name in names)
    return (
        f"The namespace has search attributes of another type than ours ({', '.join(names)}), so runs set none and "
        "cannot be found by them. To have them, run: temporal operator search-attribute remove "
        f"--namespace {namespace} {remove} --yes && {command(namespace, names)}"
    )
