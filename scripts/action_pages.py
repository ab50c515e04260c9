"""Makes docs/actions/ from the catalog: a page for every action, and the list of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import yaml

from activities.action import CONNECTION, Action, Config, Credential, Raw, Static, Syntax, names
from activities.catalog import catalog
from scripts.sources import source
from scripts.tables import row
from tests.activities.cases import examples
from trunkline.durations import spell
from workers.cli.actions import FieldText, fields, repeat_of
from workers.definitions.compiling import DEFAULTS

FOLDER = "docs/actions"
NOTE = "<!-- Generated from {source} by scripts/reference.py: run `make docs` to update it. -->"

LONGEST_TEXT = 80

V = TypeVar("V")

REPEATS = {
    "safe": "`safe`: it is sent again, because a second time changes nothing",
    "keyed": "`keyed`: it is sent again, because the receiver recognises the idempotency key",
    "never": "`never`: it is not sent again, because somebody would notice",
}


def pages() -> dict[str, str]:
    """Return the text of every page by its path below the repository."""
    actions = [action for _, action in sorted(catalog().items())]
    found = {f"{FOLDER}/{action.name}.md": _page(action) for action in actions}
    return {f"{FOLDER}/README.md": _index(actions), **found}


def _index(actions: Sequence[Action]) -> str:
    families: dict[str, list[Action]] = {}
    for action in actions:
        families.setdefault(source(action).parent.name, []).append(action)
    lines = [
        "# Actions",
        "",
        NOTE.format(source="the catalog"),
        "",
        "What a step can do, by family: the folder of `activities/` that an action is defined in.",
        "`trunkline actions NAME` prints the same, also for actions of your own, and",
        "[adding an action](../adding-an-action.md) shows how to write one. What every action step takes besides",
        "`config` stands in [the language](../language.md#steps).",
    ]
    for family, members in sorted(families.items()):
        lines += ["", f"## {family}", "", "| action | what it does | unknown outcome |", "| --- | --- | --- |"]
        lines += [row(f"[{each.name}]({each.name}.md)", each.summary, f"`{repeat_of(each)}`") for each in members]
    return "\n".join(lines) + "\n"


def _page(action: Action) -> str:
    lines = [f"# {action.name}", "", NOTE.format(source=f"the contract in {source(action)}"), "", action.summary]
    for section in SECTIONS:
        lines += [f"{line}".rstrip() for line in section(action)]
    return "\n".join(lines) + "\n"


def _description(action: Action) -> Iterator[str]:
    rest = action.description.partition("\n")[2].strip()
    if rest:
        yield ""
        yield from rest.splitlines()


def _contract(action: Action) -> Iterator[str]:
    file = source(action)
    yield from ("", "| | |", "| --- | --- |")
    yield row("defined in", f"[{file}](../../{file})")
    yield row("trigger", " or ".join(f"only `{each}`" for each in action.triggers) or "any event")
    yield row("connection", " or ".join(f"`{kind.kind}`" for kind in action.connections) or "none")
    for field, kinds in action.beside.items():
        yield row(
            f"`{field}`", f"{'also ' if field == CONNECTION else ''}{' or '.join(f'`{kind.kind}`' for kind in kinds)}"
        )
    if action.calls:
        yield row("time", "as long as the other run takes; a step's `timeout` bounds it")
        yield row("attempts", "one: the other run begins once")
        return
    yield row(
        "time for one attempt", f"{_time(action.timeout.total_seconds() * 1_000)}; a step's `timeout` sets another"
    )
    if alone := _by_config(action, action.background).get(True):
        yield row("without waiting", f"where `config` has {' or '.join(alone)}, the path goes on at once")
    attempts = "" if action.attempts is None else f"at most {action.attempts}, "
    within = max(DEFAULTS["retry"]["within"], round(action.timeout.total_seconds() * 1_000))
    yield row("attempts", f"{attempts}within {_time(within)}; a step's `retry` sets others")
    if callable(action.requests) or action.requests > 1:
        most = "as many as its `config` needs" if callable(action.requests) else f"up to {action.requests}"
        yield row("requests", f"{most} in an attempt; a connection's `rateLimit` counts each")
    for kind, field in (written.split(":") for written in action.writes):
        alias = names(action.config, field)[0]
        yield row(
            "writes", f"the {kind} in `{alias}`: steps of one run that write the same one send one after the other"
        )


def _config(action: Action) -> Iterator[str]:
    yield from ("", "## Config", "", "| field | type | | description |", "| --- | --- | --- | --- |")
    notes = {names(action.config, name)[0]: _notes(action.config, name) for name in action.config.model_fields}
    for field in _nested(action.config.model_json_schema(), action.config):
        description = " ".join(filter(None, [field.description, *notes.get(field.name, ())]))
        yield row(f"`{field.name}`", field.type, _presence(field), description)


def _result(action: Action) -> Iterator[str]:
    yield from ("", "## Result", "")
    if action.result is None:
        yield "It has no fields of its own: what it is stands above. `saveAs` keeps it as a variable."
        return
    yield from ("`saveAs` keeps it as a variable; `pick` keeps parts of it.", "")
    yield from ("| field | type | description |", "| --- | --- | --- |")
    for field in _nested(action.result.model_json_schema(mode="serialization"), None):
        yield row(f"`{field.name}`", field.type, field.description)


def _connections(action: Action) -> Iterator[str]:
    for kind in action.kinds():
        yield from ("", f"## Connection of kind {kind.kind}", "")
        yield from ("| field | type | | description |", "| --- | --- | --- | --- |")
        for field in _nested(kind.model_json_schema(), Config):
            yield row(f"`{field.name}`", field.type, _presence(field), field.description)


def _repeats(action: Action) -> Iterator[str]:
    if action.calls:
        return
    yield from ("", "## When the outcome is unknown", "")
    yield "An attempt that ends without an answer may have had its effect. What follows then:"
    yield ""
    for word, configs in _repeat_by_config(action).items():
        where = f" Where `config` has {' or '.join(configs)}." if configs else ""
        yield f"- {REPEATS[word]}.{where}"
    if action.look is not None:
        yield "- Before the step ends as unknown, the vendor is asked whether it carried the request out."


def _ends(action: Action) -> Iterator[str]:
    yield from ("", "## How the step ends", "", "| status | error | when |", "| --- | --- | --- |")
    if action.calls:
        yield row("`succeeded`", "", "The other run is completed, rejected or skipped, or has begun (`wait: false`).")
        yield row(
            "`failed`", "`Refused`", "The other run failed or was canceled, or could not begin; the error says why."
        )
        yield row("`failed`", "`Timeout`", "The step's `timeout` was over, and the other run was canceled.")
        return
    words = _repeat_by_config(action)
    yield row("`succeeded`", "", "It was carried out.")
    needs = " or no connection fits" if action.connections else ""
    says_no = "" if action.local else ", or the vendor says no; it had no effect"
    yield row("`failed`", "`Refused`", f"The config is not what the action takes{needs}{says_no}.")
    if not action.local:
        yield row("`failed`", "`Unavailable`", "No attempt had an effect, and the time for all of them is over.")
    yield row(
        "`failed`", "`ResultTooLarge`", "It was carried out, but the answer cannot be kept; `pick` keeps less of it."
    )
    if "safe" in words:
        yield row(
            "`failed`",
            "`Timeout`" if action.local else "`OutcomeUnknown`, `Timeout`",
            "No attempt brought an answer in time, and the action is `safe`.",
        )
    if words.keys() - {"safe"}:
        also = ", and the vendor could not say either" if action.look is not None else ""
        which = " or ".join(f"`{word}`" for word in words if word != "safe")
        yield row(
            "`unknown`",
            "`OutcomeUnknown`",
            f"Nobody knows whether it was carried out{also}, and the action is {which}.",
        )
    yield ""
    yield "[Failure and retries](../language.md#failure-and-retries) says what follows each, and how a step changes it."


def _example(action: Action) -> Iterator[str]:
    yield from ("", "## Example", "", "```yaml")
    yield from _yaml(action.shown())
    yield "```"


def _cases(action: Action) -> Iterator[str]:
    shown = examples(action.name)
    if not shown:
        return
    yield from ("", f"## {'What comes of it' if action.local else 'What is sent, and what comes of it'}", "")
    receiver = "" if action.local else "; `https://vendor.example.com` stands for the receiver"
    yield f"These are cases that the action is tested with{receiver}."
    for example in shown:
        sent = {} if action.local else {"sent": example.sent}
        parts = {"config": example.config, **sent, "result": example.result}
        yield from ("", f"{example.title[:1].upper()}{example.title[1:]}:", "", "```yaml")
        yield from _yaml(_readable(parts))
        yield "```"


def _yaml(value: Any) -> list[str]:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)).rstrip().splitlines()


def _readable(value: Any) -> Any:
    """Return a value of a case for reading: long texts, and what differs at each attempt, become an ellipsis."""
    if isinstance(value, Mapping):
        return {key: _readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}…"
    return value if value is None or isinstance(value, int | float) else "…"


SECTIONS: tuple[Callable[[Action], Iterator[str]], ...] = (
    _description,
    _contract,
    _config,
    _result,
    _connections,
    _repeats,
    _ends,
    _example,
    _cases,
)
"""What stands on an action's page, in this order: a new section is one more function here."""


