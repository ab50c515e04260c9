"""What an attempt checks before it does anything, and what it tells about its end."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import pytest_asyncio
import rfc8785
from temporalio.client import Client as TemporalClient
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.action import Config, Result, action
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import Secrets
from activities.attempt.temporal import AttemptServices, bind
from activities.catalog import catalog
from activities.connections import Connections
from activities.context import Context
from activities.errors import OperationChanged, OutcomeUnknown, Paused, Refused, Unavailable
from activities.http_client.client import Client
from tests.activities.attempts import DayBudgets, KnownRuns, Marks, OwnValues, ProcessPauses
from tests.activities.conftest import KEY
from tests.activities.http_client.wire import Wire, hang
from trunkline.wire import LOOK, NEVER_REPEATED

Act = Callable[[Context], Awaitable[None]]


class Anything(Config):
    """What the attempt is asked."""

    text: str = ""
    connection: str | None = None


class Nothing(Result):
    """What it gives."""


@pytest_asyncio.fixture
async def services(client: Client) -> AttemptServices:
    return AttemptServices(
        http=client,
        connections=Connections({}, ()),
        secrets=Secrets(None, {"TRUNKLINE_SECRET_PIN": "12345678"}),
        scrubber=Scrubber([]),
        files=None,
        result_limit=10_000,
        client=await TemporalClient.connect("127.0.0.1:1", lazy=True),
        budgets=DayBudgets(),
        pauses=ProcessPauses(),
        runs=KnownRuns(),
        kept_values=OwnValues(),
    )


@pytest_asyncio.fixture
async def environment() -> AsyncIterator[ActivityEnvironment]:
    made = ActivityEnvironment()
    made.info = dataclasses.replace(made.info, start_to_close_timeout=timedelta(seconds=0.5))
    yield made


async def attempt(environment: ActivityEnvironment, services: AttemptServices, act: Act, **call: Any) -> None:
    """Make one attempt of an action that does what the test says."""

    async def look(config: Anything, context: Context, since: datetime) -> list[Nothing]:
        await act(context)
        return [Nothing()]

    @action("anything", repeat="safe", example={}, look=look, requests=call.pop("requests", 1))
    async def anything(config: Anything, context: Context) -> Nothing:
        """Do what the test says."""
        await act(context)
        return Nothing()

    name = call.pop("name", "anything")
    activities = {run.__temporal_activity_definition.name: run for run in bind({"anything": anything}, services)}  # type: ignore[attr-defined] # the SDK keeps the name there
    await environment.run(activities[name], {"config": {}, "key": KEY, **call})


def sealed(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the call of an approved request."""
    secrets = more.get("secrets", [])
    request = {"actionType": "anything", "config": config, "secrets": secrets}
    if isinstance(config.get("connection"), str):
        request["connection"] = config["connection"]
    return {"config": config, "digest": hashlib.sha256(rfc8785.dumps(request)).hexdigest(), **more}


PIN = {"text": "{{secrets.pin}}"}
PLACES = [{"path": "/text", "name": "pin", "start": 0}]


@pytest.mark.parametrize(
    "call",
    [
        sealed({}),
        sealed({"text": "5", "connection": "phone"}),
        sealed({"text": "5", "connection": None}),
        sealed(PIN, secrets=PLACES),
        {"config": {"text": "nobody approved this, nobody had to"}},
    ],
)
async def test_what_was_approved_is_carried_out(
    environment: ActivityEnvironment, services: AttemptServices, call: dict[str, Any]
) -> None:
    done = []

    async def act(context: Context) -> None:
        done.append(context)

    await attempt(environment, services, act, **call)
    assert len(done) == 1


@pytest.mark.parametrize(
    "call",
    [
        {**sealed({"text": "5"}), "config": {"text": "50"}},
        {**sealed({"text": "5"}), "config": {"text": 5}},
        {**sealed({"text": "5"}), "config": {"text": "5", "connection": "mine"}},
        {**sealed(PIN), "secrets": PLACES},
        {**sealed(PIN, secrets=PLACES), "secrets": []},
        {**sealed({}), "digest": None},
        {**sealed({}), "digest": sealed({})["digest"].upper()},
        {**sealed({}), "config": {"text": "\ud800"}},
        {**sealed({}), "config": {"text": 2**60}},
    ],
)
@pytest.mark.parametrize("name", ["anything", f"anything{LOOK}"])
async def test_anything_else_is_not(
    environment: ActivityEnvironment, services: AttemptServices, call: dict[str, Any], name: str
) -> None:
    async def act(context: Context) -> None:
        raise AssertionError("it was carried out")

    since = datetime.now(UTC).isoformat()
    with pytest.raises(ApplicationError, match="is not the one that was approved") as raised:
        await attempt(environment, services, act, name=name, since=since, **call)
    assert raised.value.type == "Refused"
    assert raised.value.non_retryable


async def failed(
    environment: ActivityEnvironment, services: AttemptServices, act: Act
) -> tuple[str | None, dict[str, Any]]:
    with pytest.raises(ApplicationError) as raised:
        await attempt(environment, services, act)
    details: dict[str, Any] = raised.value.details[0]
    return raised.value.type, details


async def test_an_attempt_that_ran_out_of_its_time_says_so(
    environment: ActivityEnvironment, services: AttemptServices
) -> None:
    async def act(context: Context) -> None:
        await asyncio.sleep(60)

    assert await failed(environment, services, act) == ("OutcomeUnknown", {"attempts": 1, "timedOut": True})


