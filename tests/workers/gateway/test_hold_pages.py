"""Pages of holds and runs in every state: edited by fields, handed over, huge, decided, failed, and with no worker there."""

from __future__ import annotations

import asyncio
import html
import re
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tests.engine import Engine, step
from tests.workers.gateway.doors import Answer
from tests.workers.gateway.test_pages import Browser, pages, until
from workers.client import runs

HUGE = "x" * 90_000
HELD = """
name: refunds
trigger: {event: test.fired, data: [order]}
actions:
  - paths:
      - actions: [{id: refund, label: Refund, actionType: http_request, config: {method: POST, url: RECEIVER/refund, headers: {X-Key: "{{secrets.shop_key}}"}, body: {amount: 20, express: true, note: "{{order.note}}", gone: "{{order.gone}}"}}, requireApproval: {approvers: [bob@example.com], operators: [ann@example.com], allowEdit: needsApproval}}]
      - actions: [{id: broken, label: Broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken, body: {count: 1}}, onFailure: hold}]
      - actions: [{id: lost, label: Lost, actionType: http_request, config: {method: POST, url: RECEIVER/lost}, onFailure: hold, saveAs: lost}]
      - actions: [{id: huge, label: Huge, actionType: http_request, config: {method: POST, url: RECEIVER/huge, body: "{{order.huge}}"}, requireApproval: {allowEdit: true}}]
"""
FAILS = """
name: fails
trigger: {event: test.fired}
actions: [{id: broken, label: Broken <i>, actionType: http_request, config: {method: POST, url: RECEIVER/broken}}]
"""
WAITS = """
name: waits
trigger: {event: test.fired}
actions: [{id: refund, label: Refund later, actionType: http_request, config: {method: POST, url: RECEIVER/later}, requireApproval: {approvers: [ann@example.com], notify: [{on: [opened], actionType: http_request, config: {method: POST, url: RECEIVER/notice, body: {url: "{{hold.url}}"}}}]}}]
"""


