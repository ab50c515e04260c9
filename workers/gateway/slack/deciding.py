"""What is behind the buttons: the person from Slack, the verdict from the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.client import decisions, runs
from workers.client.holds import polled
from workers.client.wanted import OpenHold
from workers.errors import TrunklineError
from workers.gateway.intake import reaching_temporal
from workers.gateway.requests import RefusalError
from workers.gateway.slack.api import SlackApi, SlackError
from workers.gateway.slack.clicks import Click
from workers.gateway.slack.person import StrangerError, person_of

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.approvals.signing import SigningKey

WITHIN = 20.0
"""Seconds that Temporal and the run have together."""

COUNTED = frozenset({"accepted", "needs_more", "signaled"})


@dataclass(frozen=True, slots=True)
class ClickOutcome:
    """What became of a click.

    Attributes:
        result: a word: the run's receipt, or why the run was not asked.
        sentence: the same for who has clicked.
    """

    result: str
    sentence: str

    @property
    def counts(self) -> bool:
        """Say whether it counts, as far as anybody knows yet."""
        return self.result in COUNTED

    @property
    def said_elsewhere(self) -> bool:
        """Say whether the message will say it, so that nobody need be told."""
        return self.result == "accepted"


class SlackDecisions:
    """What decides.

    Args:
        api: access to the app's workspace.
        client: Temporal's client, which need not be connected yet.
        key: what signs decisions about holds that are `verified`.
    """

    def __init__(self, api: SlackApi, client: Client, key: SigningKey | None) -> None:
        self.api = api
        self.client = client
        self.key = key

    async def decide(self, click: Click) -> ClickOutcome:
        """Send the decision that a click makes to its run, and return what became of it."""
        try:
            person = await person_of(self.api, click.user, click.teams)
        except StrangerError as no:
            return ClickOutcome("stranger", str(no))
        except SlackError as error:
            return ClickOutcome("unknown_person", f"Slack does not say who you are. {error} Nothing was decided.")
        try:
            async with reaching_temporal(WITHIN):
                return await self._sent(click, person)
        except RefusalError:
            return ClickOutcome(
                "unreachable",
                "Temporal does not answer, so nobody knows whether this counts: if the message stays, click again.",
            )
        except TrunklineError as error:
            return ClickOutcome("refused", str(error))

    async def _sent(self, click: Click, person: str) -> ClickOutcome:
        run = click.value["run"]
        decision = click.decided_by(person)
        if isinstance(first := click.value.get("firstRunId"), str):
            seen: OpenHold = {"digest": decision["digest"], "verified": True, "firstRunId": first}
            decision = decisions.sealed(decision, seen, run, self.key)
        description = await runs.describe(self.client, run)
        answered = await polled(self.client, description.task_queue)
        answer = await decisions.decide(self.client, run, decision, answered=answered)
        return ClickOutcome(answer.result, answer.message)
