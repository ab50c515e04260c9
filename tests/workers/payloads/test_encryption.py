"""Encryption of what Temporal keeps: nothing is readable without a key, and a missing key loses and decides nothing."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import Field
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Worker

from activities.action import Config, Result, action
from activities.context import Context
from activities.errors import OutcomeUnknown
from tests.engine import Engine, step
from tests.workers.command import on
from tests.workflows.steps.test_reconcile import reset
from workers.payloads.converter import data_converter
from workers.payloads.encryption import Encryption
from workers.process.limits import running
from workers.process.worker_client import client_of_worker
from workers.settings import Settings, SettingsError
from workflows.run import encrypted, walk

JSON = dict[str, Any]


def key(name: str, fill: int | None = None) -> str:
    secret = os.urandom(32) if fill is None else bytes([fill]) * 32
    return f"{name}:{base64.b64encode(secret).decode()}"


OURS = key("ours-2031")
NEXT = key("ours-2032")
THEIRS = key("theirs")

SOON = timedelta(seconds=1)
"""After which Temporal hands out a workflow task again."""

HELD = """
name: held
trigger: {event: test.fired, data: [contact]}
actions:
  - {id: danger, actionType: http_request, config: {method: POST, url: RECEIVER/danger, body: {name: "{{contact.name}}"}}, requireApproval: true}
