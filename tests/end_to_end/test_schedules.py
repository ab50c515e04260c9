"""Schedules: each instant runs once, what overlaps is told by the run and not by what starts it, and pauses stay."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import ScheduleBackfill, ScheduleOverlapPolicy, WorkflowExecutionStatus, WorkflowHandle

from tests.engine import JSON, Engine
from tests.workers.command import on
from workers.client.deploying import ScheduleChange
from workers.local.schedules import keep_schedules

DAILY = """
    name: report
    trigger: {schedule: {cron: "0 8 * * mon-fri", timeZone: Europe/Prague}}
    actions:
      - actionType: http_request
        config: {method: POST, url: RECEIVER/report, body: {at: "{{event.time}}", type: "{{event.type}}"}}
"""
ASKED = """
    name: asked
    trigger: {schedule: {every: 30m, overlap: OVERLAP, jitter: 1s, catchUp: 1h}}
    actions:
      - {id: ask, actionType: http_request, config: {method: POST, url: RECEIVER/ask}, requireApproval: true}
"""


async def deployed(engine: Engine) -> None:
    ended = await on(engine, "deploy")
    assert ended.code == 0, ended.err


def schedule(engine: Engine, name: str) -> Any:
    return engine.client.get_schedule_handle(f"trunkline/{engine.task_queue}/{name}")


async def status(run: WorkflowHandle[Any, Any]) -> WorkflowExecutionStatus | None:
    return (await run.describe()).status


async def until(run: WorkflowHandle[Any, Any], wanted: WorkflowExecutionStatus) -> None:
    for _ in range(200):
        if await status(run) is wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await status(run))


async def starters(engine: Engine, name: str, count: int) -> list[str]:
    """Return the ids of that many starters of a schedule that have ended, oldest first."""
    query = f"WorkflowType = 'trunkline:starter' AND TaskQueue = '{engine.task_queue}' AND ExecutionStatus != 'Running'"
    found: list[str] = []
    for _ in range(200):
        listed = [one async for one in engine.client.list_workflows(query)]
        found = [one.id for one in sorted(listed, key=lambda one: one.start_time) if f"/{name}-" in one.id]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_an_instant_runs_once_however_often_it_is_backfilled(engine: Engine) -> None:
    engine.define(DAILY)
    await engine.serve()
    await deployed(engine)
    week = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday; Prague is two hours ahead in summer
    backfill = ScheduleBackfill(week, week + timedelta(days=2), overlap=ScheduleOverlapPolicy.ALLOW_ALL)
    for turn in (1, 2):
        await schedule(engine, "report").backfill(backfill)
        await starters(engine, "report", 2 * turn)
    ids = ["report/schedule-2026-06-01T06:00:00Z", "report/schedule-2026-06-02T06:00:00Z"]
    reports = [await engine.finish(engine.client.get_workflow_handle(run)) for run in ids]
    sent = sorted(request.body["at"] for request in engine.receiver.to("/report"))
    assert sent == ["2026-06-01T06:00:00Z", "2026-06-02T06:00:00Z"]
    instant = "schedule-2026-06-01T06:00:00Z"
    assert reports[0]["event"] == {"id": instant, "type": "schedule.fired", "source": "/schedules/report"}
    runs = await on(engine, "runs", "--json")
    assert sorted(row["run"] for row in runs.json) == ids, "what starts runs is none"
    for run in (*ids, *(await starters(engine, "report", 4))):
        await engine.replay_history(await engine.client.get_workflow_handle(run).fetch_history())
    emitted = await engine.client.execute_workflow(
        "event", engine.event(type="schedule.fired"), id=f"event/{engine.task_queue}", task_queue=engine.task_queue
    )
    assert [(one["automation"], one["started"]) for one in emitted] == [("report", False)]
    assert "starts nothing" in emitted[0]["reason"]


async def first_held(engine: Engine, overlap: str) -> WorkflowHandle[Any, Any]:
    """Trigger a schedule whose run is held, and return that run."""
    engine.define(ASKED.replace("OVERLAP", overlap))
    await engine.serve()
    await deployed(engine)
    await schedule(engine, "asked").trigger()
    run = await running(engine)
    await engine.held(run)
    return run


async def running(engine: Engine, but: str = "") -> WorkflowHandle[Any, Any]:
    """Return the one run of the automation that goes on and is another than that."""
    for _ in range(200):
        query = f"WorkflowType = 'asked' AND TaskQueue = '{engine.task_queue}' AND ExecutionStatus = 'Running'"
        found = [one.id async for one in engine.client.list_workflows(query) if one.id != but]
        if found:
            return engine.client.get_workflow_handle(found[0])
        await asyncio.sleep(0.05)
    raise AssertionError("it does not run")


async def later(engine: Engine) -> None:
    """Trigger it once more, at another second: Temporal's instants have no finer ones."""
    await asyncio.sleep(1.1)
    await schedule(engine, "asked").trigger()


