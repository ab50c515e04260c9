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
LONGEST_TEXT = 400
MARKS = {"succeeded": "✓", "failed": "✗", "unknown": "?", "held": "⏸", "running": "▶", "rejected": "⊘", "expired": "⊘"}


def details(report: dict[str, Any], holds: list[Hold], workflow_id: str) -> str:
    """Return the Markdown of a run: first what it waits for, then its steps under a heading per path."""
    lines = [*_waiting(holds, workflow_id), *_outcome(report)]
    return "\n".join([*lines, *_steps(report["steps"])])


def _waiting(holds: list[Hold], workflow_id: str) -> Iterator[str]:
    for hold in holds:
        yield f"## Waits for a decision: {_plain(hold.label)}"
        if hold.error:
            yield f"It failed: {_plain(hold.error['message'])}\n"
        yield f"Action `{hold.actionType}`, hold `{hold.hold}`" + (f", until {hold.deadline}" if hold.deadline else "")
        who = ", ".join(map(_plain, hold.approvers))
        yield f"\nMay be decided by: {who or 'anyone'}\n"
        decision = "approve" if hold.kind == "approval" else "decide"
        choice = "" if hold.kind == "approval" else " retry"
        command = (f"trunkline {decision} \\", f"  {workflow_id} \\", f"  {hold.hold}{choice}")
        yield from ("On the command line:", "```", *command, "```")
        if hold.kind == "approval":
            signal = json.dumps({"hold": hold.hold, "by": "you@example.com"})
            yield from (f"Here: Send a Signal, name `{decision}`, data:", "```", signal, "```")
        else:
            update = json.dumps({"hold": hold.hold, "decision": "retry", "by": "you@example.com"})
            yield from ("Here: Send an Update, name `decide` (`retry`, `skip` or `stop`), data:", "```", update, "```")
        yield from ("What would be sent:", "```", *_short(hold.request["config"]), "```")


def _short(config: Any) -> Iterator[str]:
    for line in json.dumps(config, indent=1, ensure_ascii=False)[: LONGEST_TEXT * 3].splitlines():
        yield re.sub(r"`{3,}", "'''", line[:LONGEST_TEXT])


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
    for step in steps[:MOST_STEPS]:
        if step.get("kind") == "path":
            yield f"\n### {_plain(step['label'])} · {step['status']}"
            continue
        time = f" · {step['endedAt'][11:19]}" if "endedAt" in step else ""
        error = f" · {_plain(step['error']['message'])}" if "error" in step else ""
        mark = MARKS.get(step["status"], "·")
        yield f"- {mark} **{_plain(step['label'])}** · {step['status']}{time}{error}"
    if len(steps) > MOST_STEPS:
        yield f"- and {len(steps) - MOST_STEPS} more: query `report` shows all"


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
