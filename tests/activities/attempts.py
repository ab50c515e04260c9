"""One attempt of an action as a case wants it: the real wrapper and the real guarded client, without Temporal."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from temporalio.client import Client as TemporalClient
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.action import Action
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import PREFIX, Secrets
from activities.attempt.temporal import LOOKS, AttemptServices, bind
from activities.budgets import Amounts, Reservation
from activities.catalog import catalog, connection_kinds
from activities.connections import Connection, Connections
from activities.descriptions.store import usual_store
from activities.errors import Refused
from activities.http_client.client import Client
from activities.http_client.message import Response
from activities.runs import EndedRun, PlannedRun
from tests.activities.cases import VENDOR, Case
from trunkline.keyed import Change, LastingValue, RecallAnswer, RememberAnswer
from trunkline.wire import EVERY_HEADER, NEVER_REPEATED, OUTCOME_UNKNOWN, SENDING, Place
from workers.sandbox import VENDORS, connections
from workers.sandbox.vendor import NoStandIn
from workers.sandbox.vendors import Vendors
from workflows.keyed.remembering import recalled, remembered
from workflows.language.template import compile_template

KEY = "0c9a4f5e-6a0e-5d8a-9d43-1d2f6f1f7c11"
"""The idempotency key of every case's step."""

HOST = "X-Host-Of-Case"
"""Header that says which host a request was for."""

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
"""When the step of a look-up was first sent."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended: `result`, `found`, or the error that Temporal gets."""

    result: Any = None
    found: list[Any] | None = None
    error: str | None = None
    message: str = ""
    status: int | None = None
    retry_after: float | None = None


class CaseClient(Client):
    """The guarded client, which finds the hosts that a case names at the vendor's address."""

    def __init__(self, address: str, hosts: Collection[str] = ()) -> None:
        super().__init__(allow=["127.0.0.1"])
        self.address = address
        self.hosts = hosts

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Response:
        """Send a request, to the vendor's address where it would go to one of the hosts."""
        host = urlsplit(url).hostname or ""
        if host in self.hosts:
            url = self.address + url.partition("://")[2].removeprefix(host)
            headers = {**(headers or {}), HOST: host}
        return await super().request(method, url, headers=headers, **more)


class DayBudgets:
    """Counts as Temporal does, for one attempt."""

    def __init__(self) -> None:
        self.used: Counter[str] = Counter()

    async def reserve(self, account: str, amounts: Amounts, limits: Amounts) -> Reservation:
        for what, limit in limits.items():
            if self.used[what] + amounts[what] > limit:
                raise Refused(f"The budget of the connection {account!r} has too few {what} left.")
        self.used.update(amounts)
        return Reservation(account, "2026-01-01", amounts)

    async def settle(self, reservation: Reservation, used: Amounts) -> None:
        self.used.update({what: used.get(what, 0) - amount for what, amount in reservation.amounts.items()})


class KnownRuns:
    """Stands for Temporal where runs are asked for: every run that is asked about was completed."""

    async def plan(
        self, automation: str, data: Mapping[str, Any], starts_at: datetime, *, key: str, by: str
    ) -> PlannedRun:
        return PlannedRun(f"{automation}/{key}", starts_at)

    async def ended(self, automation: str, *, key: str) -> EndedRun:
        return EndedRun(f"{automation}/{key}", "completed", {"id": 7})


class OwnValues:
    """Keeps values as Temporal does, for one attempt."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str | None, str], LastingValue] = {}

    async def remember(self, automation: str | None, key: str, change: Change) -> RememberAnswer:
        self.kept[automation, key], answer = remembered(self.kept.get((automation, key)), change, datetime.now(UTC))
        return answer

    async def recall(self, automation: str | None, key: str) -> RecallAnswer:
        return recalled(self.kept.get((automation, key)), datetime.now(UTC))


class ProcessPauses:
    """Keeps pauses as Temporal does, for one process."""

    def __init__(self) -> None:
        self.ends: dict[str, float] = {}

    async def left(self, account: str) -> float:
        return max(self.ends.get(account, 0.0) - time.monotonic(), 0.0)

    async def begin(self, account: str, seconds: float) -> None:
        self.ends[account] = max(self.ends.get(account, 0.0), time.monotonic() + seconds)


@dataclass
class Marks:
    """Stands for Temporal's client: keeps how many requests had arrived whenever an attempt marked that it sends."""

    arrived: Callable[[], int] = lambda: 0
    broken: bool = False
    made: list[int] = field(default_factory=list)

    def get_async_activity_handle(self, *, task_token: bytes) -> Marks:
        return self

    async def heartbeat(self, *details: Any) -> None:
        if details != (SENDING,):
            return
        if self.broken:
            raise ConnectionError
        for _ in range(5):  # what was sent before the mark would arrive now
            await asyncio.sleep(0)
        self.made.append(self.arrived())


