"""Makes docs/commands.md from the command line's own structures."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from cyclopts import App, Argument
from docstring_parser import Docstring, DocstringStyle, parse

from scripts.tables import row
from workers.cli import COMMANDS, EXIT_CODES, GROUPS, app
from workers.settings import DEBUG, SECRET, VARIABLES, Settings

PAGE = "docs/commands.md"
NOTE = "<!-- Generated from workers/cli/ by scripts/reference.py: run `make docs` to update it. -->"
INTRODUCTION = """\
A command prints the same with `--help`. Options that are a switch take no value. Settings come from environment
variables: those that an option or a command names stand with it, all of them [at the end](#environment-variables).
Every command that speaks with Temporal takes its address, namespace, TLS and key from Temporal's own settings
(`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, …)."""
USUAL = {"cache": "~/.cache/trunkline"}
"""Defaults that differ from user to user, as most have them."""
VARIABLE = re.compile(r"\b(?:TRUNKLINE_[A-Z_]+|TEMPORAL_[A-Z_]+|VISUAL|EDITOR)\b")


def pages() -> dict[str, str]:
    """Return the text of the page by its path below the repository."""
    lines = ["# Commands", "", NOTE, "", *INTRODUCTION.splitlines()]
    for purpose, commands in COMMANDS.items():
        lines += ["", f"## {purpose}"]
        for name in commands:
            for words, command in _flat(name):
                lines += _command(words, command)
    lines += [*_exit_codes(), *_variables()]
    return {PAGE: "\n".join(lines) + "\n"}


def _flat(name: str) -> Iterator[tuple[str, App]]:
    """Yield a command, or what a group does by itself and its commands."""
    if name not in GROUPS:
        yield name, app[name]
        return
    if app[name].default_command is not None:
        yield name, app[name]
    flags = {*app.help_flags, *app.version_flags}
    for inner in app[name]:
        if inner not in flags:
            yield f"{name} {inner}", app[name][inner]


def _command(words: str, command: App) -> Iterator[str]:
    text = parse(inspect.getdoc(command.default_command) or "", style=DocstringStyle.GOOGLE)
    arguments = [each for each in _arguments(command) if each.show]
    yield from ("", f"### {words}", "", text.short_description or "")
    if text.long_description:
        yield from ("", *text.long_description.splitlines())
    yield from ("", "```text", f"trunkline {words}{''.join(map(_usage, arguments))}", "```", "")
    if arguments:
        yield from ("| | type | default | description |", "| --- | --- | --- | --- |")
        yield from map(_row, arguments)
        yield ""
    names = dict.fromkeys(
        VARIABLE.findall("\n".join([_prose(text), *(each.parameter.help or "" for each in arguments)]))
    )
    if names:
        yield f"Environment: {', '.join(f'`{name}`' for name in names)}."
        yield ""
    own = " ".join((text.returns.description or "").split()) if text.returns else "0."
    yield f"Exit code: {own} [All codes](#exit-codes)."


def _arguments(command: App) -> list[Argument]:
    return list(command.assemble_argument_collection(default_parameter=app.default_parameter, parse_docstring=True))


def _usage(argument: Argument) -> str:
    if argument.index is not None:
        words = f"{_name(argument)}…" if _is_many(argument) else _name(argument)
    else:
        more = "…" if _is_many(argument) else ""
        words = _name(argument) if _is_switch(argument) else f"{_name(argument)} {_type(argument)}{more}"
    return f" {words}" if argument.required else f" [{words}]"


def _row(argument: Argument) -> str:
    default: Any = argument.field_info.default
    if argument.required:
        shown = "required"
    elif default is inspect.Parameter.empty or default is None or _is_switch(argument):
        shown = ""
    else:
        shown = f"`{default}`"
    kind = "switch" if _is_switch(argument) else f"`{_type(argument)}`"
    return row(f"`{_name(argument)}`", kind, shown, argument.parameter.help or "")


def _name(argument: Argument) -> str:
    return argument.name if argument.index is None else argument.name.removeprefix("--").upper()


def _type(argument: Argument) -> str:
    """Return what a value is, in a word as `--help` shows it, or the words that it may be."""
    choices = argument.get_choices()
    if choices:
        return "|".join(choices)
    text = str(argument.hint)
    words = ("int", "float", "path", "str")
    return next(word.upper() for word in words if re.search(rf"\b{word}\b", text, re.IGNORECASE))


def _is_switch(argument: Argument) -> bool:
    return bool(argument.token_count()[0] == 0)


def _is_many(argument: Argument) -> bool:
    return bool(argument.token_count()[1])


def _prose(text: Docstring) -> str:
    return "\n".join(filter(None, [text.short_description, text.long_description]))


def _exit_codes() -> Iterator[str]:
    yield from ("", "## Exit codes", "", "| code | meaning |", "| --- | --- |")
    for code, meaning in EXIT_CODES.items():
        yield row(str(code), meaning)


def _variables() -> Iterator[str]:
    text = parse(inspect.getdoc(Settings) or "", style=DocstringStyle.GOOGLE)
    meanings = {each.arg_name: " ".join((each.description or "").split()) for each in text.params}
    yield from ("", "## Environment variables", "")
    yield f"[Operating](operating.md#settings) says more about each. `{SECRET}NAME` is the secret"
    yield f"`{{{{secrets.name}}}}`, and with `{DEBUG}=1` a failed command shows its traceback."
    yield from ("", "| variable | what it sets | default |", "| --- | --- | --- |")
    for name, variable in VARIABLES.items():
        default = USUAL.get(name, getattr(Settings(), name))
        yield row(f"`{variable}`", meanings[name], "" if default in (None, ()) else f"`{default}`")
