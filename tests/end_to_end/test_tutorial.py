"""The tutorial does what it says: its files are written and its commands run as they are printed, in order."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.starts import Processes
from tests.workers.command import ROOT, surroundings
from tests.workers.processes import end, gone, marked

PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"([^\n]*)\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"Save this as `([^`]+)`:$")
SERVER = "trunkline dev"
LOOKS = ("trunkline holds", "trunkline report", "trunkline schedules\n")
"""Commands that only look, and are called again until what a run does meanwhile is to be seen."""

LIMIT = 120


@dataclass(frozen=True)
class Part:
    """One block of the page, with the line before it."""

    before: str
    language: str
    text: str


def parts(page: Path = PAGE) -> Iterator[Part]:
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Part(*found.groups())


def as_printed(output: str, expected: str) -> bool:
    """Say whether the lines of a block stand in the output, in order; … is anything."""
    lines = iter(output.splitlines())
    patterns = [re.compile(".*".join(map(re.escape, line.split("…")))) for line in expected.splitlines()]
    return all(any(pattern.fullmatch(line.rstrip()) for line in lines) for pattern in patterns)


class Terminal:
    """A shell, as somebody has it open."""

    def __init__(self, shell: asyncio.subprocess.Process) -> None:
        assert shell.stdin
        assert shell.stdout
        self.keyboard, self.screen = shell.stdin, shell.stdout

    async def run(self, commands: str) -> str:
        """Return what commands write; the last of them must succeed."""
        prompt = f"prompt-{uuid.uuid4().hex}"
        self.keyboard.write(f"{commands}echo {prompt} $?\n".encode())
        output = ""
        async with asyncio.timeout(LIMIT):
            while not (ended := re.search(rf"{prompt} (\d+)\n", output)):
                output += await self._line(output)
        assert ended[1] == "0", f"{commands}{output}"
        return output[: ended.start()]

    async def serve(self, command: str, expected: str) -> str:
        """Start what does not end, and return what it writes until it is as expected."""
        self.keyboard.write(command.encode())
        output = ""
        async with asyncio.timeout(LIMIT):
            while not as_printed(output, expected):
                output += await self._line(output)
        return output

    async def _line(self, before: str) -> str:
        line = await self.screen.readline()
        assert line, before
        return line.decode()


@asynccontextmanager
async def terminal(folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """Open a shell; at the end press Ctrl-C in it."""
    shell = await asyncio.create_subprocess_exec(
        "sh",
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield Terminal(shell)
    finally:
        with suppress(ProcessLookupError):  # it has ended already
            os.killpg(shell.pid, signal.SIGINT)
        await asyncio.wait_for(shell.communicate(), LIMIT)


def checkout(folder: Path) -> Path:
    """Return a folder in which `make setup` has put the command: here it is the source that is tested."""
    commands = {
        "trunkline": f'exec {sys.executable} -m workers.cli "$@"',
        "temporal": f'exec {Path(sys.executable).with_name("temporal")} "$@"',
        # Temporal's client can abort the interpreter while it is torn down, when a script has done all that it says.
        "python": f'{sys.executable} "$@"; code=$?; [ $code -lt 128 ] || code=0; exit $code',
    }
    (folder / "checkout/.venv/bin").mkdir(parents=True)
    for name, program in commands.items():
        command = folder / "checkout/.venv/bin" / name
        command.write_text(f"#!/bin/sh\n{program}\n")
        command.chmod(0o755)
    return folder / "checkout"


async def look(here: Terminal, commands: str, expected: str) -> str:
    """Run commands that only look, again and again until they show what is expected or time is up."""
    output = await here.run(commands)
    latest = asyncio.get_running_loop().time() + LIMIT
    while not as_printed(output, expected) and asyncio.get_running_loop().time() < latest:
        output = await here.run(commands)
    return output


async def follow(page: list[Part], folder: Path, environment: dict[str, str], stack: AsyncExitStack) -> None:
    """Do all that the page says, in one terminal, and in a second one once the first is taken by the server."""
    here = await stack.enter_async_context(terminal(folder, environment))
    for part, following in itertools.pairwise([*page, None]):
        assert part is not None
        shown = following.text if following is not None and following.language == "text" else ""
        if part.language in {"yaml", "json"}:
            name = FILE.search(part.before)
            assert name is not None, f"Say where this is saved:\n{part.text}"
            (Path(environment["HOME"]) / "first-automation" / name[1]).write_text(part.text, encoding="utf-8")
        elif part.text.strip() == SERVER:
            output = await here.serve(part.text, shown)
            # Where its port is taken on this machine, it says what other commands need.
            environment.update(re.findall(r"(TEMPORAL_ADDRESS)=(\S+:\d+)", output))
            here = await stack.enter_async_context(terminal(folder, environment))
        elif part.language == "sh":
            looks = part.text.startswith(LOOKS)
            output = await (look(here, part.text, shown) if looks else here.run(part.text))
            assert as_printed(output, shown), f"{part.text}{output}"


async def test_the_tutorial_does_what_it_says(processes: Processes, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    environment = surroundings(HOME=str(tmp_path), TEST_MARK=mark, COLUMNS="120")
    page = list(parts())
    assert SERVER in {part.text.strip() for part in page}
    try:
        async with AsyncExitStack() as stack:
            await follow(page, checkout(tmp_path), environment, stack)
        assert await gone(mark), marked(mark)
    finally:
        end(mark)


def test_every_block_of_the_tutorial_is_followed() -> None:
    assert len(list(parts())) == PAGE.read_text(encoding="utf-8").count("\n```\n")
    assert {part.language for part in parts()} == {"sh", "text", "yaml", "json"}