"""


def payload(data: bytes = b'{"a": 1}') -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


async def test_a_payload_comes_back_and_looks_different_each_time() -> None:
    codec = Encryption.of([OURS])
    first, second = await codec.encode([payload(), payload()])
    assert first.metadata == {"encoding": b"binary/encrypted", "encryption-key-id": b"ours-2031"}
    assert first.data != second.data
    assert len(first.SerializeToString()) - len(payload().SerializeToString()) < 120
    assert codec.open(first) == payload()


async def test_the_first_key_encrypts_and_all_decrypt() -> None:
    (old,) = await Encryption.of([OURS]).encode([payload()])
    both = Encryption.of([NEXT, OURS])
    assert both.open(old) == payload()
    assert both.seal(payload()).metadata["encryption-key-id"] == b"ours-2032"


async def test_what_no_key_opens_and_what_was_never_encrypted_passes_as_it_is() -> None:
    sealed = Encryption.of([OURS]).seal(payload())
    tampered = Payload(metadata=dict(sealed.metadata), data=sealed.data[:-1] + bytes([sealed.data[-1] ^ 1]))
    renamed = Payload(metadata={**sealed.metadata, "encryption-key-id": b"ours-2032"}, data=sealed.data)
    short = Payload(metadata=dict(sealed.metadata), data=b"x")
    nameless = Payload(metadata={"encoding": b"binary/encrypted"}, data=sealed.data)
    no_payload = Payload(metadata=dict(sealed.metadata))
    same_key = Encryption({"ours-2031": base64.b64decode(OURS.partition(":")[2])})
    nonce = os.urandom(12)
    inner = same_key._ciphers[b"ours-2031"].encrypt(nonce, b"\xff\xff\xff", b"ours-2031")
    no_payload.data = nonce + inner
    given = [payload(), tampered, renamed, short, nameless, no_payload]
    assert await Encryption.of([OURS, NEXT]).decode(given) == given
    other_bytes = key("ours-2031")
    assert await Encryption.of([other_bytes]).decode([sealed]) == [sealed]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("c2VjcmV0", "no colon"),
        (":" + "A" * 43 + "=", "its id is not"),
        ("a b:" + "A" * 43 + "=", "its id is not"),
        ("k1:c2Vj!cmV0", "no base64"),
        ("k1:c2VjcmV0", "6 bytes instead of 32"),
        (f"{key('k1', 1)},{key('k1', 2)}", "entry 2 is not: an earlier one has the id 'k1' too"),
        (f"{key('k1', 1)},k2:c2VjcmV0", "entry 2 is not: its key has 6 bytes"),
    ],
)
def test_a_bad_key_is_one_sentence_that_does_not_quote_it(value: str, why: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({"TRUNKLINE_ENCRYPTION_KEYS": value})
    sentence = str(raised.value)
    assert sentence.startswith("TRUNKLINE_ENCRYPTION_KEYS must be id:base64,…")
    assert why in sentence
    assert "c2V" not in sentence
    assert key("k1", 1)[3:] not in sentence


def test_settings_carry_keys_to_other_processes_and_show_them_to_nobody() -> None:
    settings = Settings.from_environment(
        {"TRUNKLINE_ENCRYPTION_KEYS": f"{OURS}, {NEXT}", "TRUNKLINE_CODEC_TOKEN": "token-0123456789"}
    )
    assert settings.encryption_keys == (OURS, NEXT)
    assert Settings.from_environment(settings.to_environment()) == settings
    assert OURS.partition(":")[2] not in repr(settings)
    assert "token-0123456789" not in repr(settings)
    with pytest.raises(SettingsError, match=r"^TRUNKLINE_CODEC_TOKEN must be at least 16") as raised:
        Settings.from_environment({"TRUNKLINE_CODEC_TOKEN": "hunter2"})
    assert "hunter2" not in str(raised.value)


class Slow(Config):
    text: str = Field(description="What it keeps as progress.")


class Done(Result):
    said: str = Field(description="What it was told.")


@action("tell_slowly", repeat="safe", example={"text": "x"})
async def tell_slowly(config: Slow, context: Context) -> Done:
    """Keep a progress for as long as it takes to look at it."""
    context.heartbeat({"progress": config.text})
    await asyncio.sleep(1.5)
    raise OutcomeUnknown(f"It told {config.text} and then lost the line.")


CANARY = "canary7QxZr5Kt0wVbLm2"
EVERYWHERE = f"""
name: everywhere
trigger: {{event: test.fired, data: [contact]}}
actions:
  - {{id: echo, label: "Echo {CANARY}", actionType: http_request, config: {{method: POST, url: RECEIVER/echo, body: {{n: "{{{{contact.name}}}}"}}}}, saveAs: kept}}
  - {{id: refused, label: Refused, actionType: http_request, config: {{method: POST, url: RECEIVER/refused, body: {{n: "{{{{contact.name}}}}"}}}}, onFailure: continue}}
  - {{id: slow, label: "Slow {CANARY}", actionType: tell_slowly, config: {{text: "{{{{contact.name}}}}"}}, retry: {{onUnknown: fail}}, onFailure: continue}}
  - {{id: pause, label: "Pause {CANARY}", wait: 100}}
  - {{id: danger, label: "Danger {CANARY}", actionType: http_request, config: {{method: POST, url: RECEIVER/danger, body: {{n: "{{{{contact.name}}}}"}}}}, requireApproval: {{expiresAfter: 1h}}}}
  - {{id: end, stop: failed, reason: "Ended for {{{{contact.name}}}}"}}
