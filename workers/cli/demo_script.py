"""The demo's story: the event, what its run does, what was sent, the approval, and what must be true in the end."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from trunkline.wire import RunReport
from workers.cli import demo_page
from workers.cli.holds import show_hold
from workers.cli.progress import Progress
from workers.cli.screen import duration, outcome
from workers.errors import UnreachableError
from workflows.holds.wording import hold_address

if TYPE_CHECKING:
    from rich.console import Console

    from workers.client.dispatch import DispatchResult
    from workers.local.environment import Development
    from workers.sandbox.record import RecordEntry

ORDER = {"number": "4712", "total": 49.9, "currency": "EUR", "status": "in transit"}
REFUND = {"id": "R-2041", "status": "accepted"}
CALLER = "+15550123"
APPROVER = "lead@example.com"

READING_SECONDS = 1.0
"""How long what is held stands on the screen before it is approved."""


@dataclass(slots=True)
class DemoScript:
    """The demo's run, what is said about it, and what must be true in the end."""

    environment: Development
    recording: Path
    folder: Path
    task_queue: str
    screen: Console
    shown: int = 0
    expectations: list[tuple[str, bool]] = field(default_factory=list)

    async def tell(self) -> None:
        """Tell the whole story."""
        from workers.client import runs

        shop = self._open_shop()
        event = _event(shop, self.recording)
        begun = time.monotonic()
        self.screen.print("\n[bold]2. A recording arrives[/]")
        self.screen.print(
            f"  {event['type']}: {self.recording.name}, from {event['data']['contact']['name']}, {CALLER}"
        )
        first = (await self._emit(event))[0]
        run = first.workflow_id
        self.expect("the event started the automation", held=first.started)
        self.screen.print(f"  started {run}")
        assert self.environment.web_ui is not None  # noqa: S101 - the demo always has one
        client = self.environment.client
        self.screen.print(f"  {runs.web_address(self.environment.web_ui, client.namespace, run)}")
        self.screen.print("\n[bold]3. What the run does[/]")
        report = await self._follow(run)
        self.screen.print(f"  The run ended: {outcome(report)} after {duration(time.monotonic() - begun)}.")
        self._check(report)
        self.screen.print("\n[bold]4. The same event arrives again[/]")
        again = (await self._emit(event))[0]
        self.screen.print(f"  {escape(again.reason or 'It started a second run.')}")
        self.expect("the same event, delivered twice, ran once", held=not again.started)

    async def leave_one_open(self) -> str:
        """Let the recording arrive once more, and return the page on which the refund then waits for somebody."""
        from workers.client import holds, runs

        run = (await self._emit(_event(self._open_shop(), self.recording)))[0].workflow_id
        async for report in runs.follow(self.environment.client, run, every=0.1):
            if report is not None and any(step["status"] == "held" for step in report["steps"]):
                break
        [held] = await holds.of_run(self.environment.client, run)
        return hold_address(self.environment.gateway or "", run, held["hold"])

    def _open_shop(self) -> str:
        """Teach the sandbox the shop's API, and return its address."""
        sandbox = self.environment.sandbox
        assert sandbox is not None  # noqa: S101 - the demo has no connections of its own
        sandbox.respond(f"/shop/orders/{ORDER['number']}", ORDER, method="GET")
        sandbox.respond(f"/shop/orders/{ORDER['number']}/refunds", REFUND, status=201, method="POST")
        return f"{sandbox.url}/http/shop"

    async def _emit(self, event: dict[str, Any]) -> list[DispatchResult]:
        from workers.cli.catalog import actions_at_hand
        from workers.client import dispatch
        from workers.definitions.automations import Automations

        matches = [*Automations(self.folder, actions_at_hand()).matching(event)]
        return await dispatch.emit(self.environment.client, matches, event, task_queue=self.task_queue)

    async def _follow(self, run: str) -> RunReport:
        """Show every step as it happens; approve what is held, once it has been shown."""
        from workers.client import runs

        progress = Progress(self.screen)
        last: RunReport | None = None
        approved = False
        async for report in runs.follow(self.environment.client, run, every=0.1):
            for _, text in sorted([*progress.changes(report), *self._sent()], key=lambda line: line[0]):
                self.screen.print(text)
            last = report or last
            if not approved and last is not None and any(step["status"] == "held" for step in last["steps"]):
                approved = await self._approve(run)
        return last or await runs.report(self.environment.client, run)

    async def _approve(self, run: str) -> bool:
        from workers.client import holds

        client = self.environment.client
        try:
            held = await holds.of_run(client, run)
        except UnreachableError:
            held = []
        if not held:
            return False
        self.screen.print()
        show_hold({"run": run, **held[0]}, self.screen)
        self.expect("nothing of the refund was sent before its approval", held=not self._to_shop("POST"))
        await asyncio.sleep(READING_SECONDS)
        assert self.environment.gateway is not None  # noqa: S101 - the demo always has one
        page = hold_address(self.environment.gateway, run, held[0]["hold"])
        self.screen.print(f"  the page to decide: {escape(page)}")
        self.screen.print(f"  {APPROVER} signs in there and approves.\n")
        await demo_page.approve(page, APPROVER)
        return True

    def _received(self) -> list[RecordEntry]:
        return self.environment.sandbox.requests() if self.environment.sandbox else []

    def _to_shop(self, method: str) -> list[RecordEntry]:
        return [one for one in self._received() if one.vendor == "http" and one.request.method == method]

    def _sent(self) -> list[tuple[datetime, str]]:
        """Return when and what vendors got since the last time."""
        new = self._received()[self.shown :]
        self.shown += len(new)
        return [(one.at, f"    [blue]→[/] {escape(_sent(one))}") for one in new]

    def expect(self, what: str, *, held: bool) -> None:
        """Note an expectation and whether it held."""
        self.expectations.append((what, held))

    def verdict(self) -> bool:
        """Write every expectation, and say whether all of them held."""
        self.screen.print("\n[bold]5. What had to be true[/]")
        for what, held in self.expectations:
            self.screen.print(f"  {'[green]✓[/]' if held else '[red]✗[/]'} {what}")
        return all(held for _, held in self.expectations)

    def _check(self, report: RunReport) -> None:
        steps = {step["label"]: step for step in report["steps"]}
        text = str((report["variables"].get("transcript") or {}).get("text", ""))
        slack = [one.request.body for one in self._received() if one.vendor == "slack"]
        texts = [one.request.form for one in self._received() if one.vendor == "twilio"]
        refunds = self._to_shop("POST")
        begun = {steps[label].get("startedAt") for label in ("Post to Slack", "Text the caller")}
        self.expect("the caller's words were understood", held="refund" in text.lower() and "wait" in text.lower())
        self.expect("the order was looked up, once", held=len(self._to_shop("GET")) == 1)
        self.expect(
            "Slack got one message, with the caller's words and the order's amount",
            held=len(slack) == 1 and all(word in str(slack[0]) for word in ("refund", str(ORDER["total"]))),
        )
        self.expect("Slack and the caller were told side by side", held=len(begun) == 1 and None not in begun)
        self.expect(
            "the refund was sent once, after the approval, with the amount as a number and an idempotency key",
            held=len(refunds) == 1 and _is_refund(refunds[0]) and bool(refunds[0].key),
        )
        self.expect(
            "the caller got two texts, the second with the refund's number from the shop's answer",
            held=[form.get("To") for form in texts] == [CALLER] * 2 and REFUND["id"] in texts[-1]["Body"],
        )
        self.expect("the run completed", held=report["outcome"] == "completed")


