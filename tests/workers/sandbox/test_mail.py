"""The sandbox's mail server and its mailbox: the real action sends, the page shows."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from activities.catalog import catalog
from activities.connections import Connections
from activities.email.composing import Email
from activities.email.send_email import PROVIDERS, EmailReceipt, send_email
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from tests.activities.conftest import KEY, MakeContext, client, make_context
from workers.sandbox import Sandbox, connections

__all__ = ["client", "make_context"]  # fixtures

MESSAGE = {"to": "ada@example.com", "subject": "Hello <b>", "markdown": "Hi **Ada** <script>."}


@pytest.fixture
def known(sandbox: Sandbox) -> Connections:
    return Connections(connections(sandbox.url, {"send_email": send_email}), PROVIDERS)


async def send(make_context: MakeContext, known: Connections, **config: Any) -> EmailReceipt:
    context = make_context(action="send_email", connections=known)
    found = await send_email.function(Email.model_validate({**MESSAGE, **config}), context)
    assert isinstance(found, EmailReceipt)
    return found


async def fetch(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


async def test_email_goes_to_the_mail_server_unless_told_otherwise(
    sandbox: Sandbox, known: Connections, make_context: MakeContext
) -> None:
    assert connections(sandbox.url, catalog())["defaults"]["send_email"] == "sandbox-smtp"
    receipts = [
        await send(make_context, known, connection=name) for name in (None, "sandbox-postmark", "sandbox-gmail")
    ]
    assert [one.provider for one in receipts] == ["smtp", "postmark", "gmail"]
    [taken] = sandbox.requests("smtp", key=KEY)
    assert taken.accepted
    assert taken.request.headers["rcpt-to"] == "ada@example.com"


async def test_the_mailbox_shows_every_email_and_runs_none_of_its_html(
    sandbox: Sandbox, known: Connections, make_context: MakeContext
) -> None:
    assert "No email has arrived yet" in await fetch(f"{sandbox.url}/_/mailbox")
    for name in ("sandbox-smtp", "sandbox-postmark", "sandbox-gmail"):
        await send(make_context, known, connection=name, headers={"List-Unsubscribe": "<https://x.example/u>"})
    async with aiohttp.ClientSession() as session, session.get(f"{sandbox.url}/_/mailbox.json") as answer:
        found = await answer.json()
    assert [one["vendor"] for one in found] == ["smtp", "postmark", "gmail"]
    for one in found:
        assert (one["subject"], one["text"].strip(), one["key"]) == ("Hello <b>", "Hi Ada <script>.", KEY)
        assert "<strong>Ada</strong> &lt;script&gt;" in one["html"]
        assert ["List-Unsubscribe", "<https://x.example/u>"] in one["headers"]
        assert one["messageId"] == f"<{KEY}@example.com>"
    page = await fetch(f"{sandbox.url}/_/mailbox")
    assert page.count("Hi Ada &lt;script&gt;.") == 3
    assert "<strong>" not in page
    assert 'href="/_/mailbox"' in await fetch(f"{sandbox.url}/")


@pytest.mark.parametrize(
    ("fault", "kind", "accepted"),
    [
        ({"status": 451}, Unavailable, False),
        ({"status": 429}, Unavailable, False),
        ({"status": 554}, Refused, False),
        ({"drop": "before"}, OutcomeUnknown, False),
        ({"drop": "after"}, OutcomeUnknown, True),
    ],
)
async def test_the_mail_server_fails_as_it_is_told(
    fault: dict[str, Any],
    kind: type[ActionError],
    accepted: bool,
    sandbox: Sandbox,
    known: Connections,
    make_context: MakeContext,
) -> None:
    sandbox.fail("smtp", **fault)
    with pytest.raises(kind):
        await send(make_context, known)
    [taken] = sandbox.requests("smtp")
    assert taken.accepted == accepted
    assert taken.fault
    await send(make_context, known)


async def test_the_mail_server_refuses_recipients_and_passwords(
    sandbox: Sandbox, known: Connections, make_context: MakeContext
) -> None:
    receipt = await send(make_context, known, to=["ada@example.com", "refused@example.com", "later@example.com"])
    assert receipt.refused == ["refused@example.com", "later@example.com"]
    entry = {**connections(sandbox.url, {"send_email": send_email})["sandbox-smtp"], "password": "invalid-password"}
    with pytest.raises(Refused, match="sign-in was not accepted"):
        await send(make_context, Connections({"mail": entry}, PROVIDERS))


async def test_two_sandboxes_have_mail_servers_of_their_own(sandbox: Sandbox, make_context: MakeContext) -> None:
    async with Sandbox(sandbox.port - 1) as other:
        assert other.port not in (sandbox.port, sandbox.port - 1)
        own = Connections(connections(other.url, {"send_email": send_email}), PROVIDERS)
        await send(make_context, own)
        assert len(other.requests("smtp")) == 1
    assert not sandbox.requests("smtp")
