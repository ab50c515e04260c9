"""The client side of Temporal: connecting to it, and starting a run once for each event."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from workers.client.transport import is_transport, meaning
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client, ClientConnectConfig
    from temporalio.common import TypedSearchAttributes
    from temporalio.runtime import Runtime

    from workers.settings import Settings

DEFAULT_ADDRESS = "127.0.0.1:7233"
CONNECT_SECONDS = 10.0

LONGEST_SUMMARY = 200


def connect_options() -> ClientConnectConfig:
    """Return what Temporal's own environment variables and configuration file say about the connection.

    Raises:
        TrunklineError: they cannot be read; the sentence says why.
    """
    from temporalio.envconfig import ClientConfig

    try:
        # as with our own settings an empty variable counts as unset: compose has no other way not to give one
        given = {name: value for name, value in os.environ.items() if value or not name.startswith("TEMPORAL_")}
        options = ClientConfig.load_client_connect_config(override_env_vars=given)
    except OSError as error:
        raise TrunklineError(
            f"Temporal's connection settings name a file that cannot be read: {error.strerror}."
        ) from error
    except Exception as error:
        if type(error).__name__ != "ConfigError":  # the class is private to the SDK's native module
            raise
        raise TrunklineError(f"Temporal's connection settings cannot be read: {error}.") from error
    return cast("ClientConnectConfig", {"target_host": DEFAULT_ADDRESS, **options})


async def connect(settings: Settings, *, runtime: Runtime | None = None, lazy: bool = False) -> Client:
    """Connect to the Temporal that its own environment configuration names, by default one on this machine.

    Args:
        settings: settings of this process; its user becomes part of the identity that histories show.
        runtime: Temporal runtime to use, for processes that export metrics.
        lazy: connect with the first call instead of now.

    Raises:
        UnreachableError: nothing answers there.
        TrunklineError: the connection's settings make no sense.
    """
    options = connect_options()
    if settings.user:
        options["identity"] = f"{settings.user} ({os.getpid()}@{socket.gethostname()})"
    return await connect_to(
        options, keys=settings.encryption_keys, store=settings.payload_store, runtime=runtime, lazy=lazy
    )


async def connect_to(
    options: ClientConnectConfig,
    *,
    keys: Sequence[str] = (),
    store: str | None = None,
    runtime: Runtime | None = None,
    lazy: bool = False,
) -> Client:
    """Connect as `options` say; with keys, everything that may be encrypted is. See `connect`."""
    from temporalio.client import Client
    from temporalio.common import HeaderCodecBehavior

    from workers.payloads.converter import data_converter

    address = options.get("target_host", DEFAULT_ADDRESS)
    if "://" in address or not address.rpartition(":")[2].isdigit():
        raise TrunklineError(f"TEMPORAL_ADDRESS must be HOST:PORT, as {DEFAULT_ADDRESS}; {address!r} is not.")
    options["data_converter"] = data_converter(keys, store)
    if keys:
        options["header_codec_behavior"] = HeaderCodecBehavior.CODEC
    options["lazy"] = lazy
    if runtime is not None:
        options["runtime"] = runtime
    connecting = Client.connect(**options)
    try:
        return await asyncio.wait_for(connecting, CONNECT_SECONDS)
    except TimeoutError as error:
        raise unreachable(address, f"no answer within {CONNECT_SECONDS:.0f} s") from error
    except RuntimeError as error:
        raise unreachable(address, meaning(str(error), tls=speaks_tls(options))) from error
    except ValueError as error:
        raise TrunklineError(f"{address!r} (TEMPORAL_ADDRESS) is no address of a Temporal server: {error}.") from error


def unreachable(address: str, reason: str) -> UnreachableError:
    """Return the sentence for a Temporal that does not answer."""
    return UnreachableError(
        f"Temporal does not answer at {address} ({reason}). "
        "`trunkline dev` starts one on this machine; TEMPORAL_ADDRESS names another."
    )


def speaks_tls(options: ClientConnectConfig) -> bool:
    """Say whether a client with these options speaks TLS; an API key makes it do so unless it is told otherwise."""
    tls = options.get("tls")
    return bool(options.get("api_key")) if tls is None else bool(tls)


def explain(error: Exception) -> TrunklineError | None:
    """Return the sentence for an error that Temporal's client raised, or None where it is none of those."""
    from temporalio.service import RPCError, RPCStatusCode

    from workflows.run.encrypted import MissingKeyError

    if isinstance(error, MissingKeyError):
        return TrunklineError(str(error))
    if not isinstance(error, RPCError):
        return None
    options = connect_options()
    address, tls = options.get("target_host", DEFAULT_ADDRESS), speaks_tls(options)
    if error.status in {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED} or is_transport(error.message):
        return unreachable(address, meaning(error.message, tls=tls))
    match error.status:
        case RPCStatusCode.UNAUTHENTICATED | RPCStatusCode.PERMISSION_DENIED:
            return TrunklineError(
                f"Temporal refuses this client: {error.message}. TEMPORAL_API_KEY or TLS settings decide."
            )
        case RPCStatusCode.NOT_FOUND if "amespace" in error.message:
            return NotFoundError(f"Temporal has no such namespace: {error.message} TEMPORAL_NAMESPACE names another.")
        case _:
            return TrunklineError(f"Temporal refused: {error.message}")


