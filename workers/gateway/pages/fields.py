"""A request as the fields of a form: a control for each value, and what was typed read back as edits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

from trunkline.strict_json import JsonError, read_json
from workers.gateway.requests import RefusalError
from workflows.holds.wording import HIDDEN
from workflows.steps.edits import same_json

NAME = "set:"
"""What the name of a control begins with; the place of its value follows, as a JSON pointer in an address."""

DEEPEST = 4
MOST = 200
LONG = 80
LONGEST = 20_000
"""Characters of a value beyond which it has no control, as no page should be that long."""

ROOM = 60_000
"""Characters of all values that have a control."""

Kind = Literal["text", "long", "number", "choice", "json"]


@dataclass(frozen=True, slots=True)
class RequestField:
    """A value of a request.

    Attributes:
        pointer: its place in the config, as a JSON pointer.
        kind: its control: one line, many, a number, true or false, or JSON for a structure.
        text: what the control shows.
        value: the value itself.
        fixed: why it has no control, if it has none.
    """

    pointer: str
    kind: Kind
    text: str
    value: Any
    fixed: str | None = None

    @property
    def name(self) -> str:
        """Return the control's name; browsers would change ends of lines and what is hidden in it."""
        return NAME + quote(self.pointer, safe="/~")

    @property
    def label(self) -> str:
        """Return what people call it: `body / amount`."""
        return label(self.pointer)

    def read(self, typed: str) -> Any:
        """Return the value that was typed.

        Raises:
            Refusal: it is none of this kind (400).
        """
        typed = typed.replace("\r\n", "\n")  # as forms send the ends of lines
        if self.kind in {"text", "long"} or typed == self.text:
            return self.value if typed == self.text else typed
        try:
            value = read_json(typed)
        except JsonError as error:
            needed = "a number" if self.kind == "number" else f"JSON: {error}"
            raise RefusalError(HTTPStatus.BAD_REQUEST, f"{self.label!r} must be {needed}.") from None
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.kind == "number" and not number:
            raise RefusalError(HTTPStatus.BAD_REQUEST, f"{self.label!r} must be a number.")
        return value


def label(pointer: str) -> str:
    """Return the place of a value for people."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    return " / ".join(names) or "all of it"


def fields(config: Mapping[str, Any], secrets: Iterable[Mapping[str, Any]]) -> list[RequestField]:
    """Return the values of a request, objects taken apart.

    Args:
        config: the request's config.
        secrets: the places into which secrets go.
    """
    places = [str(place["path"]) for place in secrets]
    values = [*_values(config, "", DEEPEST)]
    if len(values) > MOST:
        values = [*_values(config, "", 1)][:MOST]
    found, room = [], ROOM
    for pointer, value in values:
        found.append(_field(pointer, value, places, min(room, LONGEST)))
        room -= len(found[-1].text) if found[-1].fixed is None else 0
    return found


def _values(value: Mapping[str, Any], pointer: str, deepest: int) -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if isinstance(one, dict) and one and deepest > 1:
            yield from _values(one, place, deepest - 1)
        else:
            yield place, one


def _field(pointer: str, value: Any, secrets: Iterable[str], room: int) -> RequestField:
    kind, text = _control(value)
    fixed = None
    if pointer in secrets:
        fixed = "A secret is filled in here when it is sent, so it stays as it is."
    elif len(text) > room:
        fixed = f"It has {len(text):,} characters, for which this form has no room: `trunkline edit` changes it."
    return RequestField(pointer, kind, text, value, fixed)


def _control(value: Any) -> tuple[Kind, str]:
    if isinstance(value, bool):
        return "choice", json.dumps(value)
    if isinstance(value, int | float):
        return "number", json.dumps(value)
    if isinstance(value, str) and not HIDDEN.search(value):
        return ("long" if "\n" in value or len(value) > LONG else "text"), value
    return "json", draft(value)


def draft(value: Any) -> str:
    """Return a value as JSON for people to change, nothing in it hidden."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def edits(
    form: Mapping[str, str], config: Mapping[str, Any], secrets: Iterable[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the new values that a form's controls say, by pointer; None where it has no controls.

    Raises:
        Refusal: one of them is none of its kind (400).
    """
    if not any(name.startswith(NAME) for name in form):
        return None
    typed = [(one, form[one.name]) for one in fields(config, secrets) if one.fixed is None and one.name in form]
    new = {one.pointer: (one.value, one.read(text)) for one, text in typed}
    return {pointer: now for pointer, (before, now) in new.items() if not same_json(before, now)}
