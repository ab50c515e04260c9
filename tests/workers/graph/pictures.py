"""Pictures for tests: from definitions as text, from examples, and of hostile and of large ones."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from activities.catalog import catalog
from workers.definitions.defaults import DEVELOPMENT
from workers.definitions.environments import Environments
from workers.definitions.folder import definition_files
from workers.definitions.loading import parse, read
from workers.definitions.runnable import load
from workers.graph.building import Beginning, Mark, graph_of
from workers.graph.model import Edge, Graph
from workers.graph.words import occasion
from workflows.plan import Plan

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = definition_files(ROOT / "examples")
ACTIONS = catalog()
ASK = "actionType: http_request, config: {method: GET, url: 'https://a.example.com/'}"

EVERYTHING = """
name: everything
trigger: {event: ticket.created, data: [ticket]}
conditions: {all: [{field: ticket.open, operator: equals, value: true}, {not: {field: ticket.late, operator: exists}}]}
approvals: {approvers: [group:finance], operators: [ann@example.com]}
actions:
  - {id: ask, ASK, requireApproval: {quorum: 2, expiresAfter: 24h}, onRejected: {actions: [{id: refused, ASK}]}}
  - id: tried
    actionType: http_request
    config: {method: GET, url: "https://a.example.com/"}
    onFailure:
      - {when: [http_429, unavailable], do: retry, attempts: 5, delay: 2m}
      - {when: refused, actions: [{id: undo, ASK}], do: continue}
      - {when: timeout, actions: [{id: note, ASK}], do: hold}
      - {when: unknown, do: hold}
      - {when: any, do: stop}
  - {id: calm, ASK, onFailure: continue}
  - {id: pause, label: Let it rest, wait: 15m}
  - id: choose
    branch:
      - conditions: {field: ticket.priority, operator: in, value: [high]}
        actions: [{id: high, ASK}, {id: stopped, stop: completed}]
      - conditions: {field: ticket.priority, operator: equals, value: low}
        actions: [{id: low, ASK, conditions: {field: ticket.vip, operator: exists}}]
  - id: each
    forEach: "{{ticket.lines}}"
    parallel: 3
    actions:
      - {id: put, ASK}
      - id: both
        onFailure: continue
        paths: [{label: Left, actions: [{id: left, ASK}]}, {actions: [{id: right, ASK}]}]
  - {id: early, stop: rejected, conditions: {field: ticket.done, operator: exists}}
  - {id: keep, set: {sum: 3}}
