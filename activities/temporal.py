"""Actions as Temporal activities: the only file in this folder that knows Temporal."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import AsyncActivityHandle
from temporalio.client import Client as TemporalClient
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.action import Action, Config, Look, Result
from activities.connections import Connections
from activities.context import LARGEST_ANSWER, LARGEST_PICKED, Context
from activities.depth import deeper
from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.network import Client
from activities.pick import picked
from activities.secrets import Scrubber, Secrets

SENDING = "sending"
"""What an attempt that must not be repeated writes down durably just before it sends."""

NEVER_REPEATED = "TemporalTimeout:StartToClose"
"""In an activity's retry policy, says that an unknown outcome must not be repeated."""

FIRST_BEAT = 2.0
BEATS = 3.0
"""Seconds before an attempt first heartbeats, and between heartbeats."""

CHECK = "trunkline:check"
"""Activity type of the check before a step is held."""

LOOK = ":look"
"""What a look-up's activity type ends with; no action's name has a colon."""

LOOKS = 3
"""How often a look-up that finds nothing is made: what a vendor has just taken may not be listed yet."""

LONGEST_MESSAGE = 2_000
DEEPEST = 100
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half of a character in JSON that is ASCII."""

PICK = "Where later steps need only parts of it, let the step's `pick` keep just those (`pick: {id: body.id}`)."
PICK_LESS = "Let the step's `pick` keep less of it, or ask the receiver for less."


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the attempts of one process share."""

    http: Client
    connections: Connections
    secrets: Secrets
    scrubber: Scrubber
    files: Path | None
    result_limit: int
    client: TemporalClient


def bind(catalog: Mapping[str, Action], services: Services) -> list[Callable[..., Any]]:
    """Return one activity per action, named as the action, and one per look-up, named `<action>:look`."""
    acts = [_activity(action.name, _Attempt, action, services) for action in catalog.values()]
    looks = [action for action in catalog.values() if action.look is not None]
    found = [_activity(f"{action.name}{LOOK}", _Look, action, services) for action in looks]
    return [*acts, *found, _check(catalog, services)]


def _activity(name: str, kind: type[_Attempt], action: Action, services: Services) -> Callable[..., Any]:
    @activity.defn(name=name)
    async def run(call: dict[str, Any]) -> RawValue:
        return await kind(action, services).run(call)

    return run


def _check(catalog: Mapping[str, Action], services: Services) -> Callable[..., Any]:
    @activity.defn(name=CHECK)
    async def check(request: dict[str, Any]) -> str | None:
        """Return why a request could never be sent by this worker, or None."""
        action = catalog.get(request["actionType"])
        if action is None:
            return f"This worker has no action {request['actionType']}."
        try:
            _configured(action, services, request)
        except Refused as refused:
            return services.scrubber.scrub(str(refused))[:LONGEST_MESSAGE]
        return None

    return check


def _configured(action: Action, services: Services, call: Mapping[str, Any]) -> Config:
    """Return a call's config with its secrets, held to the contract.

    Raises:
        Refused: a secret is missing, or the config is not what the action takes.
    """
    places = call.get("secrets", ())
    services.scrubber.learn(services.secrets.values(places))
    try:
        return action.config.model_validate(services.secrets.fill(call["config"], places))
    except ValidationError as error:
        raise Refused(_sentence(action, error)) from None