def _repeat_by_config(action: Action) -> dict[str, list[str]]:
    """Return every word of `repeat` that the action can have, with the values of single fields that lead to it."""
    return _by_config(action, action.repeats)


def _by_config(action: Action, judge: Callable[[Raw], V]) -> dict[V, list[str]]:
    """Return what a function of the config says of the example and of every variation of it by a single choice.

    Choices are the fields with a few values and those that are true or false. Each answer has the choices that lead to
    it; none where all have the same.
    """
    usual = judge(action.example)
    found: dict[V, list[str]] = {usual: []}
    for name, field in action.config.model_json_schema()["properties"].items():
        choices = [not field.get("default")] if field.get("type") == "boolean" else field.get("enum", [])
        judged = [(choice, judge({**action.example, name: choice})) for choice in choices]
        if any(answer != usual for _, answer in judged):
            for choice, answer in judged:
                text = choice if isinstance(choice, str) else json.dumps(choice)
                found.setdefault(answer, []).append(f"`{name}: {text}`")
    return found


def _nested(schema: Mapping[str, Any], config: type[Config] | None, prefix: str = "") -> Iterator[FieldText]:
    """Yield the fields of a schema, those of objects within them after each."""
    for field in fields(schema, config):
        yield field._replace(name=prefix + field.name)
        for place, inner in _objects(field.schema, schema.get("$defs", {})):
            whole = {**inner, "$defs": schema["$defs"]}
            yield from _nested(whole, config and Config, f"{prefix}{field.name}{place}.")


