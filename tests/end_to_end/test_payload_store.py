"""Large payloads in a folder or bucket instead of Temporal: runs keep more, histories stay small, nothing is in clear.

The buckets are the SDK's own drivers with the vendors' own libraries, against servers that answer as the vendors do.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import HeaderCodecBehavior, RawValue
from temporalio.converter import (
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
)

from tests.buckets import S3, Google, Stand
from tests.end_to_end.test_budgets import ended
from tests.engine import Engine, step
from workers.errors import TrunklineError
from workers.payloads.converter import data_converter
from workers.payloads.payload_store import FolderStore, PayloadStoreError, payload_store
from workers.settings import Settings, SettingsError
from workflows.run.encrypted import MissingKeyError

# aiohttp's advice to aioboto3, which sends bytes as they are.
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")

KEY = "ours:" + base64.b64encode(bytes(range(32))).decode()
MEGABYTE = 1024 * 1024

LARGE = """
    name: large
    trigger: {event: test.fired}
    actions:
      - {label: Get, actionType: http_request, config: {method: GET, url: RECEIVER/large}, saveAs: one}
      - {label: Use, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {n: "{{variables.one.body.items | size}}"}}}
      - {label: Again, actionType: http_request, config: {method: GET, url: RECEIVER/large}, saveAs: two}
      - {label: Too much, actionType: http_request, config: {method: GET, url: RECEIVER/large}, saveAs: three, onFailure: continue}
      - wait: 1ms
