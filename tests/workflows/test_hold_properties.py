"""Random decisions, times, crashes and outages, held to an oracle that knows the rules and none of the code."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from temporalio.testing import WorkflowEnvironment

from tests.engine import Engine
from tests.starts import examples
from tests.workflows.oracle import JSON, Oracle, Rules
from tests.workflows.simulation import Simulation, plan_of
from workflows.plan import Plan

PEOPLE = ("ann", "bob", "cyn", "agent", "olga", "boss")
SPELLED = ("{}", " {} ", "{}\t")
JUNK: list[Any] = [None, True, 1, "approve", [], {}, {"hold": "refund"}, {"hold": "refund", "decision": "approve"}]


def policies() -> st.SearchStrategy[Rules]:
    """Draw policies whose quorum can come together; bands, edits and hand-overs not all at once."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> Rules:
        approvers = draw(st.none() | st.just(("ann", "bob", "cyn", "agent")) | st.just(("ann", "bob", "cyn")))
        kind = draw(st.sampled_from(["plain", "edits", "operators", "band"]))
        expires = draw(st.none() | st.integers(1, 40))
        escalates = draw(st.none() | st.integers(1, 30)) if kind not in {"edits", "band"} else None
        return Rules(
            approvers=approvers,
            quorum=draw(st.integers(1, 3)),
            excluded=draw(st.none() | st.just("agent")),
            reason=draw(st.booleans()),
            edits=draw(st.sampled_from([True, "needsApproval"])) if kind in {"edits", "band"} else False,
            operators=draw(st.none() | st.just(("olga", "agent"))) if kind != "plain" else None,
            expires=expires,
            on_expiry="reject" if expires is None else draw(st.sampled_from(["reject", "skip", "hold"])),
            escalates=escalates,
            escalate_to=("boss",) if escalates is not None else (),
            limit=1000 if kind == "band" else None,
            above=("bob", "cyn", "olga", "boss"),
            above_quorum=draw(st.integers(1, 3)),
        )

    return draw_one()


@dataclass(frozen=True)
class Act:
    """One thing that happens.

    Attributes:
        kind: `decision`, `junk`, `time` or `crash`.
        said: what is sent; a decision's hold and digest stand for what they are when it is sent.
        fits: whether a decision is sent by somebody who may, about the open hold, in its words.
        quotes: whether it then quotes what they see.
        hours: how much time passes.
    """

    kind: str
    said: Any = None
    fits: bool = False
    quotes: bool = True
    hours: int = 0

    def filled(self, oracle: Oracle) -> Any:
        """Return what is sent now."""
        if self.kind == "junk":
            return self.said
        said = dict(self.said)
        if self.fits and (hold := oracle.open) is not None:
            may = sorted(set(hold.approvers or PEOPLE) - {hold.excluded} - set(hold.votes))
            if said["decision"] in {"reassign", "extend"}:
                may = sorted(set(hold.operators or may) - {hold.excluded})
            said |= {"hold": "open", "by": may[len(said["by"]) % len(may)] if may else said["by"]}
            said["digest"] = "as shown"
            if not self.quotes:
                del said["digest"]
            if hold.kind == "failure":
                said["decision"] = {"approve": "retry", "reject": "stop"}.get(said["decision"], said["decision"])
        said["hold"] = {"open": oracle.holds[-1].name, "first": "refund", "none": "refund#9"}[said["hold"]]
        digests = {"as shown": oracle.digest, "as first shown": oracle.first, "junk": "0" * 64}
        if "digest" in said:
            said["digest"] = digests[said["digest"]]
        return said


@st.composite
def decisions(draw: st.DrawFn) -> Act:
    """Draw decisions: most of them could count, and some are hostile."""
    fits = draw(st.integers(0, 9)) > 0
    verbs = ["approve", "approve", "approve", "edit", "edit", "edit", "reassign", "extend", "reject"]
    verb = draw(st.sampled_from(verbs if fits else [*verbs, "retry", "skip", "stop", "yes"]))
    by = draw(st.sampled_from(SPELLED)).format(draw(st.sampled_from(PEOPLE)))
    hold = draw(st.sampled_from(["open", "open", "first", "none"]))
    said: JSON = {"hold": hold, "decision": verb, "by": by.upper() if draw(st.booleans()) else by}
    if draw(st.booleans()):
        said["digest"] = draw(st.sampled_from(["as shown", "as shown", "as first shown", "junk"]))
    if draw(st.booleans()):
        said["reason"] = draw(st.sampled_from(["fine", " "]))
    match verb:
        case "edit":
            amounts = st.sampled_from([{"/body/amount": n} for n in (10, 500, 900, 2000, 3000)])
            said["edits"] = draw(
                amounts | amounts | st.sampled_from([[], {}, "x", [{"op": "test", "path": "/url", "value": 1}]])
            )
        case "reassign":
            said["approvers"] = draw(st.lists(st.sampled_from([*PEOPLE, " Ann "]), max_size=5))
        case "extend":
            said["deadline"] = draw(st.sampled_from(["5h30m", "30h30m"]))
    return Act("decision", said, fits=fits, quotes=draw(st.integers(0, 3)) > 0)


