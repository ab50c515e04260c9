from __future__ import annotations

import pytest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from tests.engine import Engine
from tests.starts import StartServer
from tests.workers.definitions.documents import GREET, HELD
from workers.client.connecting import connect, connect_options, explain
from workers.client.start import start, start_inline, workflow_id
from workers.errors import NotFoundError, TrunklineError, UnreachableError
from workers.payloads.converter import DATA_CONVERTER
from workers.settings import Settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_PROFILE", "TEMPORAL_API_KEY", "TEMPORAL_TLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/dev/null")
    return monkeypatch


async def test_connects_to_the_temporal_that_the_environment_names(
    environment: pytest.MonkeyPatch, temporal: WorkflowEnvironment
) -> None:
    environment.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    connected = await connect(Settings(user="ann@example.com"))
    assert connected.namespace == "default"
    assert connected.identity.startswith("ann@example.com (")
    assert connected.data_converter == DATA_CONVERTER


async def test_a_temporal_that_does_not_answer_is_named_with_the_setting(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 \(Connection refused\).*TEMPORAL_ADDRESS"):
        await connect(Settings())


async def test_without_settings_it_is_the_one_on_this_machine(environment: pytest.MonkeyPatch) -> None:
    assert connect_options()["target_host"] == "127.0.0.1:7233"


@pytest.mark.parametrize("wrong", ["http://127.0.0.1:7233", "127.0.0.1", "127.0.0.1:http"])
async def test_an_address_that_is_none_is_refused_with_the_right_form(
    environment: pytest.MonkeyPatch, wrong: str
) -> None:
    environment.setenv("TEMPORAL_ADDRESS", wrong)
    with pytest.raises(TrunklineError, match="must be HOST:PORT"):
        await connect(Settings())


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TEMPORAL_PROFILE", "nope", "Profile 'nope' not found"),
        ("TEMPORAL_CONFIG_FILE", __file__, "cannot be read"),
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", "/nowhere/cert.pem", "file that cannot be read"),
    ],
)
async def test_settings_of_temporal_that_make_no_sense_are_said(
    environment: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    environment.setenv(variable, value)
    if variable == "TEMPORAL_TLS_CLIENT_CERT_PATH":
        environment.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", value)
    with pytest.raises(TrunklineError, match=sentence):
        await connect(Settings())


@pytest.mark.parametrize(
    ("status", "message", "kind", "said"),
    [
        (RPCStatusCode.UNAVAILABLE, "transport error", UnreachableError, "does not answer"),
        (RPCStatusCode.NOT_FOUND, "Namespace nope is not found.", NotFoundError, "TEMPORAL_NAMESPACE"),
        (RPCStatusCode.UNAUTHENTICATED, "no key", TrunklineError, "TEMPORAL_API_KEY"),
        (RPCStatusCode.RESOURCE_EXHAUSTED, "too many", TrunklineError, "too many"),
    ],
)
def test_what_temporal_refuses_becomes_a_sentence(
    environment: pytest.MonkeyPatch, status: RPCStatusCode, message: str, kind: type[TrunklineError], said: str
) -> None:
    failure = explain(RPCError(message, status, b""))
    assert type(failure) is kind
    assert said in str(failure)


def test_other_errors_are_not_explained_away() -> None:
    assert explain(KeyError("x")) is None


async def test_an_event_runs_once_and_a_duplicate_is_told_the_outcome(engine: Engine) -> None:
    engine.define(GREET)
    await engine.serve()
    event = engine.event({"order": {"total": 10}})
    first = await start(engine.client, "greet", event, task_queue=engine.task_queue)
    assert (first.started, first.workflow_id, first.reason) == (True, f"greet/{event['id']}", None)
    await engine.client.get_workflow_handle(first.workflow_id).result()
    second = await start(engine.client, "greet", event, task_queue=engine.task_queue)
    assert not second.started
    assert second.outcome == "completed"
    assert second.reason is not None
    assert "received before" in second.reason
    assert len(engine.receiver.to("/echo")) == 1


async def test_a_duplicate_of_a_run_in_progress_is_told_so(engine: Engine) -> None:
    engine.define(HELD)
    await engine.serve()
    event = engine.event({"order": {"total": 10}})
    await start(engine.client, "held", event, task_queue=engine.task_queue)
    again = await start(engine.client, "held", event, task_queue=engine.task_queue)
    assert (again.started, again.outcome) == (False, "running")
    assert again.reason is not None
    assert "still running" in again.reason
    handle = engine.client.get_workflow_handle(again.workflow_id)
    await engine.held(handle)
    await engine.decide(handle, hold="refund", decision="approve", by="lead@example.com")
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_again_runs_under_an_id_of_its_own(engine: Engine) -> None:
    engine.define(GREET)
    await engine.serve()
    event = engine.event({"order": {"total": 10}})
    first = await start(engine.client, "greet", event, task_queue=engine.task_queue)
    more = await start(engine.client, "greet", event, task_queue=engine.task_queue, again=True)
    assert more.started
    assert more.workflow_id != first.workflow_id
    report = await engine.client.get_workflow_handle(more.workflow_id).result()
    assert report["event"]["id"] == event["id"]


async def test_a_definition_can_come_with_its_run(engine: Engine) -> None:
    await engine.serve()
    definition = {
        "name": "by-hand",
        "trigger": {"event": "order.paid", "data": ["order"]},
        "actions": [{"label": "Enough", "stop": "completed"}],
    }
    event = engine.event({"order": {}})
    started = await start_inline(engine.client, definition, event, task_queue=engine.task_queue)
    assert started.workflow_id == f"by-hand/{event['id']}"
    report = await engine.client.get_workflow_handle(started.workflow_id).result()
    assert (report["automation"], report["outcome"]) == ("by-hand", "completed")


async def test_operators_find_a_run_by_automation_and_event(engine: Engine) -> None:
    engine.define(GREET)
    event = engine.event({"order": {"total": 1}}, type="order.paid")
    started = await start(engine.client, "greet", event, task_queue=engine.task_queue)
    description = await engine.client.get_workflow_handle(started.workflow_id).describe()
    attributes = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert attributes["TrunklineAutomation"] == "greet"
    assert attributes["TrunklineEvent"] == event["id"]
    assert await description.static_summary() == f"order.paid {event['id']}"
    assert f"`{event['id']}`" in str(await description.static_details())


async def test_a_namespace_without_our_search_attributes_is_good_enough(start_server: StartServer) -> None:
    async with await start_server(data_converter=DATA_CONVERTER) as bare:
        started = await start(bare.client, "greet", {"id": "e1", "type": "t", "data": {}}, task_queue="nobody")
        assert started.started
        duplicate = await start(bare.client, "greet", {"id": "e1", "type": "t", "data": {}}, task_queue="nobody")
        assert (duplicate.started, duplicate.outcome) == (False, "running")


def test_a_workflow_id_is_automation_and_event() -> None:
    assert workflow_id("unhappy-caller", "evt_1") == "unhappy-caller/evt_1"


def test_an_event_id_that_no_database_takes_is_refused() -> None:
    with pytest.raises(TrunklineError, match="at most 255 bytes"):
        workflow_id("unhappy-caller", "é" * 130)
