"""`trunkline release`: says which version of the workers work goes to, and which others may be stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from trunkline.durations import SECOND, duration
from workers.cli.screen import console, plain, print_json
from workers.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.releases import Build

WHOLE = 100.0


def release(build: str | None = None, /, *, ramp: float | None = None, within: str = "1m", json: bool = False) -> int:
    """Let new work, and all runs that move, go to a build; then list the builds, and which of them may be stopped.

    The deployment is TRUNKLINE_DEPLOYMENT's. Runs of automations with `onRelease: stay` stay on the build that they
    began with, and its workers are needed until none of those is left. Without BUILD nothing is changed.

    Args:
        build: the build (TRUNKLINE_BUILD of its workers); without it, only list them.
        ramp: let this percentage of the work go there for now, and the rest where it goes now.
        within: time in which workers of the build must poll: 90s, 5m.
        json: print the builds as JSON, for scripts.

    Returns:
        0 if work goes there now, 1 if Temporal refuses, 3 if no worker of the build polls, 4 if there is no such
        deployment.
    """
    if ramp is not None and build is None:
        raise UsageError("--ramp goes with BUILD.")
    if ramp is not None and not 0 <= ramp <= WHOLE:
        raise UsageError(f"--ramp is a percentage from 0 to 100; {ramp:g} is not.")
    try:
        seconds = duration(within) / SECOND
    except ValueError as error:
        raise UsageError(f"--within: {error}") from None
    return asyncio.run(_release(build, ramp, seconds, json=json))


async def _release(build: str | None, ramp: float | None, within: float, *, json: bool) -> int:
    from workers.client.connecting import connect
    from workers.client.releases import Releases
    from workers.settings import Settings

    settings = Settings.from_environment(build=build)
    if settings.deployment is None:
        raise UsageError(
            "TRUNKLINE_DEPLOYMENT is not set: it names the deployment whose build is released, as its workers have it."
        )
    releases = Releases(await connect(settings), settings.deployment, settings.task_queue)
    if build is not None:
        await releases.release(build, within=within, share=ramp)
    builds = await releases.builds()
    if json:
        print_json({"deployment": settings.deployment, "builds": [one.to_json() for one in builds]})
    else:
        show(settings.deployment, builds, console())
    return 0


def show(deployment: str, builds: list[Build], screen: Console) -> None:
    """Write the builds for people."""
    for one in builds:
        polls = "" if one.polls else ", no worker polls"
        screen.print(f"[bold]{plain(deployment)}:{plain(one.build)}[/] {one.status}{polls}")
        if one.stay:
            screen.print(f"    {_needed(one)}")
            for run in one.runs:
                screen.print(f"    - {plain(run)}")
            if one.stay > len(one.runs):
                screen.print(f"    and {one.stay - len(one.runs)} more")
        elif one.may_stop and one.polls:
            screen.print("    No run stays on it: its workers may be stopped.")
        elif one.status == "inactive":
            screen.print("    It was never released, and gets no work.")


def _needed(one: Build) -> str:
    runs = "1 run stays" if one.stay == 1 else f"{one.stay} runs stay"
    stuck = "" if one.polls else " [red]Nothing happens there before workers of it poll.[/]"
    return f"{runs} on it, and its workers must run until none is left:{stuck}"
