"""What no case can say of Kustomer's actions: warnings, lists that are too long, and states that are waited for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from activities.action import Action
from activities.catalog import catalog
from activities.connections import Connections
from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.kustomer import customer_merge
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import instant
from tests.activities.attempts import SINCE
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok
from workers.definitions.loading import parse
from workers.definitions.planning import check
from workflows.language.template import compile_template

ACTIONS = catalog()


async def call(wire: Wire, make_context: MakeContext, name: str, config: dict[str, Any]) -> Any:
    action: Action = ACTIONS[name]
    known = Connections({"k": {"kind": "kustomer", "apiKey": "key-1234567890", "baseUrl": wire.url}}, (Kustomer,))
    return await action.function(action.config.model_validate(config), make_context(action=name, connections=known))


def told(body: Any) -> bytes:
    return ok(json.dumps(body).encode())


def customer(id_: str, made: str) -> bytes:
    attributes = {"socials": [{"type": "twitter", "userid": "4711"}], "createdAt": made}
    return told({"data": {"type": "customer", "id": id_, "attributes": attributes}})


async def test_several_who_have_a_value_that_should_be_unique_are_warned_of(
    wire: Wire, make_context: MakeContext
) -> None:
    hits = told({"data": [{"id": "c2"}, {"id": "c1"}]})
    wire.reply(hits, customer("c2", "2026-02-02T03:04:05Z"), customer("c1", "2026-02-02T03:04:05+02:00"))
    result = await call(wire, make_context, "kustomer.customer_find_by_twitter_id", {"id": 4711})
    assert result.id == "c1"
    assert result.warnings == ("2 customers have it: this is the oldest.",)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("kustomer.customer_lookup_last_message", {"customer": "c1"}),
        ("kustomer.work_item_find_by_queue", {"queue": "q1"}),
    ],
)
async def test_a_list_of_too_many_pages_is_refused_and_not_shorter(
    wire: Wire, make_context: MakeContext, name: str, config: dict[str, Any]
) -> None:
    wire.reply(*(told({"data": [], "links": {"next": f"/v1/x?page={page}"}}) for page in range(2, 102)))
    with pytest.raises(Refused, match="more than are read"):
        await call(wire, make_context, name, config)
    assert len(wire.requests) == 100


@pytest.mark.parametrize(("settles", "status"), [(3, "success"), (99, "queued")])
async def test_a_merge_is_read_until_it_is_settled_and_not_for_ever(
    wire: Wire, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch, settles: int, status: str
) -> None:
    monkeypatch.setattr(customer_merge, "PAUSES", (0.0,) * 4)
    states = ["queued"] * min(settles, 5) + ["success"]
    wire.reply(*(told({"data": {"id": "m1", "attributes": {"status": state}}}) for state in states))
    result = await call(wire, make_context, "kustomer.merge_customers", {"source": "c2", "target": "c1"})
    assert (result.id, result.status) == ("m1", status)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("kustomer.customer_update", {"id": "c1", "name": "Ada"}),
        ("kustomer.customer_append_email", {"id": "c1", "email": "ada@example.com"}),
    ],
)
async def test_a_record_that_others_keep_changing_is_tried_some_times_and_then_later(
    wire: Wire, make_context: MakeContext, name: str, config: dict[str, Any]
) -> None:
    stale = ok(b'{"errors": [{"code": "conflict", "message": "rev is stale"}]}', status="409 Conflict")
    reads = (told({"data": {"id": "c1", "attributes": {"rev": rev}}}) for rev in range(1, 6))
    wire.reply(*(answer for read in reads for answer in (read, stale)))
    with pytest.raises(Unavailable, match="others are changing it"):
        await call(wire, make_context, name, config)
    written = [json.loads(seen.body)["rev"] for seen in wire.requests if seen.method == "PATCH"]
    assert written == [1, 2, 3, 4]


@pytest.mark.parametrize("answer", [{"data": {"attributes": {}}}, {"data": {"id": 7}}, {"data": None}])
async def test_a_success_without_a_record_has_an_unknown_outcome(
    wire: Wire, make_context: MakeContext, answer: dict[str, Any]
) -> None:
    wire.reply(told(answer))
    with pytest.raises(OutcomeUnknown, match="something else than it should"):
        await call(wire, make_context, "kustomer.customer_create", {"name": "Ada"})


@pytest.mark.parametrize(
    ("written", "sound"),
    [
        ('{"note": "{{contact.name}}"}', True),
        ("{{contact}}", True),
        ({"note": "{{contact.name}}"}, True),
        ("[1]", False),
        ('{"note": }', False),
    ],
)
def test_data_is_an_object_or_its_json_or_comes_from_variables(written: Any, sound: bool) -> None:
    step = {
        "label": "Make",
        "actionType": "kustomer.kobject_create",
        "config": {"klassName": "order", "title": "Order", "data": written},
    }
    definition = {"name": "order", "trigger": {"event": "call.ended"}, "actions": [step]}
    _, problems = check(*parse(json.dumps(definition).encode(), "order.json"), ACTIONS)
    assert (problems == []) is sound, problems


def test_values_are_escaped_in_data_that_is_written_as_json() -> None:
    config = ACTIONS["kustomer.kobject_create"].config
    raw = {"klassName": "order", "title": "Order", "data": '{"note": "{{contact.name}}"}'}
    filled = compile_template(raw, config.syntaxes(raw)).render({"contact": {"name": 'Ada "A" \\'}}, SINCE).value
    assert config.model_validate(filled).model_dump()["data"] == {"note": 'Ada "A" \\'}


@pytest.mark.parametrize("written", ["", "2026-01-32", None, 7])
def test_what_is_no_time_is_none(written: Any) -> None:
    assert instant({"attributes": {"createdAt": written}}) is None