"""


async def kept_by_temporal(client: Client, handle: WorkflowHandle[Any, Any], pending: list[bytes]) -> list[bytes]:
    """Everything that Temporal shows of a run, as bytes and as JSON."""
    history = await handle.fetch_history()
    described = (await handle.describe()).raw_description
    listed = await client.workflow_service.list_workflow_executions(
        ListWorkflowExecutionsRequest(namespace=client.namespace, query=f"WorkflowId = '{handle.id}'")
    )
    found = [event.SerializeToString() for event in history.events]
    return [*found, history.to_json().encode(), described.SerializeToString(), listed.SerializeToString(), *pending]


async def told(engine: Engine) -> bytes:
    """Run `everywhere` to its end with the canary in all places that may hold text, and return what Temporal keeps."""
    engine.actions = {**engine.actions, "tell_slowly": tell_slowly}
    engine.define(EVERYWHERE)
    engine.receiver.answer("/refused", 400, {"error": f"no {CANARY} here"})
    handle = await engine.start(
        "everywhere",
        engine.event({"contact": {"name": CANARY}}),
        id=f"everywhere/{engine.task_queue}",
        memo={"note": CANARY},
        static_summary=f"about {CANARY}",
        static_details=f"more about {CANARY}",
    )
    pending: list[bytes] = []
    for _ in range(100):
        described = (await handle.describe()).raw_description
        if any(activity.HasField("heartbeat_details") for activity in described.pending_activities):
            pending.append(described.SerializeToString())
            break
        await asyncio.sleep(0.05)
    assert pending, "the slow action has kept its progress"
    (hold,) = await engine.held(handle)
    await handle.signal("reject", {"hold": "nothing", "by": CANARY, "reason": CANARY})
    await handle.signal("reject", f"no decision {CANARY}")
    receipt = await engine.decide(handle, hold=hold["hold"], decision="approve", by=CANARY, reason=CANARY)
    assert receipt["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "failed"
    assert report["variables"]["kept"]["body"]["body"] == {"n": CANARY}
    assert CANARY in step(report, "Refused")["error"]["message"]
    assert CANARY in step(report, "slow")["error"]["message"]
    assert CANARY in report["reason"]
    assert [entry["result"] for entry in report["audit"]] == ["not_found", "invalid", "accepted"]
    assert CANARY in str(await (await handle.describe()).static_summary())
    return b"\n".join(await kept_by_temporal(engine.client, handle, pending))


async def test_nothing_planted_is_readable_in_anything_that_temporal_keeps(engine: Engine) -> None:
    in_base64 = [base64.b64encode(b"." * shift + CANARY.encode())[4:-4] for shift in range(3)]
    plain = await told(engine)
    assert plain.count(CANARY.encode()) > 20, "without keys it is everywhere"
    await engine.stop()
    (engine.folder / "everywhere.yaml").unlink()
    engine.task_queue += "-encrypted"
    engine.hold_keys(OURS)
    kept = await told(engine)
    assert kept.count(b"binary/encrypted") > 20
    assert CANARY.encode() not in kept
    assert not [form for form in in_base64 if form in kept]
    assert b"Encoded failure" in kept
    engine.handles = engine.handles[1:]


async def test_messages_of_stalled_tasks_are_encrypted_too(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.hold_keys(OURS)
    engine.define(HELD)

    def broken(*_: Any) -> None:
        raise KeyError(CANARY)

    with monkeypatch.context() as patched:
        patched.setattr(walk.Walk, "roots", broken)
        handle = await engine.start("held", engine.event({"contact": {"name": CANARY}}), task_timeout=SOON)
        await stalled(handle)
    history = await handle.fetch_history()
    assert CANARY.encode() not in b"\n".join(event.SerializeToString() for event in history.events)
    await engine.decide(handle, hold=(await engine.held(handle))[0]["hold"], decision="reject", by="ada")
    await engine.finish(handle)


async def test_the_answer_of_an_event_and_the_runs_it_starts_are_encrypted(engine: Engine) -> None:
    engine.hold_keys(OURS)
    engine.define(HELD)
    handle = await engine.start("event", engine.event({"contact": {"name": CANARY}}))
    (answer,) = await handle.result()
    started = engine.client.get_workflow_handle(answer["workflowId"])
    await engine.held(started)
    for one in (handle, started):
        history = await one.fetch_history()
        assert CANARY.encode() not in b"\n".join(event.SerializeToString() for event in history.events)
    await started.terminate()


async def stalled(handle: WorkflowHandle[Any, Any], more_than: int = 0) -> str:
    """Wait until another task of a run has failed, and return the last failure as Temporal keeps it."""
    for _ in range(200):
        failed = [
            event.workflow_task_failed_event_attributes.failure
            for event in (await handle.fetch_history()).events
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
        ]
        if len(failed) > more_than:
            return str(failed[-1])
        await asyncio.sleep(0.05)
    raise AssertionError(f"{handle.id} has not stalled")


async def test_a_run_waits_for_a_missing_key_and_goes_on_once_it_is_back(engine: Engine) -> None:
    engine.hold_keys(OURS)
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"contact": {"name": "Ada"}}), task_timeout=SOON)
    (hold,) = await engine.held(handle)
    await engine.stop()
    engine.hold_keys(THEIRS)
    await engine.serve()
    theirs = engine.client.get_workflow_handle(handle.id)
    await theirs.signal("approve", {"hold": hold["hold"], "by": "eve"})
    await stalled(theirs)
    assert (await theirs.describe()).raw_description.workflow_execution_info.status == 1, "it runs"
    with pytest.raises(
        encrypted.MissingKeyError, match="'ours-2031', and TRUNKLINE_ENCRYPTION_KEYS has no such key here"
    ):
        await _read_event(theirs)
    await engine.stop()
    engine.hold_keys(NEXT, THEIRS, OURS)
    await engine.serve()
    report = await engine.finish(engine.client.get_workflow_handle(handle.id))
    assert report["outcome"] == "completed"
    assert [request.body for request in engine.receiver.to("/danger")] == [{"name": "Ada"}]


async def _read_event(handle: WorkflowHandle[Any, Any]) -> Any:
    """Decode a run's event as a client does."""
    history = await handle.fetch_history()
    given = history.events[0].workflow_execution_started_event_attributes.input
    return await handle._client.data_converter.decode_wrapper(given)


