"""`trunkline rerun`: resumes failed runs from their failed steps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from workers.cli.bulk import confirm
from workers.cli.options import age
from workers.cli.screen import console, plain, print_json
from workers.errors import TrunklineError, UnreachableError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from temporalio.client import Client

    from workers.client.rerun import FailedRun
    from workers.client.states import FoundRuns
    from workers.settings import Settings

RESUMED_AT_ONCE = 10


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Many runs at once.

    Attributes:
        automation: with --all: only of this automation.
        older_than: with --all: only what began longer ago than this: 90s, 15m, 2h30m, 3d.
        all: resume every failed run that the filters leave, after a confirmation.
        yes: with --all: how many there are, instead of the question; another number resumes nothing.
    """

    automation: str | None = None
    older_than: str | None = None
    all: bool = False
    yes: int | None = None

    def check(self, run: str | None) -> None:
        """Say what does not go together.

        Raises:
            UsageError: it names one run and many, or neither.
        """
        if self.all:
            if run is not None:
                raise UsageError("Say RUN, or --all with filters, not both.")
            return
        if run is None:
            raise UsageError("Say which: RUN, as `trunkline runs --outcome failed` shows it, or --all with filters.")
        given = (("--automation", self.automation), ("--older-than", self.older_than), ("--yes", self.yes))
        for option, value in given:
            if value is not None:
                raise UsageError(f"{option} goes with --all.")


ONE = Many()


def rerun(run: str | None = None, /, *, many: Many = ONE, json: bool = False) -> int:
    """Resume a failed run from the steps that failed, or with --all many: what is finished is not sent again.

    It is Temporal's reset, to the task in which the run ended. A step whose outcome is unknown and that must not be
    repeated is held for people first; one that needs approval is approved anew.

    Args:
        run: workflow id of the run.
        many: many runs instead of one.
        json: print what became of each as JSON, for scripts.

    Returns:
        0 if every run goes on, 1 if one cannot be resumed; the sentence says why.
    """
    many.check(run)
    return asyncio.run(_rerun_one(run, json=json) if run is not None else _rerun_all(many, json=json))


async def _rerun_one(run: str, *, json: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.rerun import examine
    from workers.settings import Settings

    settings = Settings.from_environment()
    client = await connect(settings)
    try:
        failed = await examine(client, run)
        if not json:
            _show(failed, console())
        row = await _resume(client, failed, settings)
    except TrunklineError as error:
        if not json:
            raise
        print_json({"run": run, "resumed": False, "reason": str(error)})
        return error.exit_code
    if json:
        print_json(row)
    else:
        _tell([row], console())
    await _warn_without_worker(client, settings)
    return _exit_code([row])


async def _rerun_all(many: Many, *, json: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.states import WantedRuns, find
    from workers.settings import Settings

    settings = Settings.from_environment()
    client = await connect(settings)
    older = None if many.older_than is None else age(many.older_than)
    wanted = WantedRuns(automation=many.automation, outcome="failed", older_than=older)
    found = await find(client, settings.task_queue, wanted)
    meant, refused = await _examine_all(client, [row["run"] for row in found.rows])
    screen, aside = console(stderr=json), console(stderr=True)
    for reason in [*refused, *(f"{row['run']}: {row['error']}" for row in found.left)]:
        aside.print(plain(f"Left out: {reason}"))
    if not meant and not many.yes:
        screen.print("No failed run can be resumed: nothing was done.")
        if json:
            print_json([])
        return _left(found)
    for failed in meant:
        _show(failed, screen)
    confirm("resume", len(meant), many.yes, done="resumed")
    rows = await _resume_all(client, meant, settings)
    if json:
        print_json(rows)
    else:
        _tell(rows, screen)
    await _warn_without_worker(client, settings)
    return _exit_code(rows) or _left(found)


async def _warn_without_worker(client: Client, settings: Settings) -> None:
    from workers.client.holds import polled

    if not await polled(client, settings.task_queue):
        queue = repr(settings.task_queue)
        console(stderr=True).print(plain(f"No worker polls the task queue {queue}: what was resumed waits for one."))


def _left(found: FoundRuns) -> int:
    return UnreachableError.exit_code if found.left else 0


def _exit_code(rows: Sequence[dict[str, Any]]) -> int:
    return 0 if all(row["resumed"] for row in rows) else TrunklineError.exit_code


async def _examine_all(client: Client, runs: Sequence[str]) -> tuple[list[FailedRun], list[str]]:
    """Return the runs that can be resumed, and for the others why not."""
    from temporalio.service import RPCError

    from workers.client.connecting import explain
    from workers.client.rerun import examine

    permits = asyncio.Semaphore(RESUMED_AT_ONCE)

    async def one(run: str) -> FailedRun | str:
        async with permits:
            try:
                return await examine(client, run)
            except (TrunklineError, RPCError) as error:
                return f"{run}: {error if isinstance(error, TrunklineError) else explain(error)}"

    found = await asyncio.gather(*map(one, runs))
    return [one for one in found if not isinstance(one, str)], [one for one in found if isinstance(one, str)]


async def _resume_all(client: Client, meant: Sequence[FailedRun], settings: Settings) -> list[dict[str, Any]]:
    permits = asyncio.Semaphore(RESUMED_AT_ONCE)

    async def one(failed: FailedRun) -> dict[str, Any]:
        async with permits:
            return await _resume(client, failed, settings)

    return await asyncio.gather(*map(one, meant))


async def _resume(client: Client, failed: FailedRun, settings: Settings) -> dict[str, Any]:
    from temporalio.service import RPCError

    from workers.client.connecting import explain
    from workers.client.rerun import rerun
    from workers.client.runs import web_address

    try:
        run_id = await rerun(client, failed, settings.user)
    except (TrunklineError, RPCError) as error:  # the others go on all the same
        reason = str(error if isinstance(error, TrunklineError) else explain(error))
        return {**failed.to_json(), "resumed": False, "reason": reason}
    link = {"url": web_address(settings.web_ui, client.namespace, failed.run)} if settings.web_ui else {}
    return {**failed.to_json(), "resumed": True, "runId": run_id, **link}


def _show(failed: FailedRun, screen: Console) -> None:
    """Write what a rerun would begin again."""
    screen.print(f"[bold]{plain(failed.run)}[/]")
    if not failed.steps:
        screen.print(f"    from its beginning, as it had not begun: {plain(failed.message)}")
    for step in failed.steps:
        error = step["error"]["message"] if "error" in step else ""
        screen.print(f"    from {plain(step['label'])}, {step['status']}: {plain(error)}")
        if step["status"] == "unknown":
            screen.print("      where it must not be repeated, people are asked before it is sent again")


def _tell(rows: Sequence[dict[str, Any]], screen: Console) -> None:
    for row in rows:
        if row["resumed"]:
            screen.print(f"Resumed: {plain(row['run'])}. `trunkline report` shows how it goes on.")
            if "url" in row:
                screen.print(f"    [dim]{plain(row['url'])}[/]")
        else:
            screen.print(f"[red]Not resumed: {plain(row['run'])}. {plain(row['reason'])}[/]")
