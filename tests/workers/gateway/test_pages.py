"""The pages: who enters, what is shown, and that nothing decides but a person's own form."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from temporalio.client import Client

from tests.engine import Engine, step
from tests.workers.gateway.doors import Answer, Served, served
from tests.workers.gateway.markup import faults
from tests.workers.gateway.provider import FOREIGN, Provider
from workers.gateway.config import load_config
from workers.gateway.pages.door import within
from workers.gateway.pages.rendering import HEADERS
from workers.settings import SettingsError

SESSION_KEY = base64.b64encode(os.urandom(32)).decode()
OWN_KEY = base64.b64encode(os.urandom(32)).decode()
WEB_UI = "http://ui.example/"
HELD = """
name: careful
trigger: {event: test.fired, data: [order]}
actions:
  - paths:
      - actions:
          - {id: refund, label: "Refund <b>7", actionType: http_request, config: {method: POST, url: RECEIVER/refund, body: {amount: 20, note: "{{order.note}}"}}, requireApproval: {approvers: [ann@example.com], allowEdit: true, rejectNeedsReason: true, verified: true}}
      - actions:
          - {id: other, label: Other, actionType: http_request, config: {method: POST, url: RECEIVER/other}, requireApproval: {approvers: [bob@example.com], notify: [{actionType: http_request, config: {method: POST, url: RECEIVER/notice, body: {url: "{{hold.url}}"}}}]}}
      - actions:
          - {id: broken, label: Broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken}, onFailure: hold}
"""


@dataclass
class Browser:
    """Keeps cookies, and goes where it is sent, also to the provider."""

    served: Served
    cookies: dict[str, str] = field(default_factory=dict)

    async def open(self, method: str, address: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        url = address if address.startswith("http") else f"{self.served.url}{address}"
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"Cookie": cookies, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with aiohttp.request(method, url, data=form, headers=sent, allow_redirects=False) as answer:
            for name, morsel in answer.cookies.items():
                self.cookies[name] = morsel.value
                assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
            text = await answer.text()
            if answer.content_type == "text/html":
                assert faults(text) == [], f"{faults(text)}\n{text}"
                for name, value in HEADERS.items():
                    assert answer.headers[name] == value
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, text)

    async def get(self, path: str) -> Answer:
        """Open a page, through sign-in where that is needed."""
        answer = await self.open("GET", path)
        while "location" in answer.headers:
            answer = await self.open("GET", answer.headers["location"].replace("http://pages.example", self.served.url))
        return answer

    async def decide(self, page: Answer, **fields: str) -> Answer:
        """Send a page's first form for a decision, as a browser does."""
        form = page_form(page) | fields
        return await self.open("POST", "/hold", form, Origin="http://pages.example", Sec_Fetch_Site="same-origin")


@asynccontextmanager
async def pages(client: Client, folder: Path, task_queue: str = "unused") -> AsyncIterator[tuple[Browser, Provider]]:
    async with Provider() as provider:
        config = {
            "baseUrl": "http://pages.example",
            "pages": {
                "oidc": {"issuer": provider.url, "clientId": "trunkline", "clientSecret": "client-secret"},
                "people": ["*@example.com"],
                "sessionKey": SESSION_KEY,
            },
            "signingKey": {"id": "gateway", "hmac": OWN_KEY},
        }
        async with served(client, folder, json.dumps(config), task_queue=task_queue, web_ui=WEB_UI) as gateway:
            yield Browser(gateway), provider


async def closed() -> Client:
    """A client of a Temporal that does not answer."""
    return await Client.connect("127.0.0.1:1", lazy=True)


