"""What is not sent as it is written, or not read although it looks so: numbers for texts, and `${NAME}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from activities.action import Config, names
from workers.definitions.checking.findings import Findings
from workers.definitions.model.steps import escape
from workflows.language.template import is_template

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}")


def check_comments(findings: Findings) -> None:
    """Warn of templates that stand behind a value, where YAML begins a comment."""
    for pointer, comment in findings.source.comments.items():
        if is_template(comment):
            sentence = (
                f"The value ends here: in YAML, a # after a blank begins a comment, so {comment!r:.80} is none of it."
            )
            findings.add("cut-text", pointer, sentence, "put the whole value in quotes")


def check_variables(findings: Findings) -> None:
    """Warn of `${NAME}`, which stays as it is written everywhere but in connections.yaml."""
    for pointer, text in _texts(findings.data, ""):
        if found := VARIABLE.search(text):
            sentence = f"`{found[0]}` stays as it is: only connections.yaml takes values from the worker's environment."
            hint = f"put it into a connection there, or write {{{{secrets.{found[1].lower()}}}}} in an action's config"
            findings.add("unread-variable", pointer, sentence, hint, line=text.count("\n", 0, found.start()) + 1)


def check_numbers(model: type[Config], pointer: str, findings: Findings) -> None:
    """Warn of numbers in a step's config, at that pointer, that are sent as texts and in another spelling."""
    for place, written in findings.source.numbers.items():
        if place.startswith(f"{pointer}/") and _takes_text(model, _segments(place.removeprefix(pointer))):
            sentence = f"`{written}` without quotes is a number, and is sent as the text `{findings.at(place)}`."
            findings.add("changed-number", place, sentence, f'put it in quotes: "{written}"')


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    children = value.items() if isinstance(value, Mapping) else enumerate(value if isinstance(value, list) else ())
    for key, child in children:
        yield from _texts(child, f"{pointer}/{escape(key)}")


def _segments(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _takes_text(kind: Any, place: list[str]) -> bool:
    """Say whether what stands at a place of a value of that type may be a text."""
    if kind is str:
        return not place
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields
        owner = next((name for name in fields if place and place[0] in names(kind, name)), None)
        return owner is not None and _takes_text(fields[owner].annotation, place[1:])
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _takes_text(parts[0], place)
    if origin in (Union, UnionType):
        return any(_takes_text(part, place) for part in parts)
    if origin is dict and parts[-1] is str:
        return bool(place)  # also where the texts are written as a list of keys and values
    return origin in (dict, list) and bool(place) and _takes_text(parts[-1], place[1:])
