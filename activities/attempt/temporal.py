"""Actions as Temporal activities: this file and `failures.py` alone know Temporal here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import AsyncActivityCancelledError
from temporalio.client import Client as TemporalClient
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from activities.action import Action, Config, Look, Result
from activities.attempt.contracts import LONGEST_MESSAGE, configured
from activities.attempt.failures import failed
from activities.attempt.heartbeat import Heartbeat
from activities.attempt.results import is_small, kept, written
from activities.attempt.scrubber import Scrubber
from activities.attempt.seal import check_seal
from activities.attempt.secrets import Secrets
from activities.bounds import scrubbing
from activities.budgets import Budgets
from activities.connections import Connections
from activities.context import LARGEST_ANSWER, LARGEST_PICKED, Context
from activities.descriptions.store import Store, usual_store
from activities.errors import (
    ActionError,
    NotSent,
    OutcomeUnknown,
    Paused,
    Pending,
    ResultTooLarge,
    Unavailable,
)
from activities.http_client.client import Client
from activities.http_client.statuses import meaning
from activities.kept_values import KeptValues
from activities.pauses import Pauses
from activities.runs import Runs
from activities.violations import sentence_of
from trunkline.step_key import keyed
from trunkline.wire import (
    LOOK,
    NEVER_REPEATED,
    RESERVED_NAMES,
    SENDING,
    UNEXPECTED,
    Answer,
    Call,
    LookAnswer,
    UsedHeaders,
)

LARGEST_LOCAL = 256 * 1024
"""Bytes of what a local activity gives: those of several end in one task of their run."""

LOOKS = 3
"""How often a look-up that finds nothing is made: what a vendor has just taken may not be listed yet."""

PICK = "Where later steps need only parts of it, let the step's `pick` keep just those (`pick: {id: body.id}`)."
PICK_LESS = "Let the step's `pick` keep less of it, or ask the receiver for less."


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptServices:
    """What the attempts of one process share."""

    http: Client
    connections: Connections
    secrets: Secrets
    scrubber: Scrubber
    files: Path | None
    result_limit: int
    client: TemporalClient
    budgets: Budgets
    pauses: Pauses
    runs: Runs
    kept_values: KeptValues
    descriptions: Store = field(default_factory=usual_store)


def bind(catalog: Mapping[str, Action], services: AttemptServices) -> list[Callable[..., Any]]:
    """Return one activity per action, named as the action, and one per look-up, named `<action>:look`."""
    acts = [_activity(action.name, _Attempt, action, services) for action in catalog.values()]
    looks = [action for action in catalog.values() if action.look is not None]
    found = [_activity(f"{action.name}{LOOK}", _Look, action, services) for action in looks]
    return [*acts, *found]


def _activity(name: str, kind: type[_Attempt], action: Action, services: AttemptServices) -> Callable[..., Any]:
    async def run(call: dict[str, Any]) -> RawValue:
        return await kind(action, services).run(cast("Call", call))

    run.__annotations__ = {"call": dict[str, Any], "return": RawValue}  # as texts, the SDK would compile each anew
    return activity.defn(name=name)(run)


class _Attempt:
    """One attempt of one action: bounded, heartbeating, marked where it must not be repeated, and scrubbed."""

    def __init__(self, action: Action, services: AttemptServices) -> None:
        self.action = action
        self.services = services
        self.info = activity.info()
        policy = self.info.retry_policy
        self.once = policy is not None and NEVER_REPEATED in (policy.non_retryable_error_types or ())
        self.pick: Any = None
        self.headers: UsedHeaders = ()
        self.http: Client | None = None
        self.sent = False
        earlier = self.info.heartbeat_details
        progress = earlier[0] if earlier and earlier[0] != SENDING else None
        self.uncertain = self.info.attempt > 1 and list(earlier[1:]) != [self.info.attempt - 1]
        self.heartbeat = Heartbeat(progress, self._beat, self._write if self.once else None)
        whole = (self.info.start_to_close_timeout or timedelta(seconds=30)).total_seconds()
        self.timeout = max(whole - 1, whole * 0.9)
        self.patience = self.timeout - min(0.5, self.timeout / 10)  # the client's own sentence says more than ours
        self.began = asyncio.get_running_loop().time()

    async def run(self, call: Call) -> RawValue:
        with scrubbing(self.services.scrubber.scrub):
            return await self._run(call)

    async def _run(self, call: Call) -> RawValue:
        self.heartbeat.start()
        self.call = call
        try:
            async with asyncio.timeout(self.timeout):
                done = await self._act(call)
            return await self._answer(done)
        except ActionError as error:
            raise self._failure(error, timed_out=self._out_of_time(error)) from None
        except TimeoutError:
            raise self._failure(self._ended(f"It took longer than {self.timeout:g} s"), timed_out=True) from None
        except asyncio.CancelledError:
            details = activity.cancellation_details()
            if details is not None and details.worker_shutdown:
                raise self._failure(self._ended("Its worker was shut down")) from None
            if self.sent or self.heartbeat.marked:
                sentence = "It was canceled while it was being sent; it may have been carried out."
                raise self._failure(OutcomeUnknown(sentence)) from None
            raise
        except Exception as error:  # noqa: BLE001 # a bug in an action must not be reported with its secrets
            if known := meaning(error):
                raise self._failure(known, timed_out=self._out_of_time(known)) from None
            raise self._unexpected(error) from None
        finally:
            self.heartbeat.stop()
            if self.http is not None:
                self.http.end()

    def _beat(self, *details: Any) -> None:
        if not self.info.is_local:  # nobody listens there
            activity.heartbeat(*self.services.scrubber.scrub_json([*details]))

    async def _write(self, *details: Any) -> None:
        """Send a heartbeat and return once Temporal has it."""
        handle = self.services.client.get_async_activity_handle(task_token=self.info.task_token)
        try:
            await handle.heartbeat(*self.services.scrubber.scrub_json([*details]))
        except AsyncActivityCancelledError as error:
            if error.details is not None and error.details.cancel_requested:
                raise NotSent("It was canceled before anything was sent.") from error
            raise

    async def _act(self, call: Call) -> Answer | LookAnswer:
        if call.get("run", self.info.workflow_run_id) != self.info.workflow_run_id:
            # Temporal starts what was pending where a run was reset again, without asking the run.
            raise NotSent("The run was reset after this was scheduled; nothing was sent since.")
        config, context = self._prepare(call)
        result = await self.action.function(config, context)
        return self._kept(result)

    def _kept(self, result: Any) -> Answer:
        """Return a result as it is kept, and what tells it from any other of the vendor's."""
        identity = result.identity() if isinstance(result, Result) else None
        answer = kept(result, self.pick, self.headers)
        if identity is not None:
            answer["claim"] = identity
        return answer

    def _prepare(self, call: Call) -> tuple[Config, Context]:
        check_seal(self.action.name, call)
        self.pick, self.headers = call.get("pick"), call.get("headers", ())
        config = configured(self.action, call, self.services.secrets, self.services.scrubber)
        self.http = self.services.http.carrying(self.services.secrets.bound(call.get("secrets", ())))
        context = Context(
            action=self.action.name,
            key=keyed(call, self.info.workflow_id or "", self.info.activity_id)["key"],
            run=self.info.workflow_id or "",
            automation=_automation(self.info),
            attempt=self.info.attempt,
            timeout=self.patience,
            largest_answer=max(LARGEST_ANSWER if self.pick is None else LARGEST_PICKED, self.services.result_limit),
            http=self.http,
            connections=self.services.connections,
            files=self.services.files,
            progress=self.heartbeat.progress,
            heartbeat=self.heartbeat.keep,
            sending=self._sending(never="run" in call),
            conceal=self.services.scrubber.renew,
            budgets=self.services.budgets,
            pauses=self.services.pauses,
            runs=self.services.runs,
            kept_values=self.services.kept_values,
            descriptions=self.services.descriptions,
            operation=call.get("operation"),
            notice=call.get("notice"),
        )
        return config, context

    def _sending(self, *, never: bool) -> Callable[[], Awaitable[None]]:
        """Return what is awaited before sending: where `onUnknown: retry` allows repeats, it marks nothing."""
        if self.once:
            return self.heartbeat.mark

        async def begin() -> None:
            self.sent = never

        return begin

    async def _answer(self, answer: Answer | LookAnswer) -> RawValue:
        if self.info.attempt > 1:
            answer["attempts"] = self.info.attempt
        limit = self.services.result_limit
        if self.info.is_local:
            cast("Answer", answer)["call"], limit = self.call, min(limit, LARGEST_LOCAL)
        if is_small(answer):
            data = written(answer, self.services.scrubber, limit)
        else:  # in a thread, because it takes longer than other attempts can wait
            data = await asyncio.to_thread(written, answer, self.services.scrubber, limit)
        return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data.encode()))

    def _ended(self, what: str) -> ActionError:
        if self.once and not self.heartbeat.marked:
            return Unavailable(f"{what}, before anything was sent.")
        return OutcomeUnknown(f"{what}; it may have been carried out.")

    def _out_of_time(self, error: ActionError) -> bool:
        """Say whether an action failed because its time was over and it had no answer."""
        gone = asyncio.get_running_loop().time() - self.began
        return isinstance(error, OutcomeUnknown | Unavailable) and error.status is None and gone >= self.patience

    def _failure(self, error: ActionError, *, timed_out: bool = False) -> ApplicationError:
        retry_after = None
        if isinstance(error, Paused) and self.heartbeat.marked:  # who is paused has not marked what it would send
            error = OutcomeUnknown(f"An earlier request of the same attempt was sent; then: {error}")
        if isinstance(error, Unavailable):
            retry_after = error.retry_after
            self.heartbeat.unmark()
            if not self.once and not self.uncertain:
                self.heartbeat.clear(self.info.attempt)
        paused = isinstance(error, Paused) and self._waits_in_run()
        return failed(
            error,
            self._sentence(error),
            attempt=self.info.attempt,
            uncertain=not self.once and self.uncertain,
            timed_out=timed_out,
            retry_after=retry_after,
            waits=paused,
            call=self.call if self.info.is_local else None,
        )

    def _sentence(self, error: ActionError) -> str:
        """Return what people read of an error, and log it."""
        advice = f" {PICK_LESS if self.pick else PICK}" if isinstance(error, ResultTooLarge) else ""
        sentence = self.services.scrubber.scrub(f"{error}{advice}")[:LONGEST_MESSAGE]
        if not isinstance(error, Pending):
            activity.logger.warning("%s: %s: %s", self.action.name, type(error).__name__, sentence)
        return sentence

    def _waits_in_run(self) -> bool:
        """Say whether the run waits for the end of a pause.

        Temporal would count the attempt against a bound, and several requests of the next one as one turn. It waits
        all the same where an attempt left something to the next: its progress, or doubt about what it did.
        """
        bounded = self.info.retry_policy is not None and self.info.retry_policy.maximum_attempts > 0
        nothing_left = self.heartbeat.progress is None and (self.once or not self.uncertain)
        return (bounded or self.action.requests != 1) and nothing_left

    def _unexpected(self, error: Exception) -> ApplicationError:
        """A bug in an action: nothing is known about its effect, and its traceback goes to the log."""
        activity.logger.error("%s failed unexpectedly", self.action.name, exc_info=error)
        message = f"{type(error).__name__}: {sentence_of(error)}"
        if self.once and self.heartbeat.marked:
            return self._failure(OutcomeUnknown(f"{message} (after sending began; it may have been carried out)"))
        return ApplicationError(
            self.services.scrubber.scrub(message)[:LONGEST_MESSAGE], {"attempts": self.info.attempt}, type=UNEXPECTED
        )


def _automation(info: activity.Info) -> str:
    """Return the name of the automation that a run carries out; that of an inline one stands in its run's id."""
    if info.workflow_type not in {None, *RESERVED_NAMES}:
        return str(info.workflow_type)
    return (info.workflow_id or "").partition("/")[0]


class _Look(_Attempt):
    """One attempt to find out what became of a step, without sending anything."""

    async def _act(self, call: Call) -> Answer | LookAnswer:
        config, context = self._prepare(call)
        look = cast("Look", self.action.look)
        found = await look(config, context, datetime.fromisoformat(call["since"]))
        if not found and self.info.attempt < LOOKS:
            raise Unavailable("Nothing is found yet.")
        return {"found": [self._kept(result) for result in found]}

    def _waits_in_run(self) -> bool:
        """Let Temporal wait, as a run gives a look-up up that has failed."""
        return False
