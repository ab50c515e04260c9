"""`trunkline replay`: whether this version can take over the runs of another one."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from workers.cli.screen import console, plain, print_json
from workers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from rich.console import Console

    from workers.client.histories import RecordedHistory
    from workers.process.replaying import ReplayResult
    from workers.settings import Settings


def replay(*histories: Path, last: int | None = None, json: bool = False) -> int:
    """Replay histories of runs against this version, and say of each that cannot be replayed why.

    A run whose history does not replay would stall as soon as a worker of this version takes it over: so do this with
    the new version before it is rolled out. Nothing is sent, and nothing is changed. Encrypted histories need
    TRUNKLINE_ENCRYPTION_KEYS, large payloads TRUNKLINE_PAYLOAD_STORE, as workers have them.

    Args:
        histories: files of `temporal workflow show --output json`, or folders of such.
        last: instead of files, so many of the latest runs that Temporal has on TRUNKLINE_TASK_QUEUE, and as many
            gates, kept values, subscriptions, budgets and pauses.
        json: print what became of each as JSON, for scripts.

    Returns:
        0 if every history replays, 1 if one does not, 2 if a file is no history, 4 if there is no such file.
    """
    if bool(histories) == (last is not None):
        raise UsageError("Say which: files or folders with histories, or --last N for what Temporal has.")
    if last is not None and last < 1:
        raise UsageError(f"--last is a number of runs, 1 or more; {last} is not.")
    return asyncio.run(_replay(histories, last, json=json))


async def _replay(paths: Sequence[Path], last: int | None, *, json: bool) -> int:
    from workers.payloads.converter import data_converter
    from workers.process.replaying import replay as replayed
    from workers.process.telemetry import plain_runtime
    from workers.settings import Settings

    settings = Settings.from_environment()
    for name in ("temporal", "temporalio"):  # what fails is said below
        logging.getLogger(name).addHandler(logging.NullHandler())
    converter = data_converter(settings.encryption_keys, settings.payload_store)
    found = [one async for one in replayed(_histories(paths, last, settings), converter, plain_runtime())]
    wrong = [one for one in found if one.why is not None]
    if json:
        print_json([one.to_json() for one in found])
    else:
        show(found, wrong, console())
    return 1 if wrong else 0


async def _histories(paths: Sequence[Path], last: int | None, settings: Settings) -> AsyncIterator[RecordedHistory]:
    from workers.client.connecting import connect
    from workers.client.histories import files_of, from_files, from_temporal

    if last is None:
        for one in list(from_files(files_of(paths))):  # a file that is none ends it before anything is replayed
            yield one
        return
    async for one in from_temporal(await connect(settings), settings.task_queue, last):
        yield one


def show(found: Sequence[ReplayResult], wrong: Sequence[ReplayResult], screen: Console) -> None:
    """Write what became of the histories for people."""
    for one in wrong:
        screen.print(f"[red]✗[/] [bold]{plain(one.run)}[/] [dim]{plain(one.place)}[/]")
        screen.print(f"    {plain(one.why or '')}")
    histories = "1 history" if len(found) == 1 else f"{len(found)} histories"
    screen.print(f"{histories}: {len(found) - len(wrong)} replayed, {len(wrong)} could not be.")
