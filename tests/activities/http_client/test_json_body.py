"""JSON as it goes out: the numbers of RFC 8785, so that what has one digest is sent as the same bytes."""

from __future__ import annotations

import contextlib
import json
import struct
from collections import OrderedDict
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from activities.attempt.contracts import configured
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import Secrets
from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.errors import ActionError, Refused
from activities.http_client.json_body import json_bytes, json_text, to_bytes, with_whole_numbers
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire
from tests.together import together
from trunkline.wire import request_from, seal

VECTORS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}
"""Appendix B of RFC 8785: the bits of a number, and how it is written."""

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
SEALABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@together(("bits", "written"), VECTORS.items())
def test_numbers_are_written_as_the_standard_says(bits: str, written: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert json_text(number) == written
    assert json_text({"a": [number]}) == f'{{"a":[{written}]}}'
    assert json_text(with_whole_numbers(number)) == written


@given(SEALABLE)
def test_what_can_be_sealed_is_sent_as_it_is_sealed_but_for_the_order_of_keys(value: Any) -> None:
    assert json_bytes(_sorted(value)) == rfc8785.dumps(value)
    assert json_bytes(_sorted(with_whole_numbers(value))) == rfc8785.dumps(value)


@given(JSON)
def test_what_is_sent_is_json_of_the_same_value(value: Any) -> None:
    assert json.loads(json_text(value), parse_int=float) == json.loads(json.dumps(value), parse_int=float)


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 12345678901234567890, 10**40])
def test_an_integer_keeps_its_digits_however_large_it_is(number: int) -> None:
    assert json_text({"id": with_whole_numbers(number)}) == f'{{"id":{number}}}'


def test_true_is_not_one_and_keys_keep_their_order() -> None:
    assert json_text({"b": True, "a": 1, "c": [], "d": {}, "e": None}) == '{"b":true,"a":1,"c":[],"d":{},"e":null}'
    assert json_text(OrderedDict(b=(1.0, "ü"))) == '{"b":[1,"ü"]}'
    assert json_text({1: 0, 1.5: 0, None: 0}) == '{"1":0,"1.5":0,"null":0}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [object()], {(1, 2): 0}, {"a": {1, 2}}, b"x"])
def test_what_has_no_json_form_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match="no JSON form"):
        json_text(value)


def test_half_a_character_becomes_a_replacement_character() -> None:
    assert json_bytes("a\ud83d") == '"a\ufffd"'.encode()
    assert to_bytes("a\ud83d\ude00") == "a😀".encode()


@pytest.mark.parametrize(
    ("action", "config"),
    [
        ("http_request", {"method": "POST", "body": {"amount": 0, "list": [0, {"deep": 0}]}}),
        ("http_request", {"method": "POST", "body": [{"key": "amount", "value": 0, "format": "String"}]}),
        ("http_request", {"method": "POST", "body": [{"key": 0, "value": 0}]}),
        ("http_request", {"method": "POST", "body": {"amount": 0}, "encoding": "form"}),
        ("http_request", {"method": "GET", "query": {"page": 0}, "headers": {"X-Page": 0}}),
        ("api_request", {"method": "POST", "values": [{"key": "amount", "value": 0}]}),
        ("send_webhook", {"body": {"amount": 0}}),
        ("send_slack_message", {"channel": "#c", "text": "x", "blocks": [{"type": "divider", "n": 0}], "token": "t"}),
    ],
)
async def test_configs_of_one_digest_are_sent_as_the_same_bytes(
    action: str, config: dict[str, Any], wire: Wire, make_context: MakeContext
) -> None:
    found, actions = [], catalog()
    for one in (1, 1.0):
        whole = json.loads(json.dumps(config).replace(": 0", f": {one}").replace("[0", f"[{one}"))
        whole |= {"connection": "team"} if "channel" in whole else {"url": wire.url}
        whole.pop("token", None)
        request = request_from(action, whole, [])
        secrets = Secrets(None, {})
        connections = Connections(
            {"team": {"kind": "slack", "token": "xoxb-1", "baseUrl": wire.url}}, connection_kinds(actions), {}
        )
        model = configured(actions[action], request, secrets, Scrubber(()))
        wire.requests.clear()
        with contextlib.suppress(ActionError):  # the server is no Slack; what was sent is what counts
            await actions[action].function(model, make_context(connections=connections))
        (sent,) = wire.requests
        found.append((seal(request), sent.target, sent.headers.get("x-page"), sent.body))
    assert found[0] == found[1]


def _sorted(value: Any) -> Any:
    """Return a value with the keys of objects in the order of RFC 8785: by UTF-16 code units."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _sorted(value[key]) for key in keys}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
