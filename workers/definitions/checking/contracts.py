"""Whether a step's `config` keeps its action's contract: the model's own errors, and what nobody should write down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from activities.action import Action, Config, Credential, Static, marked, names
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.shape import EXPECTED, complain
from workers.definitions.checking.spellings import check_numbers
from workers.definitions.model.steps import escape
from workers.definitions.problems import listed, nearest
from workflows.language.template import is_template

SCHEME = re.compile(r"\s*(basic|bearer|token)\s+[A-Za-z0-9+/=._~-]{6,}\s*", re.IGNORECASE)
TOKEN = re.compile(
    r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,}|(sk|rk|pk)_(live|test)_[A-Za-z0-9]{10,}|gh[oprsu]_[A-Za-z0-9]{20,}"
    r"|AKIA[A-Z0-9]{16}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|whsec_[A-Za-z0-9+/=]{16,})"
)
USER_INFO = re.compile(r"https?://[^/\s?#@{}]+@")
PLAIN_HTTP = re.compile(r"\s*http://(?!(localhost|127\.[0-9.]+|\[::1\])(?![^:/?#]))", re.IGNORECASE)
"""An address that somebody on the way can read: what stays on the machine has no way."""
HEADERS = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
)
"""Request headers whose value is a credential."""
SECRETIVE = re.compile(r"x-([a-z]+-)*(api-?key|token|secret)")
ADDRESSES = re.compile(r"(.*[a-z])?(url|uri)$", re.IGNORECASE)

CERTAIN = frozenset((*EXPECTED, "too_short", "too_long"))
"""Errors about a whole object or list that templates inside of it cannot undo."""

CERTAIN_BY_CONTRACT = frozenset(("bad_entry", "keys_clash"))
"""Errors that actions raise by themselves, and only where no rendering can undo them."""

ADVICE = (
    "write {{secrets.name}} and give the value to the workers as TRUNKLINE_SECRET_NAME or a file of TRUNKLINE_SECRETS"
)


def templated(value: Any) -> bool:
    """Say whether a value is or contains a template."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, Mapping):
        return any(templated(child) for child in value.values())
    return isinstance(value, list) and any(templated(child) for child in value)


def check_config(action: Action, config: Mapping[str, Any], pointer: str, findings: Findings) -> bool:
    """Hold a step's config to its action's contract and say whether the model takes it."""
    before = findings.count
    try:
        action.config.model_validate(config)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_input=False)
        for error, place in _certain(errors, config, action.config):
            _add(action, config, error, pointer, place, findings)
    kept = findings.count == before
    for key, mark in marked(action.config, config, Static):
        if templated(config[key]):
            sentence = f"`{key}` decides how the step is run, so it cannot be a template."
            findings.add(mark.problem, f"{pointer}/{escape(key)}", sentence, "write the value itself")
    for place, value in _credentials(action.config, config):
        if isinstance(value, str) and value and not templated(value):
            sentence = f"`{_spell(place)}` is a credential: written here, everybody who reads the definition finds it."
            findings.add("literal-secret", pointer + "".join(f"/{escape(key)}" for key in place), sentence, ADVICE)
    check_numbers(action.config, pointer, findings)
    look_for_secrets(config, pointer, findings)
    _look_for_plain_http(config, pointer, findings)
    return kept