def acts() -> st.SearchStrategy[list[Act]]:
    """Draw what happens to one step."""
    other = st.one_of(
        st.sampled_from(JUNK).map(lambda junk: Act("junk", junk)),
        st.integers(1, 25).map(lambda hours: Act("time", hours=hours)),
        st.just(Act("crash")),
    )
    return st.lists(st.one_of(decisions(), decisions(), decisions(), other), min_size=3, max_size=20)


def policy(rules: Rules) -> JSON:
    """Return what the automation's author writes for these rules."""
    approval: JSON = {"quorum": rules.quorum, "rejectNeedsReason": rules.reason, "allowEdit": rules.edits}
    if rules.approvers is not None:
        approval["approvers"] = list(rules.approvers)
    if rules.excluded is not None:
        approval |= {"selfApproval": False, "requester": rules.excluded}
    if rules.operators is not None:
        approval["operators"] = list(rules.operators)
    if rules.expires is not None:
        approval |= {"expiresAfter": f"{rules.expires}h30m", "onExpiry": rules.on_expiry}
    if rules.escalates is not None:
        approval |= {"escalateAfter": f"{rules.escalates}h30m", "escalateTo": list(rules.escalate_to)}
    if rules.limit is not None:
        when = {"all": [{"field": "request.config.body.amount", "operator": "greater_than", "value": rules.limit}]}
        approval["bands"] = [{"when": when, "approvers": list(rules.above), "quorum": rules.above_quorum}]
    return approval


def definition(approval: Any, url: str, name: str = "refund") -> JSON:
    """Return the automation: the step, and beside it a path that lasts, so that who comes late is answered."""
    config = {"method": "POST", "url": url, "body": {"amount": 120}}
    step = {"id": "refund", "actionType": "http_request", "config": config, "requireApproval": approval}
    return {
        "name": name,
        "trigger": {"event": "test.fired"},
        "paths": [{"actions": [{**step, "onFailure": "hold"}]}, {"actions": [{"id": "lasts", "wait": "300d"}]}],
    }


def fits(act: Act, oracle: Oracle) -> bool:
    """Say whether the oracle has rules for an act: what it means to extend a failed step's hold is not its business."""
    if act.kind != "decision" or oracle.open is None:
        return True
    return oracle.open.kind == "approval" or act.said["decision"] != "extend"


URL = "https://shop.example.com/refunds"
PLAN = plan_of(definition(True, URL))


def plan(rules: Rules) -> Plan:
    """Return the plan under these rules: compiling a definition for each would take most of the time."""
    approval = policy(rules)
    for clock in ("expiresAfter", "escalateAfter"):
        if clock in approval:
            approval[clock] = (int(approval[clock].removesuffix("h30m")) * 60 + 30) * 60_000
    made: Any = json.loads(json.dumps(PLAN))
    made["block"][0]["paths"][0]["block"][0]["approval"] = approval
    made["id"] = repr(rules)
    return cast("Plan", made)


async def simulate(rules: Rules, happens: list[Act], answers: list[bool]) -> None:
    """Let it happen in a simulated run, and compare at every turn."""
    oracle = Oracle(rules, URL, 120, answers)
    event = {"id": "e", "type": "test.fired", "source": "/t", "data": {}}
    run = Simulation(plan(rules), event, answers)
    async with run:
        for act in filter(lambda act: fits(act, oracle), happens):
            match act.kind:
                case "time":
                    oracle.advance(act.hours)
                    await run.advance(timedelta(hours=act.hours))
                case "crash":
                    await run.continue_as_new()
                case "decision" | "junk":
                    said = act.filled(oracle)
                    assert (said, await run.decide(said)) == (said, oracle.decide(said))
            entry = run.walk.state.report.entries["refund"]
            assert entry["status"] == oracle.status
            audit = run.walk.state.holds.audit_json()
            assert [_noted(one) for one in audit] == oracle.audit
            assert [sent["config"]["body"]["amount"] for sent in run.sent] == oracle.sent
            for hold in run.walk.state.holds.open():
                shown, expected = hold.to_json(), oracle.holds[-1]
                assert (shown["hold"], shown["digest"], len(shown["votes"])) == (
                    expected.name,
                    oracle.digest,
                    len(expected.votes),
                )