def _is_refund(received: RecordEntry) -> bool:
    body = received.request.json
    return isinstance(body, dict) and body.get("amount") == ORDER["total"] and isinstance(body["amount"], float)


def _event(shop: str, recording: Path) -> dict[str, Any]:
    """Return the event that a phone system would send."""
    return {
        "specversion": "1.0",
        "id": f"demo-{uuid.uuid4().hex[:8]}",
        "source": "/phone-system",
        "type": "recording.uploaded",
        "data": {
            "call": {"external_number": CALLER, "waiting_time": 3720},
            "contact": {
                "id": "c-17",
                "name": "Dana Price",
                "custom_fields": {"Shop API": shop, "Order": ORDER["number"]},
            },
            "recording": {"url": recording.resolve().as_uri()},
        },
    }


def _sent(received: RecordEntry) -> str:
    """Return what a vendor got, in one line."""
    request = received.request
    match received.vendor:
        case "slack":
            body = request.body if isinstance(request.body, dict) else {}
            return f"Slack, {body.get('channel')}: {_one_line(body.get('text'))}"
        case "twilio":
            return f"SMS to {request.form.get('To')}: {_one_line(request.form.get('Body'))}"
        case _:
            answer = received.answer
            answered = f" (answered {answer.status} {json.dumps(answer.body)})" if answer else ""
            content = f" {json.dumps(request.json)}" if request.json is not None else ""
            return f"{request.method} {request.path}{content}{answered}"


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())
