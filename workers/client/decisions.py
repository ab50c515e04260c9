"""Decisions sent to runs: what they quote, how they are signed, and what became of them."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from trunkline.wire import RunReport
from workers.client import runs
from workers.client.wanted import OpenHold
from workers.errors import TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.approvals.signing import SigningKey

SIGNALS = ("approve", "reject")
"""Decisions that also exist as signals, which Temporal keeps until a worker comes."""

ON_FAILURES = ("retry", "skip", "supply", "stop")
"""Decisions about steps that failed."""

SIGNED_FOR = timedelta(minutes=5)
"""How long a signature counts: the time that a decision may take to reach its run."""

UNANSWERED = "It was sent and not answered, so it may count once a worker is back: look at the hold before."
"""What becomes of an update that no worker has answered: Temporal may bring it to the next one that polls."""

GOOD = frozenset({"accepted", "needs_more", "signaled", "duplicate"})
"""Receipts that leave nothing to do for the person who decided."""


@dataclass(frozen=True, slots=True)
class DecisionAnswer:
    """What became of a decision.

    Attributes:
        result: the receipt's word, or `signaled` where no worker could answer.
        message: a sentence for the person who decided.
    """

    result: str
    message: str

    @property
    def accepted(self) -> bool:
        """Say whether the decision counts, as far as anybody knows yet."""
        return self.result in GOOD


def may_decide(hold: OpenHold, by: str, decision: str) -> bool:
    """Say whether a decision by this person can count, as far as the hold itself tells; its run has the last word."""
    return why_not(hold, by, decision) is None


def why_not(hold: OpenHold, by: str, decision: str) -> str | None:
    """Return why a decision by this person cannot count, as far as the hold itself tells, or None."""
    from workflows.holds.hold import DECISIONS, OPERATIONS
    from workflows.holds.hold import Hold as Judged

    shown: Mapping[str, Any] = hold
    known = Judged(**{field.name: shown[field.name] for field in fields(Judged) if field.name in shown})
    if decision not in (*DECISIONS[known.kind], *OPERATIONS):
        return f"This hold takes no {decision!r}."
    if decision == "approve" and known.has_voted(by):
        return f"{by} has approved this already."
    return known.may(by, decision)


def sealed(
    decision: Mapping[str, Any], hold: OpenHold, run: str, signing_key: str | SigningKey | None
) -> dict[str, Any]:
    """Return a decision that quotes the digest of the hold as it was seen, and is signed where that is asked for.

    Args:
        decision: the decision; a digest that it already quotes stays.
        hold: the hold as its query shows it.
        run: workflow id.
        signing_key: who signs, as TRUNKLINE_SIGNING_KEY says, or the key itself; None: nobody.

    Raises:
        SettingsError: the signing key cannot be read.
        TrunklineError: what is said cannot be signed.
    """
    quoted = {"digest": hold["digest"], **decision}
    if signing_key is None or not hold.get("verified"):
        return quoted
    from workers.approvals import signing

    key = signing.signing_key(signing_key) if isinstance(signing_key, str) else signing_key
    exp = int(time.time() + SIGNED_FOR.total_seconds())
    try:
        proof = signing.sign(quoted, workflow_id=run, first_run_id=hold["firstRunId"], key=key, exp=exp)
    except ValueError as error:
        raise TrunklineError(str(error)) from error
    return {**quoted, "proof": proof}


async def decide(client: Client, run: str, decision: Mapping[str, Any], *, answered: bool = True) -> DecisionAnswer:
    """Send a decision about a hold; where no worker answers, send the signal that Temporal keeps until one does.

    Args:
        client: a connected client.
        run: workflow id.
        decision: the JSON argument of the update `decide`.
        answered: false where it is known that no worker answers, so that none is waited for.

    Raises:
        NotFoundError: there is no such run.
        UnreachableError: no worker answers, and the decision exists only as an update.
        TrunklineError: the run has ended, and left no report that could say what became of the hold.
    """
    from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
    from temporalio.service import RPCError, RPCStatusCode

    if not answered:
        return await _signal(client, run, decision, "Nothing was sent.")
    try:
        answer: Any = await _update(client, run, decision)
    except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError):
        return await _signal(client, run, decision, UNANSWERED)
    except WorkflowUpdateFailedError as error:
        return DecisionAnswer("refused", getattr(error.cause, "message", str(error.cause)))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return await _closed(client, run, decision)
        if runs.no_worker(error):
            return await _signal(client, run, decision, UNANSWERED)
        raise
    if not isinstance(answer, dict):
        raise TrunklineError(f"{run} is no run of an automation: it answers {answer!r} to a decision.")
    return DecisionAnswer(str(answer.get("result")), str(answer.get("message")))


async def _update(client: Client, run: str, decision: Mapping[str, Any]) -> Any:
    from temporalio.service import RPCError, RPCStatusCode

    async def once() -> Any:
        handle = client.get_workflow_handle(run)
        update = handle.execute_update("decide", decision, id=f"trunkline-{uuid.uuid4()}", rpc_timeout=runs.ANSWER)
        sent = asyncio.ensure_future(update)
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())  # canceled, the SDK raises its own
        return await asyncio.wait_for(sent, runs.ANSWER.total_seconds() + 1)

    try:
        return await once()
    except RPCError as error:
        if error.status is not RPCStatusCode.FAILED_PRECONDITION:
            raise
        return await once()  # the run had just continued as new


async def _signal(client: Client, run: str, decision: Mapping[str, Any], became: str) -> DecisionAnswer:
    from temporalio.service import RPCError, RPCStatusCode

    await runs.describe(client, run)
    name = str(decision["decision"])
    if name not in SIGNALS:
        raise UnreachableError(
            f"No worker answers for {run}, and {name!r} needs one: start one (`trunkline worker`) and decide again. "
            f"{became}"
        )
    content = {key: value for key, value in decision.items() if key != "decision"}
    try:
        await client.get_workflow_handle(run).signal(name, content)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return await _closed(client, run, decision)
    return DecisionAnswer(
        "signaled",
        f"No worker answers for {run}, so the signal {name!r} was sent instead: Temporal keeps it, and the run judges "
        "it when a worker is back.",
    )


async def _closed(client: Client, run: str, content: Mapping[str, Any]) -> DecisionAnswer:
    """Answer a decision about a run that has ended: with what was decided instead, and how step and run ended.

    Raises:
        TrunklineError: there is no report that says it.
    """
    description = await runs.describe(client, run)
    status = "ended" if description.status is None else description.status.name.lower().replace("_", " ")
    try:
        report = await runs.report(client, run)
    except TrunklineError as error:
        raise type(error)(f"{run} has ended as {status}, so this decision changed nothing. {error}") from error
    ended = f"{run} has ended as {report.get('outcome') or status}, so this decision changed nothing."
    result, about = _decided(report, content)
    return DecisionAnswer(result, " ".join([*about, ended]))


def _decided(report: RunReport, content: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return a receipt's word and sentences about a hold whose run has ended."""
    from workflows.holds.hold import DECISIONS
    from workflows.holds.wording import became, decided_by
    from workflows.language.people import person

    name = str(content.get("hold"))
    entry = next((entry for entry in report["steps"] if entry["id"] == name.partition("#")[0]), None)
    settling = {decision for kind in DECISIONS.values() for decision in kind}
    settled = [
        one
        for one in report.get("audit") or []
        if one.get("hold") == name and one.get("result") == "accepted" and one.get("decision") in settling
    ]
    about = [] if entry is None or not (settled or entry.get("decision")) else [became(entry)]
    made = settled[-1] if settled else (entry or {}).get("decision")
    if made is None:
        return "not_found", [f"Nothing is held under {name!r} any more."]
    if made.get("via") == "policy":
        return "expired", [f"{name}: {decided_by(made)} ({made['at']}).", *about]
    sentence = f"{name}: {decided_by(made)} at {made['at']}."
    mine = (made["decision"], person(str(made["by"]))) == (content.get("decision"), person(str(content.get("by"))))
    return "duplicate" if mine else "already_decided", [sentence, *about]