async def test_skip_lets_a_run_go_on_and_cancel_other_ends_it(engine: Engine) -> None:
    first = await first_held(engine, "skip")
    listed = await on(engine, "schedules", "--json")
    assert [one["running"] for one in listed.json] == [[first.id]]
    await later(engine)
    for _ in range(100):
        if (await schedule(engine, "asked").describe()).info.num_actions_skipped_overlap:
            break
        await asyncio.sleep(0.05)
    assert (await running(engine)).id == first.id
    engine.define(ASKED.replace("OVERLAP", "cancelOther"))
    await deployed(engine)
    await later(engine)
    await until(first, WorkflowExecutionStatus.CANCELED)
    assert (await first.query("report"))["outcome"] == "canceled"
    second = await running(engine, first.id)
    engine.define(ASKED.replace("OVERLAP", "terminateOther"))
    await deployed(engine)
    await later(engine)
    await until(second, WorkflowExecutionStatus.TERMINATED)
    third = await running(engine, second.id)
    hold = (await engine.held(third))[0]["hold"]
    await engine.decide(third, hold=hold, decision="approve", by="ann")
    assert (await engine.finish(third))["outcome"] == "completed"


async def test_deploy_plans_creates_updates_removes_and_keeps(engine: Engine) -> None:
    def changes(ended: Any) -> dict[str, str]:
        found: list[JSON] = ended.json
        return {one["automation"]: one["change"] for one in found}

    engine.define(DAILY)
    engine.define(
        DAILY.replace("report", "other").replace("0 8 * * mon-fri", "5-50/20 9-17/2 1,15 jan-mar,dec fri-sun")
    )
    engine.define(DAILY.replace("name: report", "name: quiet").replace("{schedule:", "{live: false, schedule:"))
    plan = await on(engine, "deploy", "--plan")
    assert plan.code == 0
    assert "to create: report 0 8 * * mon-fri Europe/Prague" in plan.out
    assert "Nothing was changed" in plan.out
    assert (await on(engine, "schedules", "--json")).json == []
    assert changes(await on(engine, "deploy", "--json")) == {"report": "create", "other": "create"}
    assert changes(await on(engine, "deploy", "--json")) == {"report": "none", "other": "none"}
    assert (await on(engine, "schedules", "pause", "report", "--reason", "holidays")).code == 0
    engine.define(DAILY.replace("0 8", "30 9"))
    assert changes(await on(engine, "deploy", "--plan", "--json"))["report"] == "update"
    updated = await on(engine, "deploy", "--json")
    assert changes(updated) == {"report": "update", "other": "none"}
    paused = {one["automation"]: (one["paused"], one.get("note")) for one in updated.json}
    assert paused == {"report": (True, "holidays"), "other": (False, None)}
    assert (await on(engine, "schedules", "resume", "report")).code == 0
    assert not (await schedule(engine, "report").describe()).schedule.state.paused
    missing = await on(engine, "schedules", "pause", "reprot")
    assert missing.code == 4
    assert "Did you mean report?" in missing.err

    (engine.folder / "report.yaml").write_text("name: report\ntrigger: {schedule: {cron: nonsense}}\n")
    (engine.folder / "other.yaml").unlink()
    kept = await on(engine, "deploy", "--json")
    assert kept.code == 1
    assert changes(kept) == {"report": "keep", "other": "remove"}
    (engine.folder / "report.yaml").write_text("{")  # it does not even say its name any more
    assert changes(await on(engine, "deploy", "--json")) == {"report": "keep"}
    (engine.folder / "report.yaml").unlink()
    elsewhere = await on(engine, "deploy", "--json", TRUNKLINE_TASK_QUEUE=f"{engine.task_queue}-2")
    assert elsewhere.json == []
    assert changes(await on(engine, "deploy", "--json")) == {"report": "remove"}
    assert (await on(engine, "deploy")).out.startswith("No automation has a schedule")


