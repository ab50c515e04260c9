from __future__ import annotations

from datetime import timedelta

import pytest

from tests.engine import Engine, step
from tests.workers.definitions.documents import FAILS, GREET, HELD, WAITS
from workers.client import runs
from workers.errors import NotFoundError, TrunklineError, UnreachableError


async def test_the_report_of_a_completed_run_needs_no_worker(engine: Engine) -> None:
    engine.define(GREET)
    handle = await engine.start("greet", engine.event({"order": {"total": 3}}))
    await engine.finish(handle)
    await engine.stop()
    report = await runs.report(engine.client, handle.id)
    assert report["outcome"] == "completed"
    assert report["variables"]["answer"]["body"]["body"] == {"total": 3}


async def test_the_report_of_a_failed_run_needs_no_worker(engine: Engine) -> None:
    engine.define(FAILS)
    engine.receiver.answer("/missing", 404)
    handle = await engine.start("fails", engine.event({"order": {}}))
    await engine.finish(handle)
    await engine.stop()
    report = await runs.report(engine.client, handle.id)
    assert report["outcome"] == "failed"
    assert step(report, "Ask the shop")["error"]["type"] == "Refused"


async def test_a_run_that_could_not_begin_says_why(engine: Engine) -> None:
    engine.define(GREET)
    handle = await engine.start("gret")
    with pytest.raises(TrunklineError, match=r"(?i)did you mean greet"):
        async for _ in runs.follow(engine.client, handle.id):
            pass


async def test_a_canceled_run_reports_what_was_done(engine: Engine) -> None:
    engine.define(WAITS)
    handle = await engine.start("waits", engine.event({"order": {}}))
    await handle.query("report")
    await handle.cancel()
    seen = [report async for report in runs.follow(engine.client, handle.id)]
    assert seen[-1] is not None
    assert seen[-1]["outcome"] == "canceled"
    assert step(seen[-1], "Let it rest")["status"] == "canceled"


async def test_a_run_is_followed_from_what_it_does_to_its_end(engine: Engine) -> None:
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 3}}))
    seen = []
    async for report in runs.follow(engine.client, handle.id):
        assert report is not None
        if not report["steps"]:
            continue  # nobody has answered yet what the automation is
        seen.append((report["outcome"], step(report, "refund")["status"]))
        if seen[-1][1] == "held":
            await handle.signal("approve", {"hold": "refund", "by": "lead@example.com"})
    assert (None, "held") in seen
    assert seen[-1] == ("completed", "succeeded")


async def test_a_run_that_is_not_there_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="nope"):
        await runs.report(engine.client, "nope")


async def test_without_a_worker_there_is_no_report_of_what_runs(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ANSWER", timedelta(seconds=1))
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 1}}))
    await engine.held(handle)
    await engine.stop()
    with pytest.raises(UnreachableError, match="no worker answers"):
        await runs.report(engine.client, handle.id)
    await engine.serve()


async def test_a_workflow_that_is_none_of_ours_is_said_to_be_none(engine: Engine) -> None:
    assert await runs.has_workers(engine.client, engine.task_queue) is False
    engine.define(GREET)
    await engine.serve()
    handle = await engine.client.start_workflow("greet", "no event", id="not-ours", task_queue=engine.task_queue)
    with pytest.raises(TrunklineError, match="An event is a JSON object"):
        async for _ in runs.follow(engine.client, handle.id):
            pass
