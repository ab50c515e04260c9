"""A run's current details: the Markdown that Temporal's web UI shows, so that a person sees what it does and waits for.

That page runs table columns together and flattens nested lists, and its code blocks do not wrap: so headings, flat
lists and short lines. Nothing here is computed before somebody looks (see `Details`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from shlex import quote
from typing import Any

from temporalio import workflow
from temporalio.worker import (
    HandleQueryInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from trunkline.wire import NOT_TAKEN, AuditEntry, Entry, Request, RequestEdit, RunReport, ShownHold
from workflows.holds.wording import (
    COUNTED,
    UNSIGNED,
    attempted,
    change,
    decided_by,
    decider,
    decisions,
    edited,
    instant,
    policy,
    status,
    tolerance,
    visible,
    votes,
    who,
)

METADATA = "__temporal_workflow_metadata"
"""The query by which the web UI and the command line ask for current details."""

MOST_STEPS = 120
MOST_HOLDS = 5
MOST_EDITS = 10
MOST_CHANGES = 20
MOST_DECISIONS = 40
MOST_LINES = 40
LONGEST_TEXT = 400
WIDTH = 58
"""Characters of a code block that fit on that page."""

OF_OPERATORS = ("reassign", "extend")

THEN: Entry = {"label": "Then"}
"""Heads what follows when paths have ended."""

MARKS = {"succeeded": "✓", "failed": "✗", "unknown": "?", "held": "‖", "running": "▶", "rejected": "⊘", "expired": "⊘"}


def details(report: RunReport, holds: Sequence[ShownHold], workflow_id: str) -> str:
    """Return the Markdown of a run: first what it waits for, then its steps under a heading per path.

    Args:
        report: what the query `report` shows.
        holds: what the query `holds` shows.
        workflow_id: the run's id, for the commands.
    """
    edits = {step["id"]: step.get("edited") or [] for step in report["steps"]}
    lines = [line for hold in holds[:MOST_HOLDS] for line in _waiting(hold, edits.get(hold["step"], []), workflow_id)]
    lines += [
        f"- also held: **{_plain(hold['label'])}**, hold `{hold['hold']}`" for hold in holds[MOST_HOLDS:MOST_STEPS]
    ]
    if any(not hold.get("verified") for hold in holds):
        lines.append(f"\n{UNSIGNED}\n")
    return "\n".join([*lines, *_outcome(report), *_decisions(report.get("audit") or []), *_steps(report["steps"])])


def _waiting(hold: ShownHold, edits: list[RequestEdit], workflow_id: str) -> Iterator[str]:
    approval = hold["kind"] == "approval"
    yield f"## Waits for a decision: {_plain(hold['label'])}"
    until = f" · until {instant(hold['deadline'])}" if hold.get("deadline") else ""
    yield f"Action `{hold['actionType']}` · hold `{hold['hold']}` · by {_plain(who(hold))}{until}\n"
    if hold.get("error"):
        yield f"It failed: {_plain(hold['error']['message'])}\n"
    request = hold["request"]
    config = visible(json.dumps(request.get("config"), indent=1, ensure_ascii=False))
    yield from _code("What would be sent:" if approval else "What was sent:", config, wrap=True)
    yield from _facts(hold, edits)
    yield from _commands(hold, workflow_id)
    yield from _forms(hold)


def _facts(hold: ShownHold, edits: list[RequestEdit]) -> Iterator[str]:
    """Yield what the request does not say: secrets, digest, votes, policy, and what was edited."""
    yield f"\n- Digest `{hold['digest']}`"
    if hold["request"].get("connection"):
        yield f"- Connection {_span(hold['request']['connection'])}"
    if hold.get("operation"):
        yield f"- It sends {_span(hold['operation']['method'])} {_span(hold['operation']['address'])}"
    for name, paths in _secrets(hold["request"]).items():
        yield f"- Secret {_span(name)} goes to {_span(', '.join(paths))}"
    if hold["kind"] == "approval":
        yield f"- Approvals: {_plain(votes(hold))}"
    yield from (f"- {_plain(rule)}" for rule in policy(hold))
    if hold.get("missing"):
        yield f"- Missing in this run, and so empty in the request: {', '.join(map(_span, hold['missing']))}"
    for edit in edits[-MOST_EDITS:]:
        yield f"- Edited by {_plain(edit.get('by'))} at {instant(str(edit.get('at')))}"
        yield from (f"- {_plain(change(place))}" for place in islice(edited(edit), MOST_CHANGES))
    yield ""


def _secrets(request: Request) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for place in request.get("secrets") or []:
        for name in filter(None, (place["name"], place.get("password"))):
            places.setdefault(name, []).append(place["path"])
    return places


def _commands(hold: ShownHold, workflow_id: str) -> Iterator[str]:
    names = " ".join(f"`{name}`" for name in (*decisions(hold)[1:], *OF_OPERATORS))
    run, name, by = quote(workflow_id), quote(hold["hold"]), quote(decider(hold))
    yield from _code(
        f"On the command line (or, instead of `{decisions(hold)[0]}`: {names}):",
        f"trunkline {decisions(hold)[0]} \\\n  {run} \\\n  {name} \\\n  --by {by} \\\n  --digest \\\n{hold['digest']}",
    )


def _forms(hold: ShownHold) -> Iterator[str]:
    """Yield what to paste into this page's own forms; a signature cannot be made there."""
    if hold.get("verified"):
        yield "Its decisions must be signed, which the forms of this page cannot do."
        return
    decision = {"hold": hold["hold"], "by": "you@example.com", "digest": hold["digest"]}
    here = "On this page, More Actions,"
    if hold["kind"] == "approval":
        yield from _code(f"{here} Send a Signal `approve` or `reject`:", _form(decision))
        here = "Or"
    names = " ".join(f"`{name}`" for name in decisions(hold))
    yield from _code(
        f"{here} Send an Update `decide`, which answers ({names}):", _form({"decision": decisions(hold)[0], **decision})
    )


