"""Each way of showing who has sent a request: the vendors' own vectors, and what must never pass."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.together import together
from tests.workers.gateway.doors import base64_hmac, hex_hmac, sha256
from workers.gateway.parts import Verify
from workers.gateway.verification import TOLERANCE, Claims

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    b".803a0bc887a14d10d2c447fce8b6703c"
)
TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FORM = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
FORM = "application/x-www-form-urlencoded"
ZENDESK_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
NOW = 1_700_000_000
JSON_URL = "https://mycompany.com/hook"

VECTORS: list[tuple[dict[str, Any], dict[str, str], bytes, str, float]] = [
    ({"bearer": "a b"}, {"Authorization": "bearer a b"}, b"", "", 0),
    ({"bearer": ["new", "old"]}, {"Authorization": "Bearer old"}, b"", "", 0),
    ({"basic": {"user": "ü", "password": ["new", "p:w"]}}, {"Authorization": f"Basic {base64.b64encode('ü:p:w'.encode()).decode()}"}, b"", "", 0),
    ({"header": {"name": "X-Hook-Token", "value": "t"}}, {"x-hook-token": "t"}, b"", "", 0),
    ({"standardWebhooks": ["whsec_" + "A" * 32, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}, {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330", "webhook-signature": "v1a,x v1 v1,a,b v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, b'{"test": 2432232314}', "", 1614265330 + TOLERANCE),
    ({"slack": "8f742231b10e8888abcd99yyyzzz85a5"}, {"X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}, SLACK_BODY, "", 1531420618),
    ({"github": "It's a Secret to Everybody"}, {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}, b"Hello, World!", "", 0),
    ({"zendesk": ZENDESK_SECRET}, {"X-Zendesk-Webhook-Signature": "S/RDdU2ERmj7LHDDoWJ2onPYH+t7/f2+LTM4dL7UiLM=", "X-Zendesk-Webhook-Signature-Timestamp": "2021-03-25T05:09:27Z"}, b'{"event":"ticket.updated","id":123}', "", datetime(2021, 3, 25, 5, 9, 27, tzinfo=UTC).timestamp() - TOLERANCE),
    ({"twilio": "12345"}, {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "Content-Type": FORM}, TWILIO_FORM, TWILIO_URL, 0),
    ({"twilio": "12345"}, {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "Content-Type": f"{FORM}; charset=utf-8"}, TWILIO_FORM, TWILIO_URL.replace(".com", ".com:443"), 0),
    ({"twilio": "12345"}, {"X-Twilio-Signature": base64_hmac("12345", f"{JSON_URL}?bodySHA256={sha256(b'{}')}".encode(), "sha1")}, b"{}", f"{JSON_URL}?bodySHA256={sha256(b'{}')}", 0),
    ({"stripe": ["other", "whsec_text"]}, {"Stripe-Signature": f"t={NOW},v0=x,v1=bad,v1={hex_hmac('whsec_text', f'{NOW}.'.encode() + b'{}')}"}, b"{}", "", NOW + 299),
    ({"zammad": "token"}, {"X-Hub-Signature": f"sha1={hex_hmac('token', b'{}', 'sha1')}"}, b"{}", "", 0),
    ({"kustomer": "token"}, {"X-Kustomer-Webhook-Signature": hex_hmac("token", b"{}")}, b"{}", "", 0),
]  # fmt: skip


def signed(headers: Any, body: bytes, url: str, now: float) -> Claims:
    return Claims(CIMultiDictProxy(CIMultiDict(headers)), body, url, now)


@together(("verify", "headers", "body", "url", "now"), VECTORS)
def test_what_is_right_passes_and_any_change_does_not(
    verify: dict[str, Any], headers: dict[str, str], body: bytes, url: str, now: float
) -> None:
    way = Verify.model_validate(verify)
    assert way.admits(signed(headers, body, url, now))
    for name, value in headers.items():
        if name != "Content-Type":
            assert not way.admits(signed({k: v for k, v in headers.items() if k != name}, body, url, now))
            assert not way.admits(signed([*headers.items(), (name, value)], body, url, now)), "given twice"
            assert not way.admits(signed({**headers, name: f"{value}x"}, body, url, now))
            assert not way.admits(signed({**headers, name: "\udcff\udcfe"}, body, url, now))
    if way.by_headers:
        return
    assert not way.admits(signed(headers, b"", url, now))
    assert not way.admits(signed(headers, body + b"x=1&", url, now))
    if url:
        assert not way.admits(signed(headers, body, url.replace("mycompany", "evil"), now))
        assert not way.admits(signed(headers, body, f"{url}&a=b", now))


@pytest.mark.parametrize("way", ["standardWebhooks", "slack", "stripe", "zendesk"])
def test_what_is_older_or_newer_than_five_minutes_does_not_pass(way: str) -> None:
    verify, headers, body, url, _ = next(one for one in VECTORS if way in one[0])
    at = {"standardWebhooks": 1614265330, "slack": 1531420618, "stripe": NOW, "zendesk": 1616648967}[way]
    passes = [
        Verify.model_validate(verify).admits(signed(headers, body, url, at + late))
        for late in (-TOLERANCE - 1, -TOLERANCE, TOLERANCE, TOLERANCE + 1)
    ]
    assert passes == [False, True, True, False]


def test_a_form_of_twilio_s_may_not_be_exchanged_for_nothing() -> None:
    """What is signed for a JSON body covers the address alone, so a form must not pass with it."""
    url = f"{JSON_URL}?bodySHA256={sha256(b'{}')}"
    headers = {"X-Twilio-Signature": base64_hmac("12345", url.encode(), "sha1"), "Content-Type": FORM}
    assert not Verify.model_validate({"twilio": "12345"}).admits(signed(headers, b"", url, 0))


@given(
    st.sampled_from([vector[0] for vector in VECTORS]),
    st.lists(st.tuples(st.sampled_from([n for v in VECTORS for n in v[1]]), st.text()), max_size=6),
    st.binary(max_size=40),
)
def test_nothing_that_a_stranger_sends_passes_or_breaks_it(
    verify: dict[str, Any], headers: list[tuple[str, str]], body: bytes
) -> None:
    assert not Verify.model_validate(verify).admits(signed(headers, body, "https://a.example/?bodySHA256=1", 0))


def test_who_says_none_asks_for_nothing() -> None:
    assert Verify.model_validate("none").admits(signed({}, b"", "", 0))
