"""Whether a use of `steps` names a step, one that can have ended where it stands, and a status that there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

from trunkline.wire import Status
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.order import order
from workers.definitions.problems import listed, nearest
from workflows.language.names import Reference
from workflows.plan import STATUSES

WORDS: tuple[str, ...] = get_args(Status)

EQUAL = ("equals", "not_equals")
ONE_OF = ("in", "not_in")


class Statuses:
    """Checks what one definition says of statuses.

    Args:
        findings: where problems go.
        background: pointers of steps that nothing waits for.
    """

    def __init__(self, findings: Findings, background: Collection[str]) -> None:
        self.findings = findings
        self.background = background
        self.places = {name: place for place, name in findings.ids.items()}

    def known(self, rest: tuple[Any, ...], pointer: str, line: int) -> bool:
        """Say whether what follows `steps` names a step, and check whether it can have ended at that place."""
        if not rest:
            sentence = "`steps` alone says nothing, and which step is meant cannot be left to the data."
            self.findings.add("unknown-step-id", pointer, sentence, "write steps.<id>.status", line=line)
            return False
        name = str(rest[0])
        place = self.places.get(name)
        if place is None:
            hint = nearest(name, self.places) or f"there are {listed(self.places)}"
            self.findings.add("unknown-step-id", pointer, f"No step has the id {name!r:.80}.", hint, line=line)
            return False
        if pointer.startswith(("/approvals/", "/result/")):
            return True  # it counts at many places, or once all steps have ended
        found, label = order(pointer, place, self.findings.data, self.background), self.findings.name(place)
        if found == "never":
            sentence = f"{label!r} cannot have ended here: it comes later, on another way, or only inside of a loop."
            self.findings.add("ends-later", pointer, sentence, line=line)
        elif found == "beside":
            sentence = f"{label!r} runs beside and may not have ended here: its status may be `pending` or `running`."
            self.findings.add("may-end-later", pointer, sentence, line=line)
        return True

    def check_words(self, tests: Iterable[tuple[Any, Reference]], pointer: str) -> None:
        """Find tests that compare a status with a word that is none; each comes with what it asks about."""
        for test, reference in tests:
            about_status = reference.path[0] == STATUSES and reference.path[2:] == ("status",)
            if not about_status or not reference.pointer.endswith("/field") or not isinstance(test, Mapping):
                continue
            value, operator = test.get("value"), test.get("operator")
            words = [value] if operator in EQUAL else value if operator in ONE_OF and isinstance(value, list) else []
            for word in words:
                if isinstance(word, str) and word not in WORDS and "{" not in word:
                    sentence = f"No step ever has the status {word!r:.80}."
                    hint = nearest(word, WORDS) or f"there are {listed(WORDS)}"
                    place = pointer + reference.pointer.removesuffix("/field")
                    self.findings.add("unknown-status", f"{place}/value", sentence, hint)