async def test_an_event_under_an_unknown_key_fails_no_run(engine: Engine) -> None:
    engine.define(HELD)
    await engine.serve()
    sender = Client(**{**engine.client.config(), "data_converter": data_converter([OURS])})  # type: ignore[arg-type] # a client's own options
    handle = await sender.start_workflow(
        "held",
        engine.event({"contact": {"name": "Ada"}}),
        id=f"held/{engine.task_queue}",
        task_queue=engine.task_queue,
        task_timeout=SOON,
    )
    assert "ours-2031" in await stalled(handle)
    await engine.stop()
    engine.hold_keys(OURS)
    await engine.serve()
    await engine.held(engine.client.get_workflow_handle(handle.id))
    await handle.terminate()


async def elsewhere(engine: Engine, *keys: str) -> Client:
    """A client of somebody with keys of his own."""
    options = engine.client.config()
    options["data_converter"] = data_converter(keys)
    return Client(**options)


async def audit(engine: Engine, handle: WorkflowHandle[Any, Any], count: int) -> list[str]:
    """Wait for that many entries of a run's audit, and return what became of each."""
    for _ in range(100):
        report: JSON = await engine.client.get_workflow_handle(handle.id).query("report")
        if len(report["audit"]) >= count:
            return [entry["result"] for entry in report["audit"]]
        await asyncio.sleep(0.05)
    raise AssertionError(report["audit"])


@pytest.mark.parametrize("keys", [(OURS,), ()])
async def test_a_decision_that_cannot_be_read_is_invalid_for_good(engine: Engine, keys: tuple[str, ...]) -> None:
    engine.hold_keys(*keys)
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"contact": {"name": "Ada"}}))
    (hold,) = await engine.held(handle)
    decision = {"hold": hold["hold"], "by": "eve"}
    stranger = (await elsewhere(engine, THEIRS, *keys)).get_workflow_handle(handle.id)
    await stranger.signal("approve", decision)
    assert await audit(engine, handle, 1) == ["invalid"]
    receipt = await stranger.execute_update("decide", {**decision, "decision": "approve"})
    assert receipt["result"] == "invalid"
    assert "encrypted under a key that the worker does not have" in receipt["message"]
    assert await audit(engine, handle, 2) == ["invalid", "invalid"]
    await engine.stop()
    engine.hold_keys(*keys, THEIRS)
    await engine.serve()
    assert await audit(engine, handle, 2) == ["invalid", "invalid"], "the key that came later changes nothing"
    (hold,) = await engine.held(engine.client.get_workflow_handle(handle.id))
    assert not engine.receiver.to("/danger")
    assert (await stranger.execute_update("decide", {**decision, "decision": "approve"}))["result"] == "accepted"
    report = await engine.finish(engine.client.get_workflow_handle(handle.id))
    assert report["outcome"] == "completed"
    assert len(engine.receiver.to("/danger")) == 1