def text(page: Answer) -> str:
    """Return what people read on a page, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


async def test_holds_are_edited_handed_over_and_resolved_on_their_pages(engine: Engine, tmp_path: Path) -> None:
    engine.environment["TRUNKLINE_SECRET_SHOP_KEY"] = "hidden-key-1234567890"
    for definition in (HELD, FAILS):
        engine.define(definition)
    for path in ("/broken", "/lost"):
        engine.receiver.answer(path, 422)
    handle = await engine.start("refunds", engine.event({"order": {"note": "One\nTwo", "huge": HUGE}}))
    failed = await engine.start("fails")
    await engine.finish(failed)
    held = {hold["step"]: hold["hold"] for hold in await engine.held(handle, 4)}
    places = {name: f"/hold?{urlencode({'run': handle.id, 'hold': hold})}" for name, hold in held.items()}
    async with pages(engine.client, tmp_path, engine.task_queue) as (browser, provider):
        await until(browser, "/failures", "Broken &lt;i&gt;")
        await lists_failures(browser, failed.id)
        await edits_by_fields(browser, places["refund"])
        await hands_over(browser, places["refund"])
        await is_bounded(browser, handle.id, places["huge"])
        await tries_again_with_an_edit(engine, browser, places["broken"])
        await supplies(browser, places["lost"])
        provider.email = "bob@example.com"
        bob = Browser(browser.served)
        page = await bob.get(places["refund"])
        assert (await bob.decide(page, decision="reject", reason="<b>No</b>")).status == 303
        assert (await browser.decide(await browser.get(places["huge"]), decision="approve")).status == 303
        report = await engine.finish(handle)
        gone = await browser.get(places["refund"])
        assert "This does not wait any more. Decided: reject by bob@example.com" in text(gone)
        assert "&lt;b&gt;No" in gone.text, "and the history of its decisions stands there"
        assert "/body/amount: 20 → 5" in gone.text
        run = await browser.get(f"/run?{urlencode({'run': handle.id})}")
        assert "rejected" in text(run)
        assert (await browser.get(f"/hold?{urlencode({'run': handle.id, 'hold': 'never'})}")).status == 404
        assert (await browser.get(places["refund"].replace("/hold?", "/request?"))).status == 404
        assert f"trunkline rerun {failed.id}" in (await browser.get(f"/run?{urlencode({'run': failed.id})}")).text
    assert step(report, "lost")["status"] == "succeeded"
    assert [sent.body for sent in engine.receiver.to("/broken") if sent.body] == [
        {"count": 1},
        {"count": 2},
        {"count": 2},
    ]


async def lists_failures(browser: Browser, failed: str) -> None:
    listed = await browser.get("/failures")
    assert "Broken" in listed.text
    assert "Lost" in listed.text
    assert f"trunkline rerun {failed}" in listed.text
    assert "status 422" in text(listed)
    assert f"trunkline rerun {failed}" not in (await browser.get("/failures?automation=refunds")).text


async def edits_by_fields(browser: Browser, place: str) -> None:
    page = await browser.get(place)
    assert "ann@example.com may not decide this; bob@example.com may." in text(page)
    assert "Missing in this run, and so empty in the request: order.gone" in text(page)
    assert 'name="set:/body/amount" value="20"' in page.text
    assert 'name="set:/headers/X-Key"' not in page.text, "a secret's place has no control"
    assert "hidden-key" not in page.text
    fields = {"set:/body/amount": "5", "set:/body/note": "One\r\nTwo", "set:/body/express": "false"}
    bob = await browser.decide(page, decision="preview", **fields)
    assert (
        bob.status,
        "/body/amount: 20 → 5" in bob.text,
        "/body/note" in text(bob).split("What your edit")[1][:60],
    ) == (
        200,
        True,
        False,
    )
    wrong = await browser.decide(page, decision="preview", **{**fields, "set:/body/amount": "many"}, reason="Kept")
    assert (wrong.status, "'body / amount' must be a number" in text(wrong)) == (400, True)
    assert 'value="many"' in wrong.text
    assert "Kept" in wrong.text, "what was typed is still there"
    nothing = await browser.decide(page, decision="preview", **{"set:/body/amount": "20"})
    assert (nothing.status, "Nothing was changed" in nothing.text) == (400, True)
    stale = await browser.decide(page, decision="edit", digest="0" * 64, **fields)
    assert (stale.status, "not the one you saw" in stale.text) == (409, True)
    sent = html.unescape(re.findall(r'name="edits" value="([^"]*)"', bob.text)[0])
    refused = await browser.decide(page, decision="edit", edits=sent)
    assert (refused.status, "may not decide this" in refused.text) == (409, True)


async def hands_over(browser: Browser, place: str) -> None:
    page = await browser.get(place)
    nobody = await browser.decide(page, decision="reassign", approvers="")
    assert (nobody.status, "1 to 100 people" in nobody.text) == (400, True)
    assert (await browser.decide(page, decision="reassign", approvers="ann@example.com, bob@example.com")).status == 303
    late = await browser.decide(page, decision="extend", deadline="yesterday")
    assert (late.status, 'value="yesterday"' in late.text) == (400, True)
    assert (await browser.decide(page, decision="extend", deadline="2d")).status == 303
    page = await browser.get(place)
    assert "expires" in page.text
    assert (await browser.decide(page, decision="edit", **{"set:/body/amount": "5"})).status == 303
    after = await browser.get(place)
    assert "How it was edited" in after.text
    assert "/body/amount: 20 → 5" in after.text
    assert "reassign" in text(after)


async def is_bounded(browser: Browser, run: str, place: str) -> None:
    page = await browser.get(place)
    assert len(page.text) < 80_000
    assert "more characters are not shown here" in text(page)
    whole = await browser.get(f"/request?{urlencode({'run': run, 'hold': 'huge'})}")
    assert (whole.status, HUGE in whole.text) == (200, True)
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert "default-src 'none'" in whole.headers["content-security-policy"]


async def tries_again_with_an_edit(engine: Engine, browser: Browser, place: str) -> None:
    page = await browser.get(place)
    assert "The server answered with status 422" in text(page)
    shown = await browser.decide(page, decision="preview", **{"set:/body/count": "2"})
    assert 'name="decision" value="retry">Try again with this edit' in shown.text
    sent = html.unescape(re.findall(r'name="edits" value="([^"]*)"', shown.text)[0])
    assert (await browser.decide(page, decision="retry", edits=sent)).status == 303
    again = await until(browser, place, "It waits again.")
    (later,) = re.findall(r'href="(/hold\?[^"]*)">It waits again', again.text)
    del engine.receiver.answers["/broken"]
    assert (await browser.decide(await browser.get(html.unescape(later)), decision="retry")).status == 303


async def supplies(browser: Browser, place: str) -> None:
    page = await browser.get(place)
    wrong = await browser.decide(page, decision="supply", result="{")
    assert (wrong.status, "`result` is no JSON" in text(wrong), 'name="result"' in wrong.text) == (400, True, True)
    short = await browser.decide(page, decision="supply", result='{"status": 1}')
    assert short.status == 400
    assert '{"status": 1}' in html.unescape(short.text), "what was typed is still there"
    good = '{"status": 200, "headers": {}, "body": null}'
    assert (await browser.decide(page, decision="supply", result=good)).status == 303


async def test_a_run_whose_worker_is_away_is_shown_as_far_as_it_is_known(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ANSWER", timedelta(seconds=1))
    engine.define(WAITS)
    handle = await engine.start("waits")
    (hold,) = await engine.held(handle)
    unpolled = await engine.client.start_workflow("waits", {}, id="waits/unpolled", task_queue=f"{engine.task_queue}-2")
    async with pages(engine.client, tmp_path, engine.task_queue) as (browser, _):
        await until(browser, "/holds", "Refund later")
        assert engine.receiver.to("/notice")[0].body == {"url": None}, "its worker knows no pages"
        await engine.stop()
        place = f"/hold?{urlencode({'run': handle.id, 'hold': hold['hold']})}"
        began = time.monotonic()
        page, run = await asyncio.gather(browser.get(place), browser.get(f"/run?{urlencode({'run': handle.id})}"))
        assert time.monotonic() - began < 20
        assert (page.status, run.status) == (200, 200)
        assert "Refund later" in page.text
        assert hold["digest"] in page.text
        assert "only a worker can show the request" in text(page)
        assert "No worker answers for this run" in text(run)
        assert "Refund later" in run.text
        address = f"http://ui.example/namespaces/default/workflows/{quote(handle.id, safe='')}"
        assert all(f'href="{address}"' in one.text for one in (page, run))
        listed = await browser.get("/holds")
        assert "Refund later" in listed.text, "the list needs no worker"
        alone = await browser.get("/run?run=waits/unpolled")
        assert (alone.status, "running" in alone.text) == (200, True)
        form = {**page_fields(run), "run": handle.id, "hold": hold["hold"], "digest": hold["digest"]}
        sent = await browser.open("POST", "/hold", {**form, "decision": "approve"}, Origin="http://pages.example")
        assert sent.status == 303, "Temporal keeps it until a worker is back"
        await engine.serve()
        assert (await engine.finish(handle))["outcome"] == "completed"
    await unpolled.terminate()


def page_fields(page: Answer) -> dict[str, str]:
    """Return the hidden fields of a page."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
