"""Collected inputs: what callers were asked for, known by the id of the step of a call flow that asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from workers.definitions.checking.findings import Findings
from workers.definitions.model.steps import escape
from workflows.event import VOICE, known_roots
from workflows.language.names import written

LASTING = re.compile(r"[1-9][0-9]*")
"""Ids of steps of a call flow that has been saved."""

WORDS = ("size", "first", "last")
"""What Liquid reads of any list or object."""

HINT = "write the number that the step has once its call flow is saved"


class CollectedInputs:
    """Checks what one definition says of collected inputs.

    Args:
        findings: where problems go.
        event: type of the events that start it, if it is known.
        roots: the roots that such events bring, None where any may be there.
    """

    def __init__(self, findings: Findings, event: str | None, roots: Mapping[str, Iterable[str]] | None) -> None:
        trigger = findings.data.get("trigger")
        inputs = trigger.get("inputs") if isinstance(trigger, Mapping) else None
        self.findings = findings
        self.named: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}
        self.voice = (known_roots(event) if event else None) is VOICE
        if self.named and roots is not None and "input" not in roots and "schedule" not in (trigger or {}):
            sentence = "`inputs` names what callers were asked for; the events of this trigger bring no `input`."
            findings.add("unknown-key", "/trigger/inputs", sentence, key=True)
        for name, key in self.named.items():
            if _temporary(key):
                sentence = f"The id {str(key)!r:.100} of the input {str(name)!r:.100} is a temporary one."
                findings.add("temporary-input", f"/trigger/inputs/{escape(name)}", sentence, HINT)

    @property
    def known(self) -> tuple[str, ...]:
        """The names and ids that there are, where the trigger names any."""
        return (*map(str, self.named), *map(str, self.named.values()))

    def check(self, rest: tuple[Any, ...], pointer: str, line: int) -> None:
        """Warn of an input that is read by a temporary id; names that the trigger does not have are told elsewhere."""
        if not self.voice or self.named or not rest or rest[0] in WORDS or not _temporary(rest[0]):
            return
        sentence = f"`{written(('input', *rest[:1]))}` has no id of a call flow that is saved: those are whole numbers."
        hint = f"{HINT}, or give it a name: trigger: {{inputs: {{rating: 123}}}}"
        self.findings.add("temporary-input", pointer, sentence, hint, line=line)


def _temporary(key: Any) -> bool:
    """Say whether a key is an id that a call flow has before it is saved; what can be no id is told elsewhere."""
    return (
        isinstance(key, str | int) and not isinstance(key, bool) and key != "" and LASTING.fullmatch(str(key)) is None
    )