async def test_a_decision_that_was_read_stands_and_its_run_waits_for_the_key_that_is_lost(engine: Engine) -> None:
    engine.hold_keys(OURS, THEIRS)
    engine.define(HELD.replace("requireApproval: true}", "requireApproval: true}\n  - {id: later, wait: 1h}"))
    handle = await engine.start("held", engine.event({"contact": {"name": "Ada"}}))
    (hold,) = await engine.held(handle)
    stranger = (await elsewhere(engine, THEIRS, OURS)).get_workflow_handle(handle.id)
    await stranger.signal("approve", {"hold": hold["hold"], "by": "ada"})
    await succeeded(handle, "danger")
    history = await handle.fetch_history()
    await engine.stop()
    for keys, replays in (((OURS, THEIRS), True), ((OURS,), False), ((), False), ((NEXT, THEIRS, OURS), True)):
        engine.hold_keys(*keys)
        assert await replayed(engine, history) is replays, keys
    await engine.serve()
    report = await engine.client.get_workflow_handle(handle.id).query("report")
    assert [entry["result"] for entry in report["audit"]] == ["accepted"]
    await handle.terminate()


async def succeeded(handle: WorkflowHandle[Any, Any], name: str) -> None:
    for _ in range(200):
        if step(await handle.query("report"), name)["status"] == "succeeded":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await handle.query("report"))


async def replayed(engine: Engine, history: WorkflowHistory) -> bool:
    """Say whether a replay has all keys it needs; anything else that is wrong with it fails the test."""
    try:
        await engine.replay_history(history)
    except RuntimeError as error:
        if "MissingKey" not in str(error) and "encrypted under the key" not in str(error):
            raise
        return False
    return True


@pytest.mark.parametrize(("kind", "canceled"), [("POST", False), ("GET", False), ("POST", True), ("GET", True)])
async def test_an_action_whose_input_no_worker_can_read_is_not_carried_out_and_fails_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, canceled: bool
) -> None:
    monkeypatch.setattr(encrypted, "PAUSE", timedelta(milliseconds=1 if canceled else 200))
    engine.hold_keys(OURS)
    engine.define(f"""
name: mixed
trigger: {{event: test.fired}}
actions:
  - {{id: send, actionType: http_request, config: {{method: {kind}, url: RECEIVER/send}}, retry: {{maximumAttempts: 1}}}}
""")
    (runs,) = engine.assembly().workers(())
    without_key = Worker(
        client_of_worker(await elsewhere(engine)),
        task_queue=engine.task_queue,
        activities=[_never_called("http_request")],
    )
    async with runs:
        async with without_key:
            handle = await engine.client.start_workflow(
                "mixed", engine.event(), id=f"mixed/{engine.task_queue}", task_queue=engine.task_queue
            )
            engine.handles.append(handle)
            for _ in range(200):
                if await _failed_attempts(handle) >= 2:
                    break
                await asyncio.sleep(0.05)
            assert await _failed_attempts(handle) >= 2
            if canceled:
                await handle.cancel()
                assert (await engine.finish(handle, 20))["outcome"] == "canceled"
        if not canceled:
            assert step(await handle.query("report"), "send")["status"] == "running"
    await engine.serve()
    report = await engine.finish(handle)
    assert report["outcome"] == ("canceled" if canceled else "completed")
    assert len(engine.receiver.to("/send")) == (0 if canceled else 1)


