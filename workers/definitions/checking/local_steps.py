"""Whether a step that says `local: true` can be carried out without a round trip to Temporal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from activities.action import Action
from trunkline.durations import spell
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.policies import needs_approval
from workers.definitions.compiling import DEFAULTS, milliseconds
from workers.definitions.problems import listed

ORDERED = ("priority", "fairness")
"""Keys of an automation that say which actions go first where they queue."""


def check_local(place: str, action: Action, config: Mapping[str, Any], repeat: str, findings: Findings) -> None:
    """Refuse `local: true` where a step needs what only Temporal's queue has; one problem says all that keeps it there.

    Args:
        place: the step's pointer.
        action: its action.
        config: its config, with defaults.
        repeat: what an unknown outcome of it allows.
        findings: where problems go.
    """
    pointer = f"{place}/local"
    if findings.at(pointer) is not True:
        return
    if reasons := list(_reasons(findings.at(place), action, config, repeat)):
        sentence = f"This step cannot be local: {'; '.join(reasons)}."
        findings.add("not-local", pointer, sentence, "leave out `local`", key=True)
    elif order := [key for key in ORDERED if findings.data.get(key) is not None]:
        keys = listed(f"`{key}`" for key in order)
        sentence = f"A local step never queues, so {keys} of the automation decides nothing about it."
        findings.add("unordered-local", pointer, sentence, "leave out `local` where the order counts", key=True)


def _reasons(step: Mapping[str, Any], action: Action, config: Mapping[str, Any], repeat: str) -> Iterator[str]:
    if action.calls:
        yield "it runs another automation, which is a run of its own"
    elif repeat == "never":
        yield "it must not be repeated, and what is local is repeated after a crash"
    if needs_approval(step):
        yield "people must approve it, and a task that sends keeps their decisions waiting"
    if action.background(config):
        yield "nothing waits for its answer (`parseResponse: false`)"
    retry = step.get("retry")
    unknown = retry.get("onUnknown") if isinstance(retry, Mapping) else None
    if unknown in {"fail", "hold"} and repeat != "never":
        yield f"`onUnknown: {unknown}` forbids to repeat it, and what is local is repeated after a crash"
    if milliseconds(action) > DEFAULTS["timeout"]:
        yield f"its attempts may take longer than {spell(DEFAULTS['timeout'])}, and would keep everything else waiting"
