"""The host of a run: all that the interpreter asks of whatever runs it, in one place.

Temporal is the host unless a context has another one: a rehearsal (`workers/rehearsal/`) is its own, and several of
them run side by side in one process. Interpreter code calls `host.now()` and never Temporal's own function;
declarations (`@workflow.defn`, signals, queries) and types stay Temporal's.
"""

# ruff: noqa: D102 # what a method of a host does stands at the function of its name

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any, NoReturn, Protocol, cast

from temporalio import workflow


class Info(Protocol):
    """What a run knows about itself; `temporalio.workflow.Info` is one."""

    @property
    def workflow_id(self) -> str:
        """The run's workflow id."""

    @property
    def workflow_type(self) -> str:
        """The automation's name, `inline` or `event`."""

    @property
    def namespace(self) -> str:
        """The namespace that it runs in."""

    @property
    def run_id(self) -> str:
        """The id of this run of the chain."""

    @property
    def first_execution_run_id(self) -> str:
        """The id of the chain's first run."""

    @property
    def continued_run_id(self) -> str | None:
        """The id of the run that has continued as this one, if one has."""

    @property
    def workflow_start_time(self) -> datetime:
        """When this run of the chain began."""

    @property
    def raw_memo(self) -> Mapping[str, Any]:
        """The run's memo, as payloads."""

    @property
    def typed_search_attributes(self) -> Any:
        """The run's search attributes."""

    def is_continue_as_new_suggested(self) -> bool:
        """Say whether the history is so long that the run should continue as new."""


