"""What the worker answers to runs about approvals, asked as Temporal asks it."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.attempt.contracts import Contracts
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import Secrets
from activities.catalog import catalog
from trunkline import wire as names
from workers.approvals.groups import Groups
from workers.approvals.index import index
from workers.approvals.signing import SigningKey, SigningKeys, sign
from workers.process.approval_activities import ApprovalActivities

JSON = dict[str, Any]

ENCRYPTION = "k1:" + base64.b64encode(b"e" * 32).decode()
SECRET = b"g" * 32
GROUPS = {"finance": ["Ann@example.com", "bob@example.com"], "nobody": []}


def request(**config: Any) -> JSON:
    config = {
        "method": "POST",
        "url": "https://shop.example.com/refunds",
        "headers": {"X": "{{secrets.pin}}"},
        **config,
    }
    places = [{"path": "/headers/X", "name": "pin", "start": 0}]
    return {"actionType": "http_request", "config": config, "secrets": places}


def people(*names_: str) -> list[JSON]:
    """Return entries: `group:finance` is a group, anything else a person."""
    return [{"group": n.removeprefix("group:")} if n.startswith("group:") else {"person": n} for n in names_]


@pytest.fixture
def decision_lock() -> ApprovalActivities:
    secrets = Secrets(None, {"TRUNKLINE_SECRET_PIN": "1234567890"})
    contracts = Contracts(catalog(), secrets, Scrubber(["1234567890"]), 2_000)
    return ApprovalActivities(
        contracts, Groups(GROUPS), SigningKeys({"gateway": {"hmac": base64.b64encode(SECRET).decode()}})
    )


async def answer(decision_lock: ApprovalActivities, name: str, **asked: Any) -> JSON:
    """Ask as a run does: by the activity's name, with plain JSON, for plain JSON."""
    activities = {run.__temporal_activity_definition.name: run for run in decision_lock.activities()}  # type: ignore[attr-defined] # the SDK keeps the name there
    said: JSON = await ActivityEnvironment().run(activities[name], json.loads(json.dumps(asked)))
    assert json.loads(json.dumps(said)) == said
    return said


async def check(decision_lock: ApprovalActivities, **asked: Any) -> JSON:
    return await answer(decision_lock, names.CHECK, **asked)


async def refused(decision_lock: ApprovalActivities, **asked: Any) -> str:
    said = await check(decision_lock, **asked)
    assert said.keys() == {"refused"}
    sentence: str = said["refused"]
    return sentence


async def test_a_request_that_can_be_sent_may_be_held(decision_lock: ApprovalActivities) -> None:
    assert await check(decision_lock, request=request()) == {"people": {}, "at": {}}


async def test_one_that_cannot_may_not(decision_lock: ApprovalActivities) -> None:
    assert "`url`" in await refused(decision_lock, request=request(url="nowhere"))
    missing = {**request(), "secrets": [{"path": "/headers/X", "name": "absent", "start": 0}]}
    assert "'absent' is not set" in await refused(decision_lock, request=missing)


async def test_an_edit_is_judged_by_what_it_changes(decision_lock: ApprovalActivities) -> None:
    assert await check(decision_lock, request=request(body="new"), previous=request()) == {"people": {}, "at": {}}
    assert "url must stay" in await refused(
        decision_lock, request=request(url="https://x.example.com"), previous=request()
    )
    assert "`url`" in await refused(decision_lock, request=request(url="nowhere"), previous=request())


async def test_people_are_resolved_in_order_and_each_counts_once(decision_lock: ApprovalActivities) -> None:
    said = await check(
        decision_lock,
        people={
            "approvers": people("zoe@example.com", "group:finance", " BOB@example.com", "", "zoe@example.com"),
            "operators": people("group:finance"),
            "escalateTo": [],
        },
        quorum=3,
    )
    assert said["people"] == {
        "approvers": ["zoe@example.com", "Ann@example.com", "bob@example.com"],
        "operators": ["Ann@example.com", "bob@example.com"],
        "escalateTo": [],
    }


