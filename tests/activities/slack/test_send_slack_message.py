import json
from typing import Any

import pytest

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.client import Client
from activities.http_client.message import Response
from activities.slack.failures import LATER, PERHAPS
from activities.slack.send_slack_message import SlackMessage, SlackReceipt, send_slack_message
from activities.vendors.slack import BASE_URL, SlackClient
from tests.activities.conftest import KEY, MakeContext
from tests.activities.http_client.wire import hang
from tests.activities.messages import Marks, answer, named, serving
from workers.sandbox import Sandbox, connections

MESSAGE = {"channel": "#support-alerts", "text": "Hello"}
POSTED = '{"ok": true, "channel": "C1", "ts": "1503435956.000247"}'
JSON = "Content-Type: application/json"


async def post(make_context: MakeContext, url: str, *, seconds: float = 10, **changes: Any) -> SlackReceipt:
    known = {"team-slack": {"kind": "slack", "token": "xoxb-1", "baseUrl": url}}
    config = SlackMessage.model_validate({**MESSAGE, **changes})
    receipt: SlackReceipt = await send_slack_message.function(
        config, make_context(action="send_slack_message", connections=named(known), timeout=seconds)
    )
    return receipt


def posted(sandbox: Sandbox) -> dict[str, Any]:
    [received] = sandbox.requests("slack")
    assert received.request.path == "/slack/chat.postMessage"
    assert received.accepted
    body: dict[str, Any] = received.request.json
    return body


@pytest.mark.parametrize("slash", ["", "/"])
async def test_message_is_posted_under_the_connections_address(
    make_context: MakeContext, sandbox: Sandbox, slash: str
) -> None:
    receipt = await post(make_context, f"{sandbox.url}/slack{slash}", text="Hello <b> 😀")

    assert posted(sandbox) == {
        "channel": "#support-alerts",
        "text": "Hello <b> 😀",
        "client_msg_id": KEY,
        "metadata": {"event_type": "trunkline_step", "event_payload": {"key": KEY}},
    }
    assert sandbox.requests()[0].request.headers["authorization"] == "Bearer xoxb-1"
    assert receipt.channel.startswith("C")
    assert float(receipt.ts) > 0


async def test_everything_that_can_be_said_arrives(make_context: MakeContext, sandbox: Sandbox) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}]
    changes: dict[str, Any] = {
        "icon_emoji": ":ghost:",
        "icon_url": "https://example.com/g.png",
        "thread_ts": "1.000001",
        "blocks": blocks,
    }
    await post(make_context, f"{sandbox.url}/slack", **changes)
    assert {**MESSAGE, **changes}.items() <= posted(sandbox).items()


@pytest.mark.parametrize(
    ("use_markdown", "expected"),
    [
        (None, {"text": "**Hi**"}),
        (True, {"markdown_text": "**Hi**"}),
        (False, {"text": "**Hi**", "mrkdwn": False}),
    ],
)
async def test_use_markdown_decides_how_the_text_is_shown(
    make_context: MakeContext, sandbox: Sandbox, use_markdown: bool | None, expected: dict[str, Any]
) -> None:
    await post(make_context, f"{sandbox.url}/slack", text="**Hi**", use_markdown=use_markdown)
    body = posted(sandbox)
    assert {name: body[name] for name in ("text", "markdown_text", "mrkdwn") if name in body} == expected


async def test_blocks_alone_are_a_message(make_context: MakeContext, sandbox: Sandbox) -> None:
    await post(make_context, f"{sandbox.url}/slack", text=None, blocks=[{"type": "divider"}])
    assert posted(sandbox)["blocks"] == [{"type": "divider"}]


