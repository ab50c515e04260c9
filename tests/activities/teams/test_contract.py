from typing import Any

import pytest
from pydantic import ValidationError

from activities.connections import Connections
from activities.errors import Refused
from activities.teams import CONNECTIONS
from activities.teams.graph import TeamsGraph
from activities.teams.provider import TeamsChannel
from activities.teams.send_teams_message import TeamsMessage
from activities.teams.webhook import Teams

URL = "https://prod-1.westeurope.logic.azure.com/workflows/abc/triggers/manual?sig=S1gnatureOfTheWebhook0123"
GRAPH = {"tenantId": "t1", "clientId": "c1", "clientSecret": "hush-hush", "refreshToken": "refresh-me"}


def test_words_of_the_helpdesk_document_are_understood() -> None:
    config = TeamsMessage.model_validate(
        {"connectorId": "teams-connector-uuid", "teamId": "team-uuid", "channelId": "channel-uuid", "message": "Hi"}
    )
    assert (config.connection, config.team_id, config.channel_id) == (
        "teams-connector-uuid",
        "team-uuid",
        "channel-uuid",
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"message": "{{ticket.subject}}", "title": "{{ticket.id}}"}, {"/message": "markdown"}),
        (
            {
                "card": {
                    "type": "AdaptiveCard",
                    "body": [
                        {"type": "TextBlock", "text": "{{a}}", "color": "{{a}}"},
                        {"type": "FactSet", "facts": [{"title": "{{a}}", "value": "{{a}}"}]},
                        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": "{{a}}"}]},
                    ],
                    "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": "https://a.example/{{a}}"}],
                }
            },
            {
                "/card/body/0/text": "markdown",
                "/card/body/0/color": "adaptive-card",
                "/card/body/1/facts/0/title": "markdown",
                "/card/body/1/facts/0/value": "markdown",
                "/card/body/2/inlines/0/text": "adaptive-card",
                "/card/actions/0/url": "url",
            },
        ),
        ({"card": "{{variables.card}}"}, {"/card": "adaptive-card"}),
    ],
)
def test_customers_words_are_escaped_where_teams_reads_markup(raw: dict[str, Any], expected: dict[str, str]) -> None:
    assert TeamsMessage.syntaxes(raw) == expected


def test_webhooks_are_found_by_name_and_by_ids() -> None:
    teams = Teams.model_validate({"channels": {"alerts": URL}, "teams": {"T1": {"C1": f"{URL}2"}}})
    assert teams.webhook(TeamsChannel("alerts", None, None)) == URL
    assert teams.webhook(TeamsChannel(None, "T1", "C1")) == f"{URL}2"
    with pytest.raises(Refused, match="no channel 'sales' under `channels`; it has alerts"):
        teams.webhook(TeamsChannel("sales", None, None))
    with pytest.raises(Refused, match="no channel 'C2' of the team 'T1'"):
        teams.webhook(TeamsChannel(None, "T1", "C2"))
    assert [*teams.addresses()] == [*teams.credentials()] == [URL, f"{URL}2"]


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({}, "give `channels: {name: URL}`"),
        ({"channels": {"alerts": "prod-1.logic.azure.com/secret?sig=hush"}}, "must be absolute"),
        ({"channels": {"alerts": "ftp://prod-1.logic.azure.com/secret?sig=hush"}}, "must be https"),
    ],
)
def test_connection_that_cannot_post_says_why_without_its_url(entry: dict[str, Any], sentence: str) -> None:
    (problem,) = Connections({"chat": {"kind": "teams", **entry}}, CONNECTIONS).problems()
    assert sentence in problem
    assert "hush" not in problem


def test_webhooks_come_from_the_environment() -> None:
    entries = {"chat": {"kind": "teams", "channels": {"alerts": "${ALERTS}"}, "teams": {"T1": {"C1": "${SALES}"}}}}
    known = Connections(entries, CONNECTIONS, {"ALERTS": URL, "SALES": f"{URL}2"})
    assert known.credentials() == {URL, f"{URL}2"}


@pytest.mark.parametrize(
    ("more", "address"),
    [
        ({}, "https://login.microsoftonline.com/t1/oauth2/v2.0/token"),
        ({"tokenUrl": "https://login.example.com/token"}, "https://login.example.com/token"),
        ({"baseUrl": "https://graph.example.com"}, "https://login.microsoftonline.com/t1/oauth2/v2.0/token"),
        (
            {"baseUrl": "https://test.example.com", "standsFor": "graph.microsoft.com"},
            "https://test.example.com/t1/oauth2/v2.0/token",
        ),
    ],
)
def test_token_is_asked_for_at_microsoft_or_where_somebody_says(more: dict[str, Any], address: str) -> None:
    graph = TeamsGraph.model_validate({**GRAPH, **more})
    assert graph.token_address == address
    assert address in [*graph.addresses()]
    assert {*graph.credentials()} == {"hush-hush", "refresh-me"}


def test_title_alone_is_no_message() -> None:
    with pytest.raises(ValidationError, match="`message` or `card`"):
        TeamsMessage.model_validate({"channel": "alerts", "title": "Down"})
