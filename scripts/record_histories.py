"""Records the histories that every later change must replay, into tests/histories/<version>/.

.venv/bin/python -m scripts.record_histories                  records what this version does not have yet
.venv/bin/python -m scripts.record_histories reset loop       records these features anew

A version that is released, which its tag v<version> says, is never recorded again: whoever runs it has such histories.
Before its release a change that cannot replay a history records that one anew, and says in its message why.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from tests.engine import Engine
from tests.histories.features import FEATURES, Feature, Run
from tests.starts import server
from workers.payloads.converter import DATA_CONVERTER
from workflows.view.attributes import ALL

ROOT = Path(__file__).resolve().parents[1]
HISTORIES = ROOT / "tests" / "histories"


async def record(feature: Feature) -> list[WorkflowHistory]:
    """Play a feature on a server of its own, and return the history of each run of its chain."""
    environment = await server(*feature.settings, search_attributes=list(ALL), data_converter=DATA_CONVERTER)
    with tempfile.TemporaryDirectory() as folder:
        async with environment, Engine(environment, Path(folder)) as engine:
            engine.client = await environment.client.connect(
                environment.client.service_client.config.target_host,
                data_converter=DATA_CONVERTER,
                identity="recorded",  # not this machine's name
            )
            run = await feature.play(engine)
            report = {"outcome": None} if feature.outcome is None else await run.query("report")
            if report["outcome"] != feature.outcome:
                raise AssertionError(report)
            return await chain(engine, run)


async def chain(engine: Engine, run: Run) -> list[WorkflowHistory]:
    """Return the histories of a run, of those it continued as, and of what they were reset to, oldest first."""
    runs = [one async for one in engine.client.list_workflows(f'WorkflowId = "{run.id}"')]
    runs.sort(key=lambda one: one.start_time)
    return [await engine.client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history() for one in runs]


def portable(value: Any) -> Any:
    """Return a history without the traces of Python's stack, which name paths of this machine."""
    if isinstance(value, dict):
        return {key: portable(inner) for key, inner in value.items() if key != "stackTrace"}
    return [portable(inner) for inner in value] if isinstance(value, list) else value


def released(name: str) -> bool:
    """Say whether a version is released."""
    command = ["git", "tag", "--list", f"v{name}"]
    return bool(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip())


async def main(names: Sequence[str]) -> int:
    """Record what is asked for, and return the exit code."""
    now = version("trunkline")
    folder = HISTORIES / now
    if unknown := set(names) - set(FEATURES):
        print(f"No feature is called {', '.join(sorted(unknown))}. There are: {', '.join(FEATURES)}.", file=sys.stderr)
        return 2
    if names and released(now):
        print(f"{now} is released: its histories stay. Raise the version in pyproject.toml first.", file=sys.stderr)
        return 1
    folder.mkdir(exist_ok=True)
    for name in names or [name for name in FEATURES if not (folder / f"{name}.1.json").exists()]:
        histories = await record(FEATURES[name])
        for old in folder.glob(f"{name}.*.json"):
            old.unlink()
        for number, history in enumerate(histories, 1):
            text = json.dumps(portable(json.loads(history.to_json())), indent=1)
            (folder / f"{name}.{number}.json").write_text(f"{text}\n", encoding="utf-8")
        print(f"{name}: {', '.join(f'{len(history.events)} events' for history in histories)}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
