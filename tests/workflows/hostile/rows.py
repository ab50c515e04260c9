"""The rows of the table of hostile decisions: what they say, and the automations that they are about."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.engine import JSON, Engine
from tests.workflows.hostile.signing import keys

FOLDER = Path(__file__).parents[1] / "hostile_decisions"
BASES: JSON = yaml.load((FOLDER / "bases.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
HELD = {"refund", "left", "right"}
"""Steps into which a row puts its policy."""


@dataclass(frozen=True, slots=True)
class Row:
    """One situation, what was sent in it, and what must come of it."""

    table: JSON
    data: JSON

    @property
    def slug(self) -> str:
        """The automation's name, and the path of its requests."""
        return re.sub(r"[^a-z0-9]+", "-", self.data["name"].lower()).strip("-")[:90]

    @property
    def acts(self) -> list[JSON]:
        """What happens, in order."""
        acts: list[JSON] = self.data.get("decisions", [])
        return acts

    def definition(self, url: str) -> str:
        """Return the automation as YAML, with the row's policy in it."""
        base = self.data.get("automation", self.table.get("automation", "refund"))
        whole: JSON = json.loads(json.dumps(BASES[base] if isinstance(base, str) else base))
        whole["name"] = self.slug
        if "policy" in self.data:
            whole["approvals"] = self.data["policy"]
        for step in (step for step in _steps(whole) if step.get("id") in HELD):
            step.update({"requireApproval": self.data["approval"]} if "approval" in self.data else {})
            step.update(self.data.get("step", {}))
            step["config"].update(self.data.get("config", {}))
        return json.dumps(whole).replace("RECEIVER", f"{url}/{self.slug}")

    def event(self, engine: Engine) -> JSON:
        """Return the event that the run is started with."""
        given: JSON = self.data.get("event", {})
        order = {"id": "4711", "amount": 120, "note": "late", **given.get("order", {})}
        rest = {key: value for key, value in given.items() if key != "order"}
        return engine.event(
            {"order": {key: value for key, value in order.items() if value is not None}},
            **{"actor": "agent@example.com", **rest},
        )


def tables() -> list[tuple[Path, list[Row]]]:
    """Return every file of the table with its rows."""
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        table = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        if "rows" in table:
            found.append((file, [Row(table, data) for data in table["rows"]]))
    return found


def equip(engine: Engine, told: JSON) -> None:
    """Give the worker the groups and the keys that a file, a row or an act asks for."""
    engine.groups = told.get("groups", engine.groups)
    if "signing_keys" in told:
        engine.signing_keys = keys(told["signing_keys"])


def span(text: str) -> timedelta:
    """Return a time as rows write it: `1d2h30m5s`."""
    parts = dict(zip("dhms", re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", text).groups(), strict=True))  # type: ignore[union-attr] # a row that is written wrong fails here
    days, hours, minutes, seconds = (int(parts[unit] or 0) for unit in "dhms")
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _steps(value: Any) -> list[JSON]:
    if isinstance(value, list):
        return [step for item in value for step in _steps(item)]
    if isinstance(value, dict):
        return [
            *([value] if "actionType" in value else []),
            *(step for item in value.values() for step in _steps(item)),
        ]
    return []