@pytest.mark.parametrize(
    ("said", "status", "sentence"),
    [
        ({}, 503, "Temporal does not answer"),
        ({"info": {"sub": "ann", "email": "ann@example.com", "email_verified": True}}, 503, "Temporal does not answer"),
        ({"claims": {"email": "Ann@Example.com"}}, 503, "Temporal does not answer"),
        ({"info": {"sub": "eve", "email": "ann@example.com", "email_verified": True}}, 401, "somebody else"),
        ({"info": {"sub": "ann"}}, 401, "no email address"),
        ({"claims": {"email_verified": False}}, 401, "has not verified"),
        ({"claims": {"email_verified": "true"}}, 401, "has not verified"),
        ({"claims": {"email": "ann@example.com.evil.test"}}, 403, "may not enter"),
        ({"claims": {"email": "ann@evil.test\u200b@example.com"}}, 403, "may not enter"),
        ({"claims": {"nonce": "other"}}, 401, "another sign-in"),
        ({"claims": {"nonce": None}}, 401, "another sign-in"),
        ({"claims": {"aud": "other"}}, 401, "not meant for this page"),
        ({"claims": {"iss": "http://other.example"}}, 401, "not meant for this page"),
        ({"claims": {"exp": 1}}, 401, "not meant for this page"),
        ({"claims": {"exp": None}}, 401, "not meant for this page"),
        ({"from_now": {"exp": -30}}, 503, "Temporal does not answer"),
        ({"from_now": {"exp": -300}}, 401, "not meant for this page"),
        ({"from_now": {"iat": 30}}, 503, "Temporal does not answer"),
        ({"from_now": {"iat": 3600}}, 401, "not meant for this page"),
        ({"claims": {"email": ["ann@example.com"]}}, 401, "no email address"),
        ({"key": FOREIGN}, 401, "not meant for this page"),
        ({"key": None, "algorithm": "none"}, 401, "not meant for this page"),
        ({"key": "x" * 64, "algorithm": "HS256"}, 401, "not meant for this page"),
        ({"names_itself": "http://other.example"}, 502, "another name"),
    ],
)  # fmt: skip
async def test_who_enters(tmp_path: Path, said: dict[str, Any], status: int, sentence: str) -> None:
    async with pages(await closed(), tmp_path) as (browser, provider):
        provider.claims = {name: int(time.time()) + seconds for name, seconds in said.get("from_now", {}).items()}
        for name, value in said.items():
            setattr(provider, name, value)
        answer = await browser.get("/holds?automation=a")
        assert (answer.status, sentence in answer.text) == (status, True), answer.text
        assert ("trunkline-session" in browser.cookies) == (status == 503)


async def test_a_provider_that_is_away_is_told(tmp_path: Path) -> None:
    async with pages(await closed(), tmp_path) as (browser, provider):
        begun = (await browser.open("GET", "/login")).headers["location"]
        back = (await browser.open("GET", begun)).headers["location"].removeprefix("http://pages.example")
        await provider._runner.cleanup()
        answer = await browser.open("GET", back)
        assert (answer.status, "does not answer as it should" in answer.text) == (502, True)
        assert "trunkline-session" not in browser.cookies
    async with pages(await closed(), tmp_path) as (browser, provider):
        await provider._runner.cleanup()
        answer = await browser.get("/holds")
        assert (answer.status, "does not answer as it should" in answer.text) == (502, True)


async def test_sign_in_belongs_to_the_browser_that_began_it(tmp_path: Path) -> None:
    async with pages(await closed(), tmp_path) as (browser, _):
        assert (await browser.open("GET", "/hold?run=a&hold=b")).headers["location"] == (
            "http://pages.example/login?next=%2Fhold%3Frun%3Da%26hold%3Db"
        )
        begun = await browser.open("GET", "/login?next=//evil.test/")
        back = (await browser.open("GET", begun.headers["location"])).headers["location"]
        path = back.removeprefix("http://pages.example")
        assert (await Browser(browser.served).open("GET", path)).status == 401, "another browser"
        assert (await browser.open("GET", "/login/callback?code=code-0")).status == 401
        kept = dict(browser.cookies)
        signed_in = await browser.open("GET", path)
        assert signed_in.headers["location"] == "http://pages.example/", "next leads nowhere else"
        assert (await Browser(browser.served, kept).open("GET", path)).status == 502, "a code counts once"
        forged = {name: f"{value[:-2]}00" for name, value in browser.cookies.items()}
        assert (await Browser(browser.served, forged).open("GET", "/holds")).status == 303
        swapped = {"trunkline-session": kept["trunkline-sign-in"]}
        assert (await Browser(browser.served, swapped).open("GET", "/holds")).status == 303


