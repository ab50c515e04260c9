"""What is decided when a run is planned about operations of described services: it stands in the plan from then on."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from activities.action import Action
from activities.connections import Connections
from activities.descriptions.store import Store
from activities.errors import Refused
from trunkline.wire import PinnedOperation
from workers.definitions.compiling import identified
from workers.process.connection_needs import every_step, needs
from workflows.plan import Plan, StepPlan


class Pinning:
    """Pins the operations of plans.

    Args:
        actions: every action by name.
        connections: the worker's connections.
        store: the descriptions of this machine.
    """

    def __init__(self, actions: Mapping[str, Action], connections: Connections, store: Store) -> None:
        self.actions = actions
        self.connections = connections
        self.store = store

    def pinned(self, plan: Plan) -> Plan:
        """Return a plan that says of every described operation what it is and what its unknown outcome allows.

        An operation that there is not keeps the plan as it is: its step says so when its turn comes.

        Raises:
            NotAtHandError: a description has to be fetched first.
        """
        if not any(self.actions[need.plan["action"]].operation for need in needs(plan)):
            return plan
        plan = copy.deepcopy(plan)
        for step in every_step(plan):
            if "action" in step and self._asks(step):
                step["approval"] = {}
        for need in needs(plan):
            self._pin(need.plan, plan["defaults"]["retry"]["within"])
        return identified(plan)

    def _asks(self, step: StepPlan) -> bool:
        """Say whether people are asked about a step although it does not say so."""
        asks = self.actions[step["action"]].asks
        if asks is None or "approval" in step or "unasked" in step:
            return False
        try:
            return asks(step["config"], self.connections)
        except Refused:
            return False

    def _pin(self, step: StepPlan, within: int) -> None:
        action = self.actions[step["action"]]
        if action.operation is None:
            return
        try:
            operation = action.operation(step["config"], self.connections, self.store)
            pin = operation.pin()
        except Refused:
            return
        step["repeat"] = pin.repeat
        pinned: PinnedOperation = {"id": operation.id, "digest": pin.digest, "method": pin.method}
        if pin.key is not None:
            pinned["key"] = pin.key
        if pin.fixed and ("approval" in step or not self._asks(step)):  # a notice is never held, and so not sent
            pinned["fixed"] = True
        step["operation"] = pinned
        if pin.repeat != "safe" and operation.look is not None:
            step["looks"] = True
        if pin.requests > 1:
            step["requests"] = pin.requests
        if pin.window is not None:
            retry = step.get("retry", {})
            most = round(pin.window * 1_000)
            if retry.get("within", within) > most:  # behind that the key means nothing, and a repeat happens twice
                step["retry"] = {**retry, "within": most}