class _Heartbeat:
    """One attempt's heartbeats: that it lives, how far it is, and durably that it is about to send.

    The SDK sends heartbeats in the background and late, so that one of them could wipe out a mark written meanwhile.
    Where there will be a mark, each heartbeat before it is therefore written and awaited in turn.

    Args:
        progress: what an earlier attempt kept.
        handle: writes heartbeats; given where there will be a mark.
    """

    def __init__(self, progress: Any, handle: AsyncActivityHandle | None) -> None:
        self.progress = progress
        self.marked = False
        self._handle = handle
        self._turn = asyncio.Lock()
        self._lost = False
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Heartbeat from now on."""
        self._next = asyncio.get_running_loop().call_later(FIRST_BEAT, self._again)

    def stop(self) -> None:
        """Heartbeat no more."""
        self._next.cancel()
        if self._writing is not None:
            self._writing.cancel()

    def keep(self, progress: Any) -> None:
        """Heartbeat, and keep how far the attempt is for the next one."""
        self.progress = progress
        self._beat()

    async def mark(self) -> None:
        """Write the mark durably; it raises for an attempt that has already timed out, which then sends nothing."""
        async with self._turn:
            if self._lost or self._handle is None:
                raise Unavailable("The attempt lost touch with Temporal before it sent anything.")
            try:
                await self._handle.heartbeat(SENDING)
            except Exception as error:
                said = f"The attempt could not be marked before sending ({type(error).__name__})."
                raise Unavailable(said) from error
            self.marked = True

    def unmark(self) -> None:
        """Take the mark back, with the attempt's failure: it certainly had no effect."""
        if self.marked:
            self.marked = False
            activity.heartbeat(None)

    def _again(self) -> None:
        self._beat()
        self._next = asyncio.get_running_loop().call_later(BEATS, self._again)

    def _beat(self) -> None:
        if self.marked:
            activity.heartbeat(SENDING)
        elif self._handle is None or self._lost:
            activity.heartbeat(*self._details())
        elif self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._write(self._handle))

    async def _write(self, handle: AsyncActivityHandle) -> None:
        async with self._turn:
            if self.marked:
                return
            try:
                await handle.heartbeat(*self._details())
            except Exception:  # noqa: BLE001 # whatever happened, it may still arrive and would wipe out a mark
                self._lost = True
                activity.heartbeat(*self._details())  # the SDK then tells the attempt if it was canceled

    def _details(self) -> tuple[Any, ...]:
        return () if self.progress is None else (self.progress,)


