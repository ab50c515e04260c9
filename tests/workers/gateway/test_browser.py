"""The pages in a real browser, where one is installed: colours, a phone, the keyboard, and a request edited in its form."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.engine import Engine, step
from tests.starts import Processes
from tests.workers.gateway.chromium import CHROMIUM, Tab, chromium
from tests.workers.gateway.test_pages import pages

PICTURES = os.environ.get("PICTURES")
"""A folder for pictures of every page, for people to look at."""

NOTE = "Dear Ada,\n\nwe are sorry. <script>document.title = 'taken'</script>\n\nYour money is on its way.\nKind regards"
HELD = """
name: refund-large
trigger: {event: test.fired, data: [order]}
actions:
  - paths:
      - actions:
          - {id: refund, label: "Refund <b>an</b> order of more than 100 €", actionType: http_request, config: {method: POST, url: RECEIVER/refund, headers: {X-Team: refunds}, body: {amount: 249.5, currency: EUR, express: true, lines: [{sku: a-1, count: 2}], note: "{{order.note}}", phone: "{{order.phone}}"}}, requireApproval: {approvers: [ann@example.com, bob@example.com], quorum: 2, operators: [ann@example.com], allowEdit: true, rejectNeedsReason: true, expiresAfter: 8h}}
      - actions:
          - {id: broken, label: Tell the warehouse, actionType: http_request, config: {method: POST, url: RECEIVER/broken, body: {order: "{{order.id}}"}}, onFailure: hold}
      - actions:
          - {id: fine, label: Note it, actionType: http_request, config: {method: POST, url: RECEIVER/fine}}
"""
FAILS = """
name: fails
trigger: {event: test.fired}
actions: [{id: broken, label: Broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken}}]
"""

CONTRAST = """(() => {
  const parse = (text) => { const found = text.match(/[\\d.]+/g).map(Number); return found.length === 3 ? [...found, 1] : found; };
  const light = (colour) => { const [r, g, b] = colour.map((one) => { one /= 255; return one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (element) => { for (let one = element; one; one = one.parentElement) { const colour = parse(getComputedStyle(one).backgroundColor); if (colour[3] === 1) return colour; } return [255, 255, 255, 1]; };
  const bad = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!(own || element.matches("input, textarea, select")) || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return bad;
})()"""
SMALL = """[...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"""
OUTSIDE = """[...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary")]
  .map((one) => [one.getBoundingClientRect(), one.outerHTML])
  .filter(([place]) => place.width && (place.left < 0 || place.right > innerWidth)).map(([, text]) => text)"""
OUTLINE = "(() => { const one = getComputedStyle(document.activeElement); return document.activeElement.tagName + ' ' + (one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) >= 2); })()"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


async def test_in_a_browser(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    engine.define(HELD)
    engine.define(FAILS)
    engine.receiver.answer("/broken", 422, {"error": "unknown warehouse"})
    handle = await engine.start("refund-large", engine.event({"order": {"id": 7, "note": NOTE}}))
    await engine.finish(await engine.start("fails"))
    held = {hold["step"]: hold for hold in await engine.held(handle, 2)}
    hold, failure = (
        f"/hold?{urlencode({'run': handle.id, 'hold': held[one]['hold']})}" for one in ("refund", "broken")
    )
    async with (
        pages(engine.client, tmp_path, engine.task_queue) as (browser, provider),
        chromium(processes, tmp_path / "chromium", "pages.example", browser.served.url.removeprefix("http://")) as tab,
    ):
        for _ in range(100):
            if "Refund" in (await browser.get("/holds")).text and "Broken" in (await browser.get("/failures")).text:
                break
            await asyncio.sleep(0.1)
        for name, address in {
            "holds": "/holds",
            "nothing": "/holds?automation=other",
            "failures": "/failures",
            "hold": hold,
            "failure": failure,
            "run": f"/run?{urlencode({'run': handle.id})}",
        }.items():
            await everybody_can_use(tab, name, f"http://pages.example{address}")
        await tab.open(f"http://pages.example{hold}")
        await keyboard_reaches_the_buttons(tab)
        await edits_in_the_form(tab)
        assert not engine.receiver.to("/refund")
        provider.email = "bob@example.com"
        bob = await (fresh := type(browser)(browser.served)).get(hold)
        assert (await fresh.decide(bob, decision="approve")).status == 303
        await tab.open(f"http://pages.example{failure}")
        await tab.click("button[value=skip]")
        report = await engine.finish(handle)
    (sent,) = engine.receiver.to("/refund")
    assert sent.body["note"] == NOTE.replace("sorry", "very sorry")
    assert (sent.body["amount"], sent.body["express"]) == (20, False)
    assert step(report, "broken")["decision"]["decision"] == "skip"


async def everybody_can_use(tab: Tab, name: str, address: str) -> None:
    for width, dark in ((1280, False), (390, True), *([(1280, True), (390, False)] if PICTURES else [])):
        await tab.show_as(width, dark=dark)
        await tab.open(address)
        await tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        assert await tab.run(CONTRAST) == [], (name, width, dark)
        assert await tab.run("document.documentElement.scrollWidth") <= width, name
        assert await tab.run(SMALL) == [], name
        assert await tab.run(OUTSIDE) == [], name
        assert await tab.run("document.title !== 'taken' && document.scripts.length === 0"), name
        await has_names(tab)
        if PICTURES:
            await tab.picture(Path(PICTURES) / f"{name}-{width}-{'dark' if dark else 'light'}.png")


async def has_names(tab: Tab) -> None:
    """Every control has a name for those who do not see it, and the page has its landmarks."""
    nodes = (await tab.call("Accessibility.getFullAXTree"))["nodes"]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    for role in ("textbox", "button", "combobox", "link", "table"):
        assert all(name.strip() for name in roles.get(role, [])), (role, roles)
    assert {"main", "banner", "navigation", "heading"} <= roles.keys()


async def keyboard_reaches_the_buttons(tab: Tab) -> None:
    reached: list[Any] = []
    for _ in range(40):
        await tab.press("Tab", 9)
        reached.append(await tab.run("document.activeElement.value || document.activeElement.className"))
        assert (await tab.run(OUTLINE)).endswith("true"), reached
        if reached[-1] == "approve":
            return
    raise AssertionError(reached)


async def edits_in_the_form(tab: Tab) -> None:
    typed = {"/body/note": NOTE.replace("sorry", "very sorry"), "/body/amount": "20", "/body/express": "false"}
    for place, value in typed.items():
        selector = json.dumps(f"[name='set:{place}']")
        await tab.run(f"document.querySelector({selector}).value = {json.dumps(value)}")
    await tab.click("#edit button[value=preview]")
    shown = await tab.run("document.querySelector('.changes').innerText")
    assert "/body/amount: 249.5 → 20" in shown
    assert "very sorry" in shown
    if PICTURES:
        await tab.show_as(1280)
        await tab.picture(Path(PICTURES) / "preview-1280-light.png")
    await tab.click("button[value=edit]")
    assert "1 of 2" in await tab.run("document.body.innerText")
    if PICTURES:
        await tab.picture(Path(PICTURES) / "edited-1280-light.png")
