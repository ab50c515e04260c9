"""What contracts say to those who decide: about requests, edits and results that people supply."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import Field, field_validator

from activities.action import Config, action
from activities.attempt.contracts import Contracts
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import Secrets
from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.context import Context
from activities.errors import Refused
from tests.activities.own_actions import count_words
from tests.descriptions import AWKWARD
from trunkline.wire import Pick

TOKEN = "shop-token-1234567890"
PLACE = {"path": "/headers/Authorization", "name": "shop_token", "start": 7}


class Fragile(Config):
    """What breaks."""

    text: str = Field(description="Anything.")
    ftp_host: str = Field(default="a", description="Where it goes.")

    @field_validator("text")
    @classmethod
    def _break(cls, text: str) -> str:
        if text == "break":
            raise RuntimeError(f"broken by {text}")
        return text


@action("fragile", repeat="never", example={"text": "x"})
async def fragile(config: Fragile, context: Context) -> Any:
    """Break over some requests."""


@pytest.fixture
def contracts() -> Contracts:
    actions = {**catalog(), "count_words": count_words, "fragile": fragile}
    secrets = Secrets(None, {"TRUNKLINE_SECRET_SHOP_TOKEN": TOKEN})
    return Contracts(actions, secrets, Scrubber([TOKEN]), 2_000)


def call(**config: Any) -> Any:
    """Return a request without secrets."""
    config = {"method": "POST", "url": "https://shop.example.com/refunds", **config}
    return {"actionType": "http_request", "config": config, "secrets": []}


def secret_call(**config: Any) -> Any:
    """Return a request with a secret in a header."""
    headers = {"Authorization": "Bearer {{secrets.shop_token}}"}
    return {**call(headers=headers, **config), "secrets": [PLACE]}


def test_what_could_be_sent_is_not_refused(contracts: Contracts) -> None:
    assert contracts.refusal(call(body={"amount": 5})) is None
    assert contracts.refusal(secret_call()) is None


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"actionType": "no_such", "config": {}, "secrets": []}, "no action no_such"),
        (call(url="nowhere"), "`url`"),
        (call(urll="https://x.example.com"), "`urll`"),
        ({**call(), "config": [1]}, "not what http_request takes"),
        ({**call(), "config": None}, "not what http_request takes"),
        ({**call(), "secrets": [{"path": "/url", "name": "missing", "start": 0}]}, "'missing' is not set"),
        ({**call(), "secrets": [{**PLACE, "path": "/nowhere/else"}]}, "no place"),
        ({**call(), "secrets": [{**PLACE, "path": "/url"}]}, "has no {{secrets.shop_token}}"),
        ({"actionType": "fragile", "config": {"text": "break"}, "secrets": []}, "RuntimeError: broken by break"),
        ({**call(), "actionType": "a\ud800"}, "no action a\ufffd."),
    ],
)
def test_what_could_never_be_sent_is_refused_with_a_sentence(contracts: Contracts, request_: Any, words: str) -> None:
    sentence = contracts.refusal(request_)
    assert sentence is not None
    assert words in sentence


def test_a_refusal_shows_no_secret(contracts: Contracts) -> None:
    sentence = contracts.refusal(call(**{TOKEN: 1}))
    assert sentence is not None
    assert TOKEN not in sentence
    assert "[secret]" in sentence


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"url": "https://evil.example.com/refunds"}, "url"),
        ({"url": "https://shop.example.com/refunds?to=me"}, "url"),
        ({"method": "PUT"}, "method"),
        ({"followRedirects": 3}, "followRedirects"),
        ({"follow_redirects": 3}, "followRedirects"),
    ],
)
def test_an_edit_cannot_send_secrets_elsewhere(contracts: Contracts, change: dict[str, Any], named: str) -> None:
    sentence = contracts.redirection(secret_call(), secret_call(**change))
    assert sentence is not None
    assert named in sentence


def test_the_same_destination_in_another_spelling_is_the_same(contracts: Contracts) -> None:
    before = secret_call(followRedirects=0)
    assert contracts.redirection(before, secret_call(method="post", follow_redirects=0, body="new")) is None


def test_without_secrets_an_edit_may_change_where_a_request_goes(contracts: Contracts) -> None:
    assert contracts.redirection(call(), call(url="https://other.example.com/x", followRedirects=2)) is None


def test_another_connection_or_recording_is_another_destination(contracts: Contracts) -> None:
    def sms(**config: Any) -> Any:
        config = {"from": "+15550100", "to": "+15550101", "text": "{{secrets.shop_token}}", **config}
        return {"actionType": "send_sms", "config": config, "secrets": [{**PLACE, "path": "/text", "start": 0}]}

    assert contracts.redirection(sms(), sms(to="+15550102")) is None
    assert "connection" in str(contracts.redirection(sms(), sms(connection="mine")))

    def recording(url: str, language: str) -> Any:
        places = [{**PLACE, "path": "/recording", "start": 26}]
        address = f"https://{url}/calls/1?k=" + "{{secrets.shop_token}}"
        return {
            "actionType": "transcribe_recording",
            "config": {"recording": address, "language": language},
            "secrets": [{**places[0], "start": address.index("{{")}],
        }

    assert contracts.redirection(recording("a.example.com", "en-US"), recording("a.example.com", "de-DE")) is None
    assert "recording" in str(
        contracts.redirection(recording("a.example.com", "en-US"), recording("b.example.com", "en-US"))
    )


def test_fields_of_own_actions_that_say_where_are_destinations_too(contracts: Contracts) -> None:
    def own(host: str) -> Any:
        config = {"text": "{{secrets.shop_token}}", "ftpHost": host}
        return {"actionType": "fragile", "config": config, "secrets": [{**PLACE, "path": "/text", "start": 0}]}

    assert "ftpHost" in str(contracts.redirection(own("a"), own("b")))
    assert contracts.redirection(own("a"), own("a")) is None


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        ({"method": "PUT"}, {"method": "POST"}, False),
        ({"method": "POST", "idempotent": True}, {"method": "POST"}, False),
        ({"method": "POST"}, {"method": "PUT"}, True),
        ({"method": "PUT"}, {"method": "DELETE"}, True),
        ({"method": "PUT"}, {"method": "POST", "idempotent": True}, True),
    ],
)
def test_an_edit_cannot_make_what_the_run_repeats_unrepeatable(
    contracts: Contracts, before: dict[str, Any], after: dict[str, Any], fits: bool
) -> None:
    assert (contracts.redirection(call(**before), call(**after)) is None) is fits


def test_an_edit_of_what_is_no_request_any_more_is_refused(contracts: Contracts) -> None:
    assert "not what http_request takes" in str(contracts.redirection(call() | {"config": {}}, call()))


ANSWER = {"status": 200, "headers": {}, "body": {"id": 7, "tags": ["a"]}}


def test_a_supplied_result_is_kept_as_the_action_would_give_it(contracts: Contracts) -> None:
    assert contracts.supplied("http_request", ANSWER, None) == (ANSWER, [])
    assert contracts.supplied("http_request", {"status": "200", "headers": {}}, None) == (
        {"status": 200, "headers": {}, "body": None},
        [],
    )


def test_a_step_picks_from_a_supplied_result_as_from_any_other(contracts: Contracts) -> None:
    pick: Pick = {"id": ["body", "id"], "tag": ["body", "tags", 0], "no": ["body", "no"]}
    assert contracts.supplied("http_request", ANSWER, pick) == ({"id": 7, "tag": "a"}, [["body", "no"]])
    assert contracts.supplied("http_request", ANSWER, ["nothing"]) == (None, [["nothing"]])


def test_an_action_without_a_result_model_takes_any_json(contracts: Contracts) -> None:
    assert contracts.supplied("fragile", [1, None, "x"], None) == ([1, None, "x"], [])


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("name", "result", "words"),
    [
        ("no_such", {}, "no action no_such"),
        ("http_request", None, "not what http_request gives"),
        ("http_request", {"status": 200}, "`headers`"),
        ("http_request", {**ANSWER, "statuss": 1}, "'statuss', which http_request does not give; it gives status,"),
        ("http_request", {**ANSWER, "body": "x" * 3_000}, "2,000 is the most that is kept"),
        ("http_request", {**ANSWER, "body": nested(99)}, "deeper than 100"),
        ("http_request", nested(100_000), "deeper than 100"),
        ("fragile", {"ratio": float("nan")}, "no plain JSON"),
        ("count_words", {"words": "many"}, "`words`"),
        ("count_words", "3", "not what count_words gives"),
    ],
)
def test_what_is_no_result_is_refused(contracts: Contracts, name: str, result: Any, words: str) -> None:
    with pytest.raises(Refused) as raised:
        contracts.supplied(name, result, None)
    assert words in str(raised.value)


def test_a_supplied_result_is_scrubbed_and_has_whole_characters(contracts: Contracts) -> None:
    result = {**ANSWER, "body": {"token": TOKEN, "half": "a\ud83d"}}
    kept, _ = contracts.supplied("http_request", result, None)
    assert kept["body"] == {"token": "[secret]", "half": "a\ufffd"}


@pytest.fixture
def described() -> Contracts:
    """Contracts of a worker that has a described service."""
    shop = {"kind": "openapi", "description": str(AWKWARD), "baseUrl": "https://shop.example.com"}
    connections = Connections({"shop": shop}, connection_kinds(catalog()), {})
    return Contracts(catalog(), Secrets(None, {}), Scrubber(()), 2_000, connections=connections)


def refund(action_id: str = "refundOrder", connection: str = "shop", **params: Any) -> Any:
    config = {"connection": connection, "actionId": action_id, "params": {"orderId": "450", **params}}
    return {"actionType": "execute_connector_action", "config": config, "secrets": []}


def test_people_see_the_very_request_of_an_operation(described: Contracts) -> None:
    shown: Any = described.operation(refund(amount="25"))
    assert len(shown.pop("digest")) == 64
    assert shown == {
        "id": "refundOrder",
        "method": "POST",
        "address": "https://shop.example.com/orders/450/refund",
        "body": {"amount": 25},
    }
    large: Any = described.operation(refund(note="x" * 40_000))
    assert "body" not in large, "the config has it too"
    plain: Any = {**refund(), "actionType": "http_request"}
    assert (described.is_described(plain), described.is_described(refund())) == (False, True)
    with pytest.raises(Refused, match="http_request carries out no operation"):
        described.operation(plain)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (refund(amont=5), "Did you mean amount?"),
        (refund("refundOrders"), "Did you mean refundOrder?"),
        (refund(connection="nobody"), "There is no connection 'nobody'"),
    ],
)
def test_what_an_operation_does_not_take_is_not_asked_about(described: Contracts, request_: Any, says: str) -> None:
    with pytest.raises(Refused, match=re.escape(says)):
        described.operation(request_)


def test_an_edit_changes_params_and_no_operation(described: Contracts) -> None:
    assert described.redirection(refund(amount=5), refund(amount=6)) is None
    for other in (refund("addWatcher"), refund(connection="other")):
        assert "cannot make a step carry out another operation" in str(described.redirection(refund(), other))