def _never_called(name: str) -> Callable[..., Awaitable[Any]]:
    from temporalio import activity

    @activity.defn(name=name)
    async def run(call: dict[str, Any]) -> Any:
        raise AssertionError(call)

    return run


async def _failed_attempts(handle: WorkflowHandle[Any, Any]) -> int:
    history = await handle.fetch_history()
    return [e.event_type for e in history.events].count(EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)


async def test_a_failed_attempt_that_cannot_be_read_stalls_the_run_instead_of_failing_the_step(engine: Engine) -> None:
    """Workers of two generations: one failed an action under a key that the other does not have yet."""
    engine.hold_keys(OURS)
    engine.define("""
name: generations
trigger: {event: test.fired}
actions:
  - {id: send, actionType: http_request, config: {method: POST, url: RECEIVER/send}, onFailure: continue}
""")
    engine.receiver.answer("/send", 400, {"error": "no"})
    (older,) = engine.assembly().workers(())
    newer = Worker(
        client_of_worker(await elsewhere(engine, NEXT, OURS)),
        task_queue=engine.task_queue,
        activities=[_refusing("http_request")],
    )
    async with older, newer:
        handle = await engine.client.start_workflow(
            "generations",
            engine.event(),
            id=f"generations/{engine.task_queue}",
            task_queue=engine.task_queue,
            task_timeout=SOON,
        )
        await stalled(handle)
        assert (await handle.describe()).raw_description.workflow_execution_info.status == 1
    engine.hold_keys(NEXT, OURS)
    await engine.serve()
    report = await engine.finish(engine.client.get_workflow_handle(handle.id))
    assert step(report, "send")["error"] == {"type": "Refused", "message": "No, said the vendor."}


def _refusing(name: str) -> Callable[..., Awaitable[Any]]:
    from temporalio import activity
    from temporalio.exceptions import ApplicationError

    @activity.defn(name=name)
    async def run(call: dict[str, Any]) -> Any:
        raise ApplicationError("No, said the vendor.", type="Refused", non_retryable=True)

    return run