"""


def keep_elsewhere(engine: Engine, address: str, *keys: str) -> None:
    options = engine.client.config()
    if address.startswith("file:"):
        Path(urlsplit(address).path).mkdir(exist_ok=True)
    options["data_converter"] = data_converter(keys, address)
    if keys:
        options["header_codec_behavior"] = HeaderCodecBehavior.CODEC
    engine.client = Client(**options)
    engine.result_limit, engine.state_limit = 4 * MEGABYTE, 7 * MEGABYTE


@pytest.mark.parametrize("keys", [(), (KEY,)])
async def test_values_that_would_not_fit_are_kept_and_budgets_hold(
    engine: Engine, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / "payloads"
    keep_elsewhere(engine, folder.as_uri(), *keys)
    engine.define(LARGE)
    engine.receiver.answer("/large", 200, {"items": ["ada@example.com", *("x" * 1_000 for _ in range(3_000))]})
    handle = await engine.start("large")
    report = await engine.finish(handle)
    assert report["outcome"] == "completed", json.dumps(report)[:2_000]
    assert engine.receiver.to("/x")[0].body == {"n": 3_001}
    assert set(report["variables"]) == {"one", "two"}
    assert step(report, "Too much")["error"]["type"] == "TooLarge"
    assert (await handle.query("report"))["variables"].keys() == {"one", "two"}
    assert len((await handle.fetch_history()).to_json()) < 100_000
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert all(len(path.name) == 64 for path in files), "nothing is left half written"
    assert any(b"ada@example.com" in path.read_bytes() for path in files) is not bool(keys)


async def test_a_failed_run_and_a_long_one_keep_their_state_elsewhere(engine: Engine, tmp_path: Path) -> None:
    keep_elsewhere(engine, (tmp_path / "payloads").as_uri())
    engine.define(LARGE + "      - {stop: failed, reason: Enough.}\n")
    engine.receiver.answer("/large", 200, {"items": ["x" * 1_000 for _ in range(3_000)]})
    report = await engine.run("large")
    assert (report["outcome"], report["reason"]) == ("failed", "Enough.")


@pytest.mark.parametrize("place", ["new", "deep/er/new", "a file"])
def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_text("x")
    folder = tmp_path / place
    with pytest.raises(TrunklineError, match=r"is not there: mount it, or, for a new one, create it \(`mkdir -p "):
        payload_store(folder.as_uri().replace("%20", " "))
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


async def test_a_folder_that_is_gone_stays_gone_and_runs_wait_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "payloads"
    folder.mkdir()
    [store] = payload_store(folder.as_uri()).drivers
    [claim] = await store.store(StorageDriverStoreContext(), [Payload(data=b"one")])
    folder.rename(tmp_path / "unmounted")
    with pytest.raises(PayloadStoreError, match="is not there: mount it"):
        await store.store(StorageDriverStoreContext(), [Payload(data=b"two")])
    with pytest.raises(PayloadStoreError, match="is not there: mount it"):
        await store.retrieve(StorageDriverRetrieveContext(), [claim])
    assert not folder.exists(), "an empty one in its place would hide what was stored"
    (tmp_path / "unmounted").rename(folder)
    assert [found.data for found in await store.retrieve(StorageDriverRetrieveContext(), [claim])] == [b"one"]


async def seal(folder: FolderStore, data: bytes) -> StorageDriverClaim:
    return (await folder.store(StorageDriverStoreContext(), [Payload(data=data)]))[0]


async def test_a_payload_is_found_by_what_it_is(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path)
    first, same, other = [await seal(folder, data) for data in (b"one", b"one", b"two")]
    assert first == same != other
    assert [p.data for p in await folder.retrieve(StorageDriverRetrieveContext(), [other, first])] == [b"two", b"one"]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "0" * 63, "g" * 64])
async def test_what_is_not_there_or_was_changed_is_said(tmp_path: Path, digest: str) -> None:
    folder = FolderStore(tmp_path)
    claim = await seal(folder, b"one")
    with pytest.raises(TrunklineError, match="payload"):
        await folder.retrieve(StorageDriverRetrieveContext(), [StorageDriverClaim(claim_data={"sha256": digest})])
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(b"changed")
    with pytest.raises(TrunklineError, match="has been changed"):
        await folder.retrieve(StorageDriverRetrieveContext(), [claim])


@pytest_asyncio.fixture(params=[S3, Google])
async def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    async with request.param() as stand:
        for name, value in stand.environment().items():
            monkeypatch.setenv(name, value)
        yield stand


RUN = StorageDriverStoreContext(
    target=StorageDriverWorkflowInfo(id="refund/a b \u017e", type="refund", run_id="one", namespace="default")
)
READ = StorageDriverRetrieveContext()


def driver(bucket: Stand) -> StorageDriver:
    [found] = payload_store(bucket.address).drivers
    return found


async def test_a_bucket_keeps_payloads_under_its_prefix_and_each_once(bucket: Stand) -> None:
    store = driver(bucket)
    payloads = [Payload(metadata={"encoding": b"json/plain"}, data=b"1" * size) for size in (200_000, 8_500_000)]
    claims = await store.store(RUN, payloads)
    assert len(bucket.objects) == 2
    assert all(name.startswith("runs/eu/v0/ns/default/wt/refund/wi/refund%2Fa") for name in bucket.objects)
    written = bucket.written()
    assert await driver(bucket).store(RUN, payloads) == claims
    assert bucket.written() == written, "what is there is not written again"
    assert await driver(bucket).retrieve(READ, claims[::-1]) == payloads[::-1]


async def test_what_a_bucket_does_not_give_or_take_is_said(bucket: Stand) -> None:
    store = driver(bucket)
    [claim] = await store.store(RUN, [Payload(data=b"one")])
    [name] = bucket.objects
    whole = f"The payload store {bucket.address} (TRUNKLINE_PAYLOAD_STORE) does not"

    async def refused(claim: StorageDriverClaim = claim) -> str:
        with pytest.raises(PayloadStoreError) as caught:
            await store.retrieve(READ, [claim])
        return str(caught.value)

    assert name.removeprefix("runs/eu/") in await refused(
        StorageDriverClaim(claim_data={**claim.claim_data, "bucket": "other"})
    )
    assert "another bucket" in await refused(StorageDriverClaim(claim_data={**claim.claim_data, "bucket": "other"}))
    assert "without a name" in await refused(StorageDriverClaim(claim_data={"bucket": claim.claim_data["bucket"]}))
    data = bucket.objects.pop(name)
    said = await refused()
    assert said.startswith(f"{whole} give the payload {name.removeprefix('runs/eu/')}: ")
    assert "NoSuchKey" in said or "No such object" in said
    bucket.objects[name] = b"changed"
    assert "integrity check failed" in await refused()
    bucket.objects[name] = data
    bucket.refuses = True
    said = await refused()
    assert "InvalidAccessKeyId" in said or "Invalid Credentials" in said
    with pytest.raises(PayloadStoreError) as caught:
        await store.store(RUN, [Payload(data=b"two")])
    assert str(caught.value).startswith(f"{whole} take a payload: ")
    assert "403" in str(caught.value) or "401" in str(caught.value)
    bucket.refuses = False
    await bucket.down()
    said = await refused()
    assert "Could not connect" in said or "Connect call failed" in said
    await bucket.up()
    assert await store.retrieve(READ, [claim]) == [Payload(data=b"one")]


@pytest.mark.parametrize("keys", [(), (KEY,)])
async def test_a_run_keeps_its_values_in_a_bucket(bucket: Stand, engine: Engine, keys: tuple[str, ...]) -> None:
    keep_elsewhere(engine, bucket.address, *keys)
    engine.define(LARGE)
    engine.receiver.answer("/large", 200, {"items": ["ada@example.com", *("x" * 1_000 for _ in range(3_000))]})
    handle = await engine.start("large")
    report = await engine.finish(handle)
    assert (report["outcome"], set(report["variables"])) == ("completed", {"one", "two"})
    assert len((await handle.fetch_history()).to_json()) < 100_000
    assert any(b"ada@example.com" in data for data in bucket.objects.values()) is not bool(keys)


HELD = """
    name: held
    trigger: {event: test.fired}
    actions:
      - {label: Get, actionType: http_request, config: {method: GET, url: RECEIVER/large}, saveAs: one}
      - label: Pay
        actionType: http_request
        config: {method: POST, url: RECEIVER/pay, body: {n: "{{variables.one.body.items | size}}"}}
        requireApproval: {approvers: [lead@example.com]}