def _objects(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield where the objects with named fields stand that a field may hold, and their schemas."""
    if "$ref" in field:
        inner = definitions[field["$ref"].rpartition("/")[2]]
        yield from [("", inner)] if "properties" in inner else _objects(inner, definitions)
    for way in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _objects(way, definitions)
    if field.get("type") == "array":
        yield from ((f"[]{place}", inner) for place, inner in _objects(field.get("items", {}), definitions))


def _notes(config: type[Config], name: str) -> Iterator[str]:
    """Yield what the marks and other names of a field mean for an author."""
    others = names(config, name)[1:]
    keys = [f"`{other}`" for other in others if other != name or "_" not in name]
    if keys:
        yield f"Also written {' or '.join(keys)}."
    for mark in config.model_fields[name].metadata:
        if isinstance(mark, Static):
            yield "It decides the plan, so it takes no variables."
        elif isinstance(mark, Credential):
            yield "A credential: it takes only `{{secrets.name}}`."
        elif isinstance(mark, Syntax):
            yield f"Values are escaped for its syntax, `{mark.name}`."


def _presence(field: FieldText) -> str:
    word, _, default = field.presence.partition(" ")
    return f"default `{default}`" if word == "default" else word


def _time(milliseconds: float) -> str:
    return spell(round(milliseconds))
