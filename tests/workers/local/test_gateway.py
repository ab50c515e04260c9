"""The gateway of `trunkline dev`: what it serves without a file and with one, and a sign-in of this machine alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest
from temporalio.client import Client

from tests.starts import Processes
from tests.workers.command import call
from workers.cli.demo_page import approve
from workers.errors import TrunklineError
from workers.gateway.config import load_config
from workers.local.environment import EnvironmentWish, development
from workers.local.gateway import LocalGateway, local_gateway
from workers.local.gateway_file import own_config, people_of
from workers.local.sign_in import CLIENT, LocalSignIn
from workers.sandbox.webhooks.senders import SENDERS
from workers.settings import Settings, SettingsError

CAREFUL = """\
name: careful
trigger: {event: ticket.updated, data: [ticket]}
actions:
  - label: Refund
    actionType: http_request
    config: {method: POST, url: "https://shop.example.com/refunds", body: {ticket: "{{ticket.id}}"}}
    requireApproval:
      approvers: [lead@example.com, ops]
      verified: true
      notify: [{actionType: http_request, config: {method: POST, url: "https://shop.example.com/told", body: {url: "{{hold.url}}"}}}]
"""
BRIDGE = """\
name: create-case
trigger: {event: talkdesk.action, data: [data]}
actions: [{set: {made: "{{data.subject}}"}}]
"""
OWN = """\
baseUrl: https://hooks.example.com
sources:
  desk: {verify: {zendesk: "${ZENDESK_SECRET}"}, event: {type: ticket.updated, data: {ticket: "{{body.detail}}"}}}
  own: {verify: {standardWebhooks: "${HOOK_SECRET}"}, event: {type: x, data: {}}}
