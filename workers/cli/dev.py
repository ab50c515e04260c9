"""`trunkline dev`: everything on one machine."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, validators
from rich.markup import escape

from workers.cli.screen import console
from workers.errors import NotFoundError, TrunklineError, UsageError

if TYPE_CHECKING:
    from workers.client.deploying import ScheduleChange
    from workers.local.environment import EnvironmentWish

Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))]

DATA = Path(".trunkline/temporal.db")
AUTOMATIONS = Path("automations")
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def dev(  # noqa: PLR0913 - a command has as many parameters as it has options
    folder: Path | None = None,
    /,
    *,
    connections: Path | None = None,
    live: list[str] | None = None,
    port: Port = 7233,
    ui_port: Port = 8233,
    sandbox_port: Port = 8600,
    gateway_port: Port | None = None,
    gateway_config: Path | None = None,
    data: Path | None = None,
    in_memory: bool = False,
    no_ui: bool = False,
) -> int:
    """Run everything here: Temporal with its web UI, a worker, and a sandbox in place of every host, until Ctrl-C.

    Nothing is sent to a host that is not live: neither requests, webhooks and messages nor downloads of recordings.
    Automations are read again when their files change, each reload is printed, and their schedules are kept in step.
    A port that is taken is replaced by a free one.

    Args:
        folder: the automations (TRUNKLINE_AUTOMATIONS, else `automations` if there is that folder, else the examples).
        connections: file with real connections, whose `baseUrl` or vendors are live; the sandbox stands in for every
            vendor that it lacks. Without it for all: connections then have the names, and secrets the hosts, that
            TRUNKLINE_CONNECTIONS or `connections.yaml` gives them.
        live: host that is reached itself, as `shop.example.com`, `localhost:3000` or `*.example.com`; may be given
            several times (TRUNKLINE_LIVE). TRUNKLINE_ALLOW makes no host live.
        port: where Temporal listens.
        ui_port: where Temporal's web UI listens.
        sandbox_port: where the sandbox listens.
        gateway_port: where a gateway listens, with a sign-in that is only for this machine (TRUNKLINE_GATEWAY_PORT);
            without it there is none.
        gateway_config: the gateway's own file (by default `gateway.yaml`, where there is one), whose address and
            sign-in are replaced by this machine's; without one it takes events and the sandbox's web hooks.
        data: file of Temporal's database; by default `.trunkline/temporal.db`.
        in_memory: keep nothing when it ends.
        no_ui: run without Temporal's web UI.

    Returns:
        0 if it was told to stop, 1 if one of its parts ended by itself.
    """
    if gateway_config is not None and gateway_port is None and not os.environ.get("TRUNKLINE_GATEWAY_PORT"):
        raise UsageError("--gateway-config needs a gateway: say --gateway-port PORT.")
    if data and in_memory:
        raise UsageError("Say either --data FILE or --in-memory.")
    for given, what in ((folder, "folder"), (connections, "file"), (gateway_config, "file")):
        if given is not None and not given.exists():
            raise NotFoundError(f"There is no {what} {given}.")
    from workers.cli.catalog import actions_at_hand
    from workers.local.environment import EnvironmentWish
    from workers.settings import Settings

    settings = Settings.from_environment(live=live or None, gateway_port=gateway_port)
    chosen = folder or default_folder()
    wish = EnvironmentWish(
        folder=chosen,
        connections=connections,
        bindings=settings.connections,
        live=settings.live,
        actions=actions_at_hand(),
        task_queue=settings.task_queue,
        port=port,
        ui_port=None if no_ui else ui_port,
        sandbox_port=sandbox_port,
        gateway_port=settings.gateway_port,
        gateway_config=gateway_config or _own_gateway(settings.gateway_port),
        data=None if in_memory else data or _own_data(),
        files=settings.files or _recordings(chosen),
        secrets=settings.secrets,
        tell=_tell,
    )
    return asyncio.run(until_told(_serve(wish)))


def default_folder() -> Path:
    """Return the folder of automations where none is named: the setting's, else `automations`, else the examples.

    Raises:
        NotFoundError: there is none of them.
    """
    own = own_folder()
    if own is not None or EXAMPLES.is_dir():
        return own or EXAMPLES
    raise NotFoundError("There is no folder `automations` here: make one, or name one with TRUNKLINE_AUTOMATIONS.")


def own_folder() -> Path | None:
    """Return the folder of the user's own automations: the setting's, else `automations` where there is that folder."""
    if os.environ.get("TRUNKLINE_AUTOMATIONS"):
        return Path(os.environ["TRUNKLINE_AUTOMATIONS"])
    return AUTOMATIONS if AUTOMATIONS.is_dir() else None


def _own_gateway(port: int | None) -> Path | None:
    """Return the gateway's file here, where there is to be a gateway and there is a file."""
    from workers.gateway.config import FILE

    return FILE if port is not None and FILE.is_file() else None


def _recordings(folder: Path) -> Path | None:
    """Return the folder of recordings that comes with the automations, if there is one."""
    recordings = folder / "recordings"
    return recordings if recordings.is_dir() else None


def _own_data() -> Path:
    """Return the database that this folder's `trunkline dev` keeps, out of sight of version control."""
    try:
        DATA.parent.mkdir(exist_ok=True)
        (DATA.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise TrunklineError(
            f"{DATA} cannot be kept here ({error.strerror}): name a file (--data FILE), or keep nothing (--in-memory)."
        ) from error
    return DATA


def _tell(changes: list[ScheduleChange]) -> None:
    """Print what became of the schedules."""
    from workers.cli.schedule_lines import DONE, line

    for change in changes:
        console().print(f"schedule {DONE[change.what]}: {line(change.kept)}")


async def _serve(wish: EnvironmentWish) -> int:
    from workers.client.connecting import DEFAULT_ADDRESS
    from workers.local.environment import development

    screen = console()
    async with development(wish) as environment:
        for sentence in environment.moved:
            screen.print(sentence)
        screen.print(f"automations: {escape(str(wish.folder))}")
        if environment.address != DEFAULT_ADDRESS:
            screen.print(f"Other commands find this Temporal with TEMPORAL_ADDRESS={environment.address}.")
        screen.print(escape(environment.reach))
        screen.print(environment.ready)
        raise TrunklineError(await environment.ended())


async def until_told(work: Coroutine[Any, Any, int]) -> int:
    """Do something until it is done or somebody presses Ctrl-C or sends SIGTERM; either way it ends in order."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    warned = False

    def stop() -> None:
        nonlocal warned
        warned = True
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not warned:
            raise
        return 0