def _credentials(model: type[BaseModel], config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield place and value of every credential by contract, those inside of objects too."""
    yield from (((key,), config[key]) for key, _ in marked(model, config, Credential))
    for name, info in model.model_fields.items():
        for key in names(model, name):
            inside = config.get(key)
            if not isinstance(inside, Mapping):
                continue
            for inner in _models(info.annotation):
                yield from (((key, *place), value) for place, value in _credentials(inner, inside))


Located = tuple[ErrorDetails, tuple[str | int, ...]]


def _certain(errors: list[ErrorDetails], config: Mapping[str, Any], model: type[Config]) -> Iterator[Located]:
    """Yield the errors that no rendering can undo, with their place in the config.

    A template may become anything, so an error at, around or inside one is none; a key that is missing or unknown stays
    so. Of a union the ways are judged one by one: where one may still fit, it does; else the nearest one speaks.
    """
    ways: dict[tuple[str | int, ...], dict[str, list[tuple[Located, bool]]]] = {}
    for error in errors:
        place, way = _locate(error, config, model)
        forgiven = _forgiven(error, place, config)
        if way is None:
            if not forgiven:
                yield error, place
        else:
            at, branch = way
            ways.setdefault(at, {}).setdefault(branch, []).append(((error, place), forgiven))
    for branches in ways.values():
        if any(all(forgiven for _, forgiven in found) for found in branches.values()):
            continue
        left = [[located for located, forgiven in found if not forgiven] for found in branches.values()]
        yield from max(left, key=lambda found: (max(len(place) for _, place in found), -len(found)))


def _locate(
    error: ErrorDetails, config: Mapping[str, Any], model: type[Config]
) -> tuple[tuple[str | int, ...], tuple[tuple[str | int, ...], str] | None]:
    """Return an error's place in the config, and the way of the first union that it went through."""
    place: list[str | int] = []
    way: tuple[tuple[str | int, ...], str] | None = None
    value: Any = config
    last = len(error["loc"]) - 1
    for index, part in enumerate(error["loc"]):
        key = _written(part, config, model) if not index else part
        present = (isinstance(value, Mapping) and key in value) or (
            isinstance(value, list) and isinstance(key, int) and key < len(value)
        )
        if present:
            value = value[key]
            place.append(key)
        elif index == last and error["type"] == "missing":
            place.append(key)
        elif way is None:
            way = (tuple(place), str(part))
    return tuple(place), way


def _written(part: str | int, config: Mapping[str, Any], model: type[Config]) -> str | int:
    """Return the key under which the author wrote the field that pydantic calls `part`."""
    for name in model.model_fields:
        known = names(model, name)
        if part in known:
            return next((key for key in known if key in config), part)
    return part


def _forgiven(error: ErrorDetails, place: tuple[str | int, ...], config: Any) -> bool:
    if error["type"] == "extra_forbidden" or (error["type"] == "missing" and place):
        place = place[:-1]
        value = _walk(config, place)
        return isinstance(value, str) and templated(value)
    value = _walk(config, place)
    if error["type"] in CERTAIN_BY_CONTRACT or (isinstance(value, (Mapping, list)) and error["type"] in CERTAIN):
        return False
    return templated(value)


def _walk(value: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def _add(  # noqa: PLR0913, PLR0917  # where the step is and what is wrong with it
    action: Action,
    config: Mapping[str, Any],
    error: ErrorDetails,
    pointer: str,
    place: tuple[str | int, ...],
    findings: Findings,
) -> None:
    at = pointer + "".join(f"/{escape(part)}" for part in place)
    inner = _model_at(action.config, place[:-1])
    owner = f"the config of {action.name}" if len(place) <= 1 else f"`{_spell(place[:-1])}` of {action.name}"
    if error["type"] == "extra_forbidden":
        known = [names(inner, name)[0] for name in inner.model_fields] if inner else []
        hint = nearest(place[-1], known) or (f"it takes {listed(known, most=20)}" if known else None)
        findings.add("unknown-key", at, f"There is no key {place[-1]!r} in {owner}.", hint, key=True)
    elif error["type"] == "missing":
        used = set(config) if len(place) == 1 else set()
        near = nearest(place[-1], used - set(_known(action.config)))
        hint = f"{near.removeprefix('Did you mean ').removesuffix('?')!r} is no key." if near else None
        findings.add("missing-key", at.rpartition("/")[0], f"`{place[-1]}` is missing in {owner}.", hint)
    else:
        value = _walk(config, place)
        complaint = complain(error, value)
        where = f"`{_spell(place)}`: " if place else ""
        findings.add("bad-config", at, f"{where}{complaint.message}", complaint.hint)


def _known(model: type[BaseModel]) -> list[str]:
    return [key for name in model.model_fields for key in names(model, name)]


def _model_at(model: type[BaseModel], place: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Return the model that an object inside of a config has, where it is a plain field of its owner."""
    for key in place:
        if isinstance(key, int):
            continue
        name = next((name for name in model.model_fields if key in names(model, name)), None)
        if name is None:
            return None
        found = _models(model.model_fields[name].annotation)
        if len(found) != 1:
            return None
        model = found[0]
    return model


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models(inner)]


def _spell(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _texts(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        named = value.get("key")
        for key, child in value.items():
            # an entry of a list of keys and values speaks under the name that it carries
            name = f"{key}:{named}" if key == "value" and isinstance(named, str) else str(key)
            yield from _texts(child, (*place, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*place, str(index)))


def look_for_secrets(values: Mapping[str, Any], pointer: str, findings: Findings) -> None:
    """Find what looks like a credential in values at a pointer."""
    for place, text in _texts(values):
        at = pointer + "".join(f"/{escape('value' if part.startswith('value:') else part)}" for part in place)
        key = place[-1].removeprefix("value:").lower()
        if "headers" in (part.lower() for part in place) and (key in HEADERS or SECRETIVE.fullmatch(key)):
            if text.strip() and not templated(text):
                header = place[-1].removeprefix("value:")
                sentence = (
                    f"The header {header} is a credential: written here, everybody who reads the definition finds it."
                )
                findings.add("literal-secret", at, sentence, _advice(text))
        elif SCHEME.fullmatch(text) or TOKEN.search(text):
            findings.add(
                "literal-secret",
                at,
                "This looks like a credential: everybody who reads the definition finds it.",
                _advice(text),
            )
        elif USER_INFO.search(text):
            sentence = "This address carries a user or a password: everybody who reads the definition finds it."
            findings.add(
                "literal-secret",
                at,
                sentence,
                'use a header: Authorization: "{{secrets.user | basic: secrets.password}}"',
            )


def _advice(text: str) -> str:
    scheme = text.strip().partition(" ")[0].lower()
    if scheme == "bearer":
        return ADVICE.replace("{{secrets.name}}", '"Bearer {{secrets.name}}"')
    if scheme == "basic":
        return ADVICE.replace("{{secrets.name}}", '"{{secrets.user | basic: secrets.password}}"').replace(
            "value", "values", 1
        )
    return ADVICE


def _look_for_plain_http(config: Mapping[str, Any], pointer: str, findings: Findings) -> None:
    for key, value in config.items():
        if isinstance(value, str) and PLAIN_HTTP.match(value) and (ADDRESSES.fullmatch(key) or key == "recording"):
            sentence = f"`{key}` begins with http://, which workers refuse unless TRUNKLINE_ALLOW names the host."
            findings.add("plain-http", f"{pointer}/{escape(key)}", sentence, "write https://")
