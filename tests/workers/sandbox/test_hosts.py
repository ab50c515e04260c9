"""The sandbox in place of hosts: what it shows, what it is taught for them, and what it answers by itself."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import aiohttp

from activities.catalog import catalog, connection_kinds
from activities.http_client.client import Client
from activities.http_client.sandboxed import SandboxServer
from tests.together import together
from tests.workers.sandbox.test_sandbox import get, post
from workers.sandbox import VENDORS, Sandbox
from workers.sandbox.vendor import NoStandIn


async def send(sandbox: Sandbox, method: str, url: str, **options: Any) -> Any:
    client = Client(sandbox=SandboxServer.of(sandbox.url))
    try:
        return await client.request(method, url, timeout=5, max_bytes=1_000_000, **options)
    finally:
        await client.close()


async def test_page_and_json_show_which_host_was_meant(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    answer = await send(sandbox, "POST", "https://shop.example.com:8443/refunds?dry=1", content=b'{"id": 1}')
    assert answer.status == 200
    assert answer.json()["received"]["host"] == "shop.example.com:8443"
    [shown] = await get(browser, f"{sandbox.url}/_/requests")
    assert (shown["vendor"], shown["host"], shown["path"]) == ("http", "shop.example.com:8443", "/refunds")
    assert shown["headers"]["host"] == "shop.example.com:8443"
    async with browser.get(sandbox.url) as page:
        assert "<code>POST shop.example.com:8443/refunds</code>" in await page.text()


async def test_answers_are_taught_per_host_and_path(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    async def teach(**stub: Any) -> int:
        status, _ = await post(browser, f"{sandbox.url}/_/responses", stub)
        return status

    assert await teach(path="/orders/{id}", body="receiver") == 201
    assert await teach(host="*.example.com", path="/orders/{id}", body="any") == 201
    assert await teach(host="Shop.example.com", path="/orders/{id}", body={"order": "{id}"}, status=203) == 201
    assert await teach(host="shop.example.com:8443", path="/orders/{id}", method="GET", body="by port") == 201

    answer = await send(sandbox, "GET", "https://shop.example.com/orders/42")
    assert (answer.status, answer.json()) == (203, {"order": "42"})
    assert (await send(sandbox, "GET", "http://shop.example.com:8443/orders/42")).body == b"by port"
    assert (await send(sandbox, "GET", "https://crm.example.com/orders/42")).body == b"any"
    assert "received" in (await send(sandbox, "GET", "https://example.com/orders/42")).json()
    assert (await send(sandbox, "GET", f"{sandbox.url}/http/orders/42")).body == b"receiver"
    status, told = await post(browser, f"{sandbox.url}/_/responses", {"host": "no host", "path": "/x"})
    assert status == 400
    assert "host" in told["error"]


async def test_faults_meet_the_host_that_they_name(browser: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    fault = {"host": "shop.example.com", "path": "/orders", "status": 503}
    assert (await post(browser, f"{sandbox.url}/_/faults", fault))[0] == 201
    assert (await send(sandbox, "GET", "https://crm.example.com/orders")).status == 200
    assert (await send(sandbox, "GET", "https://shop.example.com/other")).status == 200
    assert (await send(sandbox, "GET", "https://shop.example.com/orders")).status == 503


async def test_a_vendors_own_host_is_answered_as_the_vendor_does(sandbox: Sandbox) -> None:
    body = b'{"channel": "#ops", "text": "Hi"}'
    headers = {"Authorization": "Bearer xoxb-1", "Content-Type": "application/json"}
    answer = await send(sandbox, "POST", "https://slack.com/api/chat.postMessage", content=body, headers=headers)
    assert answer.json()["ok"] is True
    assert [one.vendor for one in sandbox.requests()] == ["slack"]
    sandbox.respond("/api/chat.postMessage", {"ok": False, "error": "taught"}, host="slack.com")
    answer = await send(sandbox, "POST", "https://slack.com/api/chat.postMessage", content=body, headers=headers)
    assert answer.json()["error"] == "taught"


@together("kind", connection_kinds(catalog()), ids=lambda kind: kind.kind)
def test_the_hosts_of_a_vendor_are_those_of_its_connection(kind: Any) -> None:
    vendor = VENDORS[kind.kind]
    if (
        not isinstance(vendor, NoStandIn) and vendor.http and (vendor.host or kind.hosts)
    ):  # else each account has its own
        assert vendor.host in kind.hosts


async def test_a_download_of_audio_gets_a_real_recording(tmp_path: Path) -> None:
    wanted = {"Accept": "audio/*, */*;q=0.5"}
    async with Sandbox(0) as sandbox:
        answer = await send(sandbox, "GET", "https://pbx.example.com/recordings/17", headers=wanted)
        assert answer.headers["content-type"] == "audio/x-wav"
        with wave.open(io.BytesIO(answer.body)) as recording:
            assert recording.getnframes() > 0
        twilio = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
        assert (await send(sandbox, "GET", twilio, headers=wanted)).body == answer.body
        assert "received" in (await send(sandbox, "GET", "https://pbx.example.com/recordings/17")).json()
    (tmp_path / "a.wav").write_bytes(b"first")
    (tmp_path / "b.wav").write_bytes(b"second")
    async with Sandbox(0, recordings=tmp_path) as sandbox:
        for name, content in (("b.wav", b"second"), ("17", b"first"), ("..%2fb.wav", b"second")):
            answer = await send(sandbox, "GET", f"https://pbx.example.com/{name}", headers=wanted)
            assert answer.body == content


async def test_a_sign_in_gets_a_token(sandbox: Sandbox) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await send(
        sandbox, "POST", "https://login.example.com/token", content=b"grant_type=client_credentials", headers=form
    )
    assert answer.json()["access_token"]
