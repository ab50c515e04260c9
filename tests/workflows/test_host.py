"""The seam between the interpreter and what runs it."""

import ast
import asyncio
import inspect
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio import workflow

import workflows
from tests.together import together
from workflows import host

ROOT = Path(inspect.getfile(workflows)).parent
INTERPRETER = [
    ROOT / "automation.py",
    *(file for folder in ("run", "steps", "view") for file in (ROOT / folder).glob("*.py")),
]
FUNCTIONS = {name for name in vars(host.Host) if not name.startswith("_")} | {"logger"}
NO_RUN = "Not in workflow event loop"
"""What Temporal's own functions say where nothing runs."""


@together("file", INTERPRETER, ids=lambda file: file.stem)
def test_the_interpreter_asks_its_host_and_never_temporal(file: Path) -> None:
    used = {
        node.attr
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "workflow"
    }
    assert not used & FUNCTIONS, f"{file.name} must take {used & FUNCTIONS} from workflows/host.py"


def test_temporal_is_the_host_where_nobody_says_another() -> None:
    with pytest.raises(Exception, match=NO_RUN):
        host.now()
    assert all(hasattr(workflow, name) for name in FUNCTIONS)


async def test_hosts_of_tasks_side_by_side_do_not_meet() -> None:
    async def year_of(year: int) -> int:
        with host.hosted(cast("host.Host", _Clock(year))):
            await asyncio.sleep(0)
            inner = asyncio.create_task(_year())
            return await inner

    assert tuple(await asyncio.gather(year_of(2030), year_of(2031))) == (2030, 2031)
    with pytest.raises(Exception, match=NO_RUN):
        host.now()


async def _year() -> int:
    return host.now().year


class _Clock(SimpleNamespace):
    def __init__(self, year: int) -> None:
        super().__init__(now=lambda: datetime(year, 1, 1, tzinfo=UTC))


def test_what_a_host_is_told_arrives_whole() -> None:
    told: list[Any] = []
    recorder = SimpleNamespace(start_activity=lambda *args, **options: told.append((args, options)))
    with host.hosted(cast("host.Host", recorder)):
        host.start_activity("http_request", {"key": "k"}, activity_id="look", summary="Look")
    assert told == [(("http_request", {"key": "k"}), {"activity_id": "look", "summary": "Look"})]
