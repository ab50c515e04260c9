"""The vendors' own checks; that the real SDKs understand the answers is shown beside the actions."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.together import together
from workers.sandbox.record import ReceivedRequest
from workers.sandbox.stubs import Stub, Stubs
from workers.sandbox.vendors.cloudtalk import CloudTalkVendor
from workers.sandbox.vendors.http import HttpVendor
from workers.sandbox.vendors.slack import SlackVendor
from workers.sandbox.vendors.teams import TeamsVendor
from workers.sandbox.vendors.teams_graph import TeamsGraphVendor
from workers.sandbox.vendors.twilio import TwilioVendor

ACCOUNT = "AC1"
TOKEN = "sandbox"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
SMS = {"To": "+15550123", "From": "+15550100", "Body": "Hello"}


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def slack(method: str, arguments: dict[str, Any], authorization: str = "Bearer xoxb-1") -> ReceivedRequest:
    headers = {"authorization": authorization, "content-type": "application/json;charset=utf-8"}
    return ReceivedRequest("POST", f"/{method}", {}, headers, json.dumps(arguments).encode())


def twilio(form: dict[str, str], *, user: str = ACCOUNT, token: str = TOKEN) -> ReceivedRequest:
    headers = {"authorization": basic(user, token), "content-type": "application/x-www-form-urlencoded"}
    return ReceivedRequest("POST", MESSAGES, {}, headers, urlencode(form).encode())


def cloudtalk(
    body: Any, *, kind: str = "application/json", authorization: str = basic("id", "secret")
) -> ReceivedRequest:
    return ReceivedRequest(
        "POST", "/sms/send.json", {}, {"authorization": authorization, "content-type": kind}, json.dumps(body).encode()
    )


@together(
    ("arguments", "error"),
    [
        ({"text": "Hello"}, "channel_not_found"),
        ({"channel": "#ops"}, "no_text"),
        ({"channel": "#ops", "text": ""}, "no_text"),
        ({"channel": "#missing", "text": "Hello"}, "channel_not_found"),
        ({"channel": "#ops", "text": "Hello", "markdown_text": "Hello"}, "markdown_text_conflict"),
        ({"channel": "#ops", "markdown_text": "Hello", "blocks": [{"type": "divider"}]}, "markdown_text_conflict"),
        ({"channel": "#ops", "markdown_text": "a" * 12_001}, "msg_too_long"),
        ({"channel": "#ops", "text": "a" * 40_001}, "msg_too_long"),
        ({"channel": "#ops", "blocks": [{}]}, "invalid_blocks"),
        ({"channel": "#ops", "blocks": "{"}, "invalid_blocks"),
        ({"channel": "#ops", "blocks": [section("a" * 3_001)]}, "invalid_blocks"),
        ({"channel": "#ops", "blocks": [{"type": "header", "text": {"text": "a" * 151}}]}, "invalid_blocks"),
        ({"channel": "#ops", "blocks": [{"type": "section", "fields": [{"text": "a" * 2_001}]}]}, "invalid_blocks"),
        ({"channel": "#ops", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"channel": "#ops", "text": "Hello", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    ],
)
def test_slack_refuses_in_a_200(arguments: dict[str, Any], error: str) -> None:
    answer = SlackVendor().answer(slack("chat.postMessage", arguments))
    assert (answer.status, answer.body, answer.accepted) == (200, {"ok": False, "error": error}, False)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (slack("chat.postMessage", {}, authorization=""), "not_authed"),
        (slack("chat.postMessage", {}, authorization="Basic eA=="), "not_authed"),
        (slack("chat.postMessage", {}, authorization="Bearer xoxb-invalid"), "invalid_auth"),
        (slack("chat.explode", {}), "unknown_method"),
    ],
)
def test_slack_checks_token_and_method(request_: ReceivedRequest, error: str) -> None:
    assert SlackVendor().answer(request_).body == {"ok": False, "error": error}


def test_slack_remembers_messages_by_channel_newest_first_with_their_metadata() -> None:
    vendor = SlackVendor()
    metadata = {"event_type": "step", "event_payload": {"key": "k1"}}
    first = vendor.answer(slack("chat.postMessage", {"channel": "#ops", "text": "one", "metadata": metadata})).body
    second = vendor.answer(slack("chat.postMessage", {"channel": first["channel"], "text": "two"})).body
    vendor.answer(slack("chat.postMessage", {"channel": "#elsewhere", "text": "three"}))

    def history(**arguments: Any) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = vendor.answer(slack("conversations.history", arguments)).body["messages"]
        return messages

    assert first["ts"] < second["ts"]
    assert [message["text"] for message in history(channel="ops")] == ["two", "one"]
    assert [message["text"] for message in history(channel="ops", limit=1)] == ["two"]
    assert [message["text"] for message in history(channel="ops", oldest=first["ts"])] == ["two"]
    assert [message["text"] for message in history(channel="ops", latest=first["ts"], inclusive=True)] == ["one"]
    assert "metadata" not in history(channel="ops")[1]
    assert history(channel="ops", include_all_metadata=True)[1]["metadata"] == metadata


def test_questions_that_make_no_sense_are_refused() -> None:
    answer = SlackVendor().answer(slack("conversations.history", {"channel": "#ops", "limit": "many"}))
    assert answer.body == {"ok": False, "error": "invalid_arguments"}
    request = ReceivedRequest("GET", MESSAGES, {"DateSent": "yesterday"}, twilio({}).headers, b"")
    told = TwilioVendor()
    told.answer(twilio(SMS))
    assert told.answer(request).status == 400


def test_slack_keeps_replies_out_of_the_channels_history() -> None:
    vendor = SlackVendor()
    first = vendor.answer(slack("chat.postMessage", {"channel": "#ops", "text": "one"})).body
    vendor.answer(slack("chat.postMessage", {"channel": "#ops", "text": "reply", "thread_ts": first["ts"]}))
    history = vendor.answer(slack("conversations.history", {"channel": "#ops"})).body
    assert [message["text"] for message in history["messages"]] == ["one"]
    replies = vendor.answer(slack("conversations.replies", {"channel": "#ops", "ts": first["ts"]})).body
    assert [message["text"] for message in replies["messages"]] == ["reply", "one"]


def test_slack_lists_the_channels_by_name() -> None:
    vendor = SlackVendor()
    posted = vendor.answer(slack("chat.postMessage", {"channel": "#ops", "text": "one"})).body
    listed = vendor.answer(slack("conversations.list", {})).body
    assert listed["channels"] == [{"id": posted["channel"], "name": "ops"}]


CARD = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "Hello"}]}
CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
GRAPH_TOKEN = "graph-token"


def webhook(channel: str, *cards: Any) -> ReceivedRequest:
    attachments = [{"contentType": CONTENT_TYPE, "content": card} for card in cards]
    return ReceivedRequest(
        "POST", channel, {}, {}, json.dumps({"type": "message", "attachments": attachments}).encode()
    )


def graph(
    method: str, channel: str = "c1", *, body: Any = None, token: str = GRAPH_TOKEN, query: dict[str, str] | None = None
) -> ReceivedRequest:
    path = f"/v1.0/teams/t1/channels/{channel}/messages"
    raw = b"" if body is None else json.dumps(body).encode()
    return ReceivedRequest(method, path, query or {}, {"authorization": f"Bearer {token}"}, raw)


def chat_message(key: str, card: Any = CARD) -> dict[str, Any]:
    attachment = {"id": key, "contentType": CONTENT_TYPE, "content": json.dumps(card)}
    return {"body": {"content": f'<attachment id="{key}"></attachment>'}, "attachments": [attachment]}


def test_a_workflow_of_teams_takes_cards_and_says_nothing() -> None:
    for path in ("/channels/alerts", "/teams/t1/19%3Ac%40thread.tacv2"):
        answer = TeamsVendor().answer(webhook(path, CARD))
        assert (answer.status, answer.body, answer.accepted) == (202, "", True)
        assert answer.headers["x-ms-workflow-run-id"]
    assert TeamsVendor().summary(webhook("/channels/alerts", CARD)) == ("alerts", "Hello")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (webhook("/channels/alerts"), 400),
        (webhook("/channels/alerts", {"type": "Card"}), 400),
        (webhook("/channels/alerts", {**CARD, "actions": [{"type": "Action.Submit"}]}), 400),
        (webhook("/channels/alerts", {**CARD, "body": ["a" * 28_672]}), 413),
        (webhook("/channels/missing", CARD), 404),
        (webhook("/channels/disabled", CARD), 400),
        (webhook("/teams/t1/forbidden", CARD), 401),
        (webhook("/elsewhere", CARD), 404),
    ],
)
def test_a_workflow_of_teams_refuses_with_its_codes(request_: ReceivedRequest, status: int) -> None:
    answer = TeamsVendor().answer(request_)
    assert (answer.status, answer.accepted) == (status, False)
    assert set(answer.body["error"]) == {"code", "message"}


def test_a_connector_of_teams_says_200_whatever_becomes_of_the_message() -> None:
    taken = TeamsVendor().answer(webhook("/channels/connector", CARD))
    assert (taken.status, taken.body, taken.accepted) == (200, "1", True)
    lost = TeamsVendor().answer(webhook("/channels/connector", {**CARD, "body": ["a" * 28_672]}))
    assert (lost.status, lost.accepted) == (200, False)
    assert "Microsoft Teams endpoint returned HTTP error 413" in lost.body


def test_graph_lists_a_channels_messages_newest_first_page_by_page() -> None:
    vendor = TeamsGraphVendor()
    ids = [vendor.answer(graph("POST", body=chat_message(f"k{n}"))).body["id"] for n in range(3)]
    vendor.answer(graph("POST", "c2", body=chat_message("k9")))
    page = vendor.answer(graph("GET", query={"$top": "2"})).body
    assert [message["id"] for message in page["value"]] == ids[:0:-1]
    assert page["@odata.nextLink"].endswith("?$top=2&$skiptoken=2")
    rest = vendor.answer(graph("GET", query={"$top": "2", "$skiptoken": "2"})).body
    assert [message["attachments"][0]["id"] for message in rest["value"]] == ["k0"]
    assert "@odata.nextLink" not in rest
    assert vendor.key(graph("POST", body=chat_message("k1"))) == "k1"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (graph("POST", body=chat_message("k"), token=""), 401),
        (graph("POST", body=chat_message("k"), token="invalid"), 401),
        (graph("POST", "missing", body=chat_message("k")), 404),
        (graph("POST", "forbidden", body=chat_message("k")), 403),
        (graph("POST", body={"body": {}}), 400),
        (graph("POST", body={**chat_message("k"), "body": {"content": "no reference"}}), 400),
        (graph("POST", body=chat_message("k", {"type": "Card"})), 400),
        (graph("POST", body=chat_message("k", {**CARD, "body": ["a" * 28_672]})), 413),
        (graph("GET", query={"$top": "51"}), 400),
    ],
)
def test_graph_refuses_with_its_codes(request_: ReceivedRequest, status: int) -> None:
    answer = TeamsGraphVendor().answer(request_)
    assert (answer.status, answer.accepted) == (status, False)
    assert set(answer.body["error"]) == {"code", "message"}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({**SMS, "To": ""}, 21604),
        ({**SMS, "From": ""}, 21603),
        ({**SMS, "Body": ""}, 21602),
        ({**SMS, "To": "5550123"}, 21211),
        ({**SMS, "From": "5550123"}, 21212),
        ({**SMS, "Body": "a" * 1601}, 21617),
        ({**SMS, "From": SMS["To"]}, 21266),
        ({**SMS, "To": "+15005550004"}, 21610),
        ({**SMS, "From": "+15005550007"}, 21606),
    ],
)
def test_twilio_refuses_with_its_codes(form: dict[str, str], code: int) -> None:
    answer = TwilioVendor().answer(twilio(form))
    assert (answer.status, answer.body["code"], answer.accepted) == (400, code, False)
    assert set(answer.body) == {"code", "message", "more_info", "status"}


@pytest.mark.parametrize("given", [{"user": "AC2"}, {"token": ""}, {"token": "invalid"}])
def test_twilio_checks_the_account(given: dict[str, str]) -> None:
    answer = TwilioVendor().answer(twilio(SMS, **given))
    assert (answer.status, answer.body["code"]) == (401, 20003)


def test_twilio_lists_what_it_took_by_number_and_date_page_by_page() -> None:
    vendor = TwilioVendor()
    for body in ("one", "two", "three"):
        vendor.answer(twilio({**SMS, "Body": body}))
    vendor.answer(twilio({**SMS, "To": "+15550199"}))

    def listed(**query: str) -> dict[str, Any]:
        request = twilio({})
        found: dict[str, Any] = vendor.answer(ReceivedRequest("GET", MESSAGES, query, request.headers, b"")).body
        return found

    assert [message["body"] for message in listed(To="+15550123")["messages"]] == ["three", "two", "one"]
    assert listed(From="+15550101")["messages"] == []
    assert len(listed(**{"DateSent>": "2020-01-01T00:00:00Z"})["messages"]) == 4
    assert listed(**{"DateSent<": "2020-01-01"})["messages"] == []
    assert listed(DateSent="2020-01-01")["messages"] == []
    page = listed(To="+15550123", PageSize="2")
    assert [message["body"] for message in page["messages"]] == ["three", "two"]
    assert page["next_page_uri"] == f"{MESSAGES}?To=%2B15550123&PageSize=2&Page=1"
    assert listed(To="+15550123", PageSize="2", Page="1")["next_page_uri"] is None


def test_twilio_shows_one_message_and_knows_no_other() -> None:
    vendor = TwilioVendor()
    sid = vendor.answer(twilio(SMS)).body["sid"]
    headers = twilio({}).headers

    def fetched(sid: str) -> int:
        return vendor.answer(ReceivedRequest("GET", MESSAGES.replace(".json", f"/{sid}.json"), {}, headers, b"")).status

    assert (fetched(sid), fetched("SM0")) == (200, 404)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (cloudtalk({}, authorization=""), 401),
        (cloudtalk({}, authorization=basic("id", "invalid")), 401),
        (cloudtalk([]), 400),
        (cloudtalk({"recipient": "+15550123", "message": "Hello"}), 400),
        (cloudtalk({"recipient": "+15550123", "message": "a" * 1601, "sender": "+15550100"}), 400),
        (cloudtalk({"recipient": "+15550123", "message": "Hi", "sender": "+15550100"}, kind="text/plain"), 400),
    ],
)
def test_cloudtalk_checks_keys_and_fields(request_: ReceivedRequest, status: int) -> None:
    answer = CloudTalkVendor().answer(request_)
    assert (answer.status, answer.body["responseData"]["status"], answer.accepted) == (status, status, False)


def test_cloudtalk_answers_200_also_where_it_did_not_send() -> None:
    sent = {"recipient": "+15550123", "message": "Hello", "sender": "+15550100"}
    assert CloudTalkVendor().answer(cloudtalk(sent)).accepted
    answer = CloudTalkVendor().answer(cloudtalk({**sent, "recipient": "0123"}))
    assert (answer.status, answer.accepted) == (200, False)
    assert answer.body == {"responseData": {"success": False, "data": "Unknown number"}}


def test_receiver_says_what_it_got() -> None:
    request = ReceivedRequest("GET", "/shop/orders/42", {"full": "1"}, {"x-api-key": "hush", "accept": "*/*"}, b"")
    assert HttpVendor().answer(request).body == {
        "received": {
            "method": "GET",
            "path": "/shop/orders/42",
            "query": {"full": "1"},
            "headers": {"x-api-key": "••••••••", "accept": "*/*"},
            "body": None,
        }
    }


def test_stubs_answer_what_they_fit_and_the_latest_wins() -> None:
    stubs = Stubs()
    order = ReceivedRequest("GET", "/shop/orders/42", {}, {}, b"")

    def answered(request: ReceivedRequest) -> tuple[int, bytes, bool]:
        answer = stubs.answer(request)
        assert answer is not None
        return answer.status, answer.content, answer.accepted

    stubs.add(Stub(path="/shop/orders/{id}", body={"id": "{id}", "total": 42, "other": "{name}"}))
    assert answered(order) == (200, b'{"id": "42", "total": 42, "other": "{name}"}', True)
    stubs.add(Stub(path="/shop/orders/{id}", method="GET", status=404, body="no {id}"))
    assert answered(order) == (404, b"no 42", False)
    assert answered(ReceivedRequest("POST", "/shop/orders/42", {}, {}, b""))[0] == 200
    assert stubs.answer(ReceivedRequest("GET", "/shop/orders/42/items", {}, {}, b"")) is None


@pytest.mark.parametrize(
    ("headers", "key"),
    [({"idempotency-key": '"k1"'}, "k1"), ({"idempotency-key": "k1"}, "k1"), ({"webhook-id": "k1"}, "k1"), ({}, None)],
)
def test_receiver_knows_the_key_of_a_request(headers: dict[str, str], key: str | None) -> None:
    assert HttpVendor().key(ReceivedRequest("POST", "/", {}, headers, b"")) == key