@pytest.mark.parametrize("error", [OutcomeUnknown, Unavailable])
async def test_so_does_one_whose_action_gave_up_in_time(
    environment: ActivityEnvironment, services: AttemptServices, error: type[OutcomeUnknown | Unavailable]
) -> None:
    async def act(context: Context) -> None:
        await asyncio.sleep(context.timeout)
        raise error("No answer in time.")

    assert await failed(environment, services, act) == (error.__name__, {"attempts": 1, "timedOut": True})


@pytest.mark.parametrize("error", [OutcomeUnknown("x"), Unavailable("x"), Unavailable("x", retry_after=1)])
async def test_a_failure_before_that_is_no_timeout(
    environment: ActivityEnvironment, services: AttemptServices, error: Exception
) -> None:
    async def act(context: Context) -> None:
        raise error

    assert await failed(environment, services, act) == (type(error).__name__, {"attempts": 1})


@pytest.mark.parametrize(
    ("most", "requests", "earlier", "kind"),
    [
        (3, 1, [], "NotSent"),
        (3, 1, [None, 1], "NotSent"),
        (0, 2, [], "NotSent"),
        (0, 1, [], "Unavailable"),
        (3, 1, ["page 7", 1], "Unavailable"),
        (0, 2, ["page 7", 1], "Unavailable"),
        (3, 1, [None], "Unavailable"),
    ],
)
async def test_a_pause_is_waited_for_by_the_run_where_something_counts_and_nothing_is_left_to_the_next_attempt(
    environment: ActivityEnvironment, services: AttemptServices, most: int, requests: int, earlier: list[Any], kind: str
) -> None:
    environment.info = dataclasses.replace(
        environment.info,
        retry_policy=RetryPolicy(maximum_attempts=most),
        attempt=2 if earlier else 1,
        heartbeat_details=earlier,
    )

    async def act(context: Context) -> None:
        raise Paused("A limit is used up.", retry_after=7)

    with pytest.raises(ApplicationError, match="A limit is used up") as raised:
        await attempt(environment, services, act, requests=requests)
    error = raised.value
    assert (error.type, error.non_retryable) == (kind, kind == "NotSent")
    assert error.next_retry_delay == timedelta(seconds=7)
    assert error.details[0].get("wait") == (7 if kind == "NotSent" else None)


async def test_a_pause_after_the_first_effect_of_an_attempt_leaves_its_outcome_unknown(
    environment: ActivityEnvironment, services: AttemptServices
) -> None:
    environment.info = dataclasses.replace(
        environment.info, retry_policy=RetryPolicy(non_retryable_error_types=[NEVER_REPEATED])
    )
    services = dataclasses.replace(services, client=cast("TemporalClient", Marks()))

    async def act(context: Context) -> None:
        await context.sending()
        raise Paused("A limit is used up.", retry_after=7)

    with pytest.raises(ApplicationError, match="An earlier request of the same attempt was sent; then: A limit") as it:
        await attempt(environment, services, act)
    assert it.value.type == "OutcomeUnknown"


async def test_a_look_up_is_not_given_up_for_a_pause(
    environment: ActivityEnvironment, services: AttemptServices
) -> None:
    async def act(context: Context) -> None:
        raise Paused("A limit is used up.", retry_after=7)

    since = datetime.now(UTC).isoformat()
    with pytest.raises(ApplicationError, match="A limit is used up") as raised:
        await attempt(environment, services, act, name=f"anything{LOOK}", since=since, requests=2)
    assert (raised.value.type, raised.value.non_retryable) == ("Unavailable", False)


@pytest.mark.parametrize("error", [Unavailable("x", status=503), Refused("x")])
async def test_nor_is_an_answer_however_late(
    environment: ActivityEnvironment, services: AttemptServices, error: Exception
) -> None:
    async def act(context: Context) -> None:
        await asyncio.sleep(context.timeout)
        raise error

    assert "timedOut" not in (await failed(environment, services, act))[1]


async def test_a_server_that_does_not_answer_is_a_timeout(
    environment: ActivityEnvironment, services: AttemptServices, wire: Wire
) -> None:
    wire.reply(hang)
    [run] = bind({"http_request": catalog()["http_request"]}, services)
    with pytest.raises(ApplicationError, match="did not answer in time") as raised:
        await environment.run(run, {"config": {"method": "GET", "url": wire.url}, "key": KEY})
    assert raised.value.details[0] == {"attempts": 1, "timedOut": True}


async def test_what_an_attempt_conceals_is_scrubbed_from_its_end(
    environment: ActivityEnvironment, services: AttemptServices
) -> None:
    async def act(context: Context) -> None:
        context.conceal(services, ["token-1234567890"])
        raise Refused("The vendor said token-1234567890.")

    with pytest.raises(ApplicationError, match=r"The vendor said \[secret\]"):
        await attempt(environment, services, act)


@pytest.mark.parametrize("error", [Refused("Not allowed."), Unavailable("Busy."), OutcomeUnknown("Lost.")])
async def test_an_error_of_ours_that_an_sdk_wraps_keeps_its_kind(
    environment: ActivityEnvironment, services: AttemptServices, error: Exception
) -> None:
    async def act(context: Context) -> None:
        raise RuntimeError("Connection error.") from error

    with pytest.raises(ApplicationError, match=str(error)) as raised:
        await attempt(environment, services, act)
    assert raised.value.type == type(error).__name__


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (OutcomeUnknown("Nobody knows."), False),
        (OutcomeUnknown("It says the same again.", repeatable=False), True),
        (OperationChanged("It is another one."), True),
    ],
)
async def test_what_tells_nothing_new_is_not_repeated(
    environment: ActivityEnvironment, services: AttemptServices, error: Exception, final: bool
) -> None:
    async def act(context: Context) -> None:
        raise error

    with pytest.raises(ApplicationError) as failed:
        await attempt(environment, services, act)
    assert (failed.value.type, failed.value.non_retryable) == (type(error).__name__, final)
