"""The rules of Kustomer's API in the sandbox, asked directly; that our actions understand the answers their cases show."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from workers.sandbox.kustomer.routes import ROUTES
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendors.kustomer import KustomerVendor

KEY = "sandbox-kustomer-key"


class Api:
    """An organization, and a key to it."""

    def __init__(self, key: str = KEY) -> None:
        self.vendor = KustomerVendor()
        self.key = key

    def ask(self, request: str, body: Any = None, *, key: str | None = None, raw: bytes | None = None) -> VendorAnswer:
        method, _, target = request.partition(" ")
        path, _, query = target.partition("?")
        parts = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        headers = {"authorization": f"Bearer {self.key if key is None else key}"}
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        return self.vendor.answer(ReceivedRequest(method, path, parts, headers, content))

    def data(self, request: str, body: Any = None) -> Any:
        answer = self.ask(request, body)
        assert answer.status in {200, 201}, (request, answer.status, answer.body)
        assert answer.accepted
        return answer.body["data"]

    def refuses(self, status: int, says: str, request: str, body: Any = None) -> None:
        answer = self.ask(request, body)
        assert (answer.status, answer.accepted) == (status, False), answer.body
        [error] = answer.body["errors"]
        assert says in (error.get("message") or error["detail"]), error


@pytest.fixture
def api() -> Api:
    return Api()


def related(data: dict[str, Any], name: str) -> str | None:
    relation = data["relationships"].get(name)
    return relation["data"]["id"] if relation else None


def test_a_record_is_of_the_shape_of_json_api(api: Api) -> None:
    made = api.data("POST /v1/customers", {"name": "Ada", "emails": [{"type": "home", "email": "a@example.net"}]})
    assert {*made} == {"type", "id", "attributes", "relationships", "links"}
    assert made["links"] == {"self": f"/v1/customers/{made['id']}"}
    assert made["attributes"]["rev"] == 1
    assert made["relationships"]["org"]["data"] == {"type": "org", "id": "sandbox"}
    assert api.data(f"GET /v1/customers/{made['id']}") == made


def test_every_answer_says_what_is_left_of_the_limit(api: Api) -> None:
    first, second = api.ask("GET /v1/customers/c1"), api.ask("GET /v1/customers/missing-1")
    assert [answer.status for answer in (first, second)] == [200, 404]
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, second)]
    assert left[0] - left[1] == 1 or left[1] == 999  # a minute may have begun in between
    failure = api.vendor.failure(429, 7)
    assert (failure.status, failure.headers["x-ratelimit-reset"], failure.headers["x-ratelimit-remaining"]) == (
        429,
        "7",
        "0",
    )


@pytest.mark.parametrize(
    ("key", "status"), [("", 401), ("invalid-key", 401), ("readonly-key", 403), ("sandbox-kustomer-key", 201)]
)
def test_who_may_write(api: Api, key: str, status: int) -> None:
    assert api.ask("POST /v1/customers", {"name": "Ada"}, key=key).status == status


def test_who_may_only_read_may_search(api: Api) -> None:
    body = {"queryContext": "customer", "and": [{"customer_email": {"equals": "ada@example.com"}}]}
    assert api.ask("GET /v1/customers/c1", key="readonly-key").status == 200
    assert api.ask("POST /v1/customers/search", body, key="readonly-key").status == 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"nickname": "Ada"}, "Unknown field: nickname"),
        ({"emails": [{"address": "a@example.net"}]}, "emails/0"),
        ({"name": 7}, "name"),
        ({"signedUpAt": "yesterday"}, "signedUpAt"),
        ({"gender": "x"}, "gender"),
        ({"custom": {"tier": "gold"}}, "tier must end with"),
        ({"custom": {"tierNum": "gold"}}, "tierNum"),
        ({"custom": {"vipBool": 1}}, "vipBool"),
        ({"custom": {"noteStr": "x" * 1025}}, "noteStr"),
        ({"tags": [f"t{number}" for number in range(21)]}, "at most 20"),
        ({"tags": ["a", "a"]}, "unique"),
        ({"tags": ["x" * 65]}, "is no tag"),
        ({"company": "missing-1"}, "There is no company"),
    ],
)
def test_a_body_that_is_not_documented_is_refused(api: Api, body: dict[str, Any], says: str) -> None:
    api.refuses(400, says, "POST /v1/customers", body)


def test_what_is_no_json_is_refused(api: Api) -> None:
    assert api.ask("POST /v1/customers", raw=b"{").status == 400
    assert api.ask("POST /v1/customers", raw=b"[]").status == 400


def test_custom_attributes_of_the_right_types_are_kept(api: Api) -> None:
    custom = {"tierStr": "gold", "ordersNum": 7, "vipBool": True, "sinceAt": "2024-01-01T00:00:00Z"}
    assert api.data("POST /v1/customers", {"custom": custom})["attributes"]["custom"] == custom


@pytest.mark.parametrize(
    "attributes",
    [
        {"externalId": "crm-7"},
        {"externalIds": [{"externalId": "crm-7"}]},
        {"emails": [{"email": "a@example.net"}]},
        {"phones": [{"phone": "+4930123"}]},
        {"whatsapps": [{"phone": "+4930123"}]},
        {"facebookIds": [{"pageId": "p", "userId": "u"}]},
        {"socials": [{"type": "twitter", "userid": "7"}]},
    ],
)
def test_an_identifier_belongs_to_one_customer(api: Api, attributes: dict[str, Any]) -> None:
    first = api.data("POST /v1/customers", attributes)
    api.refuses(409, "held by another customer", "POST /v1/customers", attributes)
    second = api.data("POST /v1/customers", {"name": "Bea"})
    api.refuses(409, "held by another customer", f"PATCH /v1/customers/{second['id']}", attributes)
    api.data(f"PATCH /v1/customers/{first['id']}", attributes)
    api.data(f"PATCH /v1/customers/{first['id']}", {name: [] for name in attributes} | {"externalId": None})
    api.data(f"PATCH /v1/customers/{second['id']}", attributes)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/customers/c1/conversations", {"externalId": "e1"}),
        ("/v1/conversations/v1/messages", {"channel": "email", "app": "postmark", "externalId": "e1"}),
        ("/v1/conversations/v1/notes", {"body": "Hello", "externalId": "e1"}),
        ("/v1/klasses/order", {"title": "Order", "externalId": "e1"}),
    ],
)
def test_an_external_id_belongs_to_one_record(api: Api, path: str, body: dict[str, Any]) -> None:
    api.data(f"POST {path}", body)
    api.refuses(422, "externalId e1 is held", f"POST {path}", body)
    answer = api.ask(f"POST {path}", body)
    assert answer.body["errors"][0]["source"] == {"pointer": "/externalId"}
    api.refuses(422, "externalId known-1 is held", f"POST {path}", {**body, "externalId": "known-1"})


def test_a_look_up_finds_what_was_made_and_what_is_plainly_made_up(api: Api) -> None:
    made = api.data("POST /v1/customers", {"externalId": "a/b 1", "emails": [{"email": "a+1@example.net"}]})
    assert api.data("GET /v1/customers/email=a+1@example.net")["id"] == made["id"]
    assert api.data("GET /v1/customers/externalId=a/b 1")["id"] == made["id"]
    for value in ("email=b@example.net", "email=missing@example.com", "phone=+4930123", "externalId=crm-8"):
        api.refuses(404, "There is no customer", f"GET /v1/customers/{value}")
    for value in ("email=ada@example.com", "phone=+15550123", "externalId=known-8"):
        known = api.data(f"GET /v1/customers/{value}")
        assert known["attributes"]["createdAt"] < made["attributes"]["createdAt"]
        assert api.data(f"GET /v1/customers/{value}")["id"] == known["id"]


def test_a_revision_that_is_out_of_date_is_refused(api: Api) -> None:
    for path in ("/v1/customers/c1", "/v1/conversations/v1", "/v1/companies/k1"):
        method = "PUT" if "companies" in path else "PATCH"
        rev = api.data(f"GET {path}")["attributes"]["rev"]
        assert api.data(f"{method} {path}", {"rev": rev, "name": "One"})["attributes"]["rev"] == rev + 1
        api.refuses(409, "out of date", f"{method} {path}", {"rev": rev, "name": "Two"})
        assert api.data(f"GET {path}")["attributes"]["name"] == "One"


def test_somebody_else_keeps_changing_a_busy_record(api: Api) -> None:
    revs = []
    for _ in range(2):
        revs.append(api.data("GET /v1/customers/busy-1")["attributes"]["rev"])
        api.refuses(409, "out of date", "PATCH /v1/customers/busy-1", {"rev": revs[-1], "name": "Ada"})
    assert revs[0] < revs[1]
    api.data("PATCH /v1/customers/busy-1", {"name": "Ada"})


def test_addresses_get_ids_that_no_body_may_have(api: Api) -> None:
    [email] = api.data("PATCH /v1/customers/c1", {"emails": [{"email": "a@example.net"}]})["attributes"]["emails"]
    assert {*email} == {"id", "email"}
    api.refuses(400, "Unknown field: emails/0/id", "PATCH /v1/customers/c1", {"emails": [email]})


def test_an_update_of_a_customer_without_its_company_unlinks_it(api: Api) -> None:
    for method in ("PATCH", "PUT"):
        assert related(api.data(f"{method} /v1/customers/c1", {"company": "k1"}), "company") == "k1"
        assert related(api.data(f"{method} /v1/customers/c1", {"name": "Ada", "company": "k1"}), "company") == "k1"
        assert related(api.data(f"{method} /v1/customers/c1", {"name": "Ada"}), "company") is None


def test_companies_are_made_with_a_name_and_only_put(api: Api) -> None:
    api.refuses(400, "name is required", "POST /v1/companies", {})
    made = api.data("POST /v1/companies", {"name": "ACME", "externalId": "k-7"})
    assert [one["id"] for one in api.data("GET /v1/companies?externalId=k-7")] == [made["id"]]
    assert api.data("GET /v1/companies?externalId=k-8") == []
    api.refuses(404, "There is no PATCH", f"PATCH /v1/companies/{made['id']}", {"name": "ACME 2"})


def test_customers_are_merged(api: Api) -> None:
    source = api.data("POST /v1/customers", {"emails": [{"email": "s@example.net"}]})["id"]
    target = api.data("POST /v1/customers", {"emails": [{"email": "t@example.net"}]})["id"]
    conversation = api.data(f"POST /v1/customers/{source}/conversations", {"name": "Hello"})["id"]
    merge = api.data("POST /v1/customers/merges", {"source": source, "target": target})
    assert merge["attributes"]["status"] == "success"
    assert api.data(f"GET /v1/customers/merges/{merge['id']}") == merge
    assert [one["id"] for one in api.data(f"GET /v1/customers/{target}/merges")] == [merge["id"]]
    assert related(api.data(f"GET /v1/conversations/{conversation}"), "customer") == target
    assert api.data("GET /v1/customers/email=s@example.net")["id"] == target
    assert api.data(f"GET /v1/customers/{source}")["attributes"]["deleted"]
    api.refuses(400, "two customers", "POST /v1/customers/merges", {"source": target, "target": target})
    api.refuses(404, "There is no customer merge", "GET /v1/customers/merges/m1")


def test_a_conversation_that_nobody_has_seen_is_there_with_a_message(api: Api) -> None:
    conversation = api.data("GET /v1/conversations/v1")
    [message] = api.data("GET /v1/conversations/v1/messages")
    assert message["id"] == "message-of-v1"
    assert message["attributes"]["direction"] == "in"
    assert related(message, "customer") == related(conversation, "customer") == "ada"
    assert "v1" in [one["id"] for one in api.data("GET /v1/customers/ada/conversations")]
    assert [one["id"] for one in api.data("GET /v1/conversations/v1,v2")] == ["v1", "v2"]
    assert related(api.data("GET /v1/messages/message-of-v9"), "conversation") == "v9"
    api.refuses(404, "There is no conversation", "GET /v1/conversations/missing-1")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"customer": "c2", "name": "Hello"}, "must stand alone"),
        ({"status": "snoozed"}, "snooze is required"),
        ({"status": "closed"}, "status"),
        ({"assignedUsers": ["missing-1"]}, "There is no user"),
        ({"assignedTeams": ["missing-1"]}, "There is no team"),
    ],
)
def test_an_update_of_a_conversation_that_is_refused(api: Api, body: dict[str, Any], says: str) -> None:
    api.refuses(400, says, "PATCH /v1/conversations/v1", body)


def test_a_conversation_moves_with_what_was_said(api: Api) -> None:
    note = api.data("POST /v1/conversations/v1/notes", {"body": "Called back."})["id"]
    assert related(api.data("PATCH /v1/conversations/v1", {"customer": "c2"}), "customer") == "c2"
    assert related(api.data(f"GET /v1/notes/{note}"), "customer") == "c2"
    assert "message-of-v1" in [one["id"] for one in api.data("GET /v1/customers/c2/messages")]


def test_tags_are_added_and_removed_by_name_or_id(api: Api) -> None:
    tags = api.data("POST /v1/conversations/v1/tags", ["vip", "late"])["attributes"]["tags"]
    assert len(tags) == 2
    assert api.data(f"GET /v1/tags/{tags[0]}")["attributes"]["name"] == "vip"
    assert api.data("POST /v1/conversations/v1/tags", ["vip"])["attributes"]["tags"] == tags
    assert api.data("DELETE /v1/conversations/v1/tags", ["vip", tags[1], "other"])["attributes"]["tags"] == []
    for body, says in (([str(one) for one in range(21)], "at most 20"), (["a", "a"], "unique"), ([""], "no tag")):
        api.refuses(400, says, "POST /v1/conversations/v1/tags", body)
    api.refuses(400, "body", "DELETE /v1/conversations/v1/tags")


def test_a_message_without_a_conversation_opens_one(api: Api) -> None:
    body = {"channel": "email", "app": "postmark", "size": 0, "preview": "Hello", "direction": "in"}
    message = api.data("POST /v1/customers/c1/messages", body)
    opened = api.data(f"GET /v1/conversations/{related(message, 'conversation')}")
    assert (related(opened, "customer"), opened["attributes"]["channels"]) == ("c1", ["email"])
    assert message["attributes"]["status"] == "received"
    for missing in ("channel", "app"):
        api.refuses(400, f"{missing} is required", "POST /v1/customers/c1/messages", {**body, missing: None})
    plain = {name: value for name, value in body.items() if name != "direction"}
    api.refuses(400, "direction is required", "POST /v1/messages", {**plain, "customer": "c1"})
    api.refuses(400, "preview", "POST /v1/customers/c1/messages", {**body, "preview": "x" * 10_241})


def test_a_conversation_is_one_customers(api: Api) -> None:
    body = {"channel": "email", "app": "postmark", "conversation": "v1"}
    assert related(api.data("POST /v1/customers/c1/messages", body), "customer") == "c1"
    api.refuses(400, "not the customer's", "POST /v1/customers/c2/messages", body)


def test_a_client_may_choose_the_id_once(api: Api) -> None:
    body = {"id": "65f0c0ffee65f0c0ffee0001", "body": "Hello"}
    assert api.data("POST /v1/conversations/v1/notes", body)["id"] == body["id"]
    api.refuses(409, "already", "POST /v1/conversations/v1/notes", body)
    api.refuses(400, "id", "POST /v1/conversations/v1/notes", {**body, "id": "n1"})


def test_messages_and_notes_move_to_another_conversation(api: Api) -> None:
    api.data("POST /v1/conversations/v1/notes", {"body": "Hello", "externalId": "n-1"})
    for type_ in ("messages", "notes"):
        for one in api.data(f"GET /v1/conversations/v1/{type_}"):
            api.data(f"PATCH /v1/{type_}/{one['id']}", {"conversation": "v2"})
        assert api.data(f"GET /v1/conversations/v1/{type_}") == []
    assert len(api.data("GET /v1/conversations/v2/messages")) == 2
    assert api.data("PATCH /v1/conversations/v1", {"deleted": True})["attributes"]["deleted"]


def test_messages_are_found_by_external_id_however_it_is_written(api: Api) -> None:
    body = {"channel": "chat", "app": "chat", "externalId": "m-1"}
    made = api.data("POST /v1/conversations/v1/messages", body)["id"]
    assert {api.data(f"GET /v1/messages/{name}=m-1")["id"] for name in ("externalId", "externalid")} == {made}


def test_a_note_says_who_wrote_it(api: Api) -> None:
    assert related(api.data("POST /v1/conversations/v1/notes", {"body": "Hello"}), "createdBy") == "machine-user"
    assert related(api.data("GET /v1/notes/note-of-an-agent"), "createdBy") == "agent-kim"
    api.refuses(400, "body is required", "POST /v1/conversations/v1/notes", {})


def test_a_conversation_has_one_draft_of_a_note(api: Api) -> None:
    body = {"channel": "note", "conversation": "v1", "body": "Call back."}
    draft = api.data("POST /v1/customers/c1/drafts", body)
    assert (draft["type"], draft["attributes"]["status"], related(draft, "customer")) == ("draft", "draft", "c1")
    api.refuses(409, "draft of a note already", "POST /v1/customers/c1/drafts", body)
    api.data("POST /v1/customers/c1/drafts", {**body, "channel": "email", "subject": "Hi", "to": [{"email": "a@b.c"}]})
    api.refuses(400, "Unknown field: subject", "POST /v1/customers/c1/drafts", {**body, "subject": "Hi"})
    assert api.ask(f"DELETE /v1/drafts/{draft['id']}").status == 204
    api.refuses(404, "There is no draft", f"DELETE /v1/drafts/{draft['id']}")
    api.data("POST /v1/customers/c1/drafts", body)


def test_a_draft_is_sent_later_where_it_is_scheduled(api: Api) -> None:
    later = "2030-01-01T00:00:00Z"
    body = {"channel": "email", "sendAt": later}
    assert api.data("POST /v1/customers/c1/drafts", body)["attributes"]["sendAt"] != later
    draft = api.data("POST /v1/customers/c1/drafts", {**body, "scheduled": True})
    assert draft["attributes"]["sendAt"] == later
    path = f"PUT /v1/drafts/{draft['id']}"
    api.refuses(400, "channel", path, {"sendAt": later})
    api.refuses(400, "channel is email", path, {"channel": "sms", "sendAt": later})
    assert api.data(path, {"channel": "email"})["attributes"]["scheduled"]
    assert not api.data(path, {"channel": "email", "sendAt": ""})["attributes"]["scheduled"]
    assert api.data(path, {"channel": "email", "sendAt": later})["attributes"]["scheduled"]
    assert draft["id"] in [one["id"] for one in api.data("GET /v1/customers/c1/drafts")]
    assert "draft-of-c1" in [one["id"] for one in api.data("GET /v1/customers/c1/drafts")]


def test_a_klass_by_id_is_the_klass_and_by_name_its_objects(api: Api) -> None:
    made = api.data("POST /v1/klasses", {"name": "parcel", "status": "disabled"})
    api.refuses(409, "klass parcel already", "POST /v1/klasses", {"name": "parcel"})
    api.refuses(400, "name", "POST /v1/klasses", {"name": "two words"})
    assert api.data(f"GET /v1/klasses/{made['id']}") == made
    assert api.data("GET /v1/klasses/parcel") == []
    names = {
        status: {one["attributes"]["name"] for one in api.data(f"GET /v1/klasses?status={status}")}
        for status in ("enabled", "disabled", "existing_only")
    }
    assert names["disabled"] == {"parcel"}
    assert "order" in names["enabled"]
    assert names["existing_only"] == names["enabled"] | {"parcel"}
    assert "parcel" not in {one["attributes"]["name"] for one in api.data("GET /v1/klasses")}
    api.refuses(404, "There is no klass", "GET /v1/klasses/missing")


def test_custom_objects_belong_to_a_klass_and_perhaps_a_customer(api: Api) -> None:
    body = {"title": "Order 1", "data": {"total": 7}, "externalId": "o-1"}
    plain = api.data("POST /v1/klasses/order", body)
    owned = api.data("POST /v1/customers/c1/klasses/order", {**body, "externalId": "o-2"})
    assert (related(plain, "customer"), related(owned, "customer")) == (None, "c1")
    assert api.data("GET /v1/klasses/order/externalId=o-2")["id"] == owned["id"]
    api.data("POST /v1/klasses/product", body)  # another klass has external ids of its own
    assert [one["id"] for one in api.data("GET /v1/customers/c1/klasses/order")] == ["order-of-c1", owned["id"]]
    api.refuses(400, "title is required", "POST /v1/klasses/order", {"data": {}})
    assert api.ask(f"DELETE /v1/klasses/order/{plain['id']}").status == 204
    api.refuses(404, "There is no kobject", f"GET /v1/klasses/order/{plain['id']}")
    api.refuses(404, "There is no kobject", f"GET /v1/klasses/product/{owned['id']}")
    api.refuses(404, "externalId o-9", "GET /v1/klasses/order/externalId=o-9")


def test_the_chat_is_a_conversation(api: Api) -> None:
    session = api.data("POST /v2.1/chat/sessions", {"customerId": "c1", "assistant": "a1"})
    body = {"customerId": "c1", "from": "kim", "session": session["id"], "body": "Hello"}
    sent = api.data("POST /v2.1/chat/outbound/messages", body)
    assert (sent["type"], sent["attributes"]["body"], sent["attributes"]["status"]) == ("chat_message", "Hello", "sent")
    spoken = api.data("POST /v2.1/chat/outbound/assistant/messages", {"session": session["id"], "body": "I am a bot."})
    listed = api.data(f"GET /v2.1/chat/sessions/{session['id']}/messages")
    assert [one["id"] for one in listed] == [sent["id"], spoken["id"]]
    recorded = api.data(f"GET /v1/messages/{sent['id']}")
    assert (related(recorded, "createdBy"), recorded["attributes"]["channel"]) == ("kim", "chat")
    api.refuses(400, "body or attachments", "POST /v2.1/chat/outbound/messages", {**body, "body": ""})
    for missing in ("customerId", "from"):
        given = {name: value for name, value in body.items() if name != missing}
        api.refuses(400, missing, "POST /v2.1/chat/outbound/messages", given)


def test_hooks_are_of_three_kinds_and_take_what_is_posted(api: Api) -> None:
    assert api.data("GET /v1/hooks/web/h1")["type"] == "web_hook"
    for kind in ("form", "email"):
        assert api.data(f"GET /v1/hooks/{kind}/{kind}-1")["type"] == f"{kind}_hook"
        api.refuses(404, "There is no web hook", f"GET /v1/hooks/web/{kind}-1")
    made = api.data("POST /v1/hooks/web", {"name": "bridge"})["id"]
    api.data(f"POST /v1/hooks/web/{made}", {"conversation": "v1"})
    [transaction] = api.data(f"GET /v1/hooks/web/{made}/transactions")
    assert transaction["attributes"]["body"] == {"conversation": "v1"}
    api.refuses(413, "bytes", f"POST /v1/hooks/web/{made}", {"text": "x" * 400 * 1024})
    api.refuses(404, "There is no web hook", "POST /v1/hooks/web/missing", {})
    assert api.ask(f"POST /v1/hooks/web/{made}", {}, key="readonly").status == 403


def test_queues_have_work_and_people(api: Api) -> None:
    items = api.data("GET /v1/routing/queues/q1/work-items")
    assert api.data("GET /v1/routing/queues/q1/work-items/next") == items[0]
    assert (items[0]["type"], related(items[0], "queue")) == ("work_item", "q1")
    assert api.data("GET /v1/routing/queues/empty/work-items") == []
    api.refuses(404, "Nothing waits", "GET /v1/routing/queues/empty/work-items/next")
    for status in ("available", "unavailable", "busy"):
        [session] = api.data(f"GET /v1/routing/queues/q1/work-sessions?statusType={status}")
        assert session["attributes"]["statusType"] == status
    assert len(api.data("GET /v1/routing/queues/q1/work-sessions?active=true")) == 3
    api.refuses(400, "statusType", "GET /v1/routing/queues/q1/work-sessions?statusType=asleep")


def test_users_are_found_by_id_and_email(api: Api) -> None:
    assert api.data("GET /v1/users/current")["attributes"]["userType"] == "machine"
    [kim] = api.data("GET /v1/users?email=kim@example.com")
    assert api.data(f"GET /v1/users/{kim['id']}") == kim
    assert api.data("GET /v1/users?email=missing@example.com") == []
    assert [one["id"] for one in api.data("GET /v1/users?userType=machine")] == ["machine-user"]
    api.refuses(400, "cannot be combined", "GET /v1/users?email=kim@example.com&userType=user")


def test_the_organization_its_snippets_and_commands(api: Api) -> None:
    assert api.data("GET /v1/orgs/current")["attributes"]["name"] == "sandbox"
    snippet = api.data("GET /v1/snippets/sn.kustomer.chat.fifteen_minutes")
    assert (snippet["type"], snippet["attributes"]["key"]) == ("snippet", "sn.kustomer.chat.fifteen_minutes")
    run = api.data("POST /v1/commands/shop.app.store.refund/run", {"body": {"order": 7}})["attributes"]
    assert (run["statusCode"], run["requestBody"], run["requestError"]) == (200, {"order": 7}, None)
    assert api.data("POST /v1/commands/shop.app.failing/run", {})["attributes"]["statusCode"] == 500
    assert api.data("POST /v1/commands/a/b/run", {})["attributes"]["commandId"] == "command-of-a/b"
    api.refuses(404, "There is no command", "POST /v1/commands/missing.app.x/run", {})


def searched(context: str, *criteria: dict[str, dict[str, str]], **more: Any) -> dict[str, Any]:
    return {"queryContext": context, "and": list(criteria), **more}


@pytest.mark.parametrize(
    ("type_", "attributes"),
    [
        ("twitter", {"socials": [{"type": "twitter", "userid": "7"}]}),
        ("facebook", {"facebookIds": [{"pageId": "p", "userId": "7"}]}),
        ("instagram", {"instagramIds": [{"pageId": "p", "threadId": "7"}]}),
        ("whatsapp", {"whatsapps": [{"phone": "7"}]}),
    ],
)
def test_a_search_by_social_profile(api: Api, type_: str, attributes: dict[str, Any]) -> None:
    made = api.data("POST /v1/customers", attributes)["id"]
    api.data("POST /v1/customers", {"socials": [{"type": "pinterest", "userid": "8"}]})

    def found(value: str) -> list[dict[str, Any]]:
        body = searched(
            "customer", {"customer_social_type": {"equals": type_}}, {"customer_social_userid": {"equals": value}}
        )
        items: list[dict[str, Any]] = api.data("POST /v1/customers/search", body)
        return items

    assert [one["id"] for one in found("7")] == [made]
    assert found("8") == []
    [known] = found("known-7")
    assert "known-7" in json.dumps(known["attributes"])


def test_a_search_for_messages_and_notes_by_external_id(api: Api) -> None:
    api.data("POST /v1/conversations/v1/notes", {"body": "Hello", "externalId": "n-1"})
    message = {"channel": "chat", "app": "chat", "externalId": "n-1"}
    api.data("POST /v1/conversations/v1/messages", message)
    for context in ("note", "message"):
        [one] = api.data("POST /v1/customers/search", searched(context, {f"{context}_external_id": {"equals": "n-1"}}))
        assert one["type"] == context


def test_a_search_sorts_and_excludes(api: Api) -> None:
    for name in ("Bea", "Ada", "Cid"):
        api.data("POST /v1/customers", {"name": name, "locale": "en"})
    body = searched(
        "customer",
        {"customer_any_text": {"contains": '"locale": "EN"'}},
        sort=[{"customer_name": "desc"}],
        **{"not": [{"customer_name": {"equals": "Bea"}}], "or": [{"customer_name": {"gte": "A"}}]},
    )
    assert [one["attributes"]["name"] for one in api.data("POST /v1/customers/search", body)] == ["Cid", "Ada"]
    assert {*api.data("POST /v1/customers/search?idsOnly=true", body)[0]} == {"type", "id"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (searched("customer", {"customer_shoe_size": {"equals": "7"}}), "is no attribute"),
        (searched("customer", {"message_external_id": {"equals": "7"}}), "is no attribute"),
        (searched("customer", {"customer_name": {"sounds_like": "Ada"}}), "is no operator"),
        (searched("wizard"), "queryContext"),
        (searched("customer", *[{"customer_name": {"equals": "Ada"}}] * 21), "and"),
        ({"queryContext": "customer", "where": []}, "Unknown field: where"),
    ],
)
def test_a_search_that_is_refused(api: Api, body: dict[str, Any], says: str) -> None:
    api.refuses(400, says, "POST /v1/customers/search", body)


def test_lists_come_in_pages(api: Api) -> None:
    for number in range(5):
        api.data("POST /v1/conversations/v1/notes", {"body": str(number)})
    path, seen, meta = "/v1/conversations/v1/notes?page=1&pageSize=2", [], {}
    while path:
        answer = api.ask(f"GET {path}").body
        seen += [one["attributes"]["body"] for one in answer["data"]]
        meta, path = answer["meta"], answer["links"]["next"]
    assert seen == ["0", "1", "2", "3", "4"]
    assert meta == {"page": 3, "pageSize": 2, "total": 5, "totalPages": 3}
    for query in ("pageSize=101", "pageSize=0", "page=x"):
        api.refuses(400, "p", f"GET /v1/conversations/v1/notes?{query}")
    assert api.ask("GET /v1/users?pageSize=500").status == 200


def test_the_page_shows_customers_and_conversations(api: Api) -> None:
    api.data("PATCH /v1/customers/c1", {"name": "Ada", "emails": [{"email": "ada@example.net"}]})
    api.data("POST /v1/conversations/v1/tags", ["vip"])
    api.data("PATCH /v1/conversations/v1", {"assignedUsers": ["kim"], "status": "done"})
    api.data("POST /v1/conversations/v1/notes", {"body": "Refunded."})
    panels = {panel.title: panel for panel in api.vendor.panels()}
    conversation = panels["Kustomer: conversation v1"]
    facts = {"status": "done", "customer": "ada", "assignee": "kim", "team": "none", "tags": "vip"}
    assert conversation.facts == facts
    assert [heading for heading, _ in conversation.entries] == ["From the customer by email", "Note"]
    assert conversation.entries[1][1] == "Refunded."
    assert panels["Kustomer: customer c1"].facts["emails"] == "ada@example.net"
    api.vendor.clear()
    assert not api.vendor.panels()


def test_the_record_knows_what_a_request_makes(api: Api) -> None:
    request = ReceivedRequest("POST", "/v1/conversations/v1/notes", {}, {}, b'{"body": "Hello", "externalId": "k1"}')
    assert api.vendor.key(request) == "k1"
    assert api.vendor.summary(request) == ("conversations v1", "Hello")


def test_no_route_hides_another() -> None:
    for number, route in enumerate(ROUTES):
        path = re.sub(r"[{}*]", "", route.request.partition(" ")[2])
        for other in ROUTES[:number]:
            assert not (other.path.fullmatch(path) and other.methods & route.methods), (route.request, other.request)


def test_what_is_nowhere_is_a_404(api: Api) -> None:
    api.refuses(404, "There is no GET /v1/unheard-of", "GET /v1/unheard-of")
    api.refuses(404, "There is no POST", "POST /v1/conversations/v1/events", {"name": "x"})
