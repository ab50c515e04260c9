"""A run's current details: the Markdown that Temporal's web UI shows, so that a person sees what it does and waits for.

That page runs table columns together and flattens nested lists, and its code blocks do not wrap: so headings, flat
lists and short lines. Nothing here is computed before somebody looks (see `Details`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from temporalio import workflow
from temporalio.worker import (
    HandleQueryInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from workflows.hold import Hold
from workflows.report import Entry

METADATA = "__temporal_workflow_metadata"
"""The query by which the web UI and the command line ask for current details."""

MOST_STEPS = 120
MOST_HOLDS = 5
MOST_LINES = 40
LONGEST_TEXT = 400
WIDTH = 58
"""Characters of a code block that fit on that page."""

MARKS = {"succeeded": "✓", "failed": "✗", "unknown": "?", "held": "‖", "running": "▶", "rejected": "⊘", "expired": "⊘"}


def details(report: dict[str, Any], holds: list[Hold], workflow_id: str) -> str:
    """Return the Markdown of a run: first what it waits for, then its steps under a heading per path."""
    lines = [line for hold in holds[:MOST_HOLDS] for line in _waiting(hold, workflow_id)]
    lines += [f"- also held: **{_plain(hold.label)}**, hold `{hold.hold}`" for hold in holds[MOST_HOLDS:MOST_STEPS]]
    return "\n".join([*lines, *_outcome(report), *_steps(report["steps"])])


def _waiting(hold: Hold, workflow_id: str) -> Iterator[str]:
    yield f"## Waits for a decision: {_plain(hold.label)}"
    who = ", ".join(map(_plain, hold.approvers)) or "anyone"
    until = f" · until {hold.deadline[:16].replace('T', ' ')} UTC" if hold.deadline else ""
    yield f"Action `{hold.actionType}` · hold `{hold.hold}` · by {who}{until}\n"
    if hold.error:
        yield f"It failed: {_plain(hold.error['message'])}\n"
    approval = hold.kind == "approval"
    decision = {"hold": hold.hold, **({} if approval else {"decision": "retry"}), "by": "you@example.com"}
    command = (
        f"trunkline {'approve' if approval else 'decide'}",
        workflow_id,
        hold.hold + ("" if approval else " retry"),
    )
    yield from _code(
        "On the command line (or `reject`):" if approval else "On the command line:", " \\\n  ".join(command)
    )
    here = "a Signal `approve` or `reject`" if approval else "an Update `decide` with `retry`, `skip` or `stop`"
    yield from _code(f"On this page, More Actions, Send {here}:", json.dumps(decision, indent=1))
    yield from _code("What would be sent:", json.dumps(hold.request["config"], indent=1, ensure_ascii=False), wrap=True)


def _code(title: str, text: str, *, wrap: bool = False) -> Iterator[str]:
    lines = [part for line in text.splitlines() for part in (_wrapped(line) if wrap else [line])]
    yield from (title, "```", *lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield "… (query `holds` shows all)"
    yield "```"


def _wrapped(line: str) -> list[str]:
    line = re.sub(r"`{3,}", "'''", line)
    return [line[start : start + WIDTH] for start in range(0, min(len(line), WIDTH * MOST_LINES), WIDTH)] or [""]


def _outcome(report: dict[str, Any]) -> Iterator[str]:
    if report.get("parked"):
        yield f"## Parked\n{_plain(report['parked'])}"
    if report.get("outcome"):
        yield f"## {str(report['outcome']).capitalize()}"
    if report.get("reason"):
        yield _plain(report["reason"])


def _steps(steps: list[Entry]) -> Iterator[str]:
    if not steps:
        return
    yield "## Steps"
    parents = {step["id"]: step.get("parent") for step in steps}
    paths = {step["id"] for step in steps if step.get("kind") == "path"}
    inside: str | None = None
    for step in steps[:MOST_STEPS]:
        if step["id"] in paths:
            inside = step["id"]
            yield f"\n### {_plain(step['label'])} · {step['status']}"
            continue
        path = step.get("parent")
        while path is not None and path not in paths:
            path = parents.get(path)
        if path != inside:
            inside = path
            yield "\n### Then"
        yield _line(step)
    if len(steps) > MOST_STEPS:
        yield f"- and {len(steps) - MOST_STEPS} more: query `report` shows all"


def _line(step: Entry) -> str:
    time = f" · {step['endedAt'][11:19]}" if "endedAt" in step else ""
    error = f" · {_plain(step['error']['message'])}" if "error" in step else ""
    return f"- {MARKS.get(step['status'], '·')} **{_plain(step['label'])}** · {step['status']}{time}{error}"


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    shown = re.sub(r"\s+", " ", str(text))[:LONGEST_TEXT]
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", shown)


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
