"""The one workflow that runs every automation; it is registered as Temporal's dynamic workflow.

A run is started under its automation's name with the event as its one argument. It asks its worker for the plan once,
walks it, answers queries at any time, takes decisions for what it holds, and returns its report.

The way of a run, for who reads it for the first time (files are below workflows/):

- `run` asks the worker for the plan with `_ask` and hands it to `_walk`, which starts `walk_whole`
  (`steps/interpreter.py`): it takes the plan's steps in order, and `_carry_out` (`steps/interpreter.py`) says what each
  kind of step does.
- An action step goes to `act` (`steps/act.py`), and its request to `send` (`steps/send.py`). The line that calls an
  activity is in `_attempt` (`steps/send.py`).
- A hold starts in `steps/act.py`: with `hold_for_approval` (`steps/holding.py`) before a request is sent, with
  `hold_for_failure` (`steps/holding.py`) after it failed. `decided` (`steps/holding.py`) waits for people, whose
  decisions come through `decide` to `decide` (`steps/decisions.py`).
- No action is known here, only its name in the plan: `activities/catalog.py` lists them, and one more is a file in a
  family's folder and a line in its tuple (`docs/adding-an-action.md`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from trunkline.wire import PLAN, Flow, PlanParking, PlanQuestion, PlanRefusal, RunAnswer, RunReport, ShownHold
from workflows import host
from workflows.compiled import program
from workflows.dispatch import dispatch
from workflows.event import EventError
from workflows.holds.hold import Receipt, Via
from workflows.language.condition import Condition, Verdict
from workflows.language.template import TemplateError
from workflows.plan import Plan
from workflows.report import cut, shortened
from workflows.run.beginning import DISPATCH, all_answered, started
from workflows.run.continue_as_new import kept_memo, may_continue_as_new, next_arguments
from workflows.run.parked import Parking
from workflows.run.payload import PayloadError, read, unpack
from workflows.run.release import settle_version
from workflows.run.resets import reset_unseen
from workflows.run.routing import Routing, fairness_key
from workflows.run.state import State
from workflows.run.walk import Stop, Walk
from workflows.steps.decisions import decide
from workflows.steps.ending import ended, goes_on, tell
from workflows.steps.interpreter import walk_whole
from workflows.steps.messages import part
from workflows.view.attributes import Attributes
from workflows.view.details import details

ABANDON = workflow.HandlerUnfinishedPolicy.ABANDON
"""A decision that came too early for a run that never began needs no warning."""


@workflow.defn(dynamic=True)
class Automation:
    """A run: one execution of a plan for one event."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.walk: Walk | None = None
        self.plan: Plan | None = None
        self.outcome: str | None = None
        self.reason: str | None = None
        self.missing: list[str] = []
        self.parked: str | None = None
        self.outdated: str | None = None
        self.attributes = Attributes()
        self._begun = False

    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> Any:
        """Run the automation (or dispatch the event) that the workflow's type names."""
        try:
            if host.info().continued_run_id is not None and len(args) > 1:
                answer = unpack(args[1])
                return await self._run(answer.pop("event", None) or read(args[0]), answer)
            arguments = [read(arg) for arg in args]
            definition, event = started(host.info().workflow_type, arguments)
        except (PayloadError, EventError) as error:
            raise self._refused("InvalidEvent", str(error)) from None
        if host.info().workflow_type == DISPATCH:
            return await dispatch(event, *arguments[1:])
        try:
            answer = await self._ask({**definition, "event": event}, args)
        except asyncio.CancelledError:
            self.outcome = "canceled"
            raise
        return await self._run(event, answer)

    async def _ask(self, question: PlanQuestion, args: Sequence[RawValue]) -> RunAnswer[Plan]:
        """Ask the worker for the plan, again and again while it cannot say what the automation is.

        A run that has to ask elsewhere, or whose history is long, begins anew with the arguments it was started with.
        """
        parking = Parking()
        while True:
            packed = await host.execute_local_activity(
                PLAN, parking.question(question), start_to_close_timeout=timedelta(seconds=30), result_type=RawValue
            )
            answer: RunAnswer[Plan] | PlanRefusal | PlanParking = unpack(packed)
            if "refused" in answer:
                raise self._refused(answer["type"], answer["refused"])
            self.parked = None if "plan" in answer else answer["parked"]
            if "plan" in answer:
                return answer
            if (memo := await parking.wait(answer, question)) is not None:
                # `_run` will take this chain for one that was reset, which costs a look at histories without requests.
                host.continue_as_new(args=args, memo=memo)

    async def _run(self, event: dict[str, Any], answer: RunAnswer[Plan]) -> Any:
        self.plan = answer["plan"]
        self.outdated = answer.get("outdated")
        settle_version(self.plan)
        self.missing = answer.get("missing", [])
        carry = answer.get("state")
        limit = answer["stateLimit"]
        compiled = program(self.plan)
        if carry is None:
            self.state = State(compiled, event, limit=limit)
        else:
            self.state = State.carried(compiled, event, carry, limit=limit)
        info = host.info()
        run = {"id": info.workflow_id, "automation": self.plan["automation"], "url": None}
        if answer.get("webUi"):
            run["url"] = f"{answer['webUi']}/namespaces/{quote(info.namespace)}/workflows/{quote(info.workflow_id, '')}"
        self.walk = Walk(compiled, self.state, run, self._holds_changed)
        self.walk.pages = answer.get("pages")
        self.attributes = Attributes(enabled=answer["attributes"], dated=answer.get("dated", False))
        self._begun = True
        if carry is None:
            self.attributes.begin(self.plan["automation"], event["id"])
            if compiled.condition is not None:
                wanted = self._wanted(self.walk, compiled.condition)
                if not wanted.holds:
                    return self._close("skipped")
                answer = {**answer, "missing": wanted.missing}
            if compiled.fairness is not None:
                answer = {**answer, "fairness": self._fairness(self.walk)}
        self.walk.routing = Routing.of(answer, compiled.priority)
        return await self._walk(self.walk, event, answer)

    def _wanted(self, walk: Walk, condition: Condition) -> Verdict:
        try:
            verdict = condition.judge(walk.seen(condition, walk.outermost), host.now())
        except TemplateError as error:
            raise self._failed(f"The automation's conditions cannot be judged: {error}") from None
        self.reason = cut(verdict.why) or None
        self.missing = shortened(verdict.missing)
        return verdict._replace(missing=self.missing)

    def _fairness(self, walk: Walk) -> str | None:
        try:
            return fairness_key(walk.program, walk.roots(walk.outermost), host.now())
        except TemplateError as error:
            raise self._failed(f"The automation's `fairness` cannot be rendered: {error}") from None

    async def _walk(self, walk: Walk, event: dict[str, Any], answer: RunAnswer[Plan]) -> Any:
        flow = await self._walked(walk, event, answer)
        while goes_on(walk, flow):
            flow = await self._walked(walk, event, answer)
        if walk.stop is not None:
            self.reason = walk.stop.reason
        return self._close(await ended(walk, flow))

    async def _walked(self, walk: Walk, event: dict[str, Any], answer: RunAnswer[Plan]) -> Flow:
        """Walk until the plan or the run is at its end, or the run continues as new; say how the plan ended."""
        if walk.state.failed is not None:
            self.reason = walk.state.failed["reason"]
        task = asyncio.create_task(walk_whole(walk))
        try:
            await host.wait_condition(lambda: task.done() or walk.stop is not None or may_continue_as_new(walk))
        except asyncio.CancelledError:
            walk.stop = Stop(outcome="canceled", reason=walk.replaced or "The run was canceled.")
        if walk.stop is not None:
            await part(walk, task)
            return "halted"
        if not task.done():
            walk.continuing_as_new = True
            state = walk.state.carry(walk.resets + reset_unseen())
            host.continue_as_new(args=next_arguments(event, {**answer, "state": state}), memo=kept_memo())
        await all_answered()
        return task.result()

    def _close(self, outcome: str) -> Any:
        if self.walk is not None and (fault := tell(self.walk, outcome)) is not None:
            self.reason = fault
            raise self._failed(fault)
        if outcome == "failed":
            cause = self.state.report.failure() if self.state is not None else None
            raise self._failed(cause or self.reason or "The automation failed.")
        self.outcome = outcome
        self.attributes.end(outcome)
        if outcome == "canceled":
            raise asyncio.CancelledError
        return self.report()

    def _failed(self, sentence: str) -> ApplicationError:
        """Close the run as failed, with its report in the details."""
        self.outcome = "failed"
        if self.state is not None and not self.state.report.entries:
            self.reason = sentence  # no step says it
        self.attributes.end(self.outcome)
        return ApplicationError(sentence, self.report(), type="AutomationFailed", non_retryable=True)

    def _refused(self, kind: str, sentence: str) -> ApplicationError:
        """Close a run that cannot begin."""
        self.outcome, self.reason, self.parked = "failed", sentence, None
        return ApplicationError(sentence, type=kind, non_retryable=True)

    def _holds_changed(self) -> None:
        if self.state is not None:
            self.attributes.holds(self.state.holds.open())

    @workflow.signal(
        unfinished_policy=ABANDON, description='Release a held step: {"hold": …, "by": …, "reason"?: …, "digest"?: …}'
    )
    async def approve(self, *arguments: Any) -> None:
        """Take an approval; whatever is wrong with it changes nothing and is noted in the report."""
        await self._decide(arguments, via="signal", decision="approve")

    @workflow.signal(
        unfinished_policy=ABANDON, description='Refuse a held step: {"hold": …, "by": …, "reason"?: …, "digest"?: …}'
    )
    async def reject(self, *arguments: Any) -> None:
        """Take a refusal; whatever is wrong with it changes nothing and is noted in the report."""
        await self._decide(arguments, via="signal", decision="reject")

    @workflow.update(
        unfinished_policy=ABANDON,
        description='Decide about a held step: {"hold": …, "decision": …, "by": …, "reason"?: …}',
    )
    async def decide(self, *arguments: Any) -> dict[str, str]:
        """Take any decision and answer what became of it."""
        return (await self._decide(arguments, via="update")).to_json()

    async def _decide(self, arguments: tuple[Any, ...], *, via: Via, decision: str | None = None) -> Receipt:
        await asyncio.sleep(0)  # updates that come at once are all accepted first, with the run's beginning or after it
        at = host.now()
        if self.state is None and self.outcome is None:
            # A decision that comes with the very first task is judged once the state is there.
            await host.wait_condition(lambda: self._begun or self.parked is not None)
        if self.walk is None:
            return Receipt("not_found", "Nothing is held yet: the run has not begun.")
        return await decide(self.walk, arguments, at=at, via=via, decision=decision)

    @workflow.query(description="What the run did and is doing, step by step")
    def report(self, *_: Any) -> RunReport:
        """Return the report."""
        if self.plan is None or self.state is None or self.walk is None:
            why = {"parked": self.parked, "reason": self.reason}
            known = {"automation": host.info().workflow_type, "outcome": self.outcome}
            nothing: dict[str, list[Any] | dict[str, Any]] = {"steps": [], "variables": {}, "audit": []}
            return cast("RunReport", {**known, **nothing, **{name: text for name, text in why.items() if text}})
        sentences = {"missing": self.missing, "outdated": self.outdated, "gate": self.walk.gate, "reason": self.reason}
        return self.state.whole(self.plan, self.outcome, sentences)

    def details(self) -> str:
        """Return the Markdown that the web UI shows as current details."""
        return details(self.report(), self.holds(), host.info().workflow_id)

    @workflow.query(name="plan", description="The plan that this run executes, whatever became of its definition since")
    def shown_plan(self, *_: Any) -> Plan | None:
        """Return the plan; the history keeps it compressed."""
        return self.plan

    @workflow.query(description="What waits for people now, with the request each would release")
    def holds(self, *_: Any) -> list[ShownHold]:
        """Return the open holds."""
        return [hold.to_json() for hold in self.state.holds.open()] if self.state is not None else []
