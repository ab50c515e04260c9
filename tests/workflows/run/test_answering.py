"""Updates are answered also where the worker that judged them ended between what they waited for and the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from temporalio.api.command.v1 import (
    Command,
    ProtocolMessageCommandAttributes,
    RecordMarkerCommandAttributes,
)
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import CommandType
from temporalio.api.protocol.v1 import Message
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.update.v1 import Acceptance, Request
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
    ResetStickyTaskQueueRequest,
    RespondWorkflowTaskCompletedRequest,
)

from tests.engine import Engine
from tests.workers.definitions.documents import HELD
from trunkline.wire import RECORD

LOCAL = "core_local_activity"
"""What the SDK calls the marker of a local activity that has ended."""


def payloads(content: Any) -> Payloads:
    return Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode())])


def acceptance(message: Message) -> Message:
    request = Request()
    message.body.Unpack(request)
    made = Message(id=f"{message.protocol_instance_id}/accept", protocol_instance_id=message.protocol_instance_id)
    made.body.Pack(
        Acceptance(
            accepted_request_message_id=message.id,
            accepted_request_sequencing_event_id=message.event_id,
            accepted_request=request,
        )
    )
    return made


def markers(task: PollWorkflowTaskQueueResponse) -> list[Mapping[str, Any]]:
    found = [event.marker_recorded_event_attributes for event in task.history.events]
    return [json.loads(one.details["data"].payloads[0].data) for one in found if one.marker_name == LOCAL]


def what_an_ending_worker_writes(
    task: PollWorkflowTaskQueueResponse, answer: Any
) -> RespondWorkflowTaskCompletedRequest:
    """Return a workflow task's completion that accepts the updates and has what they waited for, without their answers."""
    accepted = [acceptance(message) for message in task.messages]
    commands = [
        Command(
            command_type=CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE,
            protocol_message_command_attributes=ProtocolMessageCommandAttributes(message_id=message.id),
        )
        for message in accepted
    ]
    last = markers(task)[-1]
    number = last["seq"] + 1
    data = {**last, "seq": number, "activity_id": str(number), "activity_type": RECORD}
    details = {"result": payloads(answer), "data": payloads(data)}
    commands.append(
        Command(
            command_type=CommandType.COMMAND_TYPE_RECORD_MARKER,
            record_marker_command_attributes=RecordMarkerCommandAttributes(marker_name=LOCAL, details=details),
        )
    )
    return RespondWorkflowTaskCompletedRequest(
        task_token=task.task_token, messages=accepted, commands=commands, force_create_new_workflow_task=True
    )


async def test_a_decision_is_answered_whose_worker_ended_before_it_could_answer(engine: Engine) -> None:
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 1}}))
    await engine.held(handle)
    await engine.stop()
    decision = {"hold": "refund", "decision": "approve", "by": "lead@example.com"}
    reset = ResetStickyTaskQueueRequest(
        namespace=engine.client.namespace, execution=WorkflowExecution(workflow_id=handle.id)
    )
    await engine.client.workflow_service.reset_sticky_task_queue(reset)  # else it waits ten seconds for its worker
    sent = asyncio.ensure_future(handle.execute_update("decide", decision))
    service, namespace = engine.client.workflow_service, engine.client.namespace
    task = await service.poll_workflow_task_queue(
        PollWorkflowTaskQueueRequest(
            namespace=namespace, task_queue=TaskQueue(name=engine.task_queue), identity="ending"
        )
    )
    assert [message.id.rpartition("/")[2] for message in task.messages] == ["request"]
    late = False
    completion = what_an_ending_worker_writes(task, late)
    completion.namespace = namespace
    await service.respond_workflow_task_completed(completion)
    await engine.serve()
    report = await asyncio.wait_for(engine.finish(handle), 30)
    assert (await sent)["result"] == "accepted"
    assert report["outcome"] == "completed"
    assert [one["result"] for one in report["audit"]] == ["accepted"]
