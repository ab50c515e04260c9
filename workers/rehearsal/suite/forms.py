"""Small checks that every part of a test file needs: keys, types, times, and one word of several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from trunkline.durations import duration
from workers.definitions.model.steps import escape
from workers.definitions.problems import listed, nearest
from workers.rehearsal.record import base_id
from workers.rehearsal.suite.files import TestFile
from workers.rehearsal.suite.steps import may_be_held
from workflows.event import what
from workflows.language.instants import instant
from workflows.program import Step

INSTANT = "an instant such as 2026-11-23T09:00:00Z"


LATER = re.compile(r"[2-9]|[1-9][0-9]{1,5}")
"""The number of a step's second hold, or of a later one."""


class FormChecks:
    """Checks values of a test file, and adds what is wrong to the file.

    Args:
        file: the test file.
    """

    def __init__(self, file: TestFile) -> None:
        self.file = file

    def add(self, code: str, place: str, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Add a problem."""
        self.file.add(code, place, message, hint, key=key)

    def keys(  # what a place may have
        self,
        value: Mapping[str, Any],
        place: str,
        known: Iterable[str],
        name: str,
        *,
        needed: Iterable[str] = (),
    ) -> None:
        """Check that an object has the keys that it needs, and no others than are known."""
        for key in value:
            if key not in known:
                sentence = f"{name} has no key `{key}`; it has {listed(known)}."
                self.add("unknown-key", f"{place}/{escape(key)}", sentence, nearest(key, known), key=True)
        for key in needed:
            if key not in value:
                self.add("missing-key", place, f"{name} needs `{key}`.")

    def shape(self, value: Any, place: str, kind: type, right: str) -> bool:
        """Say whether a value is there and of a type; what is neither is a problem."""
        if value is None:
            return False
        if not isinstance(value, kind):
            self.add("wrong-type", place, f"This is {what(value)}; it must be {right}.")
            return False
        return True

    def texts(self, value: Any, place: str) -> None:
        """Check a list of texts."""
        if not self.shape(value, place, list, "a list of texts"):
            return
        for number, one in enumerate(value):
            if not isinstance(one, str) or not one.strip():
                self.add(
                    "wrong-type", f"{place}/{number}", f"This is {what(one)}; it must be a text that is not empty."
                )

    def one_of(self, value: Any, place: str, known: Iterable[str], noun: str) -> None:
        """Check one word of several."""
        words = list(known)
        if value not in words:
            self.add(
                "wrong-type",
                place,
                f"There is no {noun} {value!r:.60}; there are {listed(words, most=20)}.",
                nearest(value, words),
            )

    def duration(self, value: Any, place: str) -> None:
        """Check a duration, where there is one."""
        if value is None:
            return
        try:
            duration(value)
        except ValueError as error:
            self.add("bad-duration", place, str(error))

    def instant(self, value: Any, place: str) -> None:
        """Check an instant, where there is one."""
        if value is not None and read_instant(value) is None:
            self.add("bad-instant", place, f"{value!r:.60} is no instant: write {INSTANT}.")

    def moment(self, value: Any, place: str) -> None:
        """Check an instant or a duration from the event, where there is one."""
        if value is None or read_instant(value) is not None:
            return
        try:
            duration(value)
        except ValueError:
            sentence = f"{value!r:.60} is neither a duration from the event, such as 2h, nor {INSTANT}."
            self.add("bad-duration", place, sentence)


class StepForm(FormChecks):
    """Checks besides what names steps and holds.

    Args:
        file: the test file.
        steps: every step of its automation by id.
    """

    def __init__(self, file: TestFile, steps: Mapping[str, Step]) -> None:
        super().__init__(file)
        self.steps = steps

    def hold(self, name: Any, place: str) -> None:
        """Check the id of a hold: that of a step about which people can be asked, perhaps with a number."""
        step, mark, number = base_id(name).partition("#") if isinstance(name, str) else (name, "", "")
        if mark and LATER.fullmatch(number) is None:
            sentence = f"There is no hold {name!r:.80}: the second one of a step is {step:.60}#2."
            self.add("unknown-step-id", place, sentence, key=True)
        elif step in self.steps and not may_be_held(self.steps[step]):
            self.add(
                "never-held",
                place,
                f"The step {step} is never held: it has no `requireApproval`, and no failure of it is held.",
            )
        else:
            self.step(step, place)

    def step(self, name: Any, place: str, but: str | None = None) -> None:
        """Check the id of a step, in an iteration or not."""
        plain = base_id(name) if isinstance(name, str) else name
        if plain in self.steps and but is None:
            return
        if but is not None:
            self.add("bad-answer", place, f"The step {name} {but}, so nothing answers.", key=True)
            return
        known = nearest(plain, self.steps)
        self.add("unknown-step-id", place, f"There is no step {plain!r:.80} in {self.file.name}.", known, key=True)


def read_instant(value: Any) -> Any:
    """Return an instant, or None where a value is none."""
    if not isinstance(value, str) or not value[:4].isdigit():
        return None
    try:
        return instant(value)
    except OverflowError:
        return None