class Host(Protocol):
    """What runs a run; the module `temporalio.workflow` is one."""

    logger: Any

    def now(self) -> datetime: ...
    def info(self) -> Info: ...
    def wait_condition(self, fn: Callable[[], bool], **options: Any) -> Awaitable[None]: ...
    def sleep(self, duration: timedelta, **options: Any) -> Awaitable[None]: ...
    def wait(self, fs: Iterable[Any], **options: Any) -> Awaitable[Any]: ...
    def start_activity(self, activity: str, *args: Any, **options: Any) -> Any: ...
    def start_local_activity(self, activity: str, *args: Any, **options: Any) -> Any: ...
    def execute_activity(self, activity: str, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def execute_local_activity(self, activity: str, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def start_child_workflow(self, workflow: str, *args: Any, **options: Any) -> Awaitable[Any]: ...
    def get_external_workflow_handle(self, workflow_id: str) -> Any: ...
    def continue_as_new(self, *, args: Sequence[Any], memo: Mapping[str, Any] | None = None) -> NoReturn: ...
    def all_handlers_finished(self) -> bool: ...
    def upsert_search_attributes(self, attributes: Sequence[Any]) -> None: ...
    def upsert_memo(self, updates: Mapping[str, Any]) -> None: ...
    def set_signal_handler(self, name: str, handler: Callable[..., Any]) -> None: ...
    def extern_functions(self) -> Mapping[str, Callable[..., Any]]: ...
    def memo_value(self, key: str, default: Any, **options: Any) -> Any: ...
    def cancellation_reason(self) -> str | None: ...


Watcher = Callable[..., None]
"""Is told what a run finds out: what it was (`BEGUN`, `JUDGED`, `FAILED`, …), and the facts by name."""

BEGUN = "begun"
"""A step is reached: `step` (its instance id)."""

JUDGED = "judged"
"""A condition is judged: `condition`, and the `roots` that it sees."""

FAILED = "failed"
"""An action step has failed: `step` (its instance id), the failure's `classes`, and the `rule` that decides, if any."""

ENDED = "ended"
"""A step has ended for now: `step` (of the program), and its `entry` in the report."""

OPENED = "opened"
"""A step waits for people: `hold`."""

CLOSED = "closed"
"""A hold waits no more: `hold`."""


class Reader(Protocol):
    """Reads templates and conditions where a run does not know all that they need."""

    def render(self, template: Any, roots: Mapping[str, Any], step: str) -> Any:
        """Return what a template of a step (its instance id) gives; None: render it."""

    def judge(self, condition: Any, roots: Mapping[str, Any], step: str) -> Any:
        """Return what a condition of a step comes to; None: judge it."""

    def event(self, step: str) -> Any:
        """Return the event that comes for a step that waits for one; None: wait for it."""


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)
_host: ContextVar[Host] = ContextVar("host", default=cast("Host", workflow))  # noqa: B039 # a module


@contextmanager
def hosted(by: Host) -> Iterator[None]:
    """Let this host run whatever runs in this context, and in the tasks that are begun there."""
    token = _host.set(by)
    try:
        yield
    finally:
        _host.reset(token)


def watch(by: Watcher) -> None:
    """Let this watcher be told what the current task, and those that it begins, find out until they end.

    Nothing is put back: a worker that ends drops the tasks of its runs, and not in the contexts that are theirs.
    """
    _watcher.set(by)


@contextmanager
def watched(by: Watcher | None) -> Iterator[None]:
    """Let this watcher be told what runs in this context find out; nobody watches a run on Temporal."""
    token = _watcher.set(by)
    try:
        yield
    finally:
        _watcher.reset(token)


@contextmanager
def read_by(reader: Reader) -> Iterator[None]:
    """Let this reader read what runs in this context cannot know; a run on Temporal knows everything."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def reader() -> Reader | None:
    """Return what reads in the run's place, if anything does."""
    return _reader.get()


def tell(what: str, **facts: Any) -> None:
    """Tell whoever watches this run, if anybody does."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(what, **facts)


def now() -> datetime:
    """Return the run's time, the same in every replay."""
    return _host.get().now()


def info() -> Info:
    """Return what the run knows about itself."""
    return _host.get().info()


def logger() -> logging.LoggerAdapter[logging.Logger]:
    """Return the log of the run, which replays leave alone."""
    found: logging.LoggerAdapter[logging.Logger] = _host.get().logger
    return found


def wait_condition(
    holds: Callable[[], bool],
    *,
    timeout: timedelta | None = None,  # as Temporal has it
    timeout_summary: str | None = None,
) -> Awaitable[None]:
    """Wait until something holds.

    Raises:
        TimeoutError: it did not in time.
    """
    return _host.get().wait_condition(holds, timeout=timeout, timeout_summary=timeout_summary)


def sleep(duration: timedelta, *, summary: str | None = None) -> Awaitable[None]:
    """Let time pass."""
    return _host.get().sleep(duration, summary=summary)


def wait(
    tasks: Iterable[asyncio.Future[Any]],
    *,
    timeout: float | None = None,  # as Temporal has it
    return_when: str = asyncio.ALL_COMPLETED,
) -> Awaitable[Any]:
    """Wait for tasks, as `asyncio.wait` does, in an order that replay repeats."""
    return _host.get().wait(tasks, timeout=timeout, return_when=return_when)


def start_activity(activity: str, *args: Any, **options: Any) -> workflow.ActivityHandle[Any]:
    """Schedule an activity, and return what to await for its result."""
    handle: workflow.ActivityHandle[Any] = _host.get().start_activity(activity, *args, **options)
    return handle


def start_local_activity(activity: str, *args: Any, **options: Any) -> workflow.ActivityHandle[Any]:
    """Have the run's own worker carry out an activity, and return what to await for its result."""
    handle: workflow.ActivityHandle[Any] = _host.get().start_local_activity(activity, *args, **options)
    return handle


def execute_activity(activity: str, *args: Any, **options: Any) -> Awaitable[Any]:
    """Carry out an activity and return its result.

    Raises:
        ActivityError: it failed, and is not tried again.
    """
    return _host.get().execute_activity(activity, *args, **options)


def execute_local_activity(activity: str, *args: Any, **options: Any) -> Awaitable[Any]:
    """Ask the run's own worker; its answer is written down, and no replay asks again."""
    return _host.get().execute_local_activity(activity, *args, **options)


def start_child_workflow(
    automation: str, event: Any, **options: Any
) -> Awaitable[workflow.ChildWorkflowHandle[Any, Any]]:
    """Start another run.

    Raises:
        WorkflowAlreadyStartedError: there is or was one of that id.
    """
    return _host.get().start_child_workflow(automation, event, **options)


def get_external_workflow_handle(workflow_id: str) -> workflow.ExternalWorkflowHandle[Any]:
    """Return a handle of another run."""
    handle: workflow.ExternalWorkflowHandle[Any] = _host.get().get_external_workflow_handle(workflow_id)
    return handle


def continue_as_new(*, args: Sequence[Any], memo: Mapping[str, Any] | None = None) -> NoReturn:
    """End this run and go on in the next one of its chain; its memo is the first one's unless it gets another."""
    _host.get().continue_as_new(args=args, memo=memo)


def all_handlers_finished() -> bool:
    """Say whether every signal and update that came was dealt with."""
    return _host.get().all_handlers_finished()


def upsert_search_attributes(attributes: Sequence[Any]) -> None:
    """Write search attributes of the run."""
    _host.get().upsert_search_attributes(attributes)


def upsert_memo(updates: Mapping[str, Any]) -> None:
    """Write values of the run's memo; None removes one."""
    _host.get().upsert_memo(updates)


def set_signal_handler(name: str, handler: Callable[..., Any]) -> None:
    """Take the signals of a name, those that came before included."""
    _host.get().set_signal_handler(name, handler)


def extern_functions() -> Mapping[str, Callable[..., Any]]:
    """Return what the run's worker tells it besides."""
    return _host.get().extern_functions()


def memo_value(key: str, default: Any = None, *, type_hint: Any = None) -> Any:
    """Return a value of the run's memo."""
    return _host.get().memo_value(key, default, type_hint=type_hint)


def cancellation_reason() -> str | None:
    """Return why the run was canceled; None where it was not."""
    return _host.get().cancellation_reason()
