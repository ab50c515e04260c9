from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
import textwrap
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, ListTaskQueuePartitionsRequest
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from tests.starts import Processes
from tests.workers.command import surroundings, trunkline
from tests.workers.definitions.documents import HELD
from tests.workers.processes import end, gone, marked
from workers.client import runs
from workers.client.start import start, start_inline
from workers.errors import TrunklineError
from workers.local.environment import EnvironmentWish, development
from workers.local.temporal_server import free_port, temporal_server
from workers.sandbox import Sandbox
from workflows.view.attributes import AUTOMATION, OUTCOME

READY = re.compile(r"ready: temporal (127\.0\.0\.1:\d+), web UI (http://\S+|none), sandbox (http://\S+|none)")
LONG_AGO = 1_700_000_000
SECRETIVE = """
    name: secretive
    trigger: {event: order.paid, data: [shop]}
    actions:
      - label: Ask the shop
        actionType: http_request
        config:
          method: GET
          url: RECEIVER/http/orders
          headers: {Authorization: "Bearer {{secrets.shop_token}}"}
"""


@dataclass
class Dev:
    process: asyncio.subprocess.Process
    mark: str
    lines: list[str]

    @property
    def address(self) -> str:
        found = READY.fullmatch(self.lines[-1])
        assert found
        return found[1]


@asynccontextmanager
async def dev(processes: Processes, *arguments: str | Path, cwd: Path | None = None) -> AsyncIterator[Dev]:
    """`trunkline dev` in a process of its own, from its ready line on."""
    mark = f"TEST_MARK={uuid.uuid4().hex}"
    options = {"--port": "0", "--ui-port": "0", "--sandbox-port": "0"}
    free = [part for option in options.items() if option[0] not in arguments for part in option]
    process = await processes.start(
        *(sys.executable, "-m", "workers.cli", "dev"),
        *free,
        *map(str, arguments),
        cwd=cwd,
        env=surroundings(**dict([mark.split("=")])),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        running = Dev(process, mark, [])
        async with asyncio.timeout(60):
            while not running.lines or not READY.match(running.lines[-1]):
                line = await process.stdout.readline()
                assert line, f"it ended: {running.lines}"
                running.lines.append(line.decode().strip())
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        end(mark)


def folder_of(path: Path, *definitions: str, receiver: str = "https://shop.example.com") -> Path:
    folder = path / "automations"
    folder.mkdir()
    for number, text in enumerate(definitions):
        path = folder / f"{number}.yaml"
        path.write_text(textwrap.dedent(text).replace("RECEIVER", receiver))
        os.utime(path, (LONG_AGO, LONG_AGO))  # it has settled
    return folder


def get(url: str) -> str:
    with urlopen(url) as answer:  # noqa: S310 - an address of this machine
        body: bytes = answer.read()
    return body.decode()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_dev_runs_everything_and_leaves_nothing_behind(
    processes: Processes, tmp_path: Path, how: signal.Signals
) -> None:
    folder = folder_of(tmp_path, HELD)
    async with dev(processes, folder, "--in-memory", cwd=tmp_path) as running:
        found = READY.fullmatch(running.lines[-1])
        assert found
        assert "<html" in get(found[2]).lower()
        assert json.loads(get(f"{found[3]}/_/requests")) == []
        assert len(marked(running.mark)) >= 3  # itself, Temporal and a worker
        running.process.send_signal(how)
        code = await asyncio.wait_for(running.process.wait(), 30)
        assert code == (-how if how is signal.SIGKILL else 0)
        assert await gone(running.mark)


async def test_ports_that_are_taken_are_replaced_and_said(processes: Processes, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken, also = one.getsockname()[1], two.getsockname()[1]
        wished = ("--port", str(taken), "--sandbox-port", str(also), "--no-ui", "--in-memory")
        async with dev(processes, folder_of(tmp_path), *wished) as running:
            said = "\n".join(running.lines)
            assert f"Port {taken} is taken: Temporal listens on {running.address.rpartition(':')[2]}." in said
            assert f"Port {also} is taken: the sandbox listens on" in said
            assert "web UI none" in said


async def test_a_run_outlives_dev_in_its_database(processes: Processes, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, HELD)
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"type": "order.paid", "id": "e1", "data": {"order": {"total": 1}}}))
    async with dev(processes, folder, "--no-ui", cwd=tmp_path) as running:
        started = await trunkline("run", "held", "--event", event, TEMPORAL_ADDRESS=running.address)
        assert started.code == 0, started.err
        running.process.send_signal(signal.SIGINT)
        await running.process.wait()
    assert (tmp_path / ".trunkline" / ".gitignore").read_text() == "*\n"
    async with dev(processes, folder, "--no-ui", cwd=tmp_path) as running:
        held = await trunkline("holds", "--json", TEMPORAL_ADDRESS=running.address)
        assert [hold["run"] for hold in held.json] == ["held/e1"]