def _noted(entry: Any) -> str:
    return f"policy: {entry['decision']}" if entry["via"] == "policy" else entry["result"]


@settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))
@given(rules=policies(), happens=acts(), answers=st.lists(st.booleans(), max_size=3))
def test_whatever_is_sent_comes_to_what_the_rules_say(rules: Rules, happens: list[Act], answers: list[bool]) -> None:
    asyncio.run(simulate(rules, happens, answers))


class Played:
    """The same on a real server, compared at every turn."""

    def __init__(self, clocks: WorkflowEnvironment, engine: Engine, drawn: tuple[Rules, list[Act], list[bool]]) -> None:
        self.clocks, self.engine = clocks, engine
        self.rules, self.happens, answers = drawn
        self.name = f"refund-{uuid.uuid4().hex[:12]}"
        self.oracle = Oracle(self.rules, f"{engine.receiver.url}/{self.name}", 120, answers)
        for number, taken in enumerate(answers):
            if taken:
                engine.receiver.answer(f"/{self.name}", 200)
            elif number % 2:
                engine.receiver.drop(f"/{self.name}")  # nobody knows whether it was taken
            else:
                engine.receiver.answer(f"/{self.name}", 400)
        engine.receiver.answer(f"/{self.name}", 200)

    async def begin(self) -> None:
        """Start the run, and wait for its hold."""
        self.engine.define(json.dumps(definition(policy(self.rules), self.oracle.url, self.name)), self.name)
        self.run = await self.engine.start(self.name)
        await self.agree()

    async def go_on(self, happens: list[Act]) -> None:
        """Let some of it happen."""
        for act in filter(lambda act: fits(act, self.oracle), happens):
            match act.kind:
                case "time":
                    self.oracle.advance(act.hours)
                    await self.clocks.fast_forward(self.run, timedelta(hours=act.hours))
                case "decision" | "junk":
                    said = act.filled(self.oracle)
                    receipt = await self.run.execute_update("decide", said)
                    expected = self.oracle.decide(said)
                    assert (said, receipt["result"]) == (said, expected), receipt["message"]
            await self.agree()

    async def agree(self) -> None:
        """Wait until the run is where the oracle says that it is."""
        oracle = self.oracle
        expected = (
            oracle.status,
            oracle.audit,
            oracle.sent,
            (oracle.open.name, oracle.digest) if oracle.open else None,
        )
        found: Any = None
        for _ in range(200):
            report = await self.run.query("report")
            holds = await self.run.query("holds")
            entry = next((entry for entry in report["steps"] if entry["id"] == "refund"), {"status": "pending"})
            found = (
                {"unknown": "failed"}.get(
                    entry["status"], entry["status"]
                ),  # whether it was taken is not the rules' matter
                [_noted(one) for one in report["audit"]],
                [request.body["amount"] for request in self.engine.receiver.to(f"/{self.name}")],
                (holds[0]["hold"], holds[0]["digest"]) if holds else None,
            )
            if found == expected:
                return
            await asyncio.sleep(0.03)
        assert found == expected, (self.rules, self.happens)


DRAWN = st.tuples(policies(), acts(), st.lists(st.booleans(), max_size=3))


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.reuse, Phase.generate])
@given(batch=st.lists(DRAWN, min_size=8, max_size=8), forgets=st.booleans())
async def test_it_comes_to_the_same_on_a_server_whose_workers_forget_and_restart(
    clocks: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory, batch: list[Any], *, forgets: bool
) -> None:
    async with Engine(clocks, tmp_path_factory.mktemp("batch")) as engine:
        engine.cached = 0 if forgets else 100  # without it every task begins with the whole history, as after a crash
        runs = [Played(clocks, engine, drawn) for drawn in batch]
        await asyncio.gather(*(run.begin() for run in runs))
        await asyncio.gather(*(run.go_on(run.happens[::2]) for run in runs))
        await engine.stop()
        await engine.serve()
        await asyncio.gather(*(run.go_on(run.happens[1::2]) for run in runs))
        await asyncio.gather(*(run.run.terminate() for run in runs))
        await engine.replay()
