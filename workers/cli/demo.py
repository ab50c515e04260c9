"""`trunkline demo`: the main job, end to end, told as it happens."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import shutil
import tempfile
from pathlib import Path

from rich.markup import escape

from workers.cli.dev import EXAMPLES, until_told
from workers.cli.screen import console
from workers.errors import TrunklineError

AUTOMATION = EXAMPLES / "demo.yaml"
RECORDING = EXAMPLES / "recordings" / "unhappy-caller.wav"

GATEWAY_PORT = 8700
LONGEST_SECONDS = 180.0


def demo(*, keep: bool = False) -> int:
    """Run the main job on a real recording: transcribe it, branch, tell people, hold a refund, approve it, check it.

    Everything runs on this machine and is ended afterwards; the exit code is 0 only if every expectation held.

    Args:
        keep: leave everything running afterwards, to look around, until Ctrl-C.

    Returns:
        0 if every expectation held, else 1.
    """
    from workers.sandbox.vendors.speech import WHISPER_MODEL

    if not AUTOMATION.is_file() or not RECORDING.is_file():
        raise TrunklineError("The demo runs from a checkout of Trunkline: `make demo` there.")
    if not WHISPER_MODEL.is_dir() or importlib.util.find_spec("faster_whisper") is None:
        raise TrunklineError(
            "The demo needs the local speech model, which `make setup` installs: `make demo` does both."
        )
    return asyncio.run(until_told(_demo(keep=keep)))


async def _demo(*, keep: bool) -> int:
    from workers.cli.demo_script import DemoScript
    from workers.local.environment import EnvironmentWish, development

    screen = console()
    with tempfile.TemporaryDirectory(prefix="trunkline-demo-") as temporary:
        folder = Path(temporary)
        log = folder / "worker.log"
        (folder / "automations").mkdir()
        shutil.copy2(AUTOMATION, folder / "automations")  # as old as it is: it need not settle
        screen.print("[bold]1. Everything on this machine[/]")
        screen.print(
            "  Starting Temporal with its web UI, a sandbox in place of Slack, Twilio and the shop, a worker, "
            "and a gateway whose pages are for approvers."
        )
        wish = EnvironmentWish(
            folder=folder / "automations",
            data=folder / "temporal.db",
            files=RECORDING.parent,
            task_queue="trunkline-demo",
            gateway_port=GATEWAY_PORT,
            worker_log=log,
        )
        async with development(wish) as environment:
            for sentence in environment.moved:
                screen.print(f"  {sentence}")
            screen.print(f"  {environment.ready}")
            script = DemoScript(environment, RECORDING, wish.folder, wish.task_queue, screen)
            try:
                await asyncio.wait_for(script.tell(), LONGEST_SECONDS)
            except TimeoutError:
                script.expect(f"the run ended within {LONGEST_SECONDS:.0f} s", held=False)
            except TrunklineError as failure:
                script.expect(escape(f"the run could be followed: {failure}"), held=False)
            passed = script.verdict()
            if not passed:
                screen.print(f"[dim]The worker said:[/]\n{escape(log.read_text(errors='replace')[-3000:])}")
            if keep:
                with contextlib.suppress(TrunklineError):  # the verdict stands; the pages are there without it
                    screen.print(f"\nAnother refund waits for you: {escape(await script.leave_one_open())}")
                screen.print("\nStill running: look around in the web UI, the sandbox and the gateway's pages.")
                screen.print(f"  {environment.web_ui}\n  {environment.sandbox.url}/\n  {environment.gateway}/holds")
                screen.print("Ctrl-C ends everything.")
                with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C; the verdict stands
                    screen.print(f"  {escape(await environment.ended())}")
    return 0 if passed else 1
