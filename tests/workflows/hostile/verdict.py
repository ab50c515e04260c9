"""What came of a row, and what of it is otherwise than the row says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.engine import JSON
from tests.receiver import Received
from tests.workflows.hostile.rows import Row

SECRET = "canary-0123456789"  # nothing that a run keeps may contain it

GONE = "gone"
"""What stands for a receipt where the run has ended: Temporal itself answers."""

COUNTED = "(counted)"
"""What stands for a signal's receipt where the audit only counts it."""

LARGEST_ENTRY = 1024


@dataclass(slots=True)
class Played:
    """What happened when a row was played."""

    row: Row
    receipts: list[tuple[JSON, JSON]] = field(default_factory=list)
    """Each decision with its receipt; a signal's is what the audit says."""
    wrong: list[str] = field(default_factory=list)
    report: JSON = field(default_factory=dict)

    def told(self) -> str:
        """Say what was otherwise, beside everything that was sent and answered."""
        lines = [f"{self.row.data['name']}", f"  ({self.row.data['why']})", *(f"  - {line}" for line in self.wrong)]
        lines.append("  decisions (expected | answered):")
        for act, receipt in self.receipts:
            said = f"{receipt.get('result')}: {receipt.get('message', '')}"
            mark = " " if receipt.get("result") == act["receipt"] else "!"
            lines.append(f"  {mark} {json.dumps(act, default=str)[:160]}\n      {act['receipt']} | {said}")
        shown = {key: self.report.get(key) for key in ("outcome", "reason", "audit", "steps")}
        lines.append("  report: " + json.dumps(shown, indent=1, default=str)[:6000])
        return "\n".join(lines)

    def judge(self, requests: list[Received]) -> None:
        """Compare what came of the row with what it expects.

        Args:
            requests: what reached the receiver.
        """
        self.wrong += [*self._answers(), *self._end(), *self._sent(requests), *self._audit(self.report["audit"])]
        if SECRET in json.dumps(self.report):
            self.wrong.append("the report shows a secret")

    def _answers(self) -> Iterator[str]:
        for number, (act, receipt) in enumerate(self.receipts, 1):
            if receipt["result"] not in {act["receipt"], COUNTED}:
                yield f"decision {number}: expected {act['receipt']}, answered {receipt['result']}"
            if not receipt.get("message"):
                yield f"decision {number}: its receipt has no sentence"

    def _end(self) -> Iterator[str]:
        expected = self.row.data["end"]
        if expected != "open" and self.report["outcome"] != expected:
            yield f"outcome: expected {expected}, found {self.report['outcome']}"
        steps = {entry["id"]: entry for entry in self.report["steps"]}
        for name, one in self.row.data.get("steps", {}).items():
            yield from differences(one if isinstance(one, dict) else {"status": one}, steps.get(name), f"step {name}")

    def _sent(self, requests: list[Received]) -> Iterator[str]:
        sent = self.row.data["sent"]
        for path, expected in (sent if isinstance(sent, dict) else {"/refund": sent}).items():
            bodies = [request.body for request in requests if request.path == f"/{self.row.slug}{path}"]
            if len(bodies) != (expected if isinstance(expected, int) else len(expected)):
                yield f"sent to {path}: expected {expected}, found {bodies}"
            elif isinstance(expected, list):
                yield from differences(expected, bodies, f"sent to {path}")

    def _audit(self, audit: list[JSON]) -> Iterator[str]:
        """Every decision that was sent has its entry, in order; the policy's own are named by the row."""
        noted = [entry for entry in audit if "more" not in entry and entry["via"] != "policy"]
        sent = [(act, receipt) for act, receipt in self.receipts if receipt["result"] != GONE]
        more = audit[-1]["more"] if audit and "more" in audit[-1] else 0
        if len(noted) + more != len(sent):
            yield f"audit: {len(sent)} decisions were sent, {len(noted)} are noted and {more} counted"
        elif not more:
            for (act, receipt), entry in zip(sent, noted, strict=True):
                via = "update" if act.get("via", "update") == "update" else "signal"
                if (entry["result"], entry["via"]) != (receipt["result"], via):
                    yield f"audit: {entry} stands for {via} {receipt}"
        if any(len(json.dumps(entry, ensure_ascii=False).encode()) > LARGEST_ENTRY for entry in audit):
            yield "audit: an entry takes more than 1 KiB"
        own = [entry["decision"] for entry in audit if entry.get("via") == "policy"]
        if own != self.row.data.get("policy_audit", own):
            yield f"audit of the policy: expected {self.row.data['policy_audit']}, found {own}"
        for expected in self.row.data.get("audited", []):
            if all(differences(expected, entry, "audit") for entry in audit):
                yield f"audit: nothing like {expected}"


def differences(expected: Any, found: Any, where: str) -> list[str]:
    """Say where a value is otherwise than expected; an object may have more keys, `absent` means that it has none."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key, item in expected.items()
            for line in (
                ([f"{where}.{key} is there: {found[key]!r}"] if key in found else [])
                if item == "absent"
                else differences(item, found.get(key), f"{where}.{key}")
            )
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [
            line
            for number, (one, other) in enumerate(zip(expected, found, strict=True))
            for line in differences(one, other, f"{where}[{number}]")
        ]
    return (
        []
        if type(expected) is type(found) and expected == found
        else [f"{where}: expected {expected!r}, found {found!r}"]
    )
