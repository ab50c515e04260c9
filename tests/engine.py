"""A real worker over a folder of definitions, with a receiver that records, for integration tests."""

from __future__ import annotations

import asyncio
import textwrap
import uuid
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.common import HeaderCodecBehavior, MetricMeter, WorkflowIDReusePolicy
from temporalio.testing import WorkflowEnvironment

from activities.action import Action
from activities.attempt.secrets import Secrets
from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from tests.receiver import Receiver
from workers.approvals.groups import Groups
from workers.approvals.signing import SigningKeys
from workers.definitions.automations import Automations
from workers.payloads.converter import data_converter
from workers.process.assembly import Assembly
from workers.process.equipment import Equipment, scrubber_of
from workers.process.replaying import replayer
from workers.settings import Settings

JSON = dict[str, Any]


class Engine:
    """A worker on a task queue of its own, a receiver, and what tests do with them."""

    def __init__(self, temporal: WorkflowEnvironment, folder: Path) -> None:
        self.client: Client = temporal.client
        self.folder = folder / "automations"
        self.folder.mkdir()
        self.task_queue = f"test-{uuid.uuid4().hex[:12]}"
        self.environment: dict[str, str] = {}
        self.actions: dict[str, Action] = catalog()
        self.handles: list[WorkflowHandle[Any, Any]] = []
        self.state_limit = 1024 * 1024
        self.result_limit = 256 * 1024
        self.inline = True
        self.pages: str | None = None
        self.cached = 1000
        self.files: Path | None = None
        self.groups: dict[str, list[str]] = {}
        self.signing_keys: JSON = {}
        self.encryption_keys: tuple[str, ...] = ()
        self.meter: MetricMeter | None = None
        self.settings: JSON = {}
        self.automations: Automations | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.receiver = await self._stack.enter_async_context(Receiver())
        self.connections: JSON = {
            "team-slack": {
                "kind": "slack",
                "token": "slack-token-1234567890",
                "baseUrl": f"{self.receiver.url}/slack/",
            },
            "phone": {
                "kind": "twilio",
                "accountSid": "AC00000000000000000000000000000000",
                "authToken": "twilio-token-1234567890",
                "baseUrl": f"{self.receiver.url}/twilio",
            },
        }
        self.worker: AsyncExitStack | None = None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self._stack.aclose()

    def hold_keys(self, *keys: str) -> None:
        """Encrypt with these keys from now on: the client at once, the worker with its next start."""
        self.encryption_keys = keys
        options = self.client.config()
        options["data_converter"] = data_converter(keys)
        options["header_codec_behavior"] = HeaderCodecBehavior.CODEC
        self.client = Client(**options)

    def define(self, text: str, name: str | None = None) -> str:
        """Write a definition into the folder, `RECEIVER` standing for the receiver's address; return its name."""
        text = textwrap.dedent(text).replace("RECEIVER", self.receiver.url)
        name = name or text.partition("name:")[2].split()[0]
        (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        if self.automations is not None:
            self.automations.look()
        return name

    def make_connections(self) -> Connections:
        """Return the connections as the worker has them."""
        return Connections(self.connections, connection_kinds(self.actions), self.environment)

    async def serve(self) -> None:
        """Start the worker, unless it runs."""
        if self.worker is not None:
            return
        self.worker = AsyncExitStack()
        await self.worker.enter_async_context(self.assembly().polling(cached_runs=self.cached))

    def assembly(self) -> Assembly:
        """Return the product's own assembly of a worker, over what the test has set."""
        connections = self.make_connections()
        secrets = Secrets(None, self.environment, connections.bindings)
        self.automations = Automations(self.folder, self.actions)
        return Assembly(
            settings=Settings(
                allow=("127.0.0.1",),
                task_queue=self.task_queue,
                files=self.files,
                web_ui="http://ui.example",
                pages=self.pages,
                result_limit=self.result_limit,
                state_limit=self.state_limit,
                encryption_keys=self.encryption_keys,
                grace=0,
                inline=self.inline,
                **self.settings,
            ),
            equipment=Equipment(
                actions=self.actions,
                automations=self.automations,
                connections=connections,
                secrets=secrets,
                scrubber=scrubber_of(secrets, connections),
                groups=Groups(self.groups),
                signing=SigningKeys(self.signing_keys),
            ),
            client=self.client,
            meter=self.meter,
        )

    async def stop(self) -> None:
        """Stop the worker."""
        if self.worker is not None:
            worker, self.worker = self.worker, None
            await worker.aclose()

    def event(self, data: JSON | None = None, **attributes: Any) -> JSON:
        """Return an event with an id of its own."""
        return {
            "specversion": "1.0",
            "id": uuid.uuid4().hex,
            "source": "/tests",
            "type": "test.fired",
            "data": data or {},
            **attributes,
        }

    async def start(self, automation: str, event: Any = None, **options: Any) -> WorkflowHandle[Any, Any]:
        """Start a run as a plain client would."""
        await self.serve()
        event = self.event() if event is None else event
        suffix = event.get("id", uuid.uuid4().hex) if isinstance(event, dict) else uuid.uuid4().hex
        handle = await self.client.start_workflow(
            automation,
            event,
            id=options.pop("id", f"{automation}/{suffix}/{self.task_queue}"),
            task_queue=self.task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            **options,
        )
        self.handles.append(handle)
        return handle

    async def finish(self, handle: WorkflowHandle[Any, Any], limit: float = 60) -> JSON:
        """Wait for a run's end and return its report, however it ended."""
        try:
            report: JSON = await asyncio.wait_for(handle.result(), limit)
        except WorkflowFailureError:
            report = await handle.query("report")
        return report

    async def run(self, automation: str, event: Any = None) -> JSON:
        """Start a run and return its report."""
        return await self.finish(await self.start(automation, event))

    async def held(self, handle: WorkflowHandle[Any, Any], count: int = 1) -> list[JSON]:
        """Wait until that many holds are open, and return them."""
        for _ in range(200):
            holds: list[JSON] = await handle.query("holds")
            if len(holds) >= count:
                return holds
            await asyncio.sleep(0.05)
        raise AssertionError(f"no {count} hold(s): {await handle.query('report')}"[:2_000])

    async def decide(self, handle: WorkflowHandle[Any, Any], **decision: Any) -> JSON:
        """Send the update `decide` and return its receipt."""
        receipt: JSON = await handle.execute_update("decide", decision)
        return receipt

    async def reset(self, workflow_id: str, event: int, run: str = "") -> WorkflowHandle[Any, Any]:
        """Reset a run to a workflow task, by the event with which it ended, and return what it becomes."""
        await self.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace="default",
                workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run),
                reason="test",
                workflow_task_finish_event_id=event,
                request_id=uuid.uuid4().hex,
            )
        )
        return self.client.get_workflow_handle(workflow_id)

    async def replay(self) -> None:
        """Replay every history that the test made: what ran must be deterministic."""
        for handle in self.handles:
            run_id: str | None = handle.first_execution_run_id or handle.result_run_id
            while run_id:
                history = await self.client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
                await self.replay_history(history)
                last = history.events[-1]
                run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id or None

    async def replay_ended(self, workflow_id: str) -> int:
        """Replay each run of a workflow that has ended, and return how many those are.

        The one that just followed may have done nothing yet: to replay it would wait forever.
        """
        query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus != 'Running'"
        ended = [run async for run in self.client.list_workflows(query)]
        for run in ended:
            await self.replay_history(await self.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history())
        return len(ended)

    async def replay_history(self, history: WorkflowHistory) -> None:
        """Replay one history."""
        await replayer(self.client.data_converter).replay_workflow(history)


def step(report: Mapping[str, Any], name: str) -> JSON:
    """Return the entry of a step by its label or id."""
    for entry in report["steps"]:
        if name in {entry["label"], entry["id"]}:
            found: JSON = entry
            return found
    raise AssertionError(f"no step {name!r} in {[entry['id'] for entry in report['steps']]}")
