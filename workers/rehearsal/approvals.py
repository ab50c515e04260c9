"""The approvals of a rehearsal: the shipped one, with groups, secrets and signatures that are the test's own."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from activities.action import Action
from activities.attempt.contracts import Contracts
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import PREFIX, Secrets
from trunkline.wire import Request
from workers.approvals.groups import Groups
from workers.approvals.signing import SigningKeys, Verification
from workers.process.approval_activities import ApprovalActivities

RESULT_LIMIT = 256 * 1024
"""Bytes that a result may have, as where a worker says nothing else."""

PROOF = "rehearsed"
"""The proof that a rehearsed decision carries: in a rehearsal everybody is who they say."""


class _Signed(SigningKeys):
    def __bool__(self) -> bool:
        return True

    def verify(self, decision: Any, workflow_id: str, first_run_id: str, now: datetime) -> Verification:
        """Take every decision for signed by its sender."""
        return Verification(None)


class _Contracts(Contracts):
    """Contracts that know no description of a service: what people see is the config alone."""

    def is_described(self, request: Request) -> bool:
        """Say that it is not: descriptions and connections are the machine's own."""
        return False


def rehearsal_approvals(
    actions: Mapping[str, Action], people: Mapping[str, Sequence[str]], secrets: Iterable[str]
) -> ApprovalActivities:
    """Return the approvals of a rehearsal.

    Args:
        actions: every action by name.
        people: members of each group.
        secrets: names of the secrets that there are; nobody sees a value.
    """
    environment = {f"{PREFIX}{name.upper()}": _value(name) for name in secrets}
    contracts = _Contracts(actions, Secrets(None, environment), Scrubber(()), RESULT_LIMIT)
    groups = Groups({name: list(members) for name, members in people.items()})
    return ApprovalActivities(contracts, groups, _Signed(None))


def _value(name: str) -> str:
    """Return a value for a secret that nobody sees, in the form in which web hooks are signed with one."""
    return f"whsec_{b64encode(hashlib.sha256(name.encode()).digest()).decode()}"


def checkable(question: Mapping[str, Any], groups: Groups, members: Sequence[str] = ()) -> dict[str, Any]:
    """Return a question about a hold in which groups that are not known here stand for themselves.

    Args:
        question: the question.
        groups: the groups that are known.
        members: who is in each of the others besides.
    """
    people: dict[str, list[Mapping[str, str]]] = {}
    unknown = False
    for role, entries in question.get("people", {}).items():
        people[role] = []
        for one in entries:
            if "group" not in one or groups.members(one["group"]) is not None:
                people[role].append(one)
            else:
                unknown = True
                people[role] += [{"person": name} for name in (f"group:{one['group']}", *members)]
    return {**question, "people": people, **({"quorum": 1} if unknown else {})}
