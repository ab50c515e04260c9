"""Results of actions as a test file gives them: what is left out is filled in with the least that there could be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from activities.action import Action, names
from activities.errors import Refused
from activities.http_client.statuses import SUCCESS
from activities.violations import sentence_of


def is_answered_over_http(action: Action) -> bool:
    """Say whether an answer is a status, headers and a body, and its status decides what it means."""
    return action.result is not None and {"status", "headers", "body"} == set(action.result.model_fields)


def completed(action: Action, answer: Any) -> Any:
    """Return an answer with the fields that it leaves out.

    Raises:
        Refused: it has a field that the action does not give, or is not what it gives.
    """
    model = action.result
    if model is None:
        return answer
    if not isinstance(answer, dict):
        raise Refused(f"An answer of {action.name} is an object with {_fields(model)}.")
    known = {key for name in model.model_fields for key in names(model, name)}
    if unknown := next((key for key in answer if key not in known), None):
        raise Refused(f"{action.name} gives no {unknown!r}; it gives {_fields(model)}.")
    try:
        return model.model_validate(_laid_over(_example(model), _by_name(model, answer)))
    except ValidationError as error:
        raise Refused(f"This is not what {action.name} gives: {sentence_of(error)}.") from None


def _fields(model: type[BaseModel]) -> str:
    return ", ".join(names(model, name)[0] for name in model.model_fields)


def _by_name(model: type[BaseModel], answer: Mapping[str, Any]) -> dict[str, Any]:
    fields = [(names(model, name)[0], key) for name in model.model_fields for key in names(model, name)]
    return {first: answer[key] for first, key in fields if key in answer}


def _laid_over(example: Any, given: Any) -> Any:
    if not isinstance(example, dict) or not isinstance(given, dict):
        return given
    return {**example, **{key: _laid_over(example.get(key), value) for key, value in given.items()}}


def _example(model: type[BaseModel]) -> dict[str, Any]:
    samples = ((names(model, name)[0], info.annotation) for name, info in _required(model))
    return {key: _sample(key, kind) for key, kind in samples}


def _required(model: type[BaseModel]) -> Iterable[tuple[str, Any]]:
    return ((name, info) for name, info in model.model_fields.items() if info.is_required())


def _sample(key: str, kind: Any) -> Any:
    """Return an example of a field: null where it may be, else the least of its type; a text is the field's name."""
    choices = get_args(kind)
    origin = getattr(kind, "__origin__", kind)
    if type(None) in choices or kind is Any:
        return None
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _example(kind)
    if choices and origin not in (list, dict, tuple):
        return choices[0]
    if key == "status" and kind is int:
        return min(SUCCESS)
    least: Mapping[Any, Any] = {str: key, int: 0, float: 0.0, bool: False, list: [], dict: {}, tuple: ()}
    return least.get(origin)