def workflow_id(automation: str, event_id: str, once: str | None = None, *, again: bool = False) -> str:
    """Return the workflow id under which an automation runs for an event; see `workflows.event.run_id`.

    Raises:
        TrunklineError: Temporal's databases do not take so long an id.
    """
    from workflows.event import EventError, run_id

    try:
        return run_id(automation, event_id, once, again=f"~{uuid.uuid4().hex[:8]}" if again else "")
    except EventError as error:
        raise TrunklineError(str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What became of the wish to run an automation for an event.

    Attributes:
        automation: the automation's name.
        workflow_id: id of the run, new or earlier.
        started: whether a new run was started.
        outcome: where the event has started one before, how that stands: `running` or its outcome.
        refused: where it has not, why it starts none now.
        same: what was received before, as a sentence names it.
    """

    automation: str
    workflow_id: str
    started: bool
    outcome: str | None = None
    refused: str | None = None
    same: str = "This event"

    @property
    def reason(self) -> str | None:
        """Say why nothing was started, or nothing if something was."""
        if self.started or self.refused is not None:
            return self.refused
        how = "is still running" if self.outcome == "running" else f"has ended: {self.outcome}"
        return f"{self.same} has been received before: {self.workflow_id} {how}."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A run that shall exist once."""

    automation: str
    run: str
    workflow_type: str
    argument: Mapping[str, Any]
    event: Mapping[str, Any]
    task_queue: str
    priority: Mapping[str, Any] = field(default_factory=dict)
    once: str | None = None
    memo: Mapping[str, Any] | None = None


async def start(  # noqa: PLR0913 # what starting takes, by name
    client: Client,
    automation: str,
    event: Mapping[str, Any],
    *,
    task_queue: str,
    again: bool = False,
    priority: Mapping[str, Any] | None = None,
    once: str | None = None,
    memo: Mapping[str, Any] | None = None,
) -> Started:
    """Start an automation for an event, once: a duplicate is answered with how the earlier run stands.

    An event of the same id that came from another source is no duplicate, and is refused.

    Args:
        client: a connected client.
        automation: the automation's name, which is the workflow type.
        event: the whole event, with its `id`.
        task_queue: the task queue of the workers.
        again: run once more, under an id of its own, for an event that was received before.
        priority: Temporal's `priority_key` and `fairness_key` of the run, where they are known.
        once: what the automation's `trigger.once` makes of the event: then that tells duplicates, and no source.
        memo: what the run knows from its start.
    """
    run = workflow_id(automation, event["id"], once, again=again)
    return await _start_once(
        client,
        _Wanted(
            automation=automation,
            run=run,
            workflow_type=automation,
            argument=event,
            event=event,
            task_queue=task_queue,
            priority=priority or {},
            once=once,
            memo=memo,
        ),
    )


async def start_inline(  # noqa: PLR0913 # what starting takes, by name
    client: Client,
    definition: Mapping[str, Any],
    event: Mapping[str, Any],
    *,
    task_queue: str,
    again: bool = False,
    once: str | None = None,
) -> Started:
    """Start a definition that no folder has to hold; see `start`.

    It shares the workflow ids of the automation whose name it has: an event runs once, wherever the definition stands.
    """
    from workflows.run.beginning import INLINE

    automation = str(definition["name"])
    run = workflow_id(automation, event["id"], once, again=again)
    return await _start_once(
        client,
        _Wanted(
            automation=automation,
            run=run,
            workflow_type=INLINE,
            argument={"automation": definition, "event": event},
            event=event,
            task_queue=task_queue,
            once=once,
        ),
    )


async def _start_once(client: Client, wanted: _Wanted) -> Started:
    from temporalio.common import TypedSearchAttributes
    from temporalio.exceptions import WorkflowAlreadyStartedError
    from temporalio.service import RPCError, RPCStatusCode

    try:
        try:
            await _start(client, wanted, _search_attributes(wanted))
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT or "search attribute" not in error.message.lower():
                raise
            # This namespace does not know our search attributes: runs work without them, only searching is poorer.
            await _start(client, wanted, TypedSearchAttributes.empty)
    except WorkflowAlreadyStartedError:
        return await _duplicate(client, wanted)
    return Started(automation=wanted.automation, workflow_id=wanted.run, started=True)


async def _duplicate(client: Client, wanted: _Wanted) -> Started:
    """Say what became of an event whose workflow id is taken: it has run before, or is another event than that."""
    from workers.client.earlier import outcome, source_of
    from workflows.event import another_event

    refused = None
    if wanted.once is None:
        refused = another_event(wanted.run, wanted.event, await source_of(client, wanted.run))
    return Started(
        automation=wanted.automation,
        workflow_id=wanted.run,
        started=False,
        outcome=await outcome(client, wanted.run) if refused is None else None,
        refused=refused,
        same="This event" if wanted.once is None else "An event that `trigger.once` takes for the same",
    )


async def _start(client: Client, wanted: _Wanted, attributes: TypedSearchAttributes) -> None:
    from temporalio.common import Priority, WorkflowIDReusePolicy

    await client.start_workflow(
        wanted.workflow_type,
        wanted.argument,
        id=wanted.run,
        task_queue=wanted.task_queue,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        search_attributes=attributes,
        static_summary=f"{wanted.event['type']} {wanted.event['id']}"[:LONGEST_SUMMARY],
        static_details=_details(wanted),
        priority=Priority(**wanted.priority),
        memo=wanted.memo,
    )


def _search_attributes(wanted: _Wanted) -> TypedSearchAttributes:
    from temporalio.common import SearchAttributePair, TypedSearchAttributes

    from workflows.view.attributes import AUTOMATION, EVENT

    return TypedSearchAttributes(
        [SearchAttributePair(AUTOMATION, wanted.automation), SearchAttributePair(EVENT, wanted.event["id"])]
    )


def _details(wanted: _Wanted) -> str:
    event = {f"Event {key}": wanted.event.get(key) for key in ("id", "type", "source", "time")}
    rows = {"Automation": wanted.automation, **event}
    return "\n".join(
        f"- {key}: `{str(value)[:LONGEST_SUMMARY].replace('`', ' ')}`" for key, value in rows.items() if value
    )