"""
ITEMS = {"items": ["x" * 1_000 for _ in range(200)]}


async def waits(handle: WorkflowHandle[Any, Any], sentence: str) -> None:
    """Wait until a workflow task has failed with that sentence; the run goes on all the same."""
    for _ in range(200):
        async for event in handle.fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                said = event.workflow_task_failed_event_attributes.failure
                if sentence in f"{said.message} {said.cause.message}":
                    assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
                    return
        await asyncio.sleep(0.05)
    raise AssertionError(f"no task failed with {sentence!r}")


async def go_away(bucket: Stand) -> Callable[[], Any]:
    await bucket.down()
    return bucket.up


async def lose_everything(bucket: Stand) -> Callable[[], Any]:
    kept = dict(bucket.objects)
    bucket.objects.clear()

    async def back() -> None:
        bucket.objects |= kept

    return back


@pytest.mark.parametrize(("bucket", "trouble"), [(S3, go_away), (Google, lose_everything)], indirect=["bucket"])
async def test_a_run_waits_for_a_bucket(bucket: Stand, engine: Engine, trouble: Callable[[Stand], Any]) -> None:
    engine.cached = 0
    keep_elsewhere(engine, bucket.address)
    engine.define(HELD)
    engine.receiver.answer("/large", 200, ITEMS)
    handle = await engine.start("held")
    await engine.held(handle)
    back = await trouble(bucket)
    await handle.signal("approve", {"hold": "pay", "by": "lead@example.com"})
    await waits(handle, f"The payload store {bucket.address} (TRUNKLINE_PAYLOAD_STORE) does not give the payload")
    assert not engine.receiver.to("/pay")
    await back()
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert [request.body for request in engine.receiver.to("/pay")] == [{"n": 200}]


async def test_a_request_waits_for_a_bucket(bucket: Stand, engine: Engine) -> None:
    """An action whose request no worker could read was not carried out, and costs no attempt."""
    keep_elsewhere(engine, bucket.address)
    engine.define("""
        name: large
        trigger: {event: test.fired, data: [pad]}
        actions:
          - label: Send
            actionType: http_request
            config: {method: POST, url: RECEIVER/x, body: "{{pad}}"}
            requireApproval: {approvers: [lead@example.com]}
            retry: {maximumAttempts: 1}
    """)
    handle = await engine.start("large", engine.event({"pad": "x" * 200_000}))
    await engine.held(handle)
    before = dict(bucket.objects)
    loses = asyncio.create_task(_lose_what_is_new(bucket, before))
    await engine.decide(handle, hold="send", by="lead@example.com", decision="approve")
    lost = await asyncio.wait_for(loses, 10)
    await asyncio.sleep(0.5)
    assert not engine.receiver.to("/x")
    assert (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
    bucket.objects |= lost
    await handle.cancel()
    await engine.finish(handle)


async def _lose_what_is_new(bucket: Stand, before: dict[str, bytes]) -> dict[str, bytes]:
    while True:
        new = {name: data for name, data in bucket.objects.items() if name not in before}
        if new:
            for name in new:
                del bucket.objects[name]
            return new
        await asyncio.sleep(0)


@pytest.mark.parametrize(("unknown", "status", "sent"), [("fail", "unknown", 1), ("retry", "succeeded", 2)])
async def test_an_answer_that_a_bucket_does_not_take_is_an_unknown_outcome(
    bucket: Stand, engine: Engine, unknown: str, status: str, sent: int
) -> None:
    keep_elsewhere(engine, bucket.address)
    engine.define(f"""
        name: once
        trigger: {{event: test.fired}}
        actions:
          - label: Send
            actionType: http_request
            config: {{method: POST, url: RECEIVER/large}}
            onFailure: continue
            retry: {{onUnknown: {unknown}, initialInterval: 1s}}
    """)
    bucket.refuses = True
    engine.receiver.answer("/large", 200, ITEMS)
    handle = await engine.start("once")
    if unknown == "retry":
        while len(engine.receiver.to("/large")) < 2:
            await asyncio.sleep(0.05)
        bucket.refuses = False
    report = await engine.finish(handle)
    entry = step(report, "Send")
    assert entry["status"] == status, entry
    assert len(engine.receiver.to("/large")) == sent
    if status == "unknown":
        assert "carried out, but its result could not be kept. The payload store" in entry["error"]["message"]


def reference(driver: str, **claim: str) -> Payload:
    """Return what Temporal keeps in place of a payload."""
    said = {"driverName": driver, "claimData": claim}
    message = b"temporal.api.sdk.v1.ExternalStorageReference"
    return Payload(metadata={"encoding": b"json/protobuf", "messageType": message}, data=json.dumps(said).encode())


def old_reference(driver: str, **claim: str) -> Payload:
    said = {"driver_name": driver, "driver_claim": {"claim_data": claim}}
    return Payload(metadata={"encoding": b"json/external-storage-reference"}, data=json.dumps(said).encode())


def marked(payload: Payload) -> Payload:
    payload.metadata["__temporal_external_storage_reference"] = b"true"
    return payload


NOWHERE = {
    "to nothing": reference("trunkline.files", sha256="0" * 64),
    "to another kind of store": reference("aws.s3driver", bucket="acme", key="x"),
    "of an older form": old_reference("trunkline.files", sha256="0" * 64),
    "that climbs": reference("trunkline.files", sha256="../../etc/passwd"),
}
NONSENSE = {
    "without a claim": reference("trunkline.files"),
    "that is no JSON": Payload(metadata=NOWHERE["to nothing"].metadata, data=b"{{{"),
    "that is a list": Payload(metadata=NOWHERE["of an older form"].metadata, data=b"[]"),
    "with more in it": Payload(
        metadata=NOWHERE["to nothing"].metadata, data=b'{"driverName": "trunkline.files", "x": 1}'
    ),
    "whose claim is a number": Payload(
        metadata=NOWHERE["of an older form"].metadata,
        data=b'{"driver_name": "trunkline.files", "driver_claim": {"claim_data": {"sha256": 1}}}',
    ),
    "that is marked and none": marked(Payload(metadata={"encoding": b"json/plain"}, data=b"{}")),
}


@pytest.mark.parametrize("setting", ["plain", "keys", "store"])
@pytest.mark.parametrize("name", [*NOWHERE, *NONSENSE])
async def test_no_reference_stalls_a_run(engine: Engine, tmp_path: Path, setting: str, name: str) -> None:
    """Whoever may send a decision sends a reference: it counts as invalid, and the next decision is taken."""
    plain = engine.client
    if setting == "keys":
        engine.hold_keys(KEY)
    if setting == "store":
        keep_elsewhere(engine, (tmp_path / "payloads").as_uri())
    engine.define(HELD)
    engine.receiver.answer("/large", 200, {"items": []})
    handle = await engine.start("held")
    await engine.held(handle)
    stranger = plain.get_workflow_handle(handle.id)
    said = {**NOWHERE, **NONSENSE}[name]
    await stranger.signal("approve", RawValue(said))
    await stranger.signal("reject", args=[RawValue(said), RawValue(said)])
    try:
        receipt = await asyncio.wait_for(stranger.execute_update("decide", RawValue(said)), 10)
        assert receipt["result"] == "invalid"
        await stranger.query("holds", RawValue(said))
    except MissingKeyError:
        assert setting == "keys", "the receipt is encrypted"
    receipt = await engine.decide(handle, hold="pay", by="lead@example.com", decision="approve")
    assert receipt["result"] == "accepted"
    report, _ = await ended(handle)
    assert [entry["result"] for entry in report["audit"]] == ["invalid", "invalid", "invalid", "accepted"]


@pytest.mark.parametrize("name", NONSENSE)
async def test_an_event_that_is_no_reference_fails_its_run(engine: Engine, name: str) -> None:
    engine.define(HELD)
    _, said = await ended(await engine.start("held", RawValue(NONSENSE[name])))
    assert said


async def test_a_large_decision_by_way_of_the_store_is_judged_once_and_for_good(engine: Engine, tmp_path: Path) -> None:
    keep_elsewhere(engine, (tmp_path / "payloads").as_uri())
    engine.define(HELD)
    engine.receiver.answer("/large", 200, {"items": []})
    handle = await engine.start("held")
    await engine.held(handle)
    decision = {"hold": "pay", "by": "lead@example.com", "decision": "approve", "reason": "x" * 200_000}
    assert (await engine.decide(handle, **decision))["result"] in {"accepted", "invalid"}
    assert [path for path in tmp_path.rglob("*") if len(path.name) == 64]
    events = [event.SerializeToString() async for event in handle.fetch_history_events()]
    assert any(b"trunkline:record" in event for event in events), "that it could be read is written down"
    await engine.decide(handle, **{**decision, "reason": "fine"})
    await ended(handle)


async def test_a_client_without_the_store_says_what_it_lacks(engine: Engine, tmp_path: Path) -> None:
    plain = engine.client
    keep_elsewhere(engine, (tmp_path / "payloads").as_uri())
    engine.define(HELD)
    engine.receiver.answer("/large", 200, ITEMS)
    handle = await engine.start("held")
    await engine.held(handle)
    with pytest.raises(MissingKeyError, match="TRUNKLINE_PAYLOAD_STORE must be the one that it was written with"):
        await plain.get_workflow_handle(handle.id).query("report")
    await handle.terminate()


@pytest.mark.parametrize(("address", "package"), [("s3://acme/runs", "aioboto3"), ("gs://acme", "gcloud-aio-storage")])
def test_a_bucket_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, address: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, "aioboto3", None)
    monkeypatch.setitem(sys.modules, "gcloud.aio.storage", None)
    with pytest.raises(TrunklineError, match=rf"pip install temporalio\[{package}\]"):
        payload_store(address)


@pytest.mark.parametrize("address", ["file:///srv/payloads", "s3://acme", "s3://acme/runs/eu", "gs://acme/runs"])
def test_with_a_store_the_limits_may_be_higher(address: str) -> None:
    given = {
        "TRUNKLINE_PAYLOAD_STORE": address,
        "TRUNKLINE_RESULT_LIMIT": "8388608",
        "TRUNKLINE_STATE_LIMIT": "4000000",
    }
    settings = Settings.from_environment(given)
    assert (settings.payload_store, settings.result_limit, settings.state_limit) == (address, 8_388_608, 4_000_000)
    assert Settings.from_environment(settings.to_environment()) == settings


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TRUNKLINE_PAYLOAD_STORE", "/srv/payloads", "must be file:///folder"),
        ("TRUNKLINE_PAYLOAD_STORE", "file://srv/payloads", "must be file:///folder"),
        ("TRUNKLINE_PAYLOAD_STORE", "s3:///runs", "must be file:///folder"),
        ("TRUNKLINE_PAYLOAD_STORE", "ftp://acme/runs", "must be file:///folder"),
        ("TRUNKLINE_RESULT_LIMIT", "1572865", r"from 1024 to 1572864 \(to 8388608 with TRUNKLINE_PAYLOAD_STORE"),
        ("TRUNKLINE_STATE_LIMIT", "1310721", "from 1024 to 1310720"),
    ],
)
def test_what_cannot_be_used_is_said(variable: str, value: str, sentence: str) -> None:
    environment: dict[str, Any] = {variable: value}
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_environment(environment)
