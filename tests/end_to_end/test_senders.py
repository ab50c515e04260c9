"""The pages of the senders: each one's source takes what the sandbox sends, and its automation runs for it."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.engine import Engine
from tests.test_documentation import ROOT, blocks
from tests.workers.gateway.doors import served
from workers.gateway.config import load_config
from workers.local.gateway_file import doors_of, made_up
from workers.sandbox import Sandbox
from workers.sandbox.webhooks.senders import SENDERS

PAGES = ROOT / "docs" / "senders"
VARIABLE = re.compile(r"\$\{(\w+)\}")


def shown(page: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what a page shows: a gateway's file, in as many parts as it takes, and automations."""
    config: dict[str, Any] = {}
    automations = []
    for _, text in blocks(page, "yaml"):
        read = yaml.safe_load(text)
        if "trigger" in read:
            automations.append(read)
        else:
            config |= read
    return config, automations


def test_every_sender_has_a_page_that_shows_what_dev_serves() -> None:
    sources: dict[str, Any] = {}
    for page in sorted(PAGES.glob("*.md")):
        config, automations = shown(page)
        sources |= config.get("sources", {})
        assert automations, page
        text = page.read_text()
        for name in (*config.get("sources", {}), *(["talkdesk"] if "talkdesk" in config else [])):
            assert f"/_/send/{name}\n" in text, "it says how to try it"
            assert f"https://hooks.example.com/{'talkdesk' if name == 'talkdesk' else f'hooks/{name}'}" in text
    assert {name: source["event"] for name, source in sources.items()} == {
        name: sender.event for name, sender in SENDERS.items() if sender.event is not None
    }
    kinds = {name: next(iter(source["verify"])) for name, source in sources.items()}
    assert kinds == {name: sender.proof.way for name, sender in SENDERS.items() if sender.event is not None}


async def test_each_page_s_source_takes_the_web_hook_and_its_automation_runs(engine: Engine, tmp_path: Path) -> None:
    whole: dict[str, Any] = {"baseUrl": "https://hooks.example.com", "sources": {}, "talkdesk": {}}
    automations: dict[str, dict[str, Any]] = {}
    own: dict[str, str] = {}
    for page in sorted(PAGES.glob("*.md")):
        config, found = shown(page)
        for key in ("sources", "talkdesk"):
            whole[key] |= config.get(key, {})
        whole["events"] = config.get("events", whole.get("events"))
        automations |= {one["name"]: one for one in found}
        own |= dict.fromkeys(config.get("sources", {}), found[0]["name"])
    for name, one in automations.items():
        quiet = {
            **one,
            "actions": [{"set": {"made": {"body": {"id": "7"}}}}],
        }  # what they send is their actions' matter
        engine.define(yaml.safe_dump(quiet, sort_keys=False), name)
    text = json.dumps(whole)
    variables = {name: made_up(name) for name in VARIABLE.findall(text)}
    async with (
        served(engine.client, tmp_path, text, task_queue=engine.task_queue, environment=variables) as gateway,
        Sandbox(0) as sandbox,
        aiohttp.ClientSession() as browser,
    ):
        sandbox.send_to(doors_of(load_config(tmp_path / "gateway.yaml", variables), gateway.url))
        await engine.serve()

        async def run_by(sender: str) -> tuple[str, Any]:
            """Send a sender's web hook, and return the automation that ran for it, and how that ended."""
            delivery: dict[str, Any] = {"id": engine.task_queue}
            if sender == "freshdesk":  # its id is made of what it says
                body = SENDERS[sender].body("", datetime.now(UTC))
                delivery["body"] = {**body, "stamp": engine.task_queue}
            async with browser.post(f"{sandbox.url}/_/send/{sender}", json=delivery) as answer:
                said = await answer.text()
                assert answer.status in {202, 204}, (sender, said)
            event = json.loads(said)["events"][0]["id"] if said else f"{sender}:SM{engine.task_queue}"
            lines = await engine.client.get_workflow_handle(f"event/{event}").result()
            [run] = [line["workflowId"] for line in lines if line["automation"] == own[sender]]
            report = await engine.client.get_workflow_handle(run).result()
            return own[sender], report["outcome"]

        senders = [name for name, sender in SENDERS.items() if sender.event is not None]
        ran = await asyncio.gather(*map(run_by, senders))
        assert {outcome for _, outcome in ran} == {"completed"}, ran
        async with browser.post(f"{sandbox.url}/_/send/talkdesk", json={}) as answer:
            assert (answer.status, await answer.json()) == (201, {"message": "Case made for My order has not arrived"})
        async with browser.post(f"{sandbox.url}/_/send/cloudevents", json={"id": engine.task_queue}) as answer:
            assert answer.status == 202
    used = {name for name, _ in ran} | {"create-case"}
    assert used == automations.keys(), "each page's automation has run"
