"""Lets runs on the test server begin at the instant that a case says, by whatever the server's own clock shows."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp
    from temporalio import workflow
    from temporalio.bridge.proto.workflow_activation import WorkflowActivation
    from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
    from temporalio.converter import SerializationContext, StorageDriverStoreContext
    from temporalio.worker._command_aware_visitor import CommandInfo


class ShiftedClock(SimplePlugin):
    """Moves the clock of runs, so that the first of them begins at an instant.

    Args:
        begins: that instant.

    Attributes:
        shift: what is added to the server's time; known once a run has begun.
    """

    def __init__(self, begins: datetime) -> None:
        super().__init__("trunkline.shifted-clock", workflow_runner=self._shifted)
        self.begins = begins
        self.shift: timedelta | None = None

    def _shifted(self, runner: WorkflowRunner | None) -> WorkflowRunner:
        if runner is None:
            raise AssertionError("A worker has a runner.")
        return _Runner(runner, self)

    def of(self, server: datetime) -> datetime:
        """Return what a run takes an instant of the server for."""
        if self.shift is None:
            self.shift = self.begins - server
        return server + self.shift


class _Runner(WorkflowRunner):
    def __init__(self, runner: WorkflowRunner, clock: ShiftedClock) -> None:
        self.runner = runner
        self.clock = clock

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        self.runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        began = self.clock.of(det.info.workflow_start_time)
        info = dataclasses.replace(det.info, workflow_start_time=began)
        return _Instance(self.runner.create_instance(dataclasses.replace(det, info=info)), self.clock)

    def set_worker_level_failure_exception_types(self, types: object) -> None:
        self.runner.set_worker_level_failure_exception_types(types)  # type: ignore[arg-type] # it is passed on


class _Instance(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance, clock: ShiftedClock) -> None:
        self.instance = instance
        self.clock = clock

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        if act.HasField("timestamp"):
            act.timestamp.FromDatetime(self.clock.of(_instant(act.timestamp)))
        return self.instance.activate(act)

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:
        return self.instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: CommandInfo | None) -> StorageDriverStoreContext:
        return self.instance.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self.instance.get_info()

    def get_thread_id(self) -> int | None:
        return self.instance.get_thread_id()


def _instant(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(UTC)
