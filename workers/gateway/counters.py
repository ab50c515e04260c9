"""What the gateway counts, as Prometheus text."""

from __future__ import annotations

from collections import Counter

EVENTS = "trunkline_gateway_requests_total"
DECISIONS = "trunkline_gateway_decisions_total"


class Counters:
    """Requests by door and status, and decisions by door and result."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._decisions: Counter[tuple[str, str]] = Counter()

    def count(self, door: str, status: int) -> None:
        """Count a request.

        Args:
            door: what it was for, as `/events` or `/hooks/zendesk`: never what a stranger made up.
            status: what it was answered with.
        """
        self._requests[door, status] += 1

    def decided(self, door: str, result: str) -> None:
        """Count a decision.

        Args:
            door: how it came, as `slack`.
            result: the run's receipt, or why the run was not asked.
        """
        self._decisions[door, result] += 1

    def text(self) -> str:
        """Return what was counted since the start."""
        lines = [
            f"# HELP {EVENTS} Requests by what they were for and how they were answered.",
            f"# TYPE {EVENTS} counter",
        ]
        for (door, status), number in sorted(self._requests.items()):
            lines.append(f'{EVENTS}{{door="{door}",status="{status}"}} {number}')
        lines += [
            f"# HELP {DECISIONS} Decisions by how they came and what became of them.",
            f"# TYPE {DECISIONS} counter",
        ]
        for (door, result), number in sorted(self._decisions.items()):
            lines.append(f'{DECISIONS}{{door="{door}",result="{result}"}} {number}')
        return "\n".join(lines) + "\n"
