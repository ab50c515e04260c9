from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.together import together
from workers.definitions.model.approvals import (
    MAX_BANDS,
    MAX_NOTICES,
    MAX_PEOPLE,
    MAX_QUORUM,
    ApprovalDefinition,
)
from workers.definitions.model.hours import BusinessHoursDefinition

BAND = {"when": {"all": []}, "quorum": 2}
NOTICE = {"actionType": "send_slack_message"}


def test_every_key_is_read() -> None:
    approval = ApprovalDefinition.model_validate(
        {
            "approvers": ["group:finance", " lead@example.com ", "{{ticket.assignee.email}}"],
            "quorum": 2,
            "selfApproval": False,
            "requester": "{{ticket.owner}}",
            "rejectNeedsReason": True,
            "allowEdit": "needsApproval",
            "operators": ["group:ops"],
            "bands": [{"when": {"all": []}, "approvers": ["cfo@example.com"], "verified": True}],
            "remindAfter": "4h",
            "escalateAfter": "1d",
            "escalateTo": ["head@example.com"],
            "expiresAfter": "3d",
            "onExpiry": "skip",
            "businessHours": {"timeZone": "Europe/Berlin", "start": "8:30", "holidays": ["2026-12-25"]},
            "verified": True,
            "recheck": True,
            "notify": [{"on": ["opened"], "actionType": "send_sms", "config": {}, "timeout": "5s", "retry": {}}],
        }
    )
    assert approval.approvers == ["group:finance", "lead@example.com", "{{ticket.assignee.email}}"]
    assert (approval.remind_after, approval.escalate_after, approval.expires_after) == (
        14_400_000,
        86_400_000,
        259_200_000,
    )
    assert isinstance(approval.business_hours, BusinessHoursDefinition)
    assert approval.business_hours.start == "08:30"


def test_a_group_is_written_in_lower_case_and_spaces_around_its_name_do_not_matter() -> None:
    assert ApprovalDefinition.model_validate({"approvers": ["group: finance "]}).approvers == ["group:finance"]


@together(
    "wrong",
    [
        {"approvers": ["group:"]},
        {"approvers": ["Group:finance"]},
        {"approvers": ["group:finance, legal"]},
        {"approvers": ["group:" + "x" * 101]},
        {"approvers": ["group:{{ticket.team}}"]},
        {"approvers": ["group:{% if x %}a{% endif %}"]},
        {"approvers": [" "]},
        {"approvers": [{"group": "finance"}]},
        {"approvers": "lead@example.com"},
        {"approvers": ["a"] * (MAX_PEOPLE + 1)},
        {"operators": []},
        {"escalateTo": []},
        {"quorum": 0},
        {"quorum": MAX_QUORUM + 1},
        {"quorum": True},
        {"selfApproval": "no"},
        {"allowEdit": "yes"},
        {"allowEdit": 1},
        {"onExpiry": "ignore"},
        {"expiresAfter": 50},
        {"remindAfter": "400d"},
        {"bands": [{"when": {"all": []}}]},
        {"bands": [{"quorum": 2}]},
        {"bands": [{**BAND, "expiresAfter": "1d"}]},
        {"bands": [BAND] * (MAX_BANDS + 1)},
        {"notify": [{**NOTICE, "on": []}]},
        {"notify": [{**NOTICE, "on": ["expired"]}]},
        {"notify": [{**NOTICE, "saveAs": "x"}]},
        {"notify": [{**NOTICE, "retry": {"onUnknown": "hold"}}]},
        {"notify": [NOTICE] * (MAX_NOTICES + 1)},
        {"approver": ["lead@example.com"]},
    ],
)
def test_policies_that_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        ApprovalDefinition.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"timeZone": "UTC", "days": []},
        {"timeZone": "UTC", "days": ["monday"]},
        {"timeZone": "UTC", "start": "9"},
        {"timeZone": "UTC", "start": 900},
        {"timeZone": "UTC", "end": "24:00"},
        {"timeZone": "UTC", "start": "17:00"},
        {"timeZone": "UTC", "start": "22:00"},
        {"timeZone": "UTC", "start": "09:00", "end": "09:00"},
        {"timeZone": "UTC", "holidays": ["25.12.2026"]},
        {"timeZone": "UTC", "holidays": ["2026-02-30"]},
    ],
)
def test_hours_that_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        BusinessHoursDefinition.model_validate(wrong)


def test_a_night_is_a_day_that_ends_on_the_next_morning() -> None:
    hours = BusinessHoursDefinition.model_validate({"timeZone": "UTC", "start": "22:00", "end": "06:00"})
    assert (hours.start, hours.end) == ("22:00", "06:00")


def test_a_day_may_end_before_the_usual_hour_if_it_begins_earlier() -> None:
    assert BusinessHoursDefinition.model_validate({"timeZone": "UTC", "start": "05:00", "end": "08:00"}).end == "08:00"


@together(
    "name",
    [
        "ann\u200b",
        "\u202eann",
        "a\x07nn",
        "ann\n",
        "ann\u2028",
        "ann\ufe0f",
        "group:finance\u200b",
        "{{x}}\u200d",
        "\xa0ann",
    ],
)
@together("key", ["approvers", "operators", "escalateTo"])
def test_an_id_that_hides_something_is_a_problem(key: str, name: str) -> None:
    with pytest.raises(ValidationError, match="which nobody sees") as refused:
        ApprovalDefinition.model_validate({key: ["ok@example.com", name]})
    assert [error["type"] for error in refused.value.errors()] == ["bad-name"]


def test_a_template_over_several_lines_hides_nothing() -> None:
    approval = ApprovalDefinition.model_validate({"approvers": ["{% if x %}\n\tann\n{% endif %}\n"]})
    assert approval.approvers == ["{% if x %}\n\tann\n{% endif %}"]
