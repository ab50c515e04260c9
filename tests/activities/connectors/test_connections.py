"""Connections of described services: what they need, what they hide, and which hosts get their credentials."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, introspection_from_schema

from activities.attempt.scrubber import Scrubber
from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.descriptions import fetching
from activities.descriptions.fetching import conceal_nothing, fetch
from activities.descriptions.source import DescriptionSource, NotAtHandError
from activities.descriptions.store import Store, usual_store
from activities.errors import Refused, Unavailable
from activities.graphql.profile import GRAPHQL
from activities.http_client.client import Client
from activities.openapi.calls import OpenApiOperation
from activities.openapi.profile import OPENAPI
from activities.operations.connection import directory
from activities.sms.twilio import Twilio
from activities.tickets.helpdesks import Zendesk
from activities.vendors.accounts.jira import Jira
from activities.vendors.accounts.shopify import Shopify
from tests.activities.http_client.wire import Wire, ok
from tests.descriptions import AWKWARD, AWKWARD_SCHEMA, VENDORS, indexed_here
from tests.starts import Processes

KINDS = connection_kinds(catalog())

SHOP = {"kind": "openapi", "description": str(AWKWARD), "baseUrl": "https://shop.example.com/v1"}


def made(**entry: Any) -> Any:
    return Connections({"one": entry}, KINDS, {}).get("one")


def operation(kind: Any, path: Any, id_: str) -> Any:
    return kind.profile.operation(usual_store().at_hand(DescriptionSource(OPENAPI, str(path))), id_)


def test_one_class_of_each_kind_serves_all_of_its_actions() -> None:
    kinds = {kind.kind: kind for kind in KINDS}
    assert kinds["twilio"] is Twilio
    assert kinds["zendesk"] is Zendesk


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"auth": {}}, "give one of `bearer`"),
        ({"auth": {"bearer": "t", "basic": {"username": "a", "password": "b"}}}, "give one of `bearer`"),
        ({"auth": {"apiKey": {"in": "body", "name": "k", "value": "v"}}}, "'header', 'query' or 'cookie'"),
        ({"auth": {"apiKey": {"in": "header", "name": "a b", "value": "v"}}}, "is not a valid name of a header"),
        ({"auth": {"apiKey": {"in": "header", "name": "Host", "value": "v"}}}, "set by the connection itself"),
        ({"auth": {"beaer": "t"}}, "no such key"),
        ({"baseUrl": None}, "`baseUrl`"),
        ({"baseUrl": "shop.example.com"}, "must be absolute"),
        ({"baseUrl": "https://shop.example.com/?a=b"}, "has no query"),
    ],
)
def test_what_a_connection_must_be(entry: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        made(**{**SHOP, **entry})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"baseUrl": None}, "give `baseUrl`, or `command`"),
        ({"command": "npx server"}, "give `baseUrl`, or `command`"),
        ({"baseUrl": None, "command": []}, "`command`"),
        ({"baseUrl": None, "command": "npx server", "auth": {"bearer": "t"}}, "a program has no `auth`"),
        ({"baseUrl": "mcp.example.com"}, "must be absolute"),
        ({"baseUrl": "https://mcp.example.com/#a"}, "has no fragment"),
        ({"trustAnnotations": "true"}, "`trustAnnotations`"),
    ],
)
def test_what_a_connection_to_an_mcp_server_must_be(entry: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        made(**{"kind": "mcp", "baseUrl": "https://mcp.example.com/mcp?tenant=1", **entry})


def test_arguments_and_variables_of_a_program_are_nobody_elses_business() -> None:
    command = "npx server --key arg-123456"
    server = made(kind="mcp", command=command, environment={"TOKEN": "token-123456"})
    assert (server.command, server.shown()) == (["npx", "server", "--key", "arg-123456"], "npx")
    assert [*server.credentials()] == ["token-123456"]
    source = type(server).source("one", {"command": command}, lambda: server)
    assert (source.place, source.remote) == ("npx", True)
    with pytest.raises(Refused, match="'one' must say `baseUrl`"):
        type(server).source("one", {}, lambda: server)


@pytest.mark.parametrize(
    ("auth", "hidden"),
    [
        ({"bearer": "token-123456"}, ["token-123456"]),
        (
            {"basic": {"username": "ann", "password": "pass-123456"}},
            ["pass-123456", base64.b64encode(b"ann:pass-123456").decode()],
        ),
        ({"apiKey": {"in": "query", "name": "key", "value": "key-123456"}}, ["key-123456"]),
        (
            {
                "oauth2ClientCredentials": {
                    "tokenUrl": "https://a.example/t",
                    "clientId": "id",
                    "clientSecret": "s-12345678",
                }
            },
            ["s-12345678", base64.b64encode(b"id:s-12345678").decode()],
        ),
    ],
)
def test_nested_credentials_are_hidden(auth: dict[str, Any], hidden: list[str]) -> None:
    shop = made(**SHOP, auth=auth)
    assert [*shop.credentials()] == hidden
    said = Scrubber(shop.credentials()).scrub(" and ".join([*hidden, str(AWKWARD)]))
    assert said == " and ".join([*["[secret]"] * len(hidden), str(AWKWARD)]), "a description is no secret"


def test_sites_are_named_in_short_or_in_full() -> None:
    account = {"email": "a@example.com", "apiToken": "t"}
    for site in ("acme", "acme.atlassian.net"):
        jira = made(kind="jira", site=site, **account)
        assert "https://acme.atlassian.net" in jira.addresses()
    for subdomain in ("acme", "acme.zendesk.com"):
        assert made(kind="zendesk", subdomain=subdomain, **account).root == "https://acme.zendesk.com"
    with pytest.raises(Refused):
        made(kind="jira", site="acme.example.com/x", **account)
    for shop in ("acme", "acme.myshopify.com"):
        connection = made(kind="shopify", shop=shop, accessToken="t")
        assert "https://acme.myshopify.com" in connection.addresses()
        assert Shopify.source("shop", {"shop": shop}, dict).place == ENDPOINT


ENDPOINT = "https://acme.myshopify.com/admin/api/2026-10/graphql.json"


@pytest.mark.parametrize(
    ("kind", "base", "endpoint"),
    [
        ("shopify", None, ENDPOINT),
        ("shopify", "https://gate.example.com/", "https://gate.example.com/admin/api/2026-10/graphql.json"),
        ("shopify", "https://gate.example.com/a/graphql.json", "https://gate.example.com/a/graphql.json"),
        ("graphql", "https://api.example.com/graphql", "https://api.example.com/graphql"),
        ("graphql", "https://api.example.com/graphql/", "https://api.example.com/graphql/"),
    ],
)
def test_where_documents_of_graphql_go(kind: str, base: str | None, endpoint: str) -> None:
    own = {"shop": "acme", "accessToken": "token-123456"} if kind == "shopify" else {"auth": {"bearer": "token-123456"}}
    connection = made(kind=kind, description=str(AWKWARD_SCHEMA), baseUrl=base, **own)
    found = type(connection).profile.operation(
        usual_store().at_hand(DescriptionSource(GRAPHQL, str(AWKWARD_SCHEMA))), "order"
    )
    shown = found.preview(connection, {"id": 7})
    assert (shown.method, shown.address, shown.body["variables"]) == ("POST", endpoint, {"id": "7"})
    assert [*connection.credentials()] == ["token-123456"], "neither shop nor description is a secret"
    with pytest.raises(Refused, match="`id` is missing"):
        found.preview(connection, {})


async def test_a_service_that_describes_itself_is_asked_by_its_own_token(
    tmp_path: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"kind": "shopify", "shop": "acme", "accessToken": "token-123456", "baseUrl": wire.url}
    connections = Connections({"shop": entry, "other": {**SHOP, "description": None}}, KINDS, {})
    at, client = Store(tmp_path), Client(allow=["127.0.0.1"])
    where = directory(connections, [Shopify], at, action="execute_connector_action", name="shop")
    assert where.source.place == f"{wire.url}/admin/api/2026-10/graphql.json"
    with pytest.raises(NotAtHandError):
        where.find("ping")
    schema = build_schema(AWKWARD_SCHEMA.read_text())
    wire.reply(
        ok(b'{"errors": [{"message": "No access."}]}'),
        ok(json.dumps({"data": introspection_from_schema(schema)}).encode()),
    )
    with indexed_here():
        with pytest.raises(Unavailable, match=r"is no answer of an introspection: .* No access"):
            await fetch(where.source, at, client)
        await fetch(where.source, at, client)
        assert where.find("ping").id == "ping"
        monkeypatch.setattr(fetching, "EVERY", 0.01)
        async with fetching.Fetcher(at, client, conceal_nothing).running():
            await asyncio.sleep(0.05)
            assert len(wire.requests) == 2, "not at each start of a worker"
            os.utime(at.copy(where.source), (time.time() - 2 * fetching.LONG_FRESH,) * 2)
            async with asyncio.timeout(10):
                while len(wire.requests) < 3:
                    await asyncio.sleep(0.01)
    await client.close()
    request = wire.requests[1]
    assert (request.method, request.target) == ("POST", "/admin/api/2026-10/graphql.json")
    assert request.headers["x-shopify-access-token"] == "token-123456"
    assert b"__schema" in request.body
    assert "token-123456" not in repr(where.source)
    with pytest.raises(Refused, match=r"'other' must say `description`"):
        directory(connections, [type(made(**SHOP))], at, action="execute_connector_action", name="other")


def test_a_shop_that_is_described_otherwise_is_not_asked() -> None:
    entry = {"kind": "shopify", "shop": "acme", "accessToken": "${UNSET}", "description": str(AWKWARD_SCHEMA)}
    connections = Connections({"shop": entry}, KINDS, {})
    where = directory(connections, [Shopify], usual_store(), action="execute_connector_action", name="shop")
    assert where.source == DescriptionSource(GRAPHQL, str(AWKWARD_SCHEMA))
    pin = where.find("refundCreate").pin()
    assert (pin.repeat, pin.key, pin.window) == ("keyed", "@idempotent", 86_400)


def test_credentials_go_to_no_host_that_only_a_description_names() -> None:
    found: OpenApiOperation = operation(type(made(**SHOP)), AWKWARD, "elsewhere")
    assert [server["url"] for server in found.operation.servers] == ["https://uploads.elsewhere.example.net"]
    assert found.preview(made(**SHOP), {}).address == "https://shop.example.com/v1/elsewhere"


def test_a_parameter_that_signs_in_is_nobody_elses() -> None:
    """Some descriptions list their key among the parameters, and need it."""
    auth = {"apiKey": {"in": "header", "name": "TRACE", "value": "${UNSET}"}}
    connections = Connections({"one": {**SHOP, "auth": auth}}, KINDS, {})
    found = catalog()["execute_connector_action"].operation
    assert found is not None
    operation = found({"actionId": "getPet"}, connections, usual_store())
    assert operation.flaws({"id": 1}, lambda _: False) == []
    assert [one.sentence for one in operation.flaws({"id": 1, "trace": "t"}, lambda _: False)] == [
        "there is no `trace` here"
    ]


def test_a_vendors_own_server_is_the_one_that_its_description_names() -> None:
    phone = made(kind="twilio", accountSid="AC123", authToken="t")
    found = operation(type(phone), VENDORS, "CreateMessage")
    assert (
        found.preview(phone, {"To": "+1"}).address == "https://api.twilio.com/2010-04-01/Accounts/AC123/Messages.json"
    )
    gateway = made(kind="twilio", accountSid="AC123", authToken="t", baseUrl="https://gateway.example.com/twilio/")
    assert found.preview(gateway, {"To": "+1"}).address.startswith("https://gateway.example.com/twilio/2010-04-01/")


@pytest.mark.parametrize(
    ("kind", "id_", "repeat", "key", "window"),
    [
        ("stripe", "PostRefunds", "keyed", "Idempotency-Key", 86_400),
        ("stripe", "GetRefunds", "safe", None, None),
        ("zendesk", "CreateTicket", "keyed", "Idempotency-Key", 7_200),
        ("zendesk", "UpdateTicket", "never", None, None),
        ("zendesk", "ShowTicket", "safe", None, None),
        ("github", "issues/create", "never", None, None),
        ("slack", "chat_postMessage", "never", None, None),
        ("twilio", "CreateMessage", "never", None, None),
    ],
)
def test_repeats_as_the_vendor_means_them(
    kind: str, id_: str, repeat: str, key: str | None, window: float | None
) -> None:
    kinds = {one.kind: one for one in KINDS}
    pin = operation(kinds[kind], VENDORS, id_).pin()
    assert (pin.repeat, pin.key, pin.window) == (repeat, key, window)


def test_importing_profiles_loads_no_validator(processes: Processes) -> None:
    import subprocess
    import sys

    program = "import sys, activities.catalog as c; c.catalog(); print('jsonschema_rs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_jira_is_described_by_its_own_address() -> None:
    assert Jira.profile.usual == "https://developer.atlassian.com/cloud/jira/platform/swagger-v3.v3.json"
