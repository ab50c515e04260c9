"""A kept value: what `remember` keeps under a key, in a workflow of its own that ends when the value's time is over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from trunkline.keyed import RECALL, REMEMBER, VALUE, Change, KeptState, LastingValue, RecallAnswer, RememberAnswer
from workflows.keyed.remembering import ChangeError, at, recalled, remembered

ANSWERS = timedelta(days=1)
"""How long the answers to steps are kept at least: an attempt that comes again changes nothing."""

MOST_ANSWERS = 1_000
LARGEST_ANSWERS = 256 * 1024
"""How many answers are kept, and how many bytes they take together; the oldest go first."""


@workflow.defn(name=VALUE)
class KeptValue:
    """The value under one key.

    Args:
        state: what was kept before, where the history became long.
    """

    @workflow.init
    def __init__(self, state: KeptState | None = None) -> None:
        self.kept: LastingValue | None = state["kept"] if state else None
        self.answers: dict[str, RememberAnswer] = state["answers"] if state else {}
        self.moment = datetime.fromisoformat(state["asked"]) if state else workflow.now()
        self._sizes = {step: _size(answer) for step, answer in self.answers.items()}

    @workflow.run
    async def run(self, _state: KeptState | None = None) -> None:
        """Keep the value until its time is over, and the answers for a while."""
        while (left := self._end() - workflow.now()) > timedelta():
            try:
                await workflow.wait_condition(
                    workflow.info().is_continue_as_new_suggested, timeout=left, timeout_summary="Its time is over"
                )
            except TimeoutError:
                continue  # what was stored meanwhile lasts longer
            kept = at(self.kept, workflow.now())
            workflow.continue_as_new(KeptState(kept=kept, answers=self.answers, asked=self.moment.isoformat()))

    @workflow.update(name=REMEMBER)
    def remember(self, change: dict[str, Any]) -> RememberAnswer:
        """Change the value; a step that has changed it before is answered as it was then."""
        known = self.answers.get(change["step"])
        if known is not None:
            return known
        try:
            self.kept, answer = remembered(self.kept, cast("Change", change), workflow.now())
        except ChangeError as error:
            raise ApplicationError(str(error), type="ChangeError", non_retryable=True) from None
        self.moment = workflow.now()
        self._keep(change["step"], answer)
        return answer

    @workflow.update(name=RECALL)
    def recall(self) -> RecallAnswer:
        """Say what is there."""
        return recalled(self.kept, workflow.now())

    def _keep(self, step: str, answer: RememberAnswer) -> None:
        self.answers[step], self._sizes[step] = answer, _size(answer)
        while len(self.answers) > MOST_ANSWERS or sum(self._sizes.values()) > LARGEST_ANSWERS:
            oldest = next(iter(self.answers))
            del self.answers[oldest], self._sizes[oldest]

    def _end(self) -> datetime:
        last = self.moment + ANSWERS
        return last if self.kept is None else max(last, datetime.fromisoformat(self.kept["until"]))


def _size(answer: Mapping[str, Any]) -> int:
    return len(json.dumps(answer))
