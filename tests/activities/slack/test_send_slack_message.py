"""Slack's SDK on this machine; what is sent and answered is in cases/send_slack_message.yml."""

from typing import Any

import pytest

from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.http_client.client import Client
from activities.http_client.message import Response
from activities.slack.message import SlackMessage
from activities.slack.send_slack_message import SlackReceipt, send_slack_message
from activities.vendors.slack import BASE_URL, SlackClient
from tests.activities.conftest import KEY, MakeContext
from tests.activities.messages import Marks, answer, named, serving
from workers.sandbox import Sandbox, connections

MESSAGE = {"channel": "#support-alerts", "text": "Hello"}


async def post(make_context: MakeContext, url: str) -> SlackReceipt:
    known = {"team-slack": {"kind": "slack", "token": "xoxb-1", "baseUrl": url}}
    context = make_context(action="send_slack_message", connections=named(known))
    receipt: SlackReceipt = await send_slack_message.function(SlackMessage.model_validate(MESSAGE), context)
    return receipt


async def test_token_of_a_steps_own_goes_to_slack_itself_where_no_connection_is_meant(
    make_context: MakeContext,
) -> None:
    reached: list[str] = []

    class Nowhere(Client):
        async def request(self, method: str, url: str, **_: Any) -> Response:
            reached.append(url)
            raise Unavailable("There is no network here.")

    config = SlackMessage.model_validate({**MESSAGE, "token": "xoxb-own"})
    several = {
        name: {"kind": "slack", "token": "xoxb-1", "baseUrl": "https://other.example.com"} for name in ("a", "b")
    }
    for known in ({}, several):
        with pytest.raises(Unavailable):
            await send_slack_message.function(
                config, make_context(action="send_slack_message", connections=named(known), http=Nowhere())
            )
    assert reached == [f"{BASE_URL}chat.postMessage"] * 2


async def test_step_without_token_and_connection_is_refused_with_what_to_do(make_context: MakeContext) -> None:
    with pytest.raises(Refused, match="needs a connection of kind slack"):
        await send_slack_message.function(
            SlackMessage.model_validate(MESSAGE), make_context(action="send_slack_message")
        )


async def test_proxies_of_the_environment_are_not_used(
    make_context: MakeContext, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await post(make_context, f"{sandbox.url}/slack")).ts


async def test_intention_is_written_down_once_and_only_for_what_has_an_effect(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    marks = Marks()
    context = make_context(action="send_slack_message", connections=named(connections(sandbox.url)), sending=marks)
    receipt = await send_slack_message.function(SlackMessage.model_validate(MESSAGE), context)
    assert marks.count == 1

    looking = SlackClient("xoxb-1", f"{sandbox.url}/slack", context)
    history = await looking.conversations_history(
        channel=receipt.channel, oldest="0", include_all_metadata=True, limit=15
    )

    assert [message["metadata"]["event_payload"]["key"] for message in history["messages"]] == [KEY]
    assert marks.count == 1


async def test_token_never_stands_in_an_error(make_context: MakeContext) -> None:
    async with serving(answer(500, "xoxb-1", "Content-Type: text/plain")) as server:
        with pytest.raises(OutcomeUnknown) as raised:
            await post(make_context, server.url)
    assert "xoxb-1" not in str(raised.value)
    assert raised.value.__cause__ is None