async def test_a_text_that_looks_like_a_group_is_a_person(decision_lock: ApprovalActivities) -> None:
    said = await check(decision_lock, people={"approvers": [{"person": "group:finance"}]})
    assert said["people"] == {"approvers": ["group:finance"]}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"people": {"approvers": people("group:sales")}},
            "no group 'sales'; this worker's TRUNKLINE_GROUPS has finance",
        ),
        ({"people": {"approvers": []}}, "`approvers` comes to nobody"),
        ({"people": {"approvers": people("", " ", "group:nobody")}}, "`approvers` comes to nobody"),
        ({"people": {"approvers": [{"person": None}]}}, "`approvers` comes to nobody"),
        ({"people": {"operators": people("group:nobody")}}, "`operators` comes to nobody"),
        ({"people": {"approvers": [{"person": 5}]}}, "must come to texts"),
        ({"people": {"approvers": [{"person": {"a": ["x"] * 500}}]}}, "must come to texts"),
        ({"people": {"approvers": people("x" * 257)}}, "at most 256 characters"),
        ({"people": {"approvers": people("group:finance", "ANN@example.com")}, "quorum": 3}, "quorum is 3"),
        (
            {"people": {"approvers": people("group:finance")}, "quorum": 2, "excluded": " ann@EXAMPLE.com "},
            "comes to 1 without",
        ),
        ({"people": {"approvers": people("ann@example.com")}, "excluded": "ann@example.com"}, "comes to 0 without"),
    ],
)
async def test_a_hold_that_nobody_could_release_is_not_opened(
    decision_lock: ApprovalActivities, asked: JSON, words: str
) -> None:
    sentence = await refused(decision_lock, **asked)
    assert words in sentence
    assert len(sentence) < 300


async def test_where_anybody_may_decide_the_excluded_one_does_not_count(decision_lock: ApprovalActivities) -> None:
    assert "refused" not in await check(decision_lock, excluded="ann@example.com", quorum=2)
    said = await check(
        decision_lock, people={"approvers": people("group:finance")}, excluded="ann@example.com", quorum=1
    )
    assert said["people"]["approvers"] == ["Ann@example.com", "bob@example.com"]


async def test_signed_decisions_need_keys(decision_lock: ApprovalActivities) -> None:
    assert "refused" not in await check(decision_lock, verified=True)
    without = ApprovalActivities(decision_lock.contracts, decision_lock.groups, SigningKeys())
    assert "TRUNKLINE_SIGNING_KEYS" in await refused(without, verified=True)


BERLIN = {"timeZone": "Europe/Berlin"}
FRIDAY = "2026-03-06T15:00:00.000Z"  # 16:00 in Berlin


async def test_clocks_strike_in_business_time(decision_lock: ApprovalActivities) -> None:
    times = {"remindAfter": 1_800_000, "escalateAfter": 7_200_000, "expiresAfter": 86_400_000}
    said = await check(decision_lock, times=times, since=FRIDAY)
    assert said["at"] == {
        "remind": "2026-03-06T15:30:00.000Z",
        "escalate": "2026-03-06T17:00:00.000Z",
        "expire": "2026-03-07T15:00:00.000Z",
    }
    said = await check(decision_lock, times={**times, "businessHours": BERLIN}, since=FRIDAY)
    assert said["at"] == {
        "remind": "2026-03-06T15:30:00.000Z",
        "escalate": "2026-03-09T09:00:00.000Z",
        "expire": "2026-03-11T15:00:00.000Z",
    }
    assert (await check(decision_lock, times={"businessHours": BERLIN}, since=FRIDAY))["at"] == {}


