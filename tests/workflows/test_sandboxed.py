"""The interpreter keeps Temporal's rules of determinism: it also runs in Temporal's own sandbox, which enforces them."""

from __future__ import annotations

import pytest
from temporalio.worker import workflow_sandbox

from tests.engine import Engine, step
from workers.process import assembly, replaying

RICH = """
name: rich
trigger: {event: test.fired, data: [contact, items]}
conditions: {all: [{field: contact.name, operator: matches, value: "^A"}]}
actions:
  - {id: ask, actionType: http_request, config: {method: POST, url: RECEIVER/echo, body: {at: "{{now | date: '%Y'}}", n: "{{contact.name | upcase}}"}}, saveAs: answer}
  - paths:
      - actions:
          - {id: held, actionType: http_request, config: {method: GET, url: RECEIVER/held}, requireApproval: {expiresAfter: 1h}}
      - actions:
          - id: each
            forEach: "{{items}}"
            parallel: 2
            actions: [{id: a, actionType: http_request, config: {method: GET, url: "RECEIVER/a/{{item}}"}}]
          - {wait: 200}
  - branch:
      - conditions: {all: [{field: variables.answer.body.body.n, operator: equals, value: ADA}]}
        actions: [{id: yes, actionType: http_request, config: {method: GET, url: RECEIVER/yes}}]
"""


async def test_runs_in_temporals_sandbox(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = ("liquid", "babel", "markupsafe", "re2", "rfc8785", "google")
    restrictions = workflow_sandbox.SandboxRestrictions.default.with_passthrough_modules(*libraries)

    def runner() -> workflow_sandbox.SandboxedWorkflowRunner:
        return workflow_sandbox.SandboxedWorkflowRunner(restrictions)

    for place in (assembly, replaying):
        monkeypatch.setattr(place, "UnsandboxedWorkflowRunner", runner)
    engine.define(RICH)
    handle = await engine.start("rich", engine.event({"contact": {"name": "Ada"}, "items": [1, 2, 3]}))
    await engine.held(handle)
    await engine.decide(handle, hold="held", decision="approve", by="ann")
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert step(report, "yes")["status"] == "succeeded"
    assert [
        event
        for event in (await handle.fetch_history()).events
        if event.HasField("workflow_task_failed_event_attributes")
    ] == []
