"""What a row sends, and what it makes of an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.action import Action
from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.rest.endpoint import endpoint, found_by
from activities.rest.paging import Listed, Paging
from activities.rest.query import query_text
from tests.activities.conftest import KEY
from tests.activities.http_client.wire import Wire, drop, ok
from tests.activities.rest import rows
from tests.activities.rest.conftest import Call, told

ADA = {"data": {"id": "p1", "attributes": {"name": "Ada"}}}
FOUND = {"found": True, "id": "p1", "attributes": {"name": "Ada"}}


async def test_a_get_is_signed_in_and_its_answer_unwrapped(call: Call, wire: Wire) -> None:
    wire.reply(told(ADA))
    assert await call(rows.LOOKUP, {"id": "p1"}) == FOUND
    [seen] = wire.requests
    assert (seen.method, seen.target, seen.body) == ("GET", "/v1/people/p1", b"")
    assert seen.headers["authorization"] == "Bearer key-1234567890"
    assert (seen.headers["x-version"], seen.headers["accept"]) == ("7", "application/json")
    assert "content-type" not in seen.headers


@pytest.mark.parametrize("base", ["", "/gateway/desk", "/gateway/desk/"])
async def test_paths_are_below_the_connections_address(call: Call, wire: Wire, base: str) -> None:
    wire.reply(told(ADA))
    await call(rows.LOOKUP, {"id": "p1"}, base=base)
    assert wire.requests[0].target == f"{base.rstrip('/')}/v1/people/p1"


async def test_the_vendors_own_address_is_made_of_the_connection() -> None:
    assert rows.DESK.base(rows.Desk(site="acme", api_key="k")) == "https://acme.helpdesk.example.com"


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("a+b@example.com", "a%2Bb%40example.com"),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("..;", "..%3B"),
        ("%2e%2e", "%252e%252e"),
        ("a?b=c#d", "a%3Fb%3Dc%23d"),
        ("zoë 😀", "zo%C3%AB%20%F0%9F%98%80"),
        ("...", "..."),
        ("a\r\nb\0", "a%0D%0Ab%00"),
        (7, "7"),
    ],
)
async def test_a_value_in_a_path_stays_one_segment(call: Call, wire: Wire, value: Any, target: str) -> None:
    wire.reply(told(ADA))
    await call(rows.LOOKUP, {"id": value})
    assert wire.requests[0].target == f"/v1/people/{target}"


@pytest.mark.parametrize("value", ["", ".", "..", "half \ud83d"])
@pytest.mark.parametrize("action", [rows.LOOKUP, rows.DELETE, rows.CHARGE])
async def test_a_value_that_would_lead_elsewhere_is_refused(call: Call, wire: Wire, action: Action, value: str) -> None:
    with pytest.raises(Refused, match="`id`"):
        await call(action, {"id": value})
    assert wire.requests == []


async def test_a_body_has_aliases_and_no_nulls_and_not_what_is_in_the_path(call: Call, wire: Wire) -> None:
    wire.reply(told(ADA, status="201 Created"))
    config = {"fullName": "Ada", "custom": {"a": None, "b": [1]}, "connection": "desk"}
    assert await call(rows.CREATE, config) == FOUND
    await call(rows.CHANGE, {"id": "p1", "noteText": "Hi"})
    await call(rows.REPLACE, {"id": "p1"})
    created, changed, replaced = wire.requests
    assert json.loads(created.body) == {"fullName": "Ada", "tags": [], "custom": {"a": None, "b": [1]}}
    assert created.headers["content-type"] == "application/json"
    assert (changed.target, json.loads(changed.body)) == ("/v1/x/p1", {"noteText": "Hi"})
    assert replaced.body == b"{}", "an update that changes nothing is JSON all the same"


async def test_fields_go_where_the_row_says(call: Call, wire: Wire) -> None:
    wire.reply(told(ADA))
    await call(rows.CHARGE, {"id": "p1", "noteText": "Hi", "notify": False})
    await call(rows.UNTAG, {"id": "1", "tagNames": ["a", "b"]})
    await call(rows.FORM, {"text": "a&b=c +ü", "tags": ["x", "y"], "open": True})
    await call(rows.DELETE, {"id": "1"})
    charge, untag, form, delete = wire.requests
    assert charge.target == "/v1/people/p1/charges?notify=false"
    assert json.loads(charge.body) == {"noteText": "Hi"}
    assert charge.headers["idempotency-key"] == KEY
    assert (untag.target, json.loads(untag.body)) == ("/v1/x/1/tags", ["a", "b"])
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form.body == b"text=a%26b%3Dc%20%2B%C3%BC&tags=x&tags=y&open=true"
    assert (delete.body, "content-type" in delete.headers) == (b"", False)


async def test_a_gets_fields_are_its_query(call: Call, wire: Wire) -> None:
    wire.reply(told({"data": [], "links": {"next": None}}))
    await call(rows.SEARCH, {"text": "a+b &c", "tags": ["x", "y"], "open": True})
    assert wire.requests[0].target == "/v1/search?kind=ticket&text=a%2Bb%20%26c&tags=x&tags=y&open=true"


def test_lists_in_a_query_are_written_as_the_service_wants_them() -> None:
    values = {"a": ["x,y", None, 2], "b": None, "c": True, "d": []}
    assert query_text(values, "repeat") == "a=x%2Cy&a=2&c=true"
    assert query_text(values, "brackets") == "a%5B%5D=x%2Cy&a%5B%5D=2&c=true"
    assert query_text(values, "comma") == "a=x%2Cy,2&c=true"
    with pytest.raises(Refused, match="`a`"):
        query_text({"a": {"b": 1}}, "repeat")
    with pytest.raises(Refused, match="`a`"):
        query_text({"a": [[1]]}, "repeat")


@pytest.mark.parametrize(
    ("action", "repeat"),
    [
        (rows.LOOKUP, "safe"),
        (rows.REPLACE, "safe"),
        (rows.DELETE, "safe"),
        (rows.CREATE, "never"),
        (rows.CHANGE, "never"),
        (rows.CHARGE, "keyed"),
        (rows.FORM, "safe"),
    ],
)
def test_what_may_be_repeated_follows_from_the_method(action: Action, repeat: str) -> None:
    assert action.repeats(action.example) == repeat


@pytest.mark.parametrize(("action", "marks"), [(rows.LOOKUP, 0), (rows.CREATE, 1), (rows.DELETE, 1)])
async def test_what_has_an_effect_is_marked_before_it_is_sent(
    call: Call, wire: Wire, action: Action, marks: int
) -> None:
    wire.reply(told(ADA))
    marked: list[int] = []

    async def sending() -> None:
        marked.append(len(wire.requests))

    await call(action, dict(action.example), sending=sending)
    assert marked == [0] * marks


async def test_a_404_is_a_result_where_the_row_says_so(call: Call, wire: Wire) -> None:
    wire.reply(told({"errors": [{"message": "Not found"}]}, status="404 x"))
    assert await call(rows.LOOKUP, {"id": "p1"}) == {"found": False, "id": None, "attributes": {}}
    with pytest.raises(Refused, match="404: Not found"):
        await call(rows.DELETE, {"id": "p1"})


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "204 No Content"])
async def test_no_body_is_a_result_of_defaults(call: Call, wire: Wire, status: str) -> None:
    wire.reply(ok(b"", status=status, kind=""))
    assert (await call(rows.DELETE, {"id": "p1"}))["found"] is True


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"<html>Sign in</html>", kind="text/html"),
        ok(b"not json"),
        told({"no": "data"}),
        told([]),
        told(5),
        told({"data": {"id": {"not": "a text"}}}),
        told({"data": "text"}),
    ],
)
@pytest.mark.parametrize("action", [rows.LOOKUP, rows.CREATE])
async def test_a_success_that_cannot_be_read_is_of_unknown_outcome(
    call: Call, wire: Wire, action: Action, answer: bytes
) -> None:
    wire.reply(answer)
    with pytest.raises(OutcomeUnknown, match="Helpdesk answered 200") as raised:
        await call(action, dict(action.example))
    assert raised.value.status == 200


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (400, {"errors": [{"code": "bad", "message": "Unknown field."}]}, Refused, "Unknown field"),
        (400, {"errors": [{"status": 400, "title": "Bad", "detail": "No such id"}]}, Refused, "No such id"),
        (401, {"message": "Bad key"}, Refused, "Bad key"),
        (403, {"error": "Forbidden"}, Refused, "Forbidden"),
        (409, {"error": {"type": "x", "message": "In use"}}, Refused, "In use"),
        (422, {"errors": {"email": ["is taken", "is odd"]}}, Refused, "email: is taken; is odd"),
        (429, {"message": "Slow down"}, Unavailable, "Slow down"),
        (500, {"message": "Oops\r\n\x1b[2J"}, OutcomeUnknown, "Oops [2J"),
        (502, "<html>", OutcomeUnknown, "no reason given"),
        (503, {}, OutcomeUnknown, "no reason given"),
        (404, [[[[[[["deep"]]]]]]], Refused, "no reason given"),
        (418, {"errors": [None, 5, {"message": 7}]}, Refused, "no reason given"),
        (302, {"message": "Moved"}, Refused, "Moved"),
    ],
)
async def test_refusals_are_sentences_of_the_right_kind(  # fixtures and a case
    call: Call, wire: Wire, status: int, body: Any, kind: type[ActionError], sentence: str
) -> None:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    wire.reply(ok(raw, status=f"{status} x"))
    with pytest.raises(ActionError) as raised:
        await call(rows.CREATE, {"fullName": "Ada"})
    assert type(raised.value) is kind
    assert str(raised.value) == f"Helpdesk answered {status}: {sentence}."
    assert raised.value.status == status


async def test_a_dropped_connection_is_of_unknown_outcome(call: Call, wire: Wire) -> None:
    wire.reply(drop)
    with pytest.raises(OutcomeUnknown):
        await call(rows.CREATE, {"fullName": "Ada"})


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, ["Retry-After: 7", "X-RateLimit-Reset: 50"], 7),
        (429, ["X-RateLimit-Reset: 12"], 12),
        (429, ["X-RateLimit-Reset: 5000"], 60),
        (429, ["X-RateLimit-Reset: {unix:.0f}"], 40),
        (429, ["X-RateLimit-Reset: {milliseconds:.0f}"], 40),
        (429, ["X-RateLimit-Reset: {iso}"], 40),
        (429, ["X-RateLimit-Reset: soon"], None),
        (429, ["X-RateLimit-Reset: -5"], None),
        (429, [], None),
        (403, ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 12"], 12),
    ],
)
async def test_a_limit_says_when_to_come_back(
    call: Call, wire: Wire, status: int, headers: list[str], wait: float | None
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=40)
    times = {"unix": soon.timestamp(), "milliseconds": soon.timestamp() * 1000, "iso": soon.isoformat()}
    sent = [header.format(**times) for header in headers]
    wire.reply(told({"message": "Slow down"}, *sent, status=f"{status} x"))
    with pytest.raises(Unavailable) as raised:
        await call(rows.CREATE, {"fullName": "Ada"})
    assert raised.value.retry_after == (None if wait is None else pytest.approx(wait, abs=5))


@pytest.mark.parametrize("headers", [["X-RateLimit-Remaining: 3", "X-RateLimit-Reset: 12"], ["X-RateLimit-Reset: 12"]])
async def test_a_403_is_no_limit_while_some_is_left(call: Call, wire: Wire, headers: list[str]) -> None:
    wire.reply(told({"message": "No rights"}, *headers, status="403 x"))
    with pytest.raises(Refused):
        await call(rows.CREATE, {"fullName": "Ada"})


async def test_a_service_may_judge_a_200_by_its_own_rules(call: Call, wire: Wire) -> None:
    from dataclasses import replace

    def judge(answer: Any) -> ActionError | None:
        body = answer.json()
        return None if body["ok"] else Refused(f"Helpdesk refused: {body['error']}.", status=answer.status)

    strict = replace(rows.DESK, judge=judge, unwrap=lambda body: body)
    row = endpoint(strict, "helpdesk.post", "Post.", "POST /post", rows.Person, rows.Record, example={})
    wire.reply(told({"ok": False, "error": "is_archived"}))
    with pytest.raises(Refused, match="is_archived"):
        await call(row, {"fullName": "Ada"})
    wire.reply(told({"neither": 1}))
    with pytest.raises(OutcomeUnknown):
        await call(row, {"fullName": "Ada"})
    wire.reply(ok(b"<html>", status="502 x"))
    with pytest.raises(OutcomeUnknown, match="502"):
        await call(row, {"fullName": "Ada"})
    wire.reply(told({"ok": True, "id": "p9"}))
    assert (await call(row, {"fullName": "Ada"}))["id"] == "p9"


async def test_a_look_up_reads_all_pages_and_keeps_what_is_the_steps(
    desk_context: Callable[..., Context], wire: Wire
) -> None:
    mine = {"id": "p2", "attributes": {"key": KEY}}
    wire.reply(
        told({"data": [{"id": "p1", "attributes": {}}], "links": {"next": "/v1/people?page=2"}}),
        told({"data": [mine], "links": {"next": None}}),
    )
    assert rows.CREATE.look is not None
    config = rows.CREATE.config.model_validate({"fullName": "Ada"})
    found = await rows.CREATE.look(config, desk_context(action="helpdesk.person_create"), datetime.now(UTC))
    assert [record.model_dump()["id"] for record in found] == ["p2"]
    assert [seen.target for seen in wire.requests] == ["/v1/people?sort=newest", "/v1/people?page=2"]
    assert {seen.method for seen in wire.requests} == {"GET"}


@pytest.mark.parametrize(
    ("request_", "more", "words"),
    [
        ("FETCH /x", {}, "is no request"),
        ("GET x", {}, "is no request"),
        ("GET /x/{nobody}", {}, "no field of Which"),
        ("GET /x/{id", {}, "brace"),
        ("POST /x", {"query": ["nobody"]}, "'nobody' is no field"),
        ("POST /x/{id}", {"body": "id"}, "'id' is no field"),
        ("GET /x", {"paging": Paging(items=list, page=("page", 1))}, "`items` and `complete`"),
        ("POST /x", {"paging": Paging(items=list, page=("page", 1))}, "is a GET"),
    ],
)
def test_a_row_that_contradicts_itself_is_told_at_once(request_: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        endpoint(rows.DESK, "helpdesk.x", "Do it.", request_, rows.Which, rows.Record, example={}, **more)


def test_a_row_says_what_it_sends_and_writes() -> None:
    made = endpoint(
        *(rows.DESK, "helpdesk.x", "Do it.", "POST /x", rows.TagNames, rows.Record),
        example={},
        requests=lambda raw: len(raw["tagNames"]),
        writes=("person:id", "tag:tag_names"),
    )
    step = {"id": 7, "tagNames": ["a", "b"]}
    assert made.most_requests(step) == 2
    assert made.records(step) == {"/id": "person", "/tagNames": "tag"}
    assert made.records({"id": 7}) == {"/id": "person"}
    with pytest.raises(ValueError, match="it says 0"):
        made.most_requests({"tagNames": []})
    assert rows.CHANGE.most_requests({}) == 1
    assert rows.CHANGE.records(step) == {}


def test_names_and_look_ups_are_checked_too() -> None:
    with pytest.raises(ValueError, match="lower case"):
        endpoint(rows.DESK, "Helpdesk", "Do it.", "GET /x", rows.Which, rows.Record, example={})
    with pytest.raises(ValueError, match="nothing but GET"):
        found_by(rows.DESK, "POST /x", rows.Which, Listed, lambda *_: True, rows.PAGES)