@pytest.mark.parametrize("wanted", ["//evil.test", "/\\evil.test", "https://evil.test", "", "/a\r\nb", "/%0a\n"])
def test_next_leads_nowhere_else(wanted: str) -> None:
    assert within(wanted) == "/"
    assert within("/hold?run=a%2Fb") == "/hold?run=a%2Fb"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"people": []}, "at least 1"),
        ({"people": None}, "`pages.people`: this key is missing"),
        ({"sessionKey": "short"}, "the base64 of at least 32 random bytes"),
        ({"oidc": {"issuer": "login", "clientId": "a", "clientSecret": "b"}}, "must be the provider's address"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    oidc = {"issuer": "https://login.example.com", "clientId": "a", "clientSecret": "b"}
    entry = {"oidc": oidc, "people": ["a@example.com"], "sessionKey": SESSION_KEY, **change}
    good = {name: value for name, value in entry.items() if value is not None}
    file = tmp_path / "gateway.yaml"
    file.write_text(json.dumps({"baseUrl": "https://a.example", "pages": good}))
    with pytest.raises(SettingsError) as error:
        load_config(file, {})
    assert sentence in str(error.value)


async def test_people_decide_on_the_page(engine: Engine, tmp_path: Path) -> None:
    engine.signing_keys = {"gateway": {"hmac": OWN_KEY}}
    engine.define(HELD)
    engine.receiver.answer("/broken", 422)
    engine.pages = "http://pages.example"
    await engine.serve()
    note = "<script>alert(1)</script>\u202e"
    handle = await engine.start("careful", engine.event({"order": {"id": "<b>7", "note": note}}))
    held = {hold["step"]: hold for hold in await engine.held(handle, 3)}
    async with pages(engine.client, tmp_path, engine.task_queue) as (browser, provider):
        places = {name: f"/hold?{urlencode({'run': handle.id, 'hold': hold['hold']})}" for name, hold in held.items()}
        assert engine.receiver.to("/notice")[0].body == {"url": f"http://pages.example{places['other']}"}
        await lists(browser)
        page = await browser.get(places["refund"])
        shows(page, held["refund"]["digest"])
        await does_not_decide(browser, page, places["other"])
        assert not engine.receiver.to("/refund")
        provider.email = "bob@example.com"
        await decides(browser, Browser(browser.served), page, places)
        report = await engine.finish(handle)
        assert [request.body for request in engine.receiver.to("/refund")] == [{"amount": 5, "note": "ok"}]
        assert step(report, "refund")["decision"]["by"] == "ann@example.com"
        assert step(report, "other")["decision"]["reason"] == "No"
        gone = await browser.get(places["refund"])
        assert gone.status == 200
        assert "This does not wait any more. Decided: approve by ann@example.com" in gone.text
        of_run = (await browser.get(f"/run?run={handle.id}")).text
        assert "rejected" in of_run
        assert '<g class="box hold succeeded" data-id="refund">' in of_run
        assert "Refund &lt;b&gt;7" in of_run
        assert ".picture .succeeded" in (await browser.get("/style.css")).text
        for nobody in ("nobody", "", "x" * 300):
            assert (await browser.get(f"/run?run={nobody}")).status == 404
            assert (await browser.get(f"/hold?run={nobody}&hold=a")).status == 404
        await signs_out(browser)


async def lists(browser: Browser) -> None:
    listed = await until(browser, "/holds", "Refund &lt;b&gt;7")
    assert "Other" in listed.text
    assert "Broken" not in listed.text
    assert "Broken" in (await browser.get("/failures")).text
    assert "Refund" not in (await browser.get("/holds?approver=bob@example.com")).text
    assert "Refund" not in (await browser.get("/holds?older=1h")).text
    assert (await browser.get("/holds?older=soon")).status == 400
    assert (await browser.get("/holds?page=0")).status == 400


def shows(page: Answer, digest: str) -> None:
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "\u202e" not in page.text
    assert digest in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["cache-control"], page.headers["x-content-type-options"]) == ("no-store", "nosniff")
    labelled = set(re.findall(r'<label for="([\w-]+)"', page.text))
    assert set(re.findall(r'<(?:input|textarea|select) id="([\w-]+)"', page.text)) == labelled


