"""Whether a schedule's time zone exists."""

from __future__ import annotations

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.time_zones import time_zones
from workers.definitions.problems import nearest

ZONE = "/trigger/schedule/timeZone"


def check_schedule(findings: Findings) -> None:
    """Check the time zone of the trigger's schedule, if there is one."""
    zone = findings.at(ZONE)
    if isinstance(zone, str) and zone not in time_zones():
        findings.add(
            "unknown-time-zone",
            ZONE,
            f"There is no time zone {zone!r:.80}.",
            nearest(zone, time_zones()) or "write an IANA name such as Europe/Prague",
        )