def _form(decision: dict[str, str]) -> str:
    """Return a decision as JSON, with the digest on a line of its own, where it just fits."""
    return json.dumps(decision, indent=1, ensure_ascii=False).replace('"digest": "', '"digest":\n"')


def _code(title: str, text: str, *, wrap: bool = False) -> Iterator[str]:
    lines = [part for line in text.splitlines() for part in (_wrapped(line) if wrap else [line])]
    yield from (title, "```", *lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield "… (query `holds` shows all)"
    yield "```"


def _wrapped(line: str) -> list[str]:
    line = re.sub(r"`{3,}", "'''", line)
    return [line[start : start + WIDTH] for start in range(0, min(len(line), WIDTH * MOST_LINES), WIDTH)] or [""]


def _outcome(report: RunReport) -> Iterator[str]:
    if report.get("outdated"):
        yield f"## Old version\n{_plain(report['outdated'])}"
    if report.get("parked"):
        yield f"## Parked\n{_plain(report['parked'])}"
    if report.get("gate"):
        yield f"## Waits at its gate\n{_plain(report['gate'])}"
    if report.get("outcome"):
        yield f"## {str(report['outcome']).capitalize()}{tolerance(report.get('tolerated'))}"
    if report.get("reason"):
        yield _plain(report["reason"])


def _decisions(audit: Sequence[AuditEntry]) -> Iterator[str]:
    """Yield who decided what, and what was refused and why: this page's own forms answer "successful" to anything."""
    if not audit:
        return
    yield "## Decisions"
    listed = [entry for entry in audit if "more" not in entry]
    uncounted = len(listed[:-MOST_DECISIONS]) + sum(entry["more"] for entry in audit if "more" in entry)
    if uncounted:
        yield f"- and {uncounted} more that are not shown here: query `report` has the audit"
    for entry in listed[-MOST_DECISIONS:]:
        good = entry.get("result") in COUNTED
        why = entry.get("reason" if good else "message")
        line = f"**{_plain(attempted(entry))}** · {'' if good else 'refused: '}{entry.get('result')}"
        yield f"- {'✓' if good else '✗'} {instant(str(entry.get('at')))} · {line}{f' · {_plain(why)}' if why else ''}"


def _steps(steps: list[Entry]) -> Iterator[str]:
    if not steps:
        return
    yield "## Steps"
    by_id = {step["id"]: step for step in steps}
    inside: list[Entry] = []
    for step in steps[:MOST_STEPS]:
        around = _around(step, by_id)
        paths = [one for one in around if one.get("kind") == "path"]
        if step.get("kind") == "path":
            inside = [*paths, step]
            yield f"\n### {_heading(inside)} · {status(step)}"
            continue
        if paths != inside:
            inside = paths
            yield f"\n### {_heading([*paths, THEN])}"
        within = around[around.index(paths[-1]) + 1 :] if paths else around
        yield _line(step, depth=len(within))
    if len(steps) > MOST_STEPS:
        yield f"- and {len(steps) - MOST_STEPS} more: query `report` shows all"


def _around(step: Entry, by_id: Mapping[str, Entry]) -> list[Entry]:
    """Return the steps around a step, the outermost first."""
    found: list[Entry] = []
    parent = by_id.get(step.get("parent", ""))
    while parent is not None:
        found.insert(0, parent)
        parent = by_id.get(parent.get("parent", ""))
    return found


def _heading(paths: Sequence[Entry]) -> str:
    return " / ".join(_plain(path["label"]) for path in paths)


def _line(step: Entry, depth: int) -> str:
    """Return a step as an item of a flat list, as that page flattens others: `↳` for each step around it."""
    turn = re.search(r"\[(\d+)\]\.[^.\[]*$", step["id"])
    label = f"{'↳ ' * depth}{f'{int(turn[1]) + 1}. ' if turn else ''}**{_plain(step['label'])}**"
    time = f" · {step['endedAt'][11:19]}" if "endedAt" in step else ""
    if step["status"] == "running" and "until" in step:
        time = f" · until {instant(step['until'])}"
    if "retry" in step:
        time = f" · again at {instant(step['retry']['at'])} · {_plain(step['retry']['error']['message'])}"
    if "calls" in step:
        time += f" · run {_span(step['calls'])}"
    error = f" · {_plain(step['error']['message'])}" if "error" in step else ""
    warnings = "".join(f" · warning: {_plain(sentence)}" for sentence in step.get("warnings", ()))
    reason = step.get("reason", NOT_TAKEN)
    why = "" if reason == NOT_TAKEN else f" · {_plain(reason)}"
    by = f" · {_plain(decided_by(step['decision']))}" if "decision" in step else ""
    return f"- {MARKS.get(step['status'], '·')} {label} · {status(step)}{time}{why}{by}{error}{warnings}"


def _plain(text: Any) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    shown = _cut(visible(re.sub(r"\s+", " ", str(text))))
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", shown)


def _span(text: Any) -> str:
    """Return a text as inline code."""
    shown = _cut(visible(re.sub(r"\s+", " ", str(text)))).replace("`", "'")
    return f"`{shown}`"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


class Details(Interceptor):
    """Computes current details when they are asked for: a run that nobody looks at pays nothing for them."""

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002 # the SDK's signature
    ) -> type[WorkflowInboundInterceptor]:
        """Return the interceptor of one run's queries."""
        return _Metadata


class _Metadata(WorkflowInboundInterceptor):
    async def handle_query(self, input: HandleQueryInput) -> Any:  # noqa: A002 # the SDK's signature
        answer = await super().handle_query(input)
        if input.query == METADATA:
            answer.current_details = workflow.instance().details()
        return answer
