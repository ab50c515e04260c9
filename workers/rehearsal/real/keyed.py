"""What is found by a key, on the test server: kept values before and after a case, and events for runs that wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio.client import Client
from temporalio.plugin import SimplePlugin
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from trunkline.keyed import KEYED, Change
from workers.process.kept_values import TemporalKeptValues
from workers.process.replay_clock import ReplayClock
from workers.rehearsal.kept_values import ALREADY
from workers.rehearsal.performance import Performance
from workflows.keyed.subscriptions import SubscriptionList
from workflows.keyed.value import KeptValue


def keyed_worker(client: Client, clock: SimplePlugin) -> Worker:
    """Return the worker of kept values and subscriptions, on the clock of the case."""
    return Worker(
        client,
        task_queue=KEYED,
        workflows=[KeptValue, SubscriptionList],
        workflow_runner=UnsandboxedWorkflowRunner(),
        plugins=[ReplayClock(), clock],
    )


async def keep(values: TemporalKeptValues, automation: str, before: Mapping[str, Any]) -> None:
    """Let automations remember what a case begins with: for this one, and for all."""
    for key, value in before.items():
        for owner in (automation, None):
            change = Change(step=f"before/{key}", value=value, lasts=int(ALREADY.total_seconds()) * 1000)
            await values.remember(owner, key, change)


async def kept(values: TemporalKeptValues, automation: str, seen: Performance, keys: set[str]) -> dict[str, Any]:
    """Return what is remembered afterwards, as `Performance.remembered` has it."""
    found = {key: await values.recall(seen.owners.get(key, automation), key) for key in sorted(keys)}
    return {key: answer["value"] for key, answer in found.items() if answer["found"]}
