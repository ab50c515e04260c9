"""What the sandbox cannot bring about: a conversation of nobody."""

from __future__ import annotations

import json

import pytest

from activities.connections import Connections
from activities.errors import Refused
from activities.kustomer.assistant_launch import Launch, assistant_launch
from activities.vendors.kustomer.connection import Kustomer
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok


async def test_a_conversation_of_nobody_gets_no_assistant(wire: Wire, make_context: MakeContext) -> None:
    for data in ({"id": "m1", "attributes": {"direction": "in"}}, {"id": "cv1"}):
        wire.reply(ok(json.dumps({"data": data}).encode()))
    known = {"crm": {"kind": "kustomer", "apiKey": "key-1234567890", "baseUrl": wire.url}}
    context = make_context(connections=Connections(known, [Kustomer]))
    with pytest.raises(Refused, match="no customer"):
        await assistant_launch.function(Launch(public_id="a1", message_id="m1", conversation_id="cv1"), context)
    assert [seen.method for seen in wire.requests] == ["GET", "GET"], "nothing was launched"
