"""Every way that a run can go: it is played once for each, and the plays are laid over each other as a tree."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.rehearsal.answers import Answers
from workers.rehearsal.arrivals import RehearsedArrivals
from workers.rehearsal.explained.guide import Guide
from workers.rehearsal.explained.guided import GuidedPlay
from workers.rehearsal.explained.roles import Roles
from workers.rehearsal.explained.trace import ReachedStep
from workers.rehearsal.performance import Performance, Stage

MOST_WAYS = 32


@dataclass(frozen=True, slots=True)
class Way:
    """One way that a run can go.

    Attributes:
        guide: what it has reached, and where it forked.
        seen: what the run did.
    """

    guide: Guide
    seen: Performance

    def ending(self) -> dict[str, Any]:
        """Return how it ends, as `trunkline explain --json` prints it."""
        reason = self.seen.report.get("reason") or self.seen.fault
        return {"outcome": self.seen.outcome, "reason": reason, "result": self.seen.report.get("result")}

    def steps(self, begin: int, end: int) -> list[dict[str, Any]]:
        """Return the steps that stand in a part of its trace."""
        entries = {entry["id"]: entry for entry in self.seen.report["steps"]}
        reached = [one for one in self.guide.trace[begin:end] if isinstance(one, ReachedStep)]
        return [one.to_json(self.guide.shown(one.id), entries.get(one.id, {})) for one in reached]


def ways_of(
    stage: Stage, event: Mapping[str, Any], clock: datetime, answers: Callable[[], Answers]
) -> tuple[list[Way], bool]:
    """Return the ways that a run can go, the nearest first, and whether there are more than were looked at.

    Args:
        stage: what runs.
        event: the event, whole.
        clock: when it arrives.
        answers: makes the answers that are known, anew for each play, which uses them up.
    """
    roles = Roles(stage.plan)
    found: list[Way] = []
    waiting: deque[tuple[int, ...]] = deque([()])
    while waiting and len(found) < MOST_WAYS:
        script = waiting.popleft()
        guide = Guide(roles, script)
        nothing = RehearsedArrivals((), clock, guide.watch)
        seen = GuidedPlay(stage, event, clock, answers(), (), nothing, {}, None, stage.packed, guide=guide).whole()
        found.append(Way(guide, seen))
        taken = [fork.taken for fork in guide.forks]
        for number in range(len(script), len(taken)):
            others = range(1, len(guide.forks[number].ways))
            waiting.extend((*taken[:number], other) for other in others)
    return found, bool(waiting)


def tree_of(ways: Sequence[Way], begin: int = 0, depth: int = 0) -> list[dict[str, Any]]:
    """Return the steps of ways that are alike up to a fork, with what follows on each way after it."""
    first = ways[0]
    if len(first.guide.forks) == depth:
        return first.steps(begin, len(first.guide.trace))
    fork = first.guide.forks[depth]
    place = first.guide.trace.index(fork)
    node: dict[str, Any] = {"step": fork.step, "on": fork.on, "ways": []}
    for number, way in enumerate(fork.ways):
        group = [one for one in ways if one.guide.forks[depth].taken == number]
        if not group:
            node["more"] = True
            continue
        node["ways"].append({**way, **_ending(group, depth + 1), "steps": tree_of(group, place + 1, depth + 1)})
    return [*first.steps(begin, place), {"fork": node}]


def _ending(ways: Sequence[Way], depth: int) -> dict[str, Any]:
    """Return how ways end that are alike up to a fork; what hangs on further forks stands there."""
    if any(len(way.guide.forks) > depth for way in ways):
        return {"outcome": None, "reason": None}
    return {key: value for key, value in ways[0].ending().items() if key != "result" or value is not None}
