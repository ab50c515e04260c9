"""The checks of the sandbox's Aircall and Facebook."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.together import together
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendors.aircall import AircallVendor
from workers.sandbox.vendors.facebook import FacebookVendor

NUMBER = {"label": "Work", "value": "+18126415139"}
CONTACT = {"first_name": "Ada", "last_name": "Lovelace", "phone_numbers": [NUMBER]}
PASSED = {"recipient": {"id": "7001"}, "target_app_id": "263902037430900"}


def contact(vendor: AircallVendor, body: Any, *, user: str = "id", given: str = "token") -> VendorAnswer:
    signed = f"Basic {base64.b64encode(f'{user}:{given}'.encode()).decode()}"
    content = json.dumps(body).encode()
    return vendor.answer(ReceivedRequest("POST", "/v1/contacts", {}, {"authorization": signed}, content))


def search(vendor: AircallVendor, **query: str) -> dict[str, Any]:
    signed = f"Basic {base64.b64encode(b'id:token').decode()}"
    answer = vendor.answer(ReceivedRequest("GET", "/v1/contacts/search", query, {"authorization": signed}, b""))
    assert answer.status == 200
    found: dict[str, Any] = answer.body
    return found


def pass_on(
    body: Any, *, page: str = "900", version: str = "v21.0", given: str = "token", method: str = "POST"
) -> VendorAnswer:
    path = f"/{version}/{page}/pass_thread_control"
    headers = {"authorization": f"Bearer {given}"} if given else {}
    return FacebookVendor().answer(ReceivedRequest(method, path, {}, headers, json.dumps(body).encode()))


def test_aircall_keeps_contacts_and_finds_them_by_number_and_address() -> None:
    vendor = AircallVendor()
    made = contact(vendor, {**CONTACT, "emails": [{"label": "Work", "value": "ada@example.net"}]})
    assert (made.status, made.accepted, made.body["contact"]["first_name"]) == (201, True, "Ada")
    contact(vendor, {**CONTACT, "phone_numbers": [{**NUMBER, "value": "+15550123"}]})
    for query in ({"phone_number": "+18126415139"}, {"phone_number": "18126415139"}, {"email": "ADA@example.net"}):
        assert [one["id"] for one in search(vendor, **query)["contacts"]] == [made.body["contact"]["id"]]
    assert search(vendor, phone_number="+4930123")["contacts"] == []
    first = search(vendor, per_page="1")
    assert (first["meta"]["total"], len(first["contacts"])) == (2, 1)
    assert first["meta"]["next_page_link"].endswith("page=2&per_page=1")
    assert search(vendor, per_page="1", page="2")["meta"]["next_page_link"] is None
    assert [panel.facts["numbers"] for panel in vendor.panels()] == ["+15550123", "+18126415139"]
    vendor.clear()
    assert search(vendor)["contacts"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ([], "Invalid JSON payload"),
        ({"first_name": "Ada"}, "phone_numbers can't be blank"),
        ({**CONTACT, "nickname": "Ada"}, "nickname is not a field"),
        ({**CONTACT, "phone_numbers": [NUMBER] * 21}, "at most 20"),
        ({**CONTACT, "phone_numbers": [{"value": "+18126415139"}]}, "label"),
        ({**CONTACT, "phone_numbers": [{**NUMBER, "value": "0812"}]}, "0812 is not a valid phone number"),
        ({**CONTACT, "phone_numbers": [{**NUMBER, "value": ""}]}, "is not a valid phone number"),
    ],
)
def test_aircall_refuses_a_contact_that_is_wrong(body: Any, says: str) -> None:
    answer = contact(AircallVendor(), body)
    assert (answer.status, answer.accepted, {*answer.body}) == (400, False, {"error", "troubleshoot"})
    assert says in answer.body["error"]


@pytest.mark.parametrize(("user", "token"), [("", "token"), ("id", ""), ("id", "invalid")])
def test_aircall_checks_id_and_token(user: str, token: str) -> None:
    answer = contact(AircallVendor(), CONTACT, user=user, given=token)
    assert (answer.status, answer.body["error"]) == (401, "Unauthorized")


def test_aircall_says_as_a_unix_time_when_its_limit_ends() -> None:
    headers = AircallVendor().failure(429, 7).headers
    assert headers["X-AircallApi-Remaining"] == "0"
    assert 0 <= int(headers["X-AircallApi-Reset"]) - time.time() <= 7
    assert AircallVendor().failure(500, None).headers == {}


def test_facebook_passes_a_thread_on() -> None:
    answer = pass_on({**PASSED, "metadata": "from the bot"})
    assert (answer.status, answer.body, answer.accepted) == (200, {"success": True}, True)
    assert pass_on({**PASSED, "access_token": "token"}, given="").status == 200


@together(
    ("body", "more", "code"),
    [
        (PASSED, {"given": ""}, 190),
        (PASSED, {"given": "invalid"}, 190),
        (PASSED, {"version": "v1.0"}, 2500),
        (PASSED, {"method": "GET"}, 2500),
        ({"target_app_id": "1"}, {}, 100),
        ({**PASSED, "target_app_id": "inbox"}, {}, 100),
        ({**PASSED, "metadata": "x" * 1001}, {}, 100),
        ({**PASSED, "appId": "1"}, {}, 100),
        (PASSED, {"page": "forbidden"}, 200),
        ({**PASSED, "recipient": {"id": "gone-1"}}, {}, 551),
        ({**PASSED, "recipient": {"id": "taken-1"}}, {}, 10),
    ],
)
def test_facebook_refuses_with_its_codes(body: Any, more: dict[str, str], code: int) -> None:
    answer = pass_on(body, **more)
    assert (answer.body["error"]["code"], answer.accepted) == (code, False)
    assert {*answer.body["error"]} == {"message", "type", "code", "fbtrace_id"}


@pytest.mark.parametrize(("status", "code"), [(429, 32), (503, 2), (400, 1)])
def test_facebook_fails_with_its_codes(status: int, code: int) -> None:
    answer = FacebookVendor().failure(status, 7)
    assert (answer.status, answer.body["error"]["code"], answer.headers["Retry-After"]) == (status, code, "7")