async def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for arguments in (["nowhere"], ["--connections", "nowhere.yaml"]):
        ended = await trunkline("dev", *arguments, cwd=tmp_path)
        assert ended.code == 4
        assert "nowhere" in ended.err


async def test_the_sandbox_stands_in_for_vendors_and_secrets_of_the_definitions(
    processes: Processes, tmp_path: Path
) -> None:
    sandbox_port = free_port(0)
    folder = folder_of(tmp_path, SECRETIVE, receiver=f"http://127.0.0.1:{sandbox_port}")
    log = tmp_path / "worker.log"
    wish = EnvironmentWish(
        folder=folder, port=0, ui_port=None, sandbox_port=sandbox_port, worker_log=log, task_queue="dev-test"
    )
    async with development(wish) as environment:
        event = {"id": "e1", "type": "order.paid", "source": "t", "data": {"shop": {}}}
        started = await start(environment.client, "secretive", event, task_queue="dev-test")
        report = await environment.client.get_workflow_handle(started.workflow_id).result()
        assert report["outcome"] == "completed"
        assert environment.sandbox
        received = environment.sandbox.requests("http")
        assert [one.request.headers["authorization"] for one in received] == ["Bearer sandbox-shop_token"]
    assert "sandbox-shop_token" not in log.read_text()


VENDOR = """
    name: vendor
    trigger: {event: order.paid}
    actions:
      - {label: At home, actionType: send_slack_message, config: {channel: "#ops", text: Hi, token: "{{secrets.bot}}"}}
      - label: Away
        actionType: http_request
        config: {method: POST, url: RECEIVER/http/x, headers: {X-Token: "{{secrets.bot}}"}}
        onFailure: continue
"""


async def test_dev_runs_inline_definitions_and_keeps_secrets_to_the_vendors_that_are_meant(
    processes: Processes, tmp_path: Path
) -> None:
    sandbox_port = free_port(0)
    folder = folder_of(tmp_path, VENDOR, receiver=f"http://127.0.0.1:{sandbox_port}")
    bindings = tmp_path / "connections.yaml"
    bindings.write_text("secrets: {bot: {hosts: [slack.com]}, not_here: {hosts: [shop.example.com]}}\n")
    wish = EnvironmentWish(
        folder=folder,
        bindings=bindings,
        port=0,
        ui_port=None,
        sandbox_port=sandbox_port,
        worker_log=tmp_path / "worker.log",
        task_queue="dev-test",
    )
    definition = yaml.safe_load(textwrap.dedent(VENDOR).replace("RECEIVER", f"http://127.0.0.1:{sandbox_port}"))
    async with development(wish) as environment:
        event = {"id": "e1", "type": "order.paid", "source": "t", "data": {}}
        started = await start_inline(environment.client, definition, event, task_queue="dev-test")
        report = await environment.client.get_workflow_handle(started.workflow_id).result()
        assert [entry["status"] for entry in report["steps"]] == ["succeeded", "failed"]
        assert "may go to slack.com only" in report["steps"][1]["error"]["message"]
        assert environment.sandbox
        assert len(environment.sandbox.requests("slack")) == 1
        assert environment.sandbox.requests("http") == []


OUTWARD = """
    name: outward
    trigger: {event: order.paid}
    actions:
      - {label: Public, actionType: http_request, config: {method: GET, url: "https://shop.example.com/orders/1"}}
      - {label: Private, actionType: send_webhook, config: {url: "http://10.0.0.5/hook", body: {a: 1}}}
      - {label: Local, actionType: http_request, config: {method: GET, url: "RECEIVER/http/mine"}}
      - {label: Post, actionType: send_slack_message, config: {channel: "#ops", text: Hi}}
      - {label: Text, actionType: send_sms, config: {from: "+15550100", to: "+15550123", text: Hi}}
"""