onFailure: {actions: [{id: tell, ASK}]}
""".replace("ASK", ASK)
"""Every kind of step, and every way out of one."""


def plan_of(text: str | Path) -> tuple[Plan, dict[str, Any]]:
    """Return the plan and the data of a definition; problems fail the test."""
    environments = Environments()
    if isinstance(text, Path):
        data, source = read(text)
        environments = Environments.read(text.parent, DEVELOPMENT)
    else:
        data, source = parse(text.encode(), "test.json" if text.startswith("{") else "test.yaml")
    definition, problems = load(data, source, ACTIONS, environments)
    assert definition is not None, problems
    return definition.plan, data


def picture(text: str | Path, marks: Mapping[str, Mark] | None = None) -> Graph:
    """Return the picture of a definition."""
    plan, data = plan_of(text)
    return graph_of(plan, Beginning(title=occasion(data["trigger"])), marks or {})


def definition(actions: list[dict[str, Any]], name: str = "made") -> str:
    """Return the text of a definition with these steps."""
    return json.dumps({"name": name, "trigger": {"event": "a.b", "data": ["d"]}, "actions": actions})


def get(name: str, **more: Any) -> dict[str, Any]:
    """Return a step that asks somebody something."""
    config = {"method": "GET", "url": "https://a.example.com/"}
    return {"id": name, "actionType": "http_request", "config": config, **more}


HOSTILE_LABELS = (
    *(
        '"',
        "`",
        "`` ` ``",
        "a --> b",
        "a -.-> b",
        "%%{init: {'theme':'dark'}}%%",
        "%% comment",
        "<script>alert(1)</script>",
    ),
    *(
        "<br/>",
        "&amp;",
        "&",
        "#quot;",
        "#35;",
        "a;b",
        "end",
        "]",
        '"]',
        '")',
        "}",
        "{{d.a}}",
        "|",
        '|"',
        "a\nb",
        "\\n",
        "\\",
    ),
    *(
        "style x:#f00;",
        "classDef a:#b;",
        "click a call b()",
        ":::hold",
        "$$x^2$$",
        "🚨 down 👩‍👩‍👧",
        "\u202eabc",
        "שלום עולם",
    ),
    *(
        "x" * 4_096,
        "word " * 800,
        "subgraph a",
        "graph TD",
        "\u200b",
        "---",
        "'",
        "\t",
        "ﬂ°°35¶ß",
        "ab\u0301\u0301",
        "~~~",
        "[/a/]",
    ),
)
HOSTILE_IDS = (
    *(
        "end",
        "End",
        "graph",
        "subgraph",
        "flowchart",
        "flowchart-elk",
        "style",
        "class",
        "classDef",
        "click",
        "linkStyle",
    ),
    *(
        "default",
        "call",
        "href",
        "_self",
        "_blank",
        "_parent",
        "_top",
        "interpolate",
        "direction",
        "end-call",
        "graph-x",
    ),
    *(
        "1end",
        "12class-a",
        "a--b",
        "a_b",
        "a---b",
        "--",
        "-",
        "_",
        "x",
        "o",
        "v",
        "0",
        "end_",
        "end_-call",
        "trigger",
        "done",
    ),
    *(
        "click-",
        "href-a",
        "subgraph-",
        "class-a",
        "constructor",
        "__proto__",
        "toString",
        "TB",
        "default-a",
        "a-",
        "-a",
    ),
)


def hostile() -> str:
    """Return a definition whose labels, conditions and ids are what a text format trips over."""
    labelled = [get(f"h{place}", label=label[:200]) for place, label in enumerate(HOSTILE_LABELS) if label.strip()]
    branches = [
        {"conditions": {"field": "d.a", "operator": "equals", "value": label}, "actions": [get(f"b{place}")]}
        for place, label in enumerate(HOSTILE_LABELS)
    ]
    named = [get(name) for name in HOSTILE_IDS]
    loop = {"id": "loop-", "label": '"]', "forEach": "{{d.list}}", "actions": [get("within", label="end")]}
    paths = {"id": "p-", "label": "end", "paths": [{"label": "end", "actions": [get("p1")]}, {"actions": [get("p2")]}]}
    return definition([*labelled, {"id": "many", "branch": branches}, *named, loop, paths])


def long(steps: int) -> str:
    """Return a definition with so many steps, one after the other."""
    return definition([get(f"step-{place}", label=f"Step {place} of many") for place in range(steps)])


def deep(levels: int) -> str:
    """Return a definition in which loops and branches stand within each other."""
    step = get("innermost")
    for level in range(levels):
        if level % 2:
            step = {"id": f"l{level}", "forEach": "{{d.list}}", "actions": [step]}
        else:
            way = {"conditions": {"field": "d.a", "operator": "exists"}, "actions": [step]}
            step = {"id": f"l{level}", "branch": [way], "otherwise": [get(f"o{level}")]}
    return definition([step])


def edge(found: list[Edge], source: str, target: str) -> list[tuple[str, bool]]:
    """Return label and dashes of every line between two boxes."""
    return [(one.label, one.dashed) for one in found if (one.source, one.target) == (source, target)]


def words(text: str) -> str:
    """Return a label of Mermaid's as people read it."""
    lines = text.replace("#quot;", "#34;").split("<br/>")
    return "\n".join(re.sub(r"#(\d+);", lambda found: chr(int(found[1])), line) for line in lines)
