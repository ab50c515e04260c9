"""What `perKey` may say, what it comes to for an event, and what validation says of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.together import together
from tests.workers.actions_sample import SAMPLE
from workers.definitions.automations import Automations
from workers.definitions.loading import Source
from workers.definitions.planning import check

GOOD: dict[str, Any] = {"key": "{{ticket.id}}", "mode": "queue"}
DEBOUNCE: dict[str, Any] = {**GOOD, "mode": "debounce", "quiet": "5m", "atMost": "10m"}


def found(per_key: Any, **trigger: Any) -> list[str]:
    """Return the codes of what is wrong with an automation that says so."""
    trigger = trigger or {"event": "ticket.updated"}
    data = {"name": "a", "trigger": trigger, "perKey": per_key, "actions": [{"wait": "1s"}]}
    return [f"{one.code} {one.message}" for one in check(data, Source(), SAMPLE)[1]]


@together(
    ("per_key", "code", "says"),
    [
        ({**DEBOUNCE, "quiet": None}, "missing-key", "`quiet`"),
        ({**DEBOUNCE, "atMost": None}, "missing-key", "`atMost`"),
        ({**GOOD, "quiet": "5m"}, "unknown-key", "`quiet` goes with `debounce`"),
        ({**GOOD, "mode": "parallel"}, "wrong-type", "'parallel'"),
        ({**GOOD, "wait": "5m"}, "unknown-key", "'wait' in `perKey`"),
        ({"mode": "queue"}, "missing-key", "`key` is missing in `perKey`"),
        ({"key": "{{ticket.id}}"}, "missing-key", "`mode`"),
        ({**GOOD, "key": 7}, "wrong-type", "a text"),
        ({**GOOD, "key": "{{variables.x}}"}, "unknown-variable", "'x'"),
        ({**GOOD, "key": "{{order.id}}"}, "unknown-root", "'order'"),
        ({**GOOD, "key": "{{ticket.id"}, "bad-template", ""),
        ({**DEBOUNCE, "quiet": "soon"}, "bad-duration", "soon"),
        ({**DEBOUNCE, "quiet": 5}, "out-of-range", "for seconds write 5s"),
        ({**DEBOUNCE, "quiet": 500}, "hasty-deadline", "500"),
        ("{{ticket.id}}", "wrong-type", "an object"),
    ],
)
def test_each_fault_is_one_problem(per_key: Any, code: str, says: str) -> None:
    [problem] = found(per_key)
    assert problem.startswith(f"{code} ")
    assert says in problem


@pytest.mark.parametrize("per_key", [GOOD, DEBOUNCE, {**GOOD, "key": "all of them", "mode": "restart"}])
def test_what_is_right_is_no_problem(per_key: Any) -> None:
    assert found(per_key) == []


def test_a_schedule_has_no_use_for_it() -> None:
    [problem] = found({"key": "all", "mode": "queue"}, schedule={"every": "1h"})
    assert problem.startswith("unused-key ")


def test_a_key_that_comes_to_nothing_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        'name: a\ntrigger: {event: o, data: [id, n]}\nperKey: {key: "{{id}}", mode: queue}\nactions: [{wait: 1s}]\n'
    )
    (tmp_path / "b.yaml").write_text(
        'name: b\ntrigger: {event: o, data: [id, n]}\nperKey: {key: "{{id | times: n}}", mode: skip}\n'
        "actions: [{wait: 1s}]\n"
    )
    automations = Automations(tmp_path, SAMPLE)

    def admitted(**data: Any) -> list[Any]:
        event = {"id": "e", "type": "o", "source": "/s", "data": data}
        return [match.admission or match.reason for match in automations.matching(event)]

    assert admitted(id=7, n=2) == [{"key": "7", "mode": "queue"}, {"key": "14", "mode": "skip"}]
    for empty in (None, "", "  "):
        assert admitted(id=empty, n=1)[0] is None
    assert admitted(id={"b": 1, "a": 2}, n=1)[0] == {"key": '{"a": 2, "b": 1}', "mode": "queue"}
    assert "Its `perKey` cannot be rendered" in admitted(id=7, n="x")[1]
