"""The approvals: what a run asks its worker about holds and the people who decide, each answer written down once.

Whatever it is asked, it answers: what cannot be is `refused`, with a sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from temporalio import activity

from activities.attempt.contracts import Contracts
from activities.errors import Refused
from trunkline.wire import (
    CHECK,
    RECORD,
    REMIND,
    SUPPLY,
    VERIFY,
    Answer,
    CheckAnswer,
    CheckQuestion,
    NamedParty,
    RemindAnswer,
    RemindQuestion,
    SupplyQuestion,
    SupplyRefusal,
    VerifyAnswer,
    VerifyQuestion,
)
from workers.approvals.groups import VARIABLE as GROUPS
from workers.approvals.groups import Groups
from workers.approvals.index import index
from workers.approvals.register import LONGEST_PERSON
from workers.approvals.signing import VARIABLE as SIGNING_KEYS
from workers.approvals.signing import SigningKeys
from workers.definitions.problems import listed
from workflows.language.hours import BusinessHoursError, add
from workflows.language.people import distinct, hidden_in, person
from workflows.report import timestamp

CLOCKS = {"remind": "remindAfter", "escalate": "escalateAfter", "expire": "expiresAfter"}
"""What is due when so much time has passed since a hold was opened."""


class ApprovalActivities:
    """What runs may ask about holds.

    Args:
        contracts: the actions of this worker.
        groups: who is in which group.
        signing: the keys of signed decisions.
        encryption_keys: keys for what Temporal keeps (`id:base64`); with them, approvers are indexed as keyed hashes.
    """

    def __init__(
        self, contracts: Contracts, groups: Groups, signing: SigningKeys, encryption_keys: Sequence[str] = ()
    ) -> None:
        self.contracts = contracts
        self.groups = groups
        self.signing = signing
        self.encryption_keys = encryption_keys

    def activities(self) -> list[Callable[..., Any]]:
        """Return the local activities to register."""
        return [self.check, self.verify, self.supply, self.remind, self.note]

    @activity.defn(name=CHECK)
    async def check(self, args: dict[str, Any]) -> CheckAnswer:
        """Return who may decide about a hold and when its clocks strike, or why it cannot be opened or edited so."""
        question = cast("CheckQuestion", args)
        try:
            self._sendable(question)
            if "excluded" in question:
                _person("requester", question["excluded"])
            people = {role: self._people(role, entries) for role, entries in question.get("people", {}).items()}
            self._enough(question, people.get("approvers"))
            answer: CheckAnswer = {"people": people, "at": _times(question)}
            request = question.get("request")
            if request is not None and self.contracts.is_described(request):
                # in a thread, because a description that has changed is indexed first
                held = await asyncio.to_thread(self.contracts.operation, request)
                answer["operation"] = held
            if "keep" in question:
                answer["keep"] = question["keep"]  # by the answer, it stands in the history
        except (Refused, BusinessHoursError) as refused:
            return {"refused": str(refused)}
        if self.encryption_keys:
            everybody = dict.fromkeys(name for role in people.values() for name in role)
            answer["index"] = index(everybody, self.encryption_keys)
        return answer

    def _sendable(self, question: CheckQuestion) -> None:
        request, previous = question.get("request"), question.get("previous")
        refusal = None if request is None else self.contracts.refusal(request)
        if refusal is None and request is not None and previous is not None:
            refusal = self.contracts.redirection(previous, request)
        if refusal is not None:
            raise Refused(refusal)

    def _people(self, role: str, entries: Iterable[NamedParty]) -> list[str]:
        """Return the people that entries name, in order and each once."""
        found = distinct(
            name
            for entry in entries
            for name in (self._members(entry["group"]) if "group" in entry else _person(role, entry["person"]))
        )
        if not found and (entries or role == "approvers"):
            raise Refused(f"`{role}` comes to nobody: let it name people or groups that have members.")
        return found

    def _members(self, name: str) -> Iterable[str]:
        members = self.groups.members(name)
        if members is None:
            known = listed(self.groups.names()) or "none"
            raise Refused(f"There is no group {name!r:.100}; this worker's {GROUPS} has {known}.")
        return members

    def _enough(self, question: CheckQuestion, approvers: Sequence[str] | None) -> None:
        if question.get("verified") and not self.signing:
            raise Refused(f"Decisions about this step must be signed, and this worker has no {SIGNING_KEYS}: set it.")
        if approvers is None:
            return
        excluded = question.get("excluded")
        able = [name for name in approvers if not isinstance(excluded, str) or person(name) != person(excluded)]
        quorum = question.get("quorum", 1)
        if len(able) < quorum:
            without = "" if len(able) == len(approvers) else f" without {excluded}, who may not decide"
            raise Refused(f"The quorum is {quorum}, and `approvers` comes to {len(able)}{without}: name more people.")

    @activity.defn(name=VERIFY)
    async def verify(self, args: dict[str, Any]) -> VerifyAnswer:
        """Return whether a decision is signed as it must be: nothing, or why not."""
        question = cast("VerifyQuestion", args)
        now = datetime.fromisoformat(question["now"])
        verdict = self.signing.verify(question["decision"], question["workflowId"], question["firstRunId"], now)
        return verdict.to_json()

    @activity.defn(name=SUPPLY)
    async def supply(self, args: dict[str, Any]) -> Answer | SupplyRefusal:
        """Return what is kept of a result that a person supplies, or why it is none."""
        question = cast("SupplyQuestion", args)
        try:
            kept, missing = self.contracts.supplied(question["actionType"], question["result"], question.get("pick"))
        except Refused as refused:
            return {"refused": str(refused)}
        return {"result": kept, "missing": missing} if missing else {"result": kept}

    @activity.defn(name=REMIND)
    async def remind(self, args: dict[str, Any]) -> RemindAnswer:
        """Return when the next reminder is due, if ever; those that were missed meanwhile are left out."""
        question = cast("RemindQuestion", args)
        now, due, every = (
            datetime.fromisoformat(question["now"]),
            datetime.fromisoformat(question["due"]),
            question["every"],
        )
        late = "deadline" in question and now >= datetime.fromisoformat(question["deadline"])
        if "businessHours" not in question:
            step = timedelta(milliseconds=every)
            return {"at": timestamp(due + step * max((now - due) // step + 1, 1)), "late": late}
        try:
            return {"at": timestamp(add(max(now, due), every, question["businessHours"])), "late": late}
        except BusinessHoursError:
            return {"late": late}

    @activity.defn(name=RECORD)
    async def note(self, found: bool) -> bool:
        """Return what a run has found out: by asking, it writes it down."""
        return found


def _times(question: CheckQuestion) -> dict[str, str]:
    times = question.get("times", {})
    due = {name: times[clock] for name, clock in CLOCKS.items() if clock in times}  # type: ignore[literal-required] # its clocks
    if not due:
        return {}
    since = datetime.fromisoformat(question["since"])
    return {name: timestamp(add(since, duration, times.get("businessHours"))) for name, duration in due.items()}


def _person(role: str, value: Any) -> list[str]:
    """Return one person, or nobody where a template came to nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    if not isinstance(value, str) or len(value.strip()) > LONGEST_PERSON:
        raise Refused(f"`{role}` must come to texts of at most {LONGEST_PERSON} characters; {value!r:.100} is none.")
    if hidden := hidden_in(value):
        raise Refused(f"`{role}` comes to {value!a:.100}, which holds {hidden}: nobody sees that in an id.")
    return [value.strip()]
