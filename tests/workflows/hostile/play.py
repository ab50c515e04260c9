"""Playing one row of the table on a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from tests.engine import JSON, Engine
from tests.workflows.hostile.rows import Row, equip, span
from tests.workflows.hostile.signing import proof
from tests.workflows.hostile.verdict import COUNTED, GONE, SECRET, Played, differences

DECISIONS = ("approve", "reject", "edit", "retry", "skip", "supply", "stop", "reassign", "extend")
FOREVER = timedelta(days=100)
PLACEHOLDER = re.compile(r"\$(\w+)(?:\((.*)\))?")


class Play:
    """One row being played."""

    def __init__(self, clocks: WorkflowEnvironment, engine: Engine, row: Row) -> None:
        self.clocks = clocks
        self.engine = engine
        self.row = row
        self.played = Played(row)
        self.handle: WorkflowHandle[Any, Any]
        self.hold = "refund"
        self.first: dict[str, str] = {}
        self.run = ""
        self.audited = 0

    async def play(self) -> Played:
        """Play the row; whatever is otherwise than expected stands in `wrong`."""
        self._answers()
        self.engine.define(self.row.definition(self.engine.receiver.url), self.row.slug)
        self.handle = await self.engine.start(self.row.slug, self.row.event(self.engine))
        self.run = self.handle.first_execution_run_id or ""
        self.origin = await self._now()
        opens = self.row.data.get("opens", 1)
        if opens:
            holds = await self.engine.held(self.handle, opens)
            self.hold = holds[0]["hold"]
            self.first = {hold["hold"]: hold["digest"] for hold in holds}
            self.origin = datetime.fromisoformat(holds[0]["openedAt"])
        for act in self.row.acts:
            await self._do(act)
        await self._end()
        return self.played

    def _answers(self) -> None:
        receiver = self.engine.receiver
        for path, answers in self.row.data.get("answers", {}).items():
            where = f"/{self.row.slug}{path}"
            for answer in answers:
                if answer == "drop":
                    receiver.drop(where)
                elif isinstance(answer, dict):
                    receiver.answer(where, answer.get("status", 200), answer.get("body"))
                else:
                    receiver.answer(where, answer)

    async def _now(self) -> datetime:
        return await self.clocks.get_current_time(self.handle)

    async def _do(self, act: JSON) -> None:
        if "at" in act:
            await self._advance(span(act["at"]))
        if "receipt" in act:
            for _ in range(act.get("times", 1)):
                await self._send(act)
        elif "opens" in act:
            await self._see({act["opens"]: {}})
        elif "look" in act:
            await self._see(act["look"])
        elif "at" not in act:
            await self._let(act)

    async def _let(self, act: JSON) -> None:
        """Let something happen that is no decision."""
        match act:
            case {"worker": "stop"}:
                await self.engine.stop()
            case {"worker": "start"}:
                equip(self.engine, act)
                await self.engine.serve()
                await self._settled()
            case {"define": changed}:
                text = Row(self.row.table, {**self.row.data, **changed}).definition(self.engine.receiver.url)
                self.engine.define(text, self.row.slug)
            case {"cancel": True}:
                await self.handle.cancel()
                await self.engine.finish(self.handle, 20)
            case _:
                raise AssertionError(f"{self.row.data['name']}: nothing is known of {act}")

    async def _advance(self, at: timedelta) -> None:
        """Move the run's clock to a time after its first hold opened."""
        ahead = self.origin + at - await self._now()
        if ahead <= timedelta(0):
            return
        if self.engine.worker is not None:
            with contextlib.suppress(RPCError):  # the run has ended
                await self.clocks.fast_forward(self.handle, ahead)
            return
        moving = asyncio.create_task(self.clocks.fast_forward(self.handle, ahead + timedelta(minutes=1)))
        try:  # nobody works: a timer that fires stops the clock, and the server never says that it has arrived
            for _ in range(100):
                await asyncio.sleep(0.02)
                if await self._now() >= self.origin + at:
                    return
            raise AssertionError("the clock does not move while no worker runs")
        finally:
            moving.cancel()

    async def _send(self, act: JSON) -> None:
        arguments, via = await self._arguments(act)
        receipt: JSON
        try:
            if via == "update":
                receipt = await self.handle.execute_update("decide", args=arguments)
                self.audited += 1
            else:
                await self.handle.signal(via, args=arguments)
                self.audited += 1
                if self.engine.worker is None:
                    receipt = {"result": "later", "place": self.audited - 1}
                else:
                    receipt = await self._audited(self.audited - 1)
        except RPCError as error:
            receipt = {"result": GONE, "message": str(error)}
        self.played.receipts.append((act, receipt))

    async def _audited(self, place: int) -> JSON:
        """Return what the audit says of a signal, once it is there; policies' own entries do not count."""
        for _ in range(200):
            audit = (await self.handle.query("report"))["audit"]
            noted = [entry for entry in audit if entry.get("via") != "policy" and "more" not in entry]
            if len(noted) > place:
                return {"result": noted[place]["result"], "message": "(by signal)"}
            if audit and "more" in audit[-1] and len(noted) + audit[-1]["more"] > place:
                return {"result": COUNTED, "message": "(by signal)"}
            await asyncio.sleep(0.03)
        return {"result": "(nothing in the audit)"}

    async def _settled(self) -> None:
        """Read what became of signals that were sent while no worker ran."""
        for number, (act, receipt) in enumerate(self.played.receipts):
            if receipt["result"] == "later":
                self.played.receipts[number] = (act, await self._audited(receipt["place"]))

    async def _arguments(self, act: JSON) -> tuple[list[Any], str]:
        holds: list[JSON] = []
        if "$" in json.dumps(act) and self.engine.worker is not None:
            holds = await self.handle.query("holds")
        verb = next((name for name in DECISIONS if name in act), None)
        if "arguments" in act or "send" in act:
            arguments = act["arguments"] if "arguments" in act else [act["send"]]
            return [self._filled(value, holds, self.hold) for value in arguments], act.get("via", "update")
        assert verb is not None, act
        hold = act.get("hold", self.hold)
        keys = ("reason", "digest", "edits", "result", "approvers", "deadline")
        said = {"hold": hold, "by": act[verb], **{key: act[key] for key in keys if key in act}}
        said["decision"] = verb
        said = self._filled(said, holds, hold)
        if "proof" in act:
            said["proof"] = self._proof(act["proof"], said, holds, hold)
        if act.get("via", "update") == "signal":
            del said["decision"]
            return [said], verb
        return [said], "update"

    def _filled(self, value: Any, holds: list[JSON], hold: str) -> Any:
        """Put in what placeholders stand for: `$hold`, `$digest`, `$firstDigest`, `$at(2h)`, `$text(900)`."""
        if isinstance(value, dict):
            return {key: self._filled(item, holds, hold) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, holds, hold) for item in value]
        found = PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        known: dict[str, Callable[[str], str]] = {
            "hold": lambda _: self.hold,
            "digest": lambda name: next(
                (one["digest"] for one in holds if one["hold"] == (name or hold)), self.first.get(name or hold, "")
            ),
            "firstDigest": lambda name: self.first[name or hold],
            "at": lambda time: (self.origin + span(time)).isoformat(),
            "text": lambda length: "x" * int(length),
        }
        return known[found[1]](found[2])

    def _proof(self, given: Any, said: JSON, holds: list[JSON], hold: str) -> Any:
        """Return a proof as the row wants it: `{sign: kid, …}` is made over the decision, all else is sent as it is."""
        if not isinstance(given, dict) or "sign" not in given:
            return given
        made = proof(
            given["sign"],
            {**said, **self._filled(given.get("over", {}), holds, hold)},
            workflow_id=given.get("workflowId", self.handle.id),
            run_id=given.get("firstRunId", self.run),
            expires=self.origin + span(given.get("exp", "7d")),
        )
        return {**made, **given.get("but", {})}

    async def _see(self, looks: JSON) -> None:
        """Wait until the open holds look so."""
        wrong: list[str] = []
        for _ in range(200):
            holds = {hold["hold"]: hold for hold in await self.handle.query("holds")}
            wrong = [
                line
                for name, look in looks.items()
                for line in (
                    ([f"the hold {name} is open"] if name in holds else [])
                    if look is None
                    else differences(look, holds.get(name), name)
                )
            ]
            if not wrong:
                self.first |= {name: hold["digest"] for name, hold in holds.items() if name not in self.first}
                return
            await asyncio.sleep(0.03)
        self.played.wrong += wrong

    async def _end(self) -> None:
        data, played = self.row.data, self.played
        if data["end"] == "open":
            await self._see({name: {} for name in data["open"]})
            played.report = await self.handle.query("report")
            holds = sorted(hold["hold"] for hold in await self.handle.query("holds"))
            if holds != sorted(data["open"]):
                played.wrong.append(f"open holds: expected {data['open']}, found {holds}")
        else:
            with contextlib.suppress(RPCError):  # the run has ended
                await self.clocks.fast_forward(self.handle, FOREVER)
            try:
                played.report = await self.engine.finish(self.handle, 20)
            except TimeoutError:
                played.report = await self.handle.query("report")
                played.wrong.append("the run has not ended")
        await self._settled()
        played.judge(self.engine.receiver.requests)
        if data["end"] == "open":
            await self.handle.terminate()
        await self._replay()

    async def _replay(self) -> None:
        """Replay every history of the run."""
        run_id: str | None = self.run
        while run_id:
            history = await self.engine.client.get_workflow_handle(self.handle.id, run_id=run_id).fetch_history()
            if any(SECRET.encode() in event.SerializeToString() for event in history.events):
                self.played.wrong.append("the history holds a secret")
            try:
                await self.engine.replay_history(history)
            except workflow.NondeterminismError as error:
                self.played.wrong.append(f"replayed, it decides otherwise: {error}")
            last = history.events[-1].workflow_execution_continued_as_new_event_attributes
            run_id = last.new_execution_run_id or None
