"""Telling people what an automation would do: verdicts with both sides, steps in their order, and every way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workflows.language.explanation import listed

LONGEST = 160
"""Characters of a request's values that one line shows."""

SIGNS = {True: "✓", False: "✗", None: "?"}
LEFT = 52
"""Columns in which tests stand before what was seen."""


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `trunkline explain` prints for `found`, which is what it prints as JSON."""
    for number, one in enumerate(found["automations"]):
        if number:
            yield ""
        yield from _automation(one)


def _automation(one: Mapping[str, Any]) -> Iterator[str]:
    if "run" in one:
        did = "ran" if one["runs"] else "did not run"
        yield f"{one['run']}   {did}{f': {_ending(one)}' if one['runs'] and one['outcome'] else ''}"
    else:
        yield f"{one['automation']}   {'would run' if one['runs'] else 'would not run'}"
    yield from (f"  {one[name]}" for name in ("judgedBy", "gate") if one.get(name))
    trigger = one["trigger"]
    if trigger is not None:
        seen = "" if trigger["holds"] else f", the event is {trigger['seen']}"
        yield f"  {SIGNS[trigger['holds']]} trigger {trigger['expected']}{seen}"
    if one["conditions"] is not None:
        yield from (f"  {line}" for line in _verdict(one["conditions"]))
    if not one["runs"] and one["reason"]:
        yield f"  {one['reason']}"
    yield from _steps(one["steps"], "  ", 1)
    if one["runs"] and one["outcome"] is not None and "run" not in one:
        yield f"  = {_ending(one)}"
    if one.get("more"):
        yield "  There are more ways than these: answers (--answer STEP=@file) leave fewer."


def _verdict(verdict: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    sign, margin = SIGNS[verdict["holds"]], "  " * depth
    for kind in ("all", "any"):
        if kind in verdict:
            yield f"{margin}{sign} {kind}"
            for part in verdict[kind]:
                yield from _verdict(part, depth + 1)
            return
    if "not" in verdict:
        yield f"{margin}{sign} not"
        yield from _verdict(verdict["not"], depth + 1)
        return
    test = f"{margin}{sign} {verdict['field']} {verdict['operator']}"
    if "value" in verdict:
        test += f" {listed(verdict['value'])}"
    yield f"{test:<{LEFT}}  {_seen(verdict)}"


def _seen(test: Mapping[str, Any]) -> str:
    if "error" in test:
        return str(test["error"])
    seen = "nothing there" if test["seen"] is None else listed(test["seen"])
    if not test.get("unknown"):
        return seen
    return "unknown" if test["seen"] is None else f"{seen}, beside what is unknown"


def _steps(steps: Sequence[Mapping[str, Any]], indent: str, number: int) -> Iterator[str]:
    for one in steps:
        if "fork" in one:
            yield from _fork(one["fork"], indent, number)
            return
        yield from _step(one, indent, number)
        number += one["runs"]


def _fork(fork: Mapping[str, Any], indent: str, number: int) -> Iterator[str]:
    yield f"{indent}? {fork['step']} hangs on {', '.join(fork['on'])}:"
    for way in fork["ways"]:
        name = _way(way)
        ends = "" if way["outcome"] is None else f"  = {_ending(way)}"
        yield f"{indent}  {name}{ends}"
        yield from _steps(way["steps"], f"{indent}    ", number)
    if fork.get("more"):
        yield f"{indent}  and more ways, which were not looked at"


def _way(way: Mapping[str, Any]) -> str:
    if "failure" in way:
        return "if it succeeds" if way["failure"] is None else f"if it fails ({way['failure']})"
    if "holds" in way:
        return "if so" if way["holds"] else "if not"
    return "otherwise" if way["way"] == "otherwise" else f"way {way['way'] + 1}"


def _ending(one: Mapping[str, Any]) -> str:
    return f"{one['outcome']}: {one['reason']}" if one.get("reason") else str(one["outcome"])


def _step(step: Mapping[str, Any], indent: str, number: int) -> Iterator[str]:
    sign = f"{number}" if step["runs"] else "-"
    time = "" if step["at"] is None else f"  {step['at'][:16].replace('T', ' ')}"
    ended = step.get("status", "" if step["runs"] else "skipped")
    yield f"{indent}{sign} {step['label']}  [{step['actionType'] or step['kind']}]{time}  {ended}".rstrip()
    yield from (f"{indent}{' ' * (len(sign) + 1)}{line}" for line in _facts(step))


def _facts(step: Mapping[str, Any]) -> Iterator[str]:
    """Yield what else is to be said about a step."""
    yield from _judged(step)
    if step.get("until"):
        yield f"until {step['until']}"
    if step["hold"] is not None:
        yield _hold(step["hold"])
    if step["request"] is not None:
        yield from _request(step["request"])
    for key, words in (("missing", "not found"), ("unknown", "unknown before it happens")):
        if step[key]:
            yield f"{words}: {', '.join(step[key])}"
    if step.get("attempts"):
        yield f"{step['attempts']} attempts"
    if step.get("error"):
        yield f"fails: {step['error']['message']}"


def _judged(step: Mapping[str, Any]) -> Iterator[str]:
    if step["conditions"] is not None:
        yield from _verdict(step["conditions"])
    for way in step.get("ways", ()):
        yield f"way {way['way'] + 1}{' is taken' if way['way'] == step['way'] else ''}"
        yield from _verdict(way["conditions"], 1)
    if step.get("way") == "otherwise":
        yield "otherwise is taken"


def _hold(hold: Mapping[str, Any]) -> str:
    who = ", ".join(hold["approvers"]) or "anybody"
    quorum = hold.get("quorum", 1)
    many = f"{quorum} of " if quorum > 1 else ""
    until = f", until {hold['deadline']}" if hold.get("deadline") else ""
    return f"is held first: {many}{who} must approve it{until}"


def _request(request: Mapping[str, Any]) -> Iterator[str]:
    config = dict(request["config"])
    if "url" in config:
        yield f"{config.pop('method', 'POST')} {config.pop('url')}"
    for key, value in config.items():
        yield f"{key}: {_short(value)}"
    secrets = [f"{one['name']} in {one['path'].strip('/').replace('/', '.')}" for one in request["secrets"]]
    if secrets:
        yield f"secrets: {', '.join(secrets)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