async def test_token_of_a_steps_own_needs_no_connection_but_takes_the_address_of_the_only_one(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    config = SlackMessage.model_validate({**MESSAGE, "token": "xoxb-own"})
    await send_slack_message.function(
        config, make_context(action="send_slack_message", connections=named(connections(sandbox.url)))
    )
    assert sandbox.requests()[0].request.headers["authorization"] == "Bearer xoxb-own"


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


@pytest.mark.parametrize(
    ("channel", "error", "advice"),
    [
        ("#missing-channel", "channel_not_found", "invite the app, or use the channel's id"),
        ("#private-channel", "not_in_channel", "invite the app"),
        ("#archived-channel", "is_archived", "archived"),
    ],
)
async def test_what_slack_refuses_in_a_200_is_refused_with_advice(
    make_context: MakeContext, sandbox: Sandbox, channel: str, error: str, advice: str
) -> None:
    with pytest.raises(Refused, match=f"{error} .*{advice}"):
        await post(make_context, f"{sandbox.url}/slack", channel=channel)
    assert [received.accepted for received in sandbox.requests()] == [False]


@pytest.mark.parametrize("error", sorted(LATER))
async def test_error_that_passes_is_tried_again(make_context: MakeContext, error: str) -> None:
    async with serving(answer(200, json.dumps({"ok": False, "error": error}), JSON)) as server:
        with pytest.raises(Unavailable, match=error):
            await post(make_context, server.url)


@pytest.mark.parametrize("error", sorted(PERHAPS))
@pytest.mark.parametrize("status", [200, 500])
async def test_error_under_which_it_may_have_been_posted_is_an_unknown_outcome(
    make_context: MakeContext, error: str, status: int
) -> None:
    async with serving(answer(status, json.dumps({"ok": False, "error": error}), JSON)) as server:
        with pytest.raises(OutcomeUnknown, match=error):
            await post(make_context, server.url)
    assert len(server.requests) == 1


async def test_missing_scope_is_named(make_context: MakeContext) -> None:
    told = {"ok": False, "error": "missing_scope", "needed": "chat:write.customize", "provided": "chat:write"}
    async with serving(answer(200, json.dumps(told), JSON)) as server:
        with pytest.raises(Refused, match=r"missing_scope .*chat:write.customize"):
            await post(make_context, server.url)


async def test_slacks_own_remarks_are_passed_on(make_context: MakeContext) -> None:
    remarks = {"messages": ["[ERROR] must be one of: header [json-pointer:/blocks/0/type]"]}
    told = {"ok": False, "error": "invalid_blocks", "response_metadata": remarks}
    async with serving(answer(200, json.dumps(told), JSON)) as server:
        with pytest.raises(Refused, match=r"invalid_blocks .*json-pointer:/blocks/0/type"):
            await post(make_context, server.url)


@pytest.mark.parametrize(
    ("told", "headers", "kind", "wait"),
    [
        ((429, ""), ["Retry-After: 30"], Unavailable, 30.0),
        ((429, '{"ok": false, "error": "ratelimited"}'), [JSON, "Retry-After: 5"], Unavailable, 5.0),
        ((503, ""), ["Retry-After: 2"], Unavailable, 2.0),
        ((503, "<html>"), [], OutcomeUnknown, None),
        ((500, "<html>busy</html>"), ["Content-Type: text/html"], OutcomeUnknown, None),
        ((502, '{"ok": false, "error": "upstream_failed"}'), [JSON], OutcomeUnknown, None),
        ((404, "not here"), ["Content-Type: text/plain"], Refused, None),
        ((302, ""), ["Location: /elsewhere"], Refused, None),
        ((200, '{"ok": fal'), [JSON], OutcomeUnknown, None),
        ((200, ""), [], OutcomeUnknown, None),
        ((200, "ok"), ["Content-Type: text/plain"], OutcomeUnknown, None),
        ((200, "[]"), [JSON], OutcomeUnknown, None),
        ((200, "null"), [JSON], OutcomeUnknown, None),
        ((200, '{"ok": false}'), [JSON], OutcomeUnknown, None),
        ((200, '{"ok": true}'), [JSON], OutcomeUnknown, None),
        ((200, '{"ok": true, "channel": "C1", "ts": 5}'), [JSON], OutcomeUnknown, None),
    ],
)
async def test_odd_answers_are_sorted_and_never_repeated(
    make_context: MakeContext, told: tuple[int, str], headers: list[str], kind: type[ActionError], wait: float | None
) -> None:
    async with serving(answer(*told, *headers)) as server:
        with pytest.raises(ActionError) as raised:
            await post(make_context, server.url)
    assert type(raised.value) is kind
    assert getattr(raised.value, "retry_after", None) == wait
    assert len(server.requests) == 1


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_dropped_connection_is_an_unknown_outcome_and_nothing_is_sent_again(
    make_context: MakeContext, sandbox: Sandbox, drop: Any
) -> None:
    sandbox.fail("slack", drop=drop)
    with pytest.raises(OutcomeUnknown):
        await post(make_context, f"{sandbox.url}/slack")
    assert [received.accepted for received in sandbox.requests()] == [drop == "after"]


async def test_silence_is_an_unknown_outcome_once_the_attempts_time_is_over(make_context: MakeContext) -> None:
    async with serving(hang) as server:
        with pytest.raises(OutcomeUnknown):
            await post(make_context, server.url, seconds=0.2)
    assert len(server.requests) == 1


async def test_server_that_cannot_be_reached_got_nothing(make_context: MakeContext) -> None:
    async with serving(hang) as server:
        pass
    with pytest.raises(Unavailable):
        await post(make_context, server.url)


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


async def test_nothing_is_sent_where_the_intention_cannot_be_written_down(
    make_context: MakeContext, sandbox: Sandbox
) -> None:
    async def too_late() -> None:
        raise Unavailable("The attempt has timed out.")

    context = make_context(action="send_slack_message", connections=named(connections(sandbox.url)), sending=too_late)
    with pytest.raises(Unavailable, match="timed out"):
        await send_slack_message.function(SlackMessage.model_validate(MESSAGE), context)
    assert not any(received.accepted for received in sandbox.requests())


async def test_token_never_stands_in_an_error(make_context: MakeContext) -> None:
    async with serving(answer(500, "xoxb-1", "Content-Type: text/plain")) as server:
        with pytest.raises(OutcomeUnknown) as raised:
            await post(make_context, server.url)
    assert "xoxb-1" not in str(raised.value)
    assert raised.value.__cause__ is None
