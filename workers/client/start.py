"""The client side of Temporal: connecting to it, and starting a run once for each event."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from trunkline.wire import LONGEST_ID
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
        raise unreachable(address, _innermost(str(error))) from error
    except ValueError as error:
        raise TrunklineError(f"{address!r} (TEMPORAL_ADDRESS) is no address of a Temporal server: {error}.") from error


def unreachable(address: str, reason: str) -> UnreachableError:
    """Return the sentence for a Temporal that does not answer."""
    return UnreachableError(
        f"Temporal does not answer at {address} ({reason}). "
        "`trunkline dev` starts one on this machine; TEMPORAL_ADDRESS names another."
    )


def _innermost(text: str) -> str:
    """Return the plain words of a transport error that Temporal's client quotes with all its layers."""
    quoted: list[str] = re.findall(r'(?:message|error): "([^"]+)"', text)
    return quoted[-1] if quoted else text.removeprefix("Failed client connect: ")


def explain(error: Exception) -> TrunklineError | None:
    """Return the sentence for an error that Temporal's client raised, or None where it is none of those."""
    from temporalio.service import RPCError, RPCStatusCode

    from workflows.run.encrypted import MissingKeyError

    if isinstance(error, MissingKeyError):
        return TrunklineError(str(error))
    if not isinstance(error, RPCError):
        return None
    options = connect_options()
    match error.status:
        case RPCStatusCode.UNAVAILABLE | RPCStatusCode.DEADLINE_EXCEEDED:
            return unreachable(options.get("target_host", DEFAULT_ADDRESS), _innermost(error.message))
        case RPCStatusCode.UNAUTHENTICATED | RPCStatusCode.PERMISSION_DENIED:
            return TrunklineError(
                f"Temporal refuses this client: {error.message}. TEMPORAL_API_KEY or TLS settings decide."
            )
        case RPCStatusCode.NOT_FOUND if "amespace" in error.message:
            return NotFoundError(f"Temporal has no such namespace: {error.message} TEMPORAL_NAMESPACE names another.")
        case _:
            return TrunklineError(f"Temporal refused: {error.message}")


def workflow_id(automation: str, event_id: str) -> str:
    """Return the workflow id under which an automation runs for an event.

    Raises:
        TrunklineError: Temporal's databases do not take so long an id.
    """
    whole = f"{automation}/{event_id}"
    if len(whole.encode()) > LONGEST_ID:
        raise TrunklineError(f"The event's id is too long: a workflow id takes at most {LONGEST_ID} bytes.")
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What became of the wish to run an automation for an event.

    Attributes:
        automation: the automation's name.
        workflow_id: id of the run, new or earlier.
        started: whether a new run was started.
        outcome: where none was started, how the earlier run stands: `running` or its outcome.
    """

    automation: str
    workflow_id: str
    started: bool
    outcome: str | None = None

    @property
    def reason(self) -> str | None:
        """Say why nothing was started, or nothing if something was."""
        if self.started:
            return None
        how = "is still running" if self.outcome == "running" else f"has ended: {self.outcome}"
        return f"This event has been received before: {self.workflow_id} {how}."


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


async def start(  # noqa: PLR0913 # what starting takes, by name
    client: Client,
    automation: str,
    event: Mapping[str, Any],
    *,
    task_queue: str,
    again: bool = False,
    priority: Mapping[str, Any] | None = None,
) -> Started:
    """Start an automation for an event, once: a duplicate is answered with how the earlier run stands.

    Args:
        client: a connected client.
        automation: the automation's name, which is the workflow type.
        event: the whole event, with its `id`.
        task_queue: the task queue of the workers.
        again: run once more, under an id of its own, for an event that was received before.
        priority: Temporal's `priority_key` and `fairness_key` of the run, where they are known.
    """
    run = _fresh(automation, event) if again else workflow_id(automation, event["id"])
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
        ),
    )


async def start_inline(
    client: Client, definition: Mapping[str, Any], event: Mapping[str, Any], *, task_queue: str, again: bool = False
) -> Started:
    """Start a definition that no folder has to hold; see `start`.

    It shares the workflow ids of the automation whose name it has: an event runs once, wherever the definition stands.
    """
    from workflows.automation import INLINE

    automation = str(definition["name"])
    run = _fresh(automation, event) if again else workflow_id(automation, event["id"])
    return await _start_once(
        client,
        _Wanted(
            automation=automation,
            run=run,
            workflow_type=INLINE,
            argument={"automation": definition, "event": event},
            event=event,
            task_queue=task_queue,
        ),
    )


def _fresh(automation: str, event: Mapping[str, Any]) -> str:
    return workflow_id(automation, f"{event['id']}~{uuid.uuid4().hex[:8]}")


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
        earlier = await outcome(client, wanted.run)
        return Started(automation=wanted.automation, workflow_id=wanted.run, started=False, outcome=earlier)
    return Started(automation=wanted.automation, workflow_id=wanted.run, started=True)


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


async def outcome(client: Client, run: str) -> str:
    """Return how a run stands: `running`, or its outcome (`terminated` and `timed out` where Temporal ended it)."""
    from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

    handle = client.get_workflow_handle(run)
    status = (await handle.describe()).status
    if status is WorkflowExecutionStatus.COMPLETED:
        try:
            result: Any = await handle.result()
        except WorkflowFailureError:  # another run under the same id ended between the two calls
            return "failed"
        return str(result.get("outcome", "completed")) if isinstance(result, dict) else "completed"
    return "unknown" if status is None else status.name.lower().replace("_", " ")