async def test_an_automation_that_is_not_live_is_started_by_hand_only(engine: Engine) -> None:
    engine.define("""
        name: quiet
        trigger: {event: test.fired, live: false}
        actions: [{wait: 0}]
    """)
    emitted = await engine.client.execute_workflow(
        "event", engine.event(), id=f"event/{engine.task_queue}/1", task_queue=await queue(engine)
    )
    assert emitted[0]["started"] is False
    assert "not live" in emitted[0]["reason"]
    assert (await engine.run("quiet"))["outcome"] == "completed"


async def queue(engine: Engine) -> str:
    await engine.serve()
    return engine.task_queue


async def test_an_automation_is_started_at_a_date_and_can_be_canceled_before(engine: Engine) -> None:
    engine.define("""
        name: asks-later
        trigger: {event: test.fired, data: [order]}
        actions:
          - id: soon
            actionType: scheduler.schedule_workflow
            config: {workflowTitle: feedback, type: relative, in: 2s, input: {order: "{{order}}"}}
            saveAs: soon
          - id: tomorrow
            actionType: scheduler.schedule_workflow
            config: {WorkflowTitle: feedback, Type: absolute, at: "{{event.time}}"}
            saveAs: dropped
    """)
    engine.define("""
        name: feedback
        trigger: {event: order.sent, data: [order], live: false}
        actions:
          - {actionType: http_request, config: {method: POST, url: RECEIVER/feedback, body: "{{order.id}}"}}
    """)
    at = datetime.now(UTC) + timedelta(seconds=3)
    handle = await engine.start("asks-later", engine.event({"order": {"id": 7}}, time=at.isoformat()))
    report = await engine.finish(handle)
    soon, dropped = report["variables"]["soon"], report["variables"]["dropped"]
    assert datetime.fromisoformat(dropped["startsAt"]) == at.replace(microsecond=at.microsecond // 1000 * 1000)
    planned = engine.client.get_workflow_handle(dropped["workflowId"])
    told = await on(engine, "report", dropped["workflowId"])
    assert (told.code, "It starts at " in told.out) == (0, True)
    await planned.cancel()
    listed = {row["run"]: row for row in (await on(engine, "runs", "--json")).json}
    [why] = listed[soon["workflowId"]]["why"]
    assert why.startswith(f"It starts at {soon['startsAt'][:19]}"[:-1]), "Temporal keeps the delay, not the date"
    assert engine.receiver.to("/feedback") == []
    run = engine.client.get_workflow_handle(soon["workflowId"])
    assert (await engine.finish(run))["outcome"] == "completed"
    assert datetime.now(UTC) >= datetime.fromisoformat(soon["startsAt"])
    await until(planned, WorkflowExecutionStatus.CANCELED)
    assert len(engine.receiver.to("/feedback")) == 1


async def test_a_development_environment_keeps_the_schedules_of_its_folder(engine: Engine) -> None:
    told: list[tuple[str, str]] = []
    enough = asyncio.Event()

    def tell(changes: list[ScheduleChange]) -> None:
        told.extend((change.what, change.kept.automation) for change in changes)
        enough.set()

    engine.define(DAILY)
    keeping = asyncio.create_task(keep_schedules(engine.client, engine.folder, engine.actions, engine.task_queue, tell))
    try:
        await enough.wait()
        enough.clear()
        (engine.folder / "report.yaml").write_text("name: report\ntrigger: {schedule: {cron: nonsense}}\n")
        engine.define(DAILY.replace("report", "other"))
        await enough.wait()
        enough.clear()
        (engine.folder / "report.yaml").unlink()
        await enough.wait()
    finally:
        keeping.cancel()
    assert told == [("create", "report"), ("create", "other"), ("remove", "report")]
