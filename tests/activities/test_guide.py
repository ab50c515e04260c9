"""The guide's action beside our own: it makes of an answer what they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.errors import ActionError, OutcomeUnknown, Refused
from activities.http_client.statuses import SUCCESS, failure
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok
from tests.end_to_end.test_own_actions import shown


@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 429, 500, 503])
async def test_the_guides_action_sorts_answers_as_ours_do(
    tmp_path: Path, wire: Wire, make_context: MakeContext, status: int
) -> None:
    wire.reply(ok(b"{}", "Retry-After: 7", status=f"{status} x"))
    file = tmp_path / "acme_actions.py"
    file.write_text(shown("acme_actions.py"), encoding="utf-8")
    found = catalog([str(file)])
    entry = {"kind": "addressbook", "token": "t", "baseUrl": wire.url}
    context = make_context(action="create_contact", connections=Connections({"book": entry}, connection_kinds(found)))
    action = found["create_contact"]
    with pytest.raises(ActionError) as raised:
        await action.function(action.config.model_validate(dict(action.example)), context)
    expected = OutcomeUnknown if status in SUCCESS else type(failure("", status, {"retry-after": "7"}))
    assert type(raised.value) is expected
    assert getattr(raised.value, "retry_after", 7) == 7


async def test_a_request_has_one_body_and_its_type_may_be_another(wire: Wire, make_context: MakeContext) -> None:
    context = make_context()
    await context.request("POST", wire.url, json=[1, "ü", None], headers={"content-type": "application/vnd.x+json"})
    await context.request("POST", wire.url, json=False)
    first, second = wire.requests
    assert (first.body, first.headers["content-type"]) == ('[1,"ü",null]'.encode(), "application/vnd.x+json")
    assert (second.body, second.headers["content-type"]) == (b"false", "application/json")
    with pytest.raises(ValueError, match="one body"):
        await context.request("POST", wire.url, json={}, content=b"x")
    with pytest.raises(Refused, match="no JSON form"):
        await context.request("POST", wire.url, json={"a": float("nan")})