async def test_hours_that_never_come_are_refused(decision_lock: ApprovalActivities) -> None:
    times = {"expiresAfter": 1, "businessHours": {"timeZone": "Europe/Atlantis"}}
    assert "no time zone 'Europe/Atlantis'" in await refused(decision_lock, times=times, since=FRIDAY)
    assert "within ten years" in await refused(decision_lock, times={"expiresAfter": 10**15}, since=FRIDAY)


async def test_with_encryption_everybody_is_indexed_under_a_keyed_hash(decision_lock: ApprovalActivities) -> None:
    encrypted = ApprovalActivities(decision_lock.contracts, decision_lock.groups, decision_lock.signing, [ENCRYPTION])
    asked = {"approvers": people("group:finance"), "escalateTo": people("boss@example.com", "bob@example.com")}
    said = await check(encrypted, people=asked)
    assert said["index"] == index(["Ann@example.com", "bob@example.com", "boss@example.com"], [ENCRYPTION])
    assert "index" not in await check(decision_lock, people=asked)


NOW = "2026-03-02T12:00:00.000Z"
RUN = {"workflowId": "refunds/evt_1", "firstRunId": "run-1", "now": NOW}


async def test_a_signature_is_judged(decision_lock: ApprovalActivities) -> None:
    decision = {"hold": "refund", "decision": "approve", "by": "ann@example.com", "digest": "0" * 64}
    key = SigningKey("gateway", lambda message: hmac.digest(SECRET, message, "sha256"))
    proof = sign(decision, workflow_id="refunds/evt_1", first_run_id="run-1", key=key, exp=1772454000)
    assert await answer(decision_lock, names.VERIFY, decision={**decision, "proof": proof}, **RUN) == {}
    other = await answer(decision_lock, names.VERIFY, decision={**decision, "by": "bob", "proof": proof}, **RUN)
    assert other.keys() == {"refused"}
    none = await answer(decision_lock, names.VERIFY, decision=decision, **RUN)
    assert none.keys() == {"refused", "malformed"}


async def test_a_supplied_result_is_judged(decision_lock: ApprovalActivities) -> None:
    result = {"status": 200, "headers": {}, "body": {"id": 7}}
    assert await answer(decision_lock, names.SUPPLY, actionType="http_request", result=result) == {"result": result}
    assert await answer(decision_lock, names.SUPPLY, actionType="http_request", result=result, pick=["body", "no"]) == {
        "result": None,
        "missing": [["body", "no"]],
    }
    said = await answer(decision_lock, names.SUPPLY, actionType="http_request", result="done")
    assert "not what http_request gives" in said["refused"]


async def test_the_next_reminder_comes_in_business_time(decision_lock: ApprovalActivities) -> None:
    asked = {"due": FRIDAY, "now": FRIDAY, "every": 7_200_000}
    assert await answer(decision_lock, names.REMIND, **asked) == {"at": "2026-03-06T17:00:00.000Z", "late": False}
    friday = await answer(
        decision_lock, names.REMIND, **asked, businessHours=BERLIN, deadline="2026-03-09T09:00:00.000Z"
    )
    assert friday == {"at": "2026-03-09T09:00:00.000Z", "late": False}
    assert await answer(decision_lock, names.REMIND, **asked, businessHours={"timeZone": "x"}) == {"late": False}


async def test_reminders_that_were_missed_are_one(decision_lock: ApprovalActivities) -> None:
    asked = {"due": FRIDAY, "now": "2026-03-06T22:30:00.000Z", "every": 7_200_000}
    assert await answer(decision_lock, names.REMIND, **asked) == {"at": "2026-03-06T23:00:00.000Z", "late": False}
    late = await answer(decision_lock, names.REMIND, **asked, deadline="2026-03-06T22:30:00.000Z")
    assert late == {"at": "2026-03-06T23:00:00.000Z", "late": True}


async def test_what_a_run_finds_out_is_only_written_down(decision_lock: ApprovalActivities) -> None:
    question = ActivityEnvironment().run
    assert await question(decision_lock.note, True) is True
    assert await question(decision_lock.note, False) is False
