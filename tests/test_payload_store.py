"""Large payloads in a folder instead of Temporal: runs keep more, their histories stay small, and nothing is in clear."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import HeaderCodecBehavior
from temporalio.converter import StorageDriverClaim, StorageDriverRetrieveContext, StorageDriverStoreContext

from tests.engine import Engine, step
from workers.failures import Failure
from workers.payloads.converter import data_converter
from workers.payloads.payload_store import Folder, payload_store
from workers.settings import Settings, SettingsError

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


def keep_elsewhere(engine: Engine, folder: Path, *keys: str) -> None:
    options = engine.client.config()
    options["data_converter"] = data_converter(keys, folder.as_uri())
    if keys:
        options["header_codec_behavior"] = HeaderCodecBehavior.CODEC
    engine.client = Client(**options)
    engine.result_limit, engine.state_limit = 4 * MEGABYTE, 7 * MEGABYTE


@pytest.mark.parametrize("keys", [(), (KEY,)])
async def test_values_that_would_not_fit_are_kept_and_budgets_hold(
    engine: Engine, tmp_path: Path, keys: tuple[str, ...]
) -> None:
    folder = tmp_path / "payloads"
    keep_elsewhere(engine, folder, *keys)
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
    keep_elsewhere(engine, tmp_path / "payloads")
    engine.define(LARGE + "      - {stop: failed, reason: Enough.}\n")
    engine.receiver.answer("/large", 200, {"items": ["x" * 1_000 for _ in range(3_000)]})
    report = await engine.run("large")
    assert (report["outcome"], report["reason"]) == ("failed", "Enough.")


async def seal(folder: Folder, data: bytes) -> StorageDriverClaim:
    return (await folder.store(StorageDriverStoreContext(), [Payload(data=data)]))[0]


async def test_a_payload_is_found_by_what_it_is(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first, same, other = [await seal(folder, data) for data in (b"one", b"one", b"two")]
    assert first == same != other
    assert [p.data for p in await folder.retrieve(StorageDriverRetrieveContext(), [other, first])] == [b"two", b"one"]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "0" * 63, "g" * 64])
async def test_what_is_not_there_or_was_changed_is_said(tmp_path: Path, digest: str) -> None:
    folder = Folder(tmp_path)
    claim = await seal(folder, b"one")
    with pytest.raises(Failure, match="payload"):
        await folder.retrieve(StorageDriverRetrieveContext(), [StorageDriverClaim(claim_data={"sha256": digest})])
    next(path for path in tmp_path.rglob("*") if path.is_file()).write_bytes(b"changed")
    with pytest.raises(Failure, match="has been changed"):
        await folder.retrieve(StorageDriverRetrieveContext(), [claim])


@pytest.mark.parametrize(("address", "package"), [("s3://acme/runs", "aioboto3"), ("gs://acme", "gcloud-aio-storage")])
def test_a_bucket_without_its_library_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, address: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, "aioboto3", None)
    monkeypatch.setitem(sys.modules, "gcloud.aio.storage", None)
    with pytest.raises(Failure, match=rf"pip install temporalio\[{package}\]"):
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
