"""What importing a module loads: the islands stay apart, and quick commands stay quick."""

import importlib
import pkgutil
import sys
import tomllib
from pathlib import Path

import pytest

import activities
from tests.starts import Processes

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"aiohttp", "faster_whisper", "google", "grpc", "httpx", "slack_sdk", "temporalio", "twilio", "uvloop"}


def loaded_by(processes: Processes, code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running `code`."""
    program = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    done = processes.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def below(package: str, modules: set[str]) -> set[str]:
    return {module for module in modules if module == package or module.startswith(f"{package}.")}


def test_the_interpreter_loads_nothing_with_side_effects(processes: Processes) -> None:
    modules = loaded_by(processes, "import workflows.automation")
    assert "workflows.automation" in modules
    assert not below("activities", modules)
    assert not below("workers", modules)
    vendors = HEAVY - {"temporalio", "google", "grpc"}  # Temporal itself loads google.protobuf, and grpc if it is there
    assert not vendors & modules
    assert not below("google.cloud", modules)


@pytest.mark.parametrize(
    "module", ["activities.catalog", "workers.definitions.model.automation", "workers.settings", "workers.logs"]
)
def test_what_a_quick_command_needs_loads_nothing_heavy(processes: Processes, module: str) -> None:
    modules = loaded_by(processes, f"import {module}")
    assert module in modules
    assert not HEAVY & modules


def test_actions_load_no_workflow(processes: Processes) -> None:
    assert not below("workflows", loaded_by(processes, "import activities.catalog, activities.attempt.temporal"))


def test_every_family_stands_in_the_contract_of_independence() -> None:
    packages = [f"activities.{module.name}" for module in pkgutil.iter_modules(activities.__path__) if module.ispkg]
    families = {name for name in packages if hasattr(importlib.import_module(name), "ACTIONS")}
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [independent] = [set(rule["modules"]) for rule in rules if rule["type"] == "independence"]
    assert independent == families, "add the family to the contract of independence in pyproject.toml"
