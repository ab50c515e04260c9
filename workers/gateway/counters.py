"""What the gateway counts, as Prometheus text."""

from __future__ import annotations

from collections import Counter

EVENTS = "trunkline_gateway_requests_total"


class Counters:
    """Requests by door and status."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()

    def count(self, door: str, status: int) -> None:
        """Count a request.

        Args:
            door: what it was for, as `/events` or `/hooks/zendesk`: never what a stranger made up.
            status: what it was answered with.
        """
        self._requests[door, status] += 1

    def text(self) -> str:
        """Return what was counted since the start."""
        lines = [
            f"# HELP {EVENTS} Requests by what they were for and how they were answered.",
            f"# TYPE {EVENTS} counter",
        ]
        for (door, status), number in sorted(self._requests.items()):
            lines.append(f'{EVENTS}{{door="{door}",status="{status}"}} {number}')
        return "\n".join(lines) + "\n"
