"""Messages for Teams on this machine; what is sent and answered is in cases/send_teams_message.yml."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from activities.attempt.scrubber import Scrubber
from activities.connections import Connections
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.teams import CONNECTIONS
from activities.teams.send_teams_message import TeamsMessage, posted, send_teams_message
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok
from tests.activities.messages import Marks
from workers.sandbox import Sandbox, connections

SIGNATURE = "S1gnatureOfTheWebhook0123"
GRAPH = {"connection": "sandbox-teams_graph", "teamId": "T1", "channelId": "19:c@thread.tacv2", "message": "Hello"}
TOO_LONG = "word **bold** " * 2_040


async def send(context: Any, config: dict[str, Any]) -> Any:
    return await send_teams_message.function(TeamsMessage.model_validate(config), context)


def at(sandbox: Sandbox, make_context: MakeContext, **more: Any) -> Any:
    known = Connections(connections(sandbox.url), CONNECTIONS)
    return make_context(action="send_teams_message", connections=known, **more)


@pytest.mark.parametrize(
    "status", ["400 Bad", "401 No", "404 Gone", "413 Large", "429 Slow", "500 Broken", "302 Found", "200 Fine"]
)
async def test_webhooks_url_is_in_no_error(wire: Wire, make_context: MakeContext, status: str) -> None:
    url = f"{wire.url}/workflows/7f3a9c21d4e8b650aa/triggers/manual/paths/invoke?sp=run&sig={SIGNATURE}"
    echo = f"delivery failed at {url}, which is {wire.url}/workflows/7f3a9c21d4e8b650aa, signed {SIGNATURE}"
    wire.reply(ok(echo.encode(), f"Location: {url}", status=status, kind="Content-Type: text/plain"))
    known = Connections({"chat": {"kind": "teams", "channels": {"alerts": url}}}, CONNECTIONS)
    with pytest.raises(ActionError) as raised:
        await send(make_context(connections=known), {"channel": "alerts", "message": "Hello"})
    sentence = Scrubber(known.credentials()).scrub(str(raised.value))
    assert SIGNATURE not in sentence
    assert "7f3a9c21d4e8b650aa" not in sentence


async def test_webhooks_url_is_in_no_error_where_nobody_answers(make_context: MakeContext) -> None:
    url = f"http://127.0.0.1:9/workflows/7f3a9c21d4e8b650aa?sig={SIGNATURE}"
    known = Connections({"chat": {"kind": "teams", "channels": {"alerts": url}}}, CONNECTIONS)
    with pytest.raises(Unavailable) as raised:
        await send(make_context(connections=known), {"channel": "alerts", "message": "Hello"})
    assert SIGNATURE not in str(raised.value)
    assert "7f3a9c21d4e8b650aa" not in str(raised.value)


@pytest.mark.parametrize("where", [{"channel": "alerts"}, {name: GRAPH[name] for name in GRAPH if name != "message"}])
async def test_what_teams_would_find_too_large_is_refused_before_anything_is_sent(
    sandbox: Sandbox, make_context: MakeContext, where: dict[str, Any]
) -> None:
    marks = Marks()
    with pytest.raises(Refused, match=r"has \d\d,\d{3} bytes; Teams takes at most 28,672: shorten it"):
        await send(at(sandbox, make_context, sending=marks), {**where, "message": TOO_LONG})
    assert (marks.count, sandbox.requests()) == (0, [])


async def test_largest_message_is_taken(sandbox: Sandbox, make_context: MakeContext) -> None:
    made = await send(at(sandbox, make_context), {"channel": "alerts", "message": "a" * 28_200})
    assert made.provider == "teams"
    with pytest.raises(Refused, match="bytes"):
        await send(at(sandbox, make_context), {"channel": "alerts", "message": "a" * 28_600})


@pytest.mark.parametrize(("drop", "found"), [("before", 0), ("after", 1)])
async def test_lost_answer_of_graph_is_found_out(
    sandbox: Sandbox, make_context: MakeContext, drop: Literal["before", "after"], found: int
) -> None:
    context = at(sandbox, make_context)
    config = TeamsMessage.model_validate(GRAPH)
    await send(at(sandbox, make_context, key="another-step"), GRAPH)
    sandbox.fail("teams_graph", path="/teams_graph/v1.0", drop=drop)
    with pytest.raises(OutcomeUnknown):
        await send(context, GRAPH)
    since = datetime.now(UTC) - timedelta(minutes=1)
    receipts = await posted(config, context, since)
    assert len(receipts) == found
    assert all(receipt.provider == "teams_graph" and receipt.id for receipt in receipts)


async def test_message_is_found_on_a_later_page(sandbox: Sandbox, make_context: MakeContext) -> None:
    made = await send(at(sandbox, make_context), GRAPH)
    for number in range(60):
        await send(at(sandbox, make_context, key=f"step-{number}"), GRAPH)
    since = datetime.now(UTC) - timedelta(minutes=1)
    assert await posted(TeamsMessage.model_validate(GRAPH), at(sandbox, make_context), since) == [made]


async def test_token_that_ended_is_asked_for_once_more(wire: Wire, make_context: MakeContext) -> None:
    def token(text: str) -> bytes:
        return ok(b'{"token_type":"Bearer","expires_in":3600,"access_token":"%s"}' % text.encode())

    wire.reply(token("first"), ok(b"{}", status="401 No"), token("second"), ok(b'{"id":"7"}', status="201 Created"))
    graph = {"tenantId": "t1", "clientId": "c1", "clientSecret": "hush-hush", "refreshToken": "refresh-me"}
    entry = {"kind": "teams_graph", **graph, "baseUrl": wire.url, "tokenUrl": f"{wire.url}/token"}
    context = make_context(connections=Connections({"chat": entry}, CONNECTIONS))
    assert (await send(context, {name: GRAPH[name] for name in GRAPH if name != "connection"})).id == "7"
    assert [seen.target for seen in wire.requests][::2] == ["/token", "/token"]
    assert [seen.headers.get("authorization") for seen in wire.requests][1::2] == ["Bearer first", "Bearer second"]