async def test_runs_continue_as_new_and_take_decisions_while_they_do(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    def must(self: walk.Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > 40

    monkeypatch.setattr(walk.Walk, "must_continue_as_new", must)
    engine.hold_keys(OURS)
    holds = "\n".join(
        f"  - actions: [{{id: h{n}, actionType: http_request, config: {{method: POST, url: RECEIVER/h{n}}}, requireApproval: true}}]"
        for n in range(6)
    )
    engine.define(f"name: many\ntrigger: {{event: test.fired}}\npaths:\n{holds}\n")
    handle = await engine.start("many")
    latest = engine.client.get_workflow_handle(handle.id)
    for count, hold in enumerate(await engine.held(latest, 6), 1):
        idle = {"hold": "nothing", "by": "bob"}
        said = [latest.signal("reject", idle) for _ in range(4)]
        await asyncio.gather(*said, latest.signal("approve", {"hold": hold["hold"], "by": "ada"}))
        await audit(engine, handle, 5 * count)
        await succeeded(latest, hold["step"])  # while something is in flight nothing is handed over
    report = await engine.finish(latest)
    assert report["outcome"] == "completed"
    assert len(report["audit"]) == 30
    assert [len(engine.receiver.to(f"/h{n}")) for n in range(6)] == [1] * 6
    assert (await latest.describe()).run_id != handle.first_execution_run_id, "it continued as new"


async def test_the_largest_run_fits_when_it_is_encrypted(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    def must(self: walk.Walk) -> bool:
        first = workflow.info().continued_run_id is None
        return self.continuing_as_new or (first and len(self.state.variables) == 6)

    monkeypatch.setattr(walk.Walk, "must_continue_as_new", must)
    engine.state_limit = 1536 * 1024
    engine.hold_keys(OURS)
    noise = [base64.b85encode(os.urandom(200_000)).decode() for _ in range(6)]
    for text in noise:
        engine.receiver.answer("/noise", 200, text)
    steps = "\n".join(
        f"  - {{id: s{n}, actionType: http_request, config: {{method: GET, url: RECEIVER/noise}}, saveAs: v{n}}}"
        for n in range(7)
    )
    engine.define(f"name: large\ntrigger: {{event: test.fired}}\nactions:\n{steps}\n")
    handle = await engine.start("large")
    report = await engine.finish(engine.client.get_workflow_handle(handle.id))
    latest = await engine.client.get_workflow_handle(handle.id).describe()
    assert latest.run_id != handle.first_execution_run_id, "it continued as new"
    assert [report["variables"][f"v{n}"]["body"] for n in range(6)] == noise
    assert report["outcome"] == "failed", "the seventh does not fit, and the report is the failure's detail"
    assert step(report, "s6")["error"]["type"] == "TooLarge"


async def test_the_command_line_reads_with_the_keys_and_says_what_is_missing_without(engine: Engine) -> None:
    engine.hold_keys(OURS)
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"contact": {"name": "Ada"}}))
    await engine.held(handle)
    seen = await on(engine, "report", handle.id, "--json", TRUNKLINE_ENCRYPTION_KEYS=f"{NEXT},{OURS}")
    assert seen.json["steps"][0]["status"] == "held", seen.err
    blind = await on(engine, "report", handle.id, "--json")
    assert (blind.code, blind.out) == (1, "")
    assert "encrypted under the key 'ours-2031'" in blind.err
    assert "Traceback" not in blind.err
    approved = await on(engine, "approve", handle.id, "danger", "--by", "ada", TRUNKLINE_ENCRYPTION_KEYS=OURS)
    assert approved.code == 0, approved.err
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"


def test_without_keys_nothing_is_encoded() -> None:
    assert data_converter().payload_codec is None
    assert not dataclasses.asdict(Settings())["encryption_keys"]


@pytest.mark.parametrize(("mark", "outcome", "sent"), [("sending", "held", 0), ("progress", "succeeded", 1)])
async def test_after_a_reset_the_mark_of_an_encrypted_attempt_still_counts(
    engine: Engine, mark: str, outcome: str, sent: int
) -> None:
    engine.hold_keys(OURS)
    engine.define("""
name: marked
trigger: {event: test.fired}
actions:
  - {id: pause, wait: 100}
  - {id: send, actionType: http_request, config: {method: POST, url: RECEIVER/send}, timeout: 1000, retry: {onUnknown: hold, within: 1100}}
""")
    async with running(engine.assembly().workers([_dying("http_request", mark)])):
        handle = await engine.client.start_workflow(
            "marked", engine.event(), id=f"marked/{engine.task_queue}", task_queue=engine.task_queue
        )
        engine.handles.append(handle)
        await settled(handle)
    await engine.serve()
    again = await reset(engine, handle, 1)
    for _ in range(200):
        report: JSON = await again.query("report")
        status = step(report, "send")["status"] if report["steps"] else None
        if status == outcome:
            break
        await asyncio.sleep(0.05)
    assert status == outcome
    assert len(engine.receiver.to("/send")) == sent
    if status == "held":
        await engine.decide(engine.client.get_workflow_handle(handle.id), hold="send", decision="skip", by="ada")
        await again.result()


def _dying(name: str, mark: str) -> Callable[..., Awaitable[Any]]:
    from temporalio import activity

    @activity.defn(name=name)
    async def run(call: dict[str, Any]) -> Any:
        activity.heartbeat(mark)
        await asyncio.sleep(0.1)
        activity.raise_complete_async()

    return run


async def settled(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until the attempts of the step are over."""
    for _ in range(200):
        report: JSON = await handle.query("report")
        if report["steps"] and step(report, "send")["status"] in {"held", "failed"}:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(report)