async def does_not_decide(browser: Browser, page: Answer, other: str) -> None:
    form = page_form(page) | {"decision": "approve"}
    assert (await browser.get(f"/hold?{urlencode(form)}")).status == 200
    assert (await browser.open("POST", "/hold", {**form, "csrf": "x"})).status == 403
    assert (await browser.open("POST", "/hold", form, Origin="https://evil.test")).status == 403
    assert (await browser.open("POST", "/hold", form, Origin="null")).status == 403
    assert (await browser.open("POST", "/hold", form, Sec_Fetch_Site="cross-site")).status == 403
    assert (await Browser(browser.served).open("POST", "/hold", form)).status == 401
    for wrong in ({"decision": "explode"}, {"digest": ""}, {"decision": "edit"}, {"decision": "edit", "edits": "{"}):
        assert (await browser.decide(page, **{"decision": "approve", **wrong})).status == 400, wrong
    refused = await browser.decide(page, decision="reject")
    assert (refused.status, "needs a `reason`" in html.unescape(refused.text)) == (400, True)
    stale = await browser.decide(page, decision="approve", digest="0" * 64)
    assert (stale.status, "not the one you saw" in stale.text) == (409, True)
    forbidden = await browser.decide(await browser.get(other), decision="approve", by="bob@example.com")
    assert (forbidden.status, "ann@example.com may not decide this" in forbidden.text) == (409, True)
    shown = await browser.decide(page, decision="preview", edits=EDITS)
    assert (shown.status, "/body/amount: 20 → 5" in shown.text) == (200, True)
    same = await browser.decide(page, decision="preview", edits='{"method": "POST"}')
    assert (same.status, "Nothing was changed" in same.text) == (400, True)


EDITS = json.dumps({"body": {"amount": 5, "note": "ok"}, "method": "POST"})


async def decides(ann: Browser, bob: Browser, page: Answer, places: dict[str, str]) -> None:
    before = ann.cookies["trunkline-session"]
    sent = await ann.decide(page, decision="edit", edits=EDITS)
    assert (sent.status, sent.headers.get("location")) == (303, f"http://pages.example{places['refund']}"), sent.text
    assert ann.cookies["trunkline-session"] != before
    assert (await ann.decide(page, decision="approve")).status == 303, "the same again is harmless"
    late = await ann.decide(page, decision="reject", reason="Late")
    assert (late.status, "This does not wait any more" in late.text) == (409, True)
    assert (await ann.decide(await ann.get(places["broken"]), decision="skip")).status == 303
    assert (await bob.decide(await bob.get(places["other"]), decision="reject", reason="No")).status == 303


async def signs_out(browser: Browser) -> None:
    csrf = page_form(await browser.get("/failures"))["csrf"]
    out = await browser.open("POST", "/logout", {"csrf": csrf})
    assert (out.status, browser.cookies["trunkline-session"]) == (200, "")
    assert (await browser.open("GET", "/holds")).status == 303


def page_form(page: Answer) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in hidden}


async def until(browser: Browser, path: str, text: str) -> Answer:
    """Open a page until Temporal's list knows of something."""
    for _ in range(100):
        answer = await browser.get(path)
        if text in answer.text:
            return answer
    raise AssertionError(answer.text)