async def test_only_what_is_live_is_reached(processes: Processes, tmp_path: Path) -> None:
    async with Sandbox(0) as outside, Sandbox(0) as allowed:
        folder = folder_of(tmp_path, OUTWARD, receiver=outside.url)
        (folder / "1.yaml").write_text(
            (folder / "0.yaml").read_text().replace(outside.url, allowed.url).replace("outward", "away")
        )
        own = tmp_path / "own.yaml"
        own.write_text(f"team: {{kind: slack, token: xoxb-1, baseUrl: '{outside.url}/slack'}}\n")
        wish = EnvironmentWish(
            folder=folder,
            connections=own,
            live=("*.crm.example.com",),
            environment={"TRUNKLINE_ALLOW": f"127.0.0.1:{allowed.port}"},
            port=0,
            ui_port=None,
            sandbox_port=0,
            worker_log=tmp_path / "worker.log",
            task_queue="dev-test",
        )
        async with development(wish) as environment:
            assert environment.reach == (
                f"Live: *.crm.example.com, 127.0.0.1:{outside.port}. The sandbox answers in place of every other host."
            )
            environment.sandbox.respond("/orders/{id}", {"order": "{id}"}, host="shop.example.com")
            event = {"id": "e1", "type": "order.paid", "source": "t", "data": {}}
            for name in ("outward", "away"):
                started = await start(environment.client, name, event, task_queue="dev-test")
                report = await environment.client.get_workflow_handle(started.workflow_id).result()
                assert [entry["status"] for entry in report["steps"]] == ["succeeded"] * 5
            hosts = [(one.vendor, one.request.host) for one in environment.sandbox.requests()]
            assert hosts == [
                *(("http", "shop.example.com"), ("http", "10.0.0.5"), ("twilio", None)),
                *(("http", "shop.example.com"), ("http", "10.0.0.5"), ("http", f"127.0.0.1:{allowed.port}")),
                ("twilio", None),
            ]
        assert [one.vendor for one in outside.requests()] == ["http", "slack", "slack"]
        assert allowed.requests() == []
    said = (tmp_path / "worker.log").read_text()
    assert "plain-http" not in said
    assert "will fail" not in said


async def test_a_worker_that_cannot_start_is_quoted(processes: Processes, tmp_path: Path) -> None:
    connections = tmp_path / "connections.yaml"
    connections.write_text("- this is a list\n")
    wish = EnvironmentWish(
        folder=folder_of(tmp_path), connections=connections, port=0, ui_port=None, worker_log=tmp_path / "worker.log"
    )
    with pytest.raises(TrunklineError, match=r"The worker ended with exit code \d+.*connections\.yaml"):
        async with development(wish):
            pytest.fail("it started")


async def test_no_run_is_taken_while_a_file_is_being_written_and_every_reload_is_told(
    processes: Processes, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, HELD)
    log, file = tmp_path / "worker.log", folder / "slow.yaml"
    unapproved = (folder / "0.yaml").read_text().partition("requireApproval")[0].rstrip()

    async def write() -> None:
        for piece in range(100):
            file.write_text(f"# {piece}\n{unapproved.replace('name: held', 'name: slow')}")
            await asyncio.sleep(0.5)
            if log.exists() and "Waiting until nobody writes" in log.read_text():
                return

    wish = EnvironmentWish(folder=folder, port=0, ui_port=None, sandbox_port=0, worker_log=log, task_queue="slow-test")
    writing = asyncio.create_task(write())
    async with development(wish):
        assert writing.done(), "it was ready before the file had settled"
        file.write_text("name: slow\nactions: 3\n")
        (folder / "0.yaml").unlink()
        async with asyncio.timeout(10):
            kept = "slow.yaml cannot be used. Its last good version (slow) stays in use."
            while not all(said in log.read_text() for said in (kept, "0.yaml is gone.", "Automations now: slow.")):
                await asyncio.sleep(0.1)


async def test_a_repeated_event_is_recognised_for_thirty_days(processes: Processes, tmp_path: Path) -> None:
    async with temporal_server(0, None, data=None) as server:
        asked = DescribeNamespaceRequest(namespace=server.client.namespace)
        namespace = await server.client.workflow_service.describe_namespace(asked)
        assert namespace.config.workflow_execution_retention_ttl.ToTimedelta().days == 30
        assert not await runs.has_workers(server.client, "trunkline")
    assert server.process.process.returncode == 0


async def test_the_server_is_set_for_one_machine_and_finds_runs_also_in_a_database_of_long_ago(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "temporal.db"
    with monkeypatch.context() as patch:
        patch.setattr("workers.local.temporal_server.WORDS", {AUTOMATION.name: "Keyword"})
        async with temporal_server(0, None, data=data):
            pass
    async with temporal_server(0, None, data=data) as server:
        await server.client.start_workflow(
            "x",
            id="x",
            task_queue="x",
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(AUTOMATION, "one"), SearchAttributePair(OUTCOME, "two")]
            ),
        )
        asked = ListTaskQueuePartitionsRequest(namespace="default", task_queue=TaskQueue(name="x"))
        found = await server.client.workflow_service.list_task_queue_partitions(asked)
        assert len(found.workflow_task_queue_partitions) == len(found.activity_task_queue_partitions) == 1


async def test_two_servers_never_share_a_database(processes: Processes, tmp_path: Path) -> None:
    data = tmp_path / "temporal.db"
    async with temporal_server(0, None, data=data):
        with pytest.raises(TrunklineError, match=r"uses .*temporal\.db: end it, or take another file"):
            async with temporal_server(0, None, data=data):
                pytest.fail("it started")
