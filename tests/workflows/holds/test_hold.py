"""The rules by which decisions count, without a run."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

import pytest

from trunkline.wire import HoldState, ShownHold, seal
from workflows.holds.hold import SHOWN, Hold, Receipt, approve, objection, settle
from workflows.holds.holds import AUDIT_ENTRY_SIZE, AUDITED_REFUSALS, Holds
from workflows.language.people import distinct
from workflows.report import measure

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REQUEST: Any = {"actionType": "http_request", "config": {"url": "https://example.com"}, "secrets": []}


def held(**terms: Any) -> Hold:
    return Hold(
        hold="refund",
        step="refund",
        label="Refund",
        actionType="http_request",
        kind=terms.pop("kind", "approval"),
        request=REQUEST,
        digest=seal(REQUEST),
        openedAt="2026-01-01T00:00:00.000Z",
        firstRunId="r1",
        **terms,
    )


def decide(hold: Hold, by: str, decision: str = "approve", **more: Any) -> str:
    said: Any = {"hold": "refund", "by": by, "decision": decision, **more}
    found = Holds([hold]).find(said, 1)
    if isinstance(found, Receipt):
        return found.result
    refusal = objection(hold, said, expired=hold.expired(NOW))
    if refusal is not None:
        return refusal.result
    return (approve if decision == "approve" else settle)(hold, said, NOW).result


def test_what_is_carried_and_shown_of_a_hold_has_the_keys_that_its_types_say() -> None:
    assert get_type_hints(HoldState).keys() == {field.name for field in fields(Hold)} == held().carry().keys()
    assert get_type_hints(ShownHold).keys() == {*SHOWN}
    carried = held(approvers=["ann"], quorum=2, deadline="2026-01-02T00:00:00.000Z").carry()
    assert Hold(**carried).carry() == carried


def test_a_quorum_is_of_distinct_people() -> None:
    hold = held(quorum=2, approvers=["ann", "bob"])
    assert decide(hold, "ann") == "needs_more"
    assert decide(hold, " ANN ") == "duplicate"
    assert decide(hold, "eve") == "not_allowed"
    assert decide(hold, "bob") == "accepted"
    assert [vote["by"] for vote in hold.decision["votes"]] == ["ann", "bob"]  # type: ignore[index] # it is decided
    assert decide(hold, "ann") == "duplicate"
    assert decide(hold, "ann", "reject") == "already_decided"


def test_one_refusal_settles_whoever_approved_before() -> None:
    hold = held(quorum=3)
    assert decide(hold, "ann") == "needs_more"
    assert decide(hold, "ann", "reject") == "accepted"
    assert decide(hold, "bob") == "already_decided"


def test_the_requester_may_refuse_but_not_approve_edit_or_reassign() -> None:
    hold = held(requester="ann@example.com", allowEdit=True, operators=["ann@example.com", "op"])
    assert decide(hold, "ANN@example.com ") == "not_allowed"
    assert decide(hold, "ann@example.com", "edit", edits={"x": 1}) == "not_allowed"
    assert decide(hold, "ann@example.com", "extend", deadline="1d") == "not_allowed"
    assert decide(hold, "ann@example.com", "reject") == "accepted"


def test_only_named_operators_reassign_what_waits_for_named_approvers() -> None:
    assert held(approvers=["ann"]).may("ann", "reassign")
    assert held(approvers=["ann"], operators=[]).may("ann", "extend")
    assert held(approvers=["ann"], operators=["op"]).may("ann", "extend")
    assert held(approvers=["ann"], operators=["op"]).may("OP", "extend") is None
    assert held().may("anyone", "extend") is None
    assert held(kind="failure", approvers=["op"]).may("ann", "retry")


def test_an_edit_needs_leave() -> None:
    assert decide(held(), "ann", "edit", edits={"x": 1}) == "not_allowed"
    assert decide(held(allowEdit=True), "ann", "edit") == "invalid"
    assert decide(held(), "ann", "approve", edits={"x": 1}) == "invalid"


@pytest.mark.parametrize("reason", [None, "", "   "])
def test_a_refusal_may_need_a_reason(reason: Any) -> None:
    assert decide(held(rejectNeedsReason=True), "ann", "reject", reason=reason) == "invalid"
    assert decide(held(rejectNeedsReason=True), "ann", "reject", reason="no money") == "accepted"


def test_only_a_refusal_counts_after_the_deadline() -> None:
    late = "2026-01-01T00:00:00.000Z"
    assert decide(held(deadline=late), "ann") == "expired"
    assert decide(held(deadline=late, operators=["ann"]), "ann", "extend", deadline="1d") == "expired"
    assert decide(held(deadline=late), "ann", "reject") == "accepted"
    assert decide(held(deadline="2026-01-01T00:00:00.001Z"), "ann") == "accepted"


def test_a_digest_that_is_quoted_must_be_right_and_may_be_required() -> None:
    assert decide(held(), "ann", digest="0" * 64) == "digest_mismatch"
    assert decide(held(digestRequired=True), "ann") == "digest_mismatch"
    assert decide(held(digestRequired=True), "ann", digest=seal(REQUEST)) == "accepted"


def test_reassigning_voids_the_votes_of_those_who_no_longer_may() -> None:
    hold = held(quorum=2, approvers=["ann", "bob"])
    decide(hold, "ann")
    hold.reassign(["bob", "cy"])
    assert hold.votes == []
    assert decide(hold, "ann") == "not_allowed"


def test_escalation_adds_people_and_leaves_anyone_anyone() -> None:
    hold = held(approvers=["ann"], escalateTo=["Ann", "boss"])
    hold.escalate()
    assert hold.approvers == ["ann", "boss"]
    hold = held(escalateTo=["boss"])
    hold.escalate()
    assert hold.approvers == []


def test_names_are_distinct_as_people_are() -> None:
    assert distinct(["a", "B", "A ", "c", "b"]) == ["a", "B", "c"]


def test_the_audit_is_bounded_in_entries_and_in_bytes() -> None:
    holds = Holds()
    said = {"hold": "\U0001f600" * 5_000, "by": "é" * 5_000, "decision": ["approve"]}
    for _ in range(AUDITED_REFUSALS + 50):
        holds.note(said, "invalid", "signal", NOW, counted=False)
    holds.note(
        {"hold": "x"}, "accepted", "update", NOW + timedelta(1), counted=True, more={"edits": [{"value": "x" * 5_000}]}
    )
    audit = holds.audit_json()
    assert len(audit) == AUDITED_REFUSALS + 2
    assert audit[-1] == {"more": 50}
    assert audit[-2]["result"] == "accepted"
    assert audit[-2]["cut"] is True
    assert all(measure(entry) <= AUDIT_ENTRY_SIZE for entry in audit)
