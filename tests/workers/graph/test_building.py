"""What a picture shows of an automation."""

from __future__ import annotations

import pytest

from tests.workers.graph.pictures import EVERYTHING, EXAMPLES, definition, edge, get, picture, plan_of
from workers.graph.building import Beginning, graph_of
from workers.graph.model import Box, Graph
from workers.graph.words import condition, occasion, people, waiting


def boxes(graph: Graph) -> dict[str, Box]:
    return {item.box.id: item.box for item in graph.items()}


def test_every_step_is_one_box_and_every_way_a_line() -> None:
    graph = picture(EVERYTHING)
    found, lines = boxes(graph), graph.edges()
    assert len(found) == sum(1 for _ in graph.items())
    kinds: dict[str, list[str]] = {}
    for name, box in found.items():
        kinds.setdefault(box.kind, []).append(name)
    assert kinds == {
        "trigger": ["trigger"],
        "hold": ["ask"],
        "action": ["refused", "tried", "undo", "note", "calm", "high", "low", "put", "left", "right", "tell"],
        "operators": ["tried-operators", "tried-operators_"],
        "end": ["tried-failed", "done"],
        "wait": ["pause"],
        "branch": ["choose"],
        "stop": ["stopped", "early"],
        "forEach": ["each"],
        "paths": ["both"],
        "path": ["both.left", "both.path-2"],
        "set": ["keep"],
        "failed": ["on-failure"],
    }
    assert edge(lines, "trigger", "ask") == [("", False)]
    assert edge(lines, "ask", "refused") == [("rejected", True)]
    assert edge(lines, "ask", "tried") == [("", False)]
    assert edge(lines, "tried", "tried") == [("http_429, unavailable: again, 5 times, 2m apart", True)]
    assert edge(lines, "tried", "undo") == [("refused", True)]
    assert edge(lines, "undo", "calm") == [("", True)]
    assert edge(lines, "tried", "note") == [("timeout", True)]
    assert edge(lines, "note", "calm") == []
    assert edge(lines, "tried", "tried-failed") == [("any", True)]
    assert edge(lines, "calm", "pause") == [("", False), ("any", True)]
    assert edge(lines, "choose", "high") == [('ticket.priority in ["high"]', False)]
    assert edge(lines, "choose", "low") == [('ticket.priority equals "low"', False)]
    assert edge(lines, "choose", "each") == [("otherwise", False)]
    assert edge(lines, "low", "each") == [("", False)]
    assert edge(lines, "stopped", "each") == []
    assert edge(lines, "early", "keep") == [("otherwise", False)]
    assert [one for one in lines if one.target in {"on-failure", "tell"}] == []


def test_what_a_box_says() -> None:
    found = boxes(picture(EVERYTHING))
    assert found["trigger"].facts == ("if ticket.open equals true and not (ticket.late exists)",)
    assert (found["ask"].classes, found["ask"].who, found["ask"].facts) == (
        ("hold",),
        "2 of group:finance",
        ("expires after 1d",),
    )
    assert (found["pause"].classes, found["pause"].facts) == (("wait",), ("15m",))
    assert found["low"].facts == ("if ticket.vip exists",)
    assert found["early"].facts == ("if ticket.done exists", "ends rejected")
    assert found["each"].facts == ("3 at a time",)
    assert found["tried-operators"].title == "ann@example.com"


def test_a_line_that_says_when_has_an_end_to_lead_to() -> None:
    way = {"conditions": {"field": "d.a", "operator": "exists"}, "actions": [get("taken")]}
    graph = picture(definition([{"id": "choose", "branch": [way]}]))
    assert edge(graph.edges(), "choose", "done") == [("otherwise", False)]
    assert edge(graph.edges(), "taken", "done") == [("", False)]
    assert "done" not in boxes(picture(definition([get("only")])))


def test_a_branch_that_may_be_skipped_goes_on_only_where_nothing_else_does() -> None:
    condition = {"field": "d.a", "operator": "exists"}
    way = {"conditions": condition, "actions": [{"id": "end", "stop": "failed"}]}
    branch = {
        "id": "choose",
        "conditions": condition,
        "branch": [way],
        "otherwise": [{"id": "off", "stop": "completed"}],
    }
    lines = picture(definition([branch, get("last")])).edges()
    assert edge(lines, "choose", "last") == [("skipped", False)]
    assert edge(lines, "choose", "off") == [("otherwise", False)]
    branch["otherwise"] = [get("on")]
    assert edge(picture(definition([branch, get("last")])).edges(), "choose", "last") == []


def test_what_is_no_step_takes_no_steps_id() -> None:
    graph = picture(definition([get("trigger"), get("done", onFailure="continue"), get("done_", onFailure="hold")]))
    names = [item.box.id for item in graph.items()]
    assert len(set(names)) == len(names)
    assert {"trigger", "trigger_", "done", "done_", "done_-operators"} <= set(names)


def test_words_that_come_with_newer_plans_are_shown() -> None:
    plan, _ = plan_of(definition([{"id": "poll", "forEach": "{{d.a}}", "actions": [get("look")]}]))
    step = plan["block"][0]
    until = {"field": "variables.look.status", "operator": "equals", "value": 200}
    repeat = {"id": "poll", "label": "Poll", "block": step["block"]} | {
        "passes": {"until": until, "every": 30_000, "atMost": 7_200_000, "backoff": 1, "maxPasses": 9}
    }
    plan["block"] = [repeat]  # type: ignore[list-item] # of a newer version
    [_, item] = graph_of(plan, Beginning(title="a.b")).block
    assert item.box.kind == "repeat"
    assert item.box.facts == ("until variables.look.status equals 200", "every 30s, at most 2h")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"all": []}, "always"),
        ({"any": []}, "never"),
        ({"all": [{"field": "a", "operator": "exists"}]}, "a exists"),
        (
            {
                "any": [
                    {"all": [{"field": "a", "operator": "exists"}, {"field": "b", "operator": "equals", "value": None}]}
                ]
            },
            "a exists and b equals null",
        ),
        (
            {
                "all": [
                    {"any": [{"field": "a", "operator": "exists"}, {"field": "b", "operator": "exists"}]},
                    {"field": "c", "operator": "in", "value": ["ü", 1]},
                ]
            },
            '(a exists or b exists) and c in ["ü", 1]',
        ),
        (
            {"not": {"any": [{"field": "a", "operator": "exists"}, {"field": "b", "operator": "exists"}]}},
            "not (a exists or b exists)",
        ),
    ],
)
def test_conditions_in_words(data: object, text: str) -> None:
    assert condition(data) == text


def test_people_times_and_occasions_in_words() -> None:
    assert people({}) == "anyone"
    assert people({"approvers": ["a", "b"], "quorum": 2}) == "2 of a, b"
    assert waiting(90_000) == "1m30s"
    assert waiting("{{d.delay}}") == "{{d.delay}}"
    assert waiting({"until": "{{d.due}}"}) == "until {{d.due}}"
    assert waiting({"event": "ticket.*", "atMost": 3_600_000}) == "ticket.*, at most 1h"
    assert occasion({"event": "call.*"}) == "call.*"
    assert occasion({"schedule": {"cron": "0 8 * * *", "timeZone": "Europe/Prague"}}) == "0 8 * * * Europe/Prague"
    assert occasion({"schedule": {"every": "30m"}}) == "every 30m"
    assert occasion({"schedule": {"every": 60_000}}) == "every 1m"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_same_file_is_the_same_picture(path: object) -> None:
    assert picture(path) == picture(path)  # type: ignore[arg-type] # a path