class _Attempt:
    """One attempt of one action: bounded, heartbeating, marked where it must not be repeated, and scrubbed."""

    def __init__(self, action: Action, services: Services) -> None:
        self.action = action
        self.services = services
        self.info = activity.info()
        policy = self.info.retry_policy
        self.once = policy is not None and NEVER_REPEATED in (policy.non_retryable_error_types or ())
        self.pick: Any = None
        earlier = self.info.heartbeat_details
        progress = earlier[0] if earlier and earlier[0] != SENDING else None
        handle = services.client.get_async_activity_handle(task_token=self.info.task_token)
        self.heartbeat = _Heartbeat(progress, handle if self.once else None)
        whole = (self.info.start_to_close_timeout or timedelta(seconds=30)).total_seconds()
        self.timeout = max(whole - 1, whole * 0.9)

    async def run(self, call: dict[str, Any]) -> RawValue:
        self.heartbeat.start()
        try:
            async with asyncio.timeout(self.timeout):
                return self._answer(await self._act(call))
        except ActionError as error:
            raise self._failure(error) from None
        except TimeoutError:
            raise self._failure(self._ended(f"It took longer than {self.timeout:g} s")) from None
        except asyncio.CancelledError:
            details = activity.cancellation_details()
            if details is not None and details.worker_shutdown:
                raise self._failure(self._ended("Its worker was shut down")) from None
            raise
        except Exception as error:  # noqa: BLE001 # a bug in an action must not be reported with its secrets
            raise self._unexpected(error) from None
        finally:
            self.heartbeat.stop()

    async def _act(self, call: dict[str, Any]) -> Any:
        config, context = self._prepare(call)
        result = await self.action.function(config, context)
        return self._kept(result)

    def _kept(self, result: Any) -> dict[str, Any]:
        """Return a result as it is kept: whole, or what the step picks of it."""
        claim = _claim(result)
        if self.pick is None:
            return {"result": _plain(result), **claim}
        kept, missing = picked(_plain(result), self.pick)
        return {"result": kept, **claim, **({"missing": missing} if missing else {})}

    def _prepare(self, call: dict[str, Any]) -> tuple[Config, Context]:
        self.pick = call.get("pick")
        config = _configured(self.action, self.services, call)
        context = Context(
            action=self.action.name,
            key=call["key"],
            run=self.info.workflow_id or "",
            attempt=self.info.attempt,
            timeout=self.timeout - min(0.5, self.timeout / 10),  # the client's own sentence says more than ours
            largest_answer=max(LARGEST_ANSWER if self.pick is None else LARGEST_PICKED, self.services.result_limit),
            http=self.services.http,
            connections=self.services.connections,
            files=self.services.files,
            progress=self.heartbeat.progress,
            heartbeat=self.heartbeat.keep,
            sending=self.heartbeat.mark if self.once else _nothing,
        )
        return config, context

    def _answer(self, said: dict[str, Any]) -> RawValue:
        if self.info.attempt > 1:
            said["attempts"] = self.info.attempt
        try:
            data = json.dumps(said, separators=(",", ":"), allow_nan=False)
        except (RecursionError, ValueError, TypeError) as error:
            raise ResultTooLarge(f"The action was carried out, but its result is no plain JSON: {error}.") from None
        if SURROGATE.search(data):
            said = _whole(said)
            data = json.dumps(said, separators=(",", ":"))
        if self.services.scrubber.found_in(data):
            data = json.dumps(self.services.scrubber.scrub_json(said), separators=(",", ":"))
        if len(data) > self.services.result_limit:
            raise ResultTooLarge(
                f"The action was carried out, but its result takes {len(data):,} bytes; "
                f"{self.services.result_limit:,} is the most that is kept (TRUNKLINE_RESULT_LIMIT)."
            )
        if deeper(said, DEEPEST):
            raise ResultTooLarge(f"The action was carried out, but its result nests deeper than {DEEPEST} levels.")
        return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data.encode()))

    def _ended(self, what: str) -> ActionError:
        if self.once and not self.heartbeat.marked:
            return Unavailable(f"{what}, before anything was sent.")
        return OutcomeUnknown(f"{what}; it may have been carried out.")

    def _failure(self, error: ActionError) -> ApplicationError:
        retry_after = None
        if isinstance(error, Unavailable):
            retry_after = error.retry_after
            self.heartbeat.unmark()
        details: dict[str, Any] = {"attempts": self.info.attempt}
        if error.status is not None:
            details["status"] = error.status
        sentence = str(error)
        if isinstance(error, ResultTooLarge):
            sentence += f" {PICK_LESS if self.pick else PICK}"
        sentence = self.services.scrubber.scrub(sentence)[:LONGEST_MESSAGE]
        activity.logger.warning("%s: %s: %s", self.action.name, type(error).__name__, sentence)
        return ApplicationError(
            sentence,
            details,
            type=type(error).__name__,
            non_retryable=isinstance(error, Refused | ResultTooLarge),
            next_retry_delay=None if retry_after is None else timedelta(seconds=max(retry_after, 0)),
            category=ApplicationErrorCategory.BENIGN,
        )

    def _unexpected(self, error: Exception) -> ApplicationError:
        """A bug in an action: nothing is known about its effect, and its traceback goes to the log."""
        activity.logger.error("%s failed unexpectedly", self.action.name, exc_info=error)
        message = f"{type(error).__name__}: {error}"
        if self.once and self.heartbeat.marked:
            return self._failure(OutcomeUnknown(f"{message} (after sending began; it may have been carried out)"))
        return ApplicationError(
            self.services.scrubber.scrub(message)[:LONGEST_MESSAGE], {"attempts": self.info.attempt}, type="Unexpected"
        )


class _Look(_Attempt):
    """One attempt to find out what became of a step, without sending anything."""

    async def _act(self, call: dict[str, Any]) -> Any:
        config, context = self._prepare(call)
        look = cast("Look", self.action.look)
        found = await look(config, context, datetime.fromisoformat(call["since"]))
        if not found and self.info.attempt < LOOKS:
            raise Unavailable("Nothing is found yet.")
        return {"found": [self._kept(result) for result in found]}


def _plain(result: Any) -> Any:
    return result.model_dump(mode="json", by_alias=True) if isinstance(result, BaseModel) else result


def _claim(result: Any) -> dict[str, str]:
    identity = result.identity() if isinstance(result, Result) else None
    return {} if identity is None else {"claim": identity}


def _whole(value: Any) -> Any:
    """Return a value with U+FFFD for every half of a character, which nothing after this could show or send on."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


async def _nothing() -> None:
    """Mark nothing: the action may be repeated."""


def _sentence(action: Action, error: ValidationError) -> str:
    wrong = "; ".join(
        (f"`{'.'.join(map(str, e['loc']))}`: " if e["loc"] else "") + e["msg"].removeprefix("Value error, ")
        for e in error.errors(include_input=False)
    )
    return f"The step's config is not what {action.name} takes: {wrong.rstrip('.')}."
