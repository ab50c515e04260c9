"""What connections of helpdesks say: who is meant, what must never be seen, and where links lead."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from activities.tickets.connection import Assignee
from activities.tickets.helpdesks import Freshdesk, Zammad, Zendesk
from activities.tickets.set_status import Status
from activities.tickets.zendesk import ZendeskHelpdesk

ZENDESK = {"subdomain": "acme", "email": "bot@example.com", "apiToken": "token-12345678"}
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "kind", "name"),
    [
        ("4711", "user", "4711"),
        (" kim@example.com ", "email", "kim@example.com"),
        ("group:billing", "group", "billing"),
        ("Group: Tier 2", "group", "Tier 2"),
        ("unassigned", "nobody", ""),
        ("AI", "group", "robots"),
    ],
)
def test_an_assignee_is_a_user_an_address_a_group_ai_or_nobody(written: str, kind: Any, name: str) -> None:
    account = Zendesk.model_validate({**ZENDESK, "aiAgent": "group:robots"})
    assert account.assignee(written) == Assignee(kind, name)


def test_only_credentials_are_hidden_and_only_the_api_is_reached() -> None:
    account = Zendesk.model_validate(
        {**ZENDESK, "aiAgent": "robot@example.com", "signature": "The team", "webUrl": "https://help.example.com"}
    )
    pair = b64encode(f"{account.email}/token:token-12345678".encode()).decode()
    assert [*account.credentials()] == ["token-12345678", pair], "also as the header has it"
    assert [*account.addresses()] == ["https://acme.zendesk.com"]
    assert account.web == "https://help.example.com"


def test_accounts_and_servers_have_addresses_of_their_own() -> None:
    assert ZendeskHelpdesk.service.base(Zendesk.model_validate(ZENDESK)) == "https://acme.zendesk.com"
    assert Freshdesk(domain="acme", api_key="key").root == "https://acme.freshdesk.com"
    assert Freshdesk(domain="help.acme.example", api_key="key").root == "https://help.acme.example"
    assert Zammad(base_url="https://zammad.example.com/", token="token").web == "https://zammad.example.com"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Zendesk, {"email": "a@example.com", "apiToken": "t"}),
        (Zendesk, {"subdomain": "acme", "email": "a@example.com"}),
        (Zendesk, {**ZENDESK, "oauthToken": "t"}),
        (Zendesk, {**ZENDESK, "subdomain": "acme.evil.example/"}),
        (Zendesk, {**ZENDESK, "aiAgent": "ai"}),
        (Zammad, {"token": "t"}),
        (Freshdesk, {"apiKey": "k"}),
    ],
)
def test_what_is_incomplete_is_refused(kind: type[Zendesk], fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate(fields)


@pytest.mark.parametrize(
    ("written", "until"),
    [
        (None, "2026-01-03T03:04:05+00:00"),
        ("90m", "2026-01-02T04:34:05+00:00"),
        ("3d", "2026-01-05T03:04:05+00:00"),
        ("2026-02-01T09:00:00+01:00", "2026-02-01T08:00:00+00:00"),
        ("2026-02-01T09:00:00", "2026-02-01T09:00:00+00:00"),
    ],
)
def test_a_pending_ticket_comes_back(written: str | None, until: str) -> None:
    assert Status(status="pending", pending_time=written).until(NOW).isoformat() == until
