"""What one attempt of a merge tells the next."""

from __future__ import annotations

import json
from typing import Any

import pytest

from activities.connections import Connections
from activities.errors import OutcomeUnknown, Refused
from activities.kustomer.conversation_merge import TwoConversations, conversation_merge
from activities.vendors.kustomer.connection import Kustomer
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, drop, ok

CUSTOMER = {"customer": {"data": {"type": "customer", "id": "c1"}}}
EMPTY = ok(json.dumps({"data": [], "links": {"next": None}}).encode())
GONE = ok(b'{"errors": [{"code": "not_found", "message": "Not found"}]}', status="404 Not Found")


def conversation(id_: str) -> bytes:
    return ok(json.dumps({"data": {"type": "conversation", "id": id_, "relationships": CUSTOMER}}).encode())


async def test_a_source_that_is_gone_was_deleted_by_the_attempt_before(wire: Wire, make_context: MakeContext) -> None:
    known = {"crm": {"kind": "kustomer", "apiKey": "key-1234567890", "baseUrl": wire.url}}
    told: list[Any] = []
    context = {"connections": Connections(known, [Kustomer]), "heartbeat": told.append}
    config = TwoConversations(source="s", target="t")
    wire.reply(
        conversation("t"), conversation("s"), EMPTY, EMPTY, drop, conversation("t"), GONE, conversation("t"), GONE
    )
    with pytest.raises(OutcomeUnknown):
        await conversation_merge.function(config, make_context(**context))
    assert len(told) == 1
    merged = await conversation_merge.function(config, make_context(**context, progress=told[0]))
    assert (merged.status, merged.customer) == ("success", "c1")
    with pytest.raises(Refused, match="no conversation with the id that `source` has"):
        await conversation_merge.function(config, make_context(**context))