def moved(value: Any, address: str) -> Any:
    """Return a value with the vendor's address in the place of the one that cases write."""
    if isinstance(value, str):
        return value.replace(VENDOR, address)
    if isinstance(value, list):
        return [moved(item, address) for item in value]
    if isinstance(value, dict):
        return {moved(key, address): moved(item, address) for key, item in value.items()}
    return value


def connected(
    action: Action, case: Case, address: Callable[[str], str], vendors: Vendors = VENDORS
) -> tuple[Connections, dict[str, Any]]:
    """Return the connections of a case, and their entries: the sandbox's, named as their kinds, and its own.

    Args:
        action: the action.
        case: the case; an entry of its own is laid over the one of the same name.
        address: where the vendor of a kind is.
        vendors: whom the sandbox stands in for.
    """
    known = connections("", {action.name: action}, vendors)
    defaults = {name: value.removeprefix("sandbox-") for name, value in known.pop("defaults").items()}
    kinds = {kind.kind for kind in action.kinds() if not isinstance(vendors.get(kind.kind), NoStandIn)}
    entries = {entry["kind"]: entry for entry in known.values() if entry["kind"] in kinds}
    for entry in entries.values():
        if "baseUrl" in entry:
            entry["baseUrl"] = VENDOR
    for name, own in case.connections.items():
        entries[name] = {"baseUrl": VENDOR, **entries.get(name, {}), **own}
    entries = {name: moved(entry, address(entry["kind"])) for name, entry in entries.items()}
    known_kinds = (
        _kinds() if _catalog().get(action.name) is action else connection_kinds({**_catalog(), action.name: action})
    )
    return Connections({**entries, "defaults": defaults}, known_kinds), entries


@functools.cache
def _catalog() -> dict[str, Action]:
    return catalog()


@functools.cache
def _kinds() -> list[type[Connection]]:
    return connection_kinds(_catalog())


async def attempt(action: Action, case: Case, address: str, known: Connections, marks: Marks) -> Ended:
    """Make one attempt, or one look-up where the case wants one, or one after the other."""
    secrets = Secrets(None, {f"{PREFIX}{name.upper()}": value for name, value in case.secrets.items()})
    http = CaseClient(address, {each.request.host for each in case.traffic if each.request and each.request.host})
    services = AttemptServices(
        http=http,
        connections=known,
        secrets=secrets,
        scrubber=Scrubber(known.credentials()),
        files=None,
        result_limit=case.result_limit,
        client=cast("TemporalClient", marks),
        budgets=DayBudgets(),
        pauses=ProcessPauses(),
        runs=KnownRuns(),
        kept_values=OwnValues(),
    )
    act, *looks = bind({action.name: action}, services)
    config, places = rendered(action, moved(case.config, address), case.secrets)
    call = {
        "config": config,
        "secrets": places,
        "key": KEY,
        "since": SINCE.isoformat(),
        "headers": EVERY_HEADER,
        **planned(action, config, known),
        **({} if case.notice is None else {"notice": case.notice}),
    }
    once = action.repeats(config) == "never" or any(each.marked is not None for each in case.traffic)
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(
        environment.info,
        start_to_close_timeout=timedelta(seconds=case.timeout),
        retry_policy=RetryPolicy(non_retryable_error_types=[NEVER_REPEATED] if once else []),
    )
    try:
        if not case.look:
            return await _ended(environment, act, call)
        if case.look == "after":
            first = await _ended(environment, act, call)
            if first.error != OUTCOME_UNKNOWN:
                return first
        environment.info = dataclasses.replace(environment.info, attempt=LOOKS)
        return await _ended(environment, looks[0], call)
    finally:
        await http.close()


def planned(action: Action, config: dict[str, Any], known: Connections) -> dict[str, str]:
    """Return the digest of the operation that alone may be sent, as planning pins it."""
    if action.operation is None:
        return {}
    try:
        pin = action.operation(config, known, usual_store()).pin()
    except Refused:
        return {}
    return {"operation": pin.digest} if pin.fixed else {}


async def _ended(environment: ActivityEnvironment, run: Callable[..., Any], call: dict[str, Any]) -> Ended:
    try:
        answer = await environment.run(run, call)
    except ApplicationError as error:
        delay = error.next_retry_delay
        return Ended(
            error=error.type,
            message=error.message,
            status=dict(error.details[0]).get("status"),
            retry_after=None if delay is None else delay.total_seconds(),
        )
    data = json.loads(answer.payload.data)
    if "found" in data:
        return Ended(found=[item["result"] for item in data["found"]])
    return Ended(result=data["result"])


def rendered(action: Action, config: dict[str, Any], secrets: Mapping[str, str]) -> tuple[Any, list[Place]]:
    """Return a config as a run would send it: where secrets go stands beside it."""
    if not secrets:
        return config, []
    made = compile_template(config, action.config.syntaxes(config), secrets=True).render({}, SINCE)
    return made.value, made.secrets
