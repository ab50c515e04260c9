"""README and the page about runs do what they say: files are written and blocks run as they are printed, in order."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_tutorial import FILE, Part, Terminal, as_printed, checkout, parts, terminal
from tests.starts import Processes
from tests.workers.command import ROOT, surroundings
from tests.workers.processes import end, gone, marked
from workers.sandbox import Sandbox

SERVER = "trunkline dev"
USUAL = "127.0.0.1:7233"
TYPESCRIPT = "npm install --silent --no-audit --no-fund tsx@4 @temporalio/client@1 && npx tsx shown.mts\n"
"""How the blocks in TypeScript are run, where CI lets npm install what they need."""
FOUND = re.compile(r"ready: temporal (\S+:\d+), .* sandbox (http://\S+)")


@dataclass
class Reader:
    """Somebody who follows a page in one terminal, and in a second one once the first is taken by the server."""

    folder: Path
    environment: dict[str, str]
    stack: AsyncExitStack
    here: Terminal | None = None
    sandbox: str = ""
    ran: list[str] = field(default_factory=list)

    async def follow(self, page: Path) -> None:
        self.here = await self._terminal()
        for part, following in itertools.pairwise([*parts(page), None]):
            assert part is not None
            shown = following.text if following is not None and following.language == "text" else ""
            name = FILE.search(part.before)
            if name is not None:
                self.write(name[1], part.text)
            elif part.language == "sh" and part.text.startswith("make "):
                self.make(part.text)
            elif part.language == "sh":
                await self.run(part, shown)
            elif part.language == "typescript" and os.environ.get("CI") and shutil.which("npm"):
                self.write("shown.mts", part.text)
                await self.run(replace(part, text=TYPESCRIPT), shown)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text.replace(USUAL, self.environment.get("TEMPORAL_ADDRESS", USUAL)))

    def make(self, text: str) -> None:
        targets = re.findall(r"^make (\w+)", text, re.MULTILINE)
        assert set(targets) <= set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    async def run(self, part: Part, shown: str) -> None:
        assert self.here is not None
        self.ran.append(part.text)
        if part.text.startswith(SERVER):
            output = await self.here.serve(part.text, shown or "ready: temporal …")
            found = FOUND.search(output)
            assert found is not None
            # Where its port is taken on this machine, it says what other commands need.
            self.environment["TEMPORAL_ADDRESS"], self.sandbox = found.groups()
            self.here = await self._terminal()
        else:
            output = await self.here.run(part.text)
            assert as_printed(output, shown), f"{part.text}{output}"

    async def report(self, run: str) -> dict[str, Any]:
        assert self.here is not None
        found: dict[str, Any] = json.loads(await self.here.run(f"trunkline report {run} --json\n"))
        return found

    async def _terminal(self) -> Terminal:
        return await self.stack.enter_async_context(terminal(self.folder, self.environment))


@contextmanager
def reading(tmp_path: Path, stack: AsyncExitStack) -> Iterator[Reader]:
    mark = uuid.uuid4().hex
    folder = checkout(tmp_path)
    path = f"{folder}/.venv/bin:/usr/bin:/bin"
    with suppress(OSError):  # else it is taken already: the server takes another, where no worker of somebody else's is
        stack.enter_context(socket.create_server(("127.0.0.1", 7233)))
    try:
        yield Reader(folder, surroundings(HOME=str(tmp_path), TEST_MARK=mark, COLUMNS="120", PATH=path), stack)
    finally:
        end(mark)


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs/runs.md"], ids=lambda page: page.name)
def test_every_block_is_of_a_kind_that_is_followed(page: Path) -> None:
    assert len(list(parts(page))) == page.read_text(encoding="utf-8").count("\n```\n")
    assert {part.language for part in parts(page)} <= {"sh", "text", "yaml", "json", "python", "typescript"}


async def test_the_readme_does_what_it_says(processes: Processes, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        with reading(tmp_path, stack) as reader:
            await reader.follow(ROOT / "README.md")
            for number in (1, 2, 3):
                report = await reader.report(f"unhappy-caller/evt_{number}")
                assert [step for step in report["steps"] if step.get("missing")] == []
            # The quickstart ends also when the run fails.
            script = (reader.folder / "start.py").read_text()
            assert reader.here is not None
            fault = json.dumps({"host": "shop.example.com", "status": 400})
            reader.write("failing.py", script.replace("evt_2", "evt_9"))
            told = await reader.here.run(
                f"curl --silent --json '{fault}' {reader.sandbox}/_/faults && python failing.py\n"
            )
            assert "Refund the order" in told
            mark = reader.environment["TEST_MARK"]
            await stack.aclose()
            assert await gone(mark), marked(mark)


async def test_the_page_about_runs_does_what_it_says(processes: Processes, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        with reading(tmp_path, stack) as reader:
            await reader.follow(ROOT / "docs/runs.md")
            outcomes = [(await reader.report(f"refund/ord_{number}"))["outcome"] for number in range(1, 6)]
            assert outcomes == ["completed", "completed", "rejected", "completed", "completed"]
            await stack.aclose()


async def test_the_page_about_the_sandbox_does_what_it_says(processes: Processes, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(0))
        here = await stack.enter_async_context(terminal(tmp_path, surroundings()))
        there = [part for part in parts(ROOT / "docs/sandbox.md") if part.language in {"sh", "text"}]
        blocks = [part for part in there if not any(name in part.text for name in ("/_/slack", "/_/send"))]
        assert [part.language for part in blocks] == ["sh", "text", "sh"], "those that need no gateway"
        for part, following in itertools.pairwise([*blocks, None]):
            if part is not None and part.language == "sh":
                output = await here.run(part.text.replace("http://127.0.0.1:8600", sandbox.url))
                assert following is None or as_printed(output, following.text), output
        assert json.loads(await here.run(f"curl --silent {sandbox.url}/_/faults; echo\n")) == [
            {"host": "shop.example.com", "path": "/orders", "status": 503, "times": 2},
            {"vendor": "slack", "status": 429, "retryAfter": 1, "times": 1},
        ]


async def test_the_guide_to_actions_does_what_it_says(processes: Processes, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        with reading(tmp_path, stack) as reader:
            for part in parts(ROOT / "docs/adding-an-action.md"):
                if part.language == "python":
                    reader.write(part.text.partition("\n")[0].removeprefix("# "), part.text)
            reader.write(
                "automations/added.yaml",
                "name: added\ntrigger: {event: order.paid}\nactions:\n"
                "  - {label: Add, actionType: create_contact, config: {name: Ada, phone: '+15550100'}}\n",
            )
            here = await stack.enter_async_context(terminal(reader.folder, reader.environment))
            [commands] = [part.text for part in parts(ROOT / "docs/adding-an-action.md") if part.language == "sh"]
            assert as_printed(await here.run(commands), "…create_contact…\nall good (1 file)")
