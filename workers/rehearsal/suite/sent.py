"""What was sent, held against the requests that a case expects: in order, others between unless it forbids them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.rehearsal.record import RequestAttempt, base_id
from workers.rehearsal.suite.cases import moment
from workers.rehearsal.suite.matching import matches, part_of
from workers.rehearsal.suite.paths import Place
from workflows.language.scope import Scope
from workflows.report import timestamp


@dataclass(frozen=True, slots=True)
class Wrong:
    """A request that was not sent as expected, or one that nobody expected."""

    place: Place
    message: str
    expected: Any
    seen: Any


def judge_requests(
    wanted: Sequence[Mapping[str, Any]], sent: Sequence[RequestAttempt], began: datetime, scope: Scope, *, only: bool
) -> Iterator[Wrong]:
    """Yield what is wrong with the requests of a run.

    Args:
        wanted: the entries of `expect.requests`.
        sent: every attempt, in order.
        began: when the event arrived.
        scope: what tests may do.
        only: whether others are forbidden.
    """
    ledger = _Ledger(sent)
    taken: list[tuple[int, list[int]]] = []
    last = -1
    for number, entry in enumerate(wanted):
        mine = ledger.take(entry)
        wrong = list(_differences(entry, [sent[place] for place in mine], began, scope))
        if mine and mine[0] < last:
            wrong.insert(0, f"{entry['step']} was sent before what stands before it")
        last = max([last, *mine[:1]])
        taken.append((number, mine))
        if wrong:
            yield _wrong(number, entry, [sent[place] for place in mine], sent, wrong)
    for number, mine in taken:
        more = ledger.same_key(mine) if "times" in wanted[number] else []
        if more:
            entry = wanted[number]
            whole = [sent[place] for place in (*mine, *more)]
            yield _wrong(
                number, entry, whole, sent, [f"{entry['step']} was sent {_times(len(whole))}, not {entry['times']}"]
            )
    if only and (others := [sent[place] for place in ledger.left()]):
        names = ", ".join(dict.fromkeys(one.step for one in others))
        yield Wrong(
            ("expect", "requests"),
            f"Nothing else was to be sent; {names} was.",
            list(wanted),
            [one.to_json() for one in others],
        )


class _Ledger:
    """Which attempts were taken by an entry."""

    def __init__(self, sent: Sequence[RequestAttempt]) -> None:
        self.sent = sent
        self.free = [True] * len(sent)

    def take(self, entry: Mapping[str, Any]) -> list[int]:
        """Take the next attempts of an entry's step: `times`, as many as `at` names, or all under one key."""
        places = [place for place in self.left() if _is_of(self.sent[place], entry["step"])]
        if "times" in entry:
            places = places[: entry["times"]]
        elif isinstance(entry.get("at"), list):
            places = places[: len(entry["at"])]
        else:
            places = [place for place in places if self.sent[place].key == self.sent[places[0]].key]
        for place in places:
            self.free[place] = False
        return places

    def same_key(self, mine: Sequence[int]) -> list[int]:
        """Return what nobody took and went under the key of the last of these."""
        return [place for place in self.left() if mine and self.sent[place].key == self.sent[mine[-1]].key]

    def left(self) -> list[int]:
        """Return what nobody took."""
        return [place for place, free in enumerate(self.free) if free]


def _is_of(request: RequestAttempt, step: str) -> bool:
    return step in (request.step, base_id(request.step))


def _differences(
    entry: Mapping[str, Any], mine: Sequence[RequestAttempt], began: datetime, scope: Scope
) -> Iterator[str]:
    step = entry["step"]
    if not mine:
        yield f"{step} was not sent"
        return
    if "times" in entry and len(mine) != entry["times"]:
        yield f"{step} was sent {_times(len(mine))}, not {entry['times']}"
    if "at" in entry:
        wanted = [moment(one, began) for one in (entry["at"] if isinstance(entry["at"], list) else [entry["at"]])]
        seen = [one.at for one in mine]
        if (seen if isinstance(entry["at"], list) else seen[:1]) != wanted:
            yield f"{step} was sent at {_instants(seen)}, not at {_instants(wanted)}"
    keys = {one.key for one in mine}
    if "sameKey" in entry and (len(keys) == 1) is not entry["sameKey"]:
        yield f"{step} was sent under {'several keys' if len(keys) > 1 else 'one key'}"
    for key, whole in (("config", False), ("exactly", True)):
        if key in entry and not all(matches(entry[key], one.config, scope, whole=whole) for one in mine):
            yield f"{step} was sent with another config"


def _wrong(
    number: int,
    entry: Mapping[str, Any],
    mine: Sequence[RequestAttempt],
    sent: Sequence[RequestAttempt],
    wrong: Sequence[str],
) -> Wrong:
    seen: dict[str, Any] = {"times": len(mine), "at": [timestamp(one.at) for one in mine]}
    if mine and "config" in entry:
        seen["config"] = part_of(mine[0].config, entry["config"])
    if mine and "exactly" in entry:
        seen["exactly"] = mine[0].config
    if "sameKey" in entry:
        seen["sameKey"] = len({one.key for one in mine}) == 1
    if not mine:
        seen["sent"] = list(dict.fromkeys(one.step for one in sent))
    beside = "".join(
        f" Expected {json.dumps(entry[key], ensure_ascii=False)}, sent {json.dumps(seen[key], ensure_ascii=False)}."
        for key in ("config", "exactly")
        if key in seen and any(one.endswith("config") for one in wrong)
    )
    return Wrong(("expect", "requests", number), f"{'; '.join(wrong)}.{beside}", dict(entry), seen)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _instants(times: Sequence[datetime]) -> str:
    return ", ".join(map(timestamp, times))