pages:
  oidc: {issuer: https://login.example.com, clientId: trunkline, clientSecret: "${OIDC_SECRET}"}
  people: ["*@example.com"]
  sessionKey: "${SESSION_KEY}"
signingKey: {id: mine, hmac: "${GATEWAY_KEY}"}
"""


@asynccontextmanager
async def local(folder: Path, own: str | None = None, **settings: Any) -> AsyncIterator[LocalGateway]:
    """A gateway of this machine whose Temporal does not answer."""
    client = await Client.connect("127.0.0.1:1", lazy=True)
    config = None
    if own is not None:
        (folder / "gateway.yaml").write_text(own)
        config = own_config(folder / "gateway.yaml", {"ZENDESK_SECRET": "real"})
    async with local_gateway(client, Settings(**settings), port=0, folder=folder, own=config) as gateway:
        yield gateway


async def test_an_author_tries_the_whole_way_in_dev(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "automations").mkdir()
    for name, text in (("careful", CAREFUL), ("bridge", BRIDGE)):
        (tmp_path / "automations" / f"{name}.yaml").write_text(text)
    wish = EnvironmentWish(
        folder=tmp_path / "automations",
        port=0,
        ui_port=None,
        sandbox_port=0,
        gateway_port=0,
        worker_log=tmp_path / "worker.log",
        task_queue="dev-test",
    )
    async with development(wish) as environment, aiohttp.ClientSession() as browser:
        assert environment.ready.endswith(f", gateway {environment.gateway}")
        for name, sender in SENDERS.items():
            async with browser.post(f"{environment.sandbox.url}/_/send/{name}") as answer:
                text = await answer.text()
                assert answer.status == {"talkdesk": 201, "twilio": 204}.get(name, 202), (sender.title, text)
        async with asyncio.timeout(60):
            while not (told := [one for one in environment.sandbox.requests("http") if one.request.path == "/told"]):
                await asyncio.sleep(0.1)
        page = told[0].request.json["url"]
        assert page.startswith(f"{environment.gateway}/hold?run=careful%2F")
        await approve(page, "lead@example.com")
        run = parse_qs(urlsplit(page).query)["run"][0]
        report = await environment.client.get_workflow_handle(run).result()
        assert report["outcome"] == "completed", "a decision that must be signed is"
        with pytest.raises(TrunklineError, match="no form"):
            await approve(page, "lead@example.com")


async def test_without_a_file_it_serves_what_an_author_may_want(tmp_path: Path) -> None:
    (tmp_path / "bridge.yaml").write_text(BRIDGE)
    (tmp_path / "broken.yaml").write_text("{")
    async with local(tmp_path) as gateway, aiohttp.ClientSession() as browser:
        assert set(gateway.doors.hooks) == {
            *(name for name, sender in SENDERS.items() if sender.event is not None),
            *("events", "talkdesk/create-case"),
        }
        assert gateway.environment["TRUNKLINE_PAGES"] == gateway.url
        assert '"gateway": {"hmac": ' in gateway.environment["TRUNKLINE_SIGNING_KEYS"]
        for headers in ({"Host": "evil.test"}, {"Origin": "http://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
            async with browser.get(f"{gateway.url}/livez", headers=headers) as answer:
                assert answer.status == 403, "it is for this machine, and no page of others"
    async with local(tmp_path, signing_keys="{a: {hmac: b}}") as gateway:
        assert gateway.environment == {"TRUNKLINE_PAGES": gateway.url}, "somebody's own keys stay"


async def test_somebody_s_own_file_has_the_address_and_the_sign_in_of_this_machine(tmp_path: Path) -> None:
    async with local(tmp_path, OWN) as gateway, aiohttp.ClientSession() as browser:
        hook = gateway.doors.hook("zendesk", "zendesk", None)
        assert hook is not None
        assert (hook.path, hook.proof.secret) == ("/hooks/desk", "real")
        assert gateway.doors.base_url == gateway.url
        assert '"mine"' in gateway.environment["TRUNKLINE_SIGNING_KEYS"]
        async with browser.get(f"{gateway.url}/holds") as answer:
            assert answer.url.path == "/authorize"
            assert "only for this machine" in await answer.text()
        with pytest.raises(TrunklineError, match="answers 403"):
            await approve(f"{gateway.url}/hold?run=a&hold=b", "ann@evil.test")


async def test_an_identity_provider_of_this_machine_stays(tmp_path: Path) -> None:
    async with LocalSignIn([], "http://127.0.0.1:1/login/callback") as provider, aiohttp.ClientSession() as browser:
        own = OWN.replace("https://login.example.com", provider.issuer)
        async with (
            local(tmp_path, own) as gateway,
            browser.get(f"{gateway.url}/login", allow_redirects=False) as answer,
        ):
            assert answer.headers["Location"].startswith(f"{provider.issuer}/authorize?")
            callback = parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_uri"]
            assert callback == [f"{gateway.url}/login/callback"]


def test_a_file_without_a_gateway_is_told(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(OWN)
    ended = call("dev", str(tmp_path), "--gateway-config", "gateway.yaml", cwd=tmp_path)
    assert (ended.code, ended.err) == (2, "trunkline: --gateway-config needs a gateway: say --gateway-port PORT.\n")
    ended = call("dev", str(tmp_path), "--gateway-port", "8700", "--gateway-config", "none.yaml", cwd=tmp_path)
    assert (ended.code, ended.err) == (4, "trunkline: There is no file none.yaml.\n")


def test_what_is_wrong_with_the_file_is_told_as_the_gateway_tells_it(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text("sources: {a: {event: {type: x, data: {}}}}")
    with pytest.raises(SettingsError) as told:
        load_config(file, {})
    with pytest.raises(SettingsError, match=re.escape(str(told.value))):
        own_config(file, {})
    with pytest.raises(SettingsError, match="cannot be read"):
        own_config(tmp_path / "none.yaml", {})


def test_people_are_offered_whom_the_definitions_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CAREFUL)
    (tmp_path / "b.yaml").write_text("a: [{approvers: bob@example.com}, {approvers: null}, {approvers: [5]}]")
    assert people_of(tmp_path) == ["lead@example.com", "bob@example.com"]


CALLBACK = "http://127.0.0.1:8700/login/callback"
ASKED = {"client_id": CLIENT, "redirect_uri": CALLBACK, "state": "s", "nonce": "n", "code_challenge": "c"}


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({}, {}, 200),
        ({"redirect_uri": "http://evil.test/"}, {}, 400),
        ({"client_id": "other"}, {}, 400),
        ({"state": ""}, {}, 400),
        ({}, {"Host": "evil.test"}, 403),
        ({}, {"Origin": "http://evil.test"}, 403),
    ],
)
async def test_the_sign_in_is_for_this_gateway_alone(
    change: dict[str, str], headers: dict[str, str], status: int
) -> None:
    async with LocalSignIn(["<b>@example.com"], CALLBACK) as provider, aiohttp.ClientSession() as browser:
        query = urlencode({**ASKED, **change})
        async with browser.get(f"{provider.issuer}/authorize?{query}", headers=headers) as answer:
            assert answer.status == status
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert "<b>" not in await answer.text()
        form = {**ASKED, **change, "email": "ann@example.com"}
        posted = browser.post(f"{provider.issuer}/authorize", data=form, headers=headers, allow_redirects=False)
        async with posted as answer:
            if "Location" in answer.headers:
                assert answer.headers["Location"].startswith(f"{CALLBACK}?code="), "nowhere else"
        async with browser.post(f"{provider.issuer}/token", data={"code": "a", "redirect_uri": CALLBACK}) as answer:
            assert answer.status == 400
