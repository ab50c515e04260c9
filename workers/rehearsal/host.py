"""The rehearsal's host (`workflows/host.py`): what the interpreter asks for, on a virtual clock, answered as given."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn, Protocol, cast

from temporalio.common import TypedSearchAttributes

from trunkline.step_key import keyed
from trunkline.wire import Call
from workers.rehearsal.failures import canceled_child
from workers.rehearsal.loop import VirtualLoop
from workflows.run.resets import RESET_NOW, RESET_UNSEEN, RESETS

LONG_HISTORY = 4_096
"""Events of a history after which Temporal suggests to continue as new."""

EVENTS_OF_ACTIVITY, EVENTS_OF_TIMER, EVENTS_OF_ANSWER = 6, 5, 1
"""Events that an activity, a timer and a local activity leave in a history, their tasks included; about so many."""


class ContinuedAsNewError(BaseException):  # no error: it ends a run, as Temporal's own does
    """The run goes on in the next one of its chain, with these arguments."""

    def __init__(self, arguments: Sequence[Any]) -> None:
        super().__init__()
        self.arguments = arguments


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedInfo:
    """What a rehearsed run knows about itself."""

    workflow_id: str
    workflow_type: str
    workflow_start_time: datetime
    long: Callable[[], bool]
    namespace: str = "rehearsal"
    run_id: str = "rehearsal"
    first_execution_run_id: str = "rehearsal"
    continued_run_id: str | None = None
    typed_search_attributes: TypedSearchAttributes = TypedSearchAttributes.empty
    raw_memo: Mapping[str, Any] = field(default_factory=dict)

    def is_continue_as_new_suggested(self) -> bool:
        """Say whether the history would be so long by now."""
        return self.long()


class ActivityRunner(Protocol):
    """What carries out activities in a rehearsal."""

    async def activity(self, activity: str, argument: Any, options: Mapping[str, Any]) -> Any:
        """Return the result of an activity, or raise what a run gets instead."""

    async def local(self, activity: str, argument: Any) -> Any:
        """Return what the run's worker answers."""

    def child(self, automation: str, event: Mapping[str, Any], run: str) -> asyncio.Future[Any]:
        """Return how a run that was started ends."""


class RehearsalHost:
    """Hosts one run of a chain.

    Args:
        loop: the virtual time.
        info: what the run knows about itself; its `long` is this host's `is_long`.
        runner: what carries out activities.

    Attributes:
        handling: decisions that are being judged.
        signals: what takes the signals of a name.
        length: about how many events its history would have.
    """

    logger = logging.getLogger(__name__)

    def __init__(self, loop: VirtualLoop, runner: ActivityRunner, **info: Any) -> None:
        self.loop = loop
        self.runner = runner
        self.handling = 0
        self.signals: dict[str, Callable[..., Any]] = {}
        self.length = 3
        self._info = RehearsedInfo(long=lambda: self.length >= LONG_HISTORY, workflow_start_time=loop.now(), **info)
        self._children: dict[str, asyncio.Future[Any]] = {}

    def now(self) -> datetime:
        """Return the virtual instant."""
        return self.loop.now()

    def info(self) -> RehearsedInfo:
        """Return what the run knows about itself."""
        return self._info

    async def wait_condition(self, fn: Callable[[], bool], *, timeout: timedelta | None = None, **_: Any) -> None:  # noqa: ASYNC109 # as Temporal has it
        """Wait until something holds, or time is up."""
        future = self.loop.until(fn)
        if timeout is None:
            await future
            return
        self.length += EVENTS_OF_TIMER
        timer = self.loop.call_later(timeout.total_seconds(), _time_out, future)
        try:
            await future
        finally:
            timer.cancel()

    async def sleep(self, duration: timedelta, **_: Any) -> None:
        """Let virtual time pass."""
        self.length += EVENTS_OF_TIMER
        await asyncio.sleep(duration.total_seconds())

    async def wait(self, fs: Iterable[Any], **options: Any) -> Any:
        """Wait for tasks; only whether they are done counts."""
        return await asyncio.wait(list(fs), **options)  # nobody looks at the order

    def start_activity(self, activity: str, argument: Any = None, **options: Any) -> asyncio.Task[Any]:
        """Schedule an activity."""
        self.length += EVENTS_OF_ACTIVITY
        return self.loop.create_task(self.runner.activity(activity, self._whole(argument, options), options))

    def start_local_activity(self, activity: str, argument: Any = None, **options: Any) -> asyncio.Task[Any]:
        """Have the run's own worker carry out an activity: it comes to the same."""
        self.length += EVENTS_OF_ANSWER
        return self.loop.create_task(self.runner.activity(activity, self._whole(argument, options), options))

    def _whole(self, argument: Any, options: Mapping[str, Any]) -> Any:
        """Return the argument of an activity; that of a step has a key, which its attempts would make by themselves."""
        name = options.get("activity_id")
        if name is None or not isinstance(argument, dict) or "config" not in argument:
            return argument
        return keyed(cast("Call", argument), self._info.workflow_id, name)

    async def execute_activity(self, activity: str, argument: Any = None, **options: Any) -> Any:
        """Carry out an activity."""
        return await self.start_activity(activity, argument, **options)

    async def execute_local_activity(self, activity: str, argument: Any = None, **_: Any) -> Any:
        """Ask the run's worker."""
        self.length += EVENTS_OF_ANSWER
        return await self.runner.local(activity, argument)

    async def start_child_workflow(self, workflow: str, event: Any, *, id: str, **_: Any) -> asyncio.Future[Any]:  # noqa: A002 # as Temporal has it
        """Start another run."""
        self.length += EVENTS_OF_ACTIVITY
        child = self._children[id] = self.runner.child(workflow, event, id)
        return child

    def get_external_workflow_handle(self, workflow_id: str) -> _OtherRun:
        """Return a handle of another run."""
        return _OtherRun(workflow_id, self._children.get(workflow_id))

    def continue_as_new(self, *, args: Sequence[Any], **_: Any) -> NoReturn:
        """End this run of the chain."""
        raise ContinuedAsNewError(args)

    def all_handlers_finished(self) -> bool:
        """Say whether no decision is being judged."""
        return self.handling == 0

    def upsert_search_attributes(self, attributes: Sequence[Any]) -> None:
        """Write none: a rehearsal has none."""

    def upsert_memo(self, updates: Mapping[str, Any]) -> None:
        """Write none: nobody lists rehearsals."""

    def set_signal_handler(self, name: str, handler: Callable[..., Any]) -> None:
        """Remember what takes the signals of a name."""
        self.signals[name] = handler

    def extern_functions(self) -> Mapping[str, Callable[..., Any]]:
        """Say that the run was never reset."""
        return {RESETS: lambda: 0, RESET_NOW: lambda: False, RESET_UNSEEN: lambda: False}

    def memo_value(self, key: str, default: Any, **_: Any) -> Any:
        """Return the default: nobody has called this run."""
        return default

    def cancellation_reason(self) -> str | None:
        """Say that nobody has canceled the run."""
        return None


class _OtherRun:
    def __init__(self, name: str, run: asyncio.Future[Any] | None) -> None:
        self._name = name
        self._run = run

    def cancel(self) -> Awaitable[None]:
        """Cancel the run, unless it has ended."""
        if self._run is not None and not self._run.done():
            self._run.set_exception(canceled_child(self._name))
        return asyncio.sleep(0)


def _time_out(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())
