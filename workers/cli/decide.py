"""Commands that decide about a step that waits: a row for each that differs by a word, functions for the others."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from workers.cli.bulk import decide_one_or_all
from workers.cli.deciding import send
from workers.cli.edits import edit_and_send, send_edits
from workers.cli.inputs import JsonOrFile, read_deadline, read_json, read_people
from workers.cli.options import ONE, PLAIN, Bulk, DecisionOptions
from workers.errors import UsageError

HELP = {
    "run": "workflow id of the run.",
    "hold": "name of the hold, as `trunkline holds` shows it.",
    "options": "who decides, and why.",
    "bulk": "many holds instead of one.",
}
EXIT_CODE = "0 if the decision counts, 1 if the run did not accept it; the sentence says why."
EXIT_CODE_OF_MANY = "0 if every decision counts, 1 if a run did not accept its own; the sentences say why."


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """What a command takes after RUN and HOLD.

    Attributes:
        name: its parameter's name.
        key: the key of the decision that it becomes.
        hint: its type, as the command line reads it.
        help: what it is.
        read: makes the decision's value of it.
        many: whether it takes any number of words.
    """

    name: str
    key: str
    hint: Any
    help: str
    read: Callable[[Any], Any]
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A command that sends its own name as the decision.

    Attributes:
        help: what it does.
        bulk: whether `--all` decides about many holds.
        argument: what else it takes.
    """

    help: str
    bulk: bool = False
    argument: Argument | None = None


TABLE = {
    "approve": Row(help="Release a step that is held for approval, or with --all many of them.", bulk=True),
    "reject": Row(
        help="Refuse a step that is held for approval, or with --all many, and with it the rest of its path.",
        bulk=True,
    ),
    "skip": Row(help="Go on without a step that failed and is held, or with --all without many.", bulk=True),
    "supply": Row(
        help="Give the result of a step that failed and is held: it counts as succeeded, and the run goes on with it.",
        argument=Argument(
            name="result",
            key="result",
            hint=Annotated[JsonOrFile, Parameter(name="RESULT")],
            help="JSON file, `-` for standard input, or the JSON itself: what the action would have returned.",
            read=read_json,
        ),
    ),
    "stop": Row(help="End a step that failed and is held as failed, and with it its path; other paths go on."),
    "reassign": Row(
        help="Let other people decide about a step that waits, instead of those who may now.",
        argument=Argument(
            name="who",
            key="approvers",
            hint=str,
            help="people and groups (`group:finance`) who decide from now on.",
            read=read_people,
            many=True,
        ),
    ),
    "extend": Row(
        help="Give people until another time to decide about a step that waits.",
        argument=Argument(
            name="deadline",
            key="deadline",
            hint=Annotated[str, Parameter(name="DEADLINE")],
            help="from now on (`2h30m`, `3d`), or an instant (`2027-01-31T17:00:00+01:00`; without an offset UTC).",
            read=read_deadline,
        ),
    ),
}


def command(name: str, row: Row) -> Callable[..., int]:
    """Return the function of a row's command, with the signature and docstring that the command line reads."""

    def decision_command(
        run: Any = None,
        hold: str | None = None,
        /,
        *given: Any,
        options: DecisionOptions = PLAIN,
        bulk: Bulk = ONE,
    ) -> int:
        argument = row.argument
        more = {argument.key: argument.read(given if argument.many else given[0])} if argument is not None else {}
        decision = options.decision(name, hold, **more)
        if row.bulk:
            return decide_one_or_all(run, hold, bulk, decision, json=options.json)
        return send(run, decision, json=options.json)

    signature = inspect.Signature(_parameters(row))
    decision_command.__name__ = decision_command.__qualname__ = name
    decision_command.__signature__ = signature  # type: ignore[attr-defined] # what `inspect.signature` looks at first
    decision_command.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    decision_command.__doc__ = _docstring(row, signature)
    return decision_command


def _parameters(row: Row) -> list[inspect.Parameter]:
    def parameter(name: str, kind: inspect._ParameterKind, hint: Any, default: Any) -> inspect.Parameter:
        return inspect.Parameter(name, kind, annotation=hint, default=default)

    needed = inspect.Parameter.empty
    word = inspect.Parameter.POSITIONAL_ONLY
    place = (str | None, None) if row.bulk else (str, needed)
    found = [parameter("run", word, *place), parameter("hold", word, *place)]
    if row.argument is not None:
        kind = inspect.Parameter.VAR_POSITIONAL if row.argument.many else word
        found.append(parameter(row.argument.name, kind, row.argument.hint, needed))
    option = inspect.Parameter.KEYWORD_ONLY
    found.append(parameter("options", option, DecisionOptions, PLAIN))
    if row.bulk:
        found.append(parameter("bulk", option, Bulk, ONE))
    return found


def _docstring(row: Row, signature: inspect.Signature) -> str:
    help_texts = HELP if row.argument is None else {**HELP, row.argument.name: row.argument.help}
    arguments = "\n".join(f"    {name}: {help_texts[name]}" for name in signature.parameters)
    return f"{row.help}\n\nArgs:\n{arguments}\n\nReturns:\n    {EXIT_CODE_OF_MANY if row.bulk else EXIT_CODE}\n"


approve, reject, skip, supply, stop, reassign, extend = (command(name, row) for name, row in TABLE.items())


def edit(run: str, hold: str, /, *, edits: JsonOrFile | None = None, options: DecisionOptions = PLAIN) -> int:
    """Change the request of a step that is held for approval, in your editor; where the policy says so, this approves.

    VISUAL or EDITOR names the editor. It shows the config with placeholders for secrets, which stay where they are.
    Earlier approvals are void after an edit.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        edits: JSON Patch, or new values by key or JSON pointer, instead of the editor: a file, `-`, or the JSON itself.
        options: who edits, and why.

    Returns:
        0 if the edit counts or nothing was changed, 1 if the run did not accept it; the sentence says why.
    """
    decision = options.decision("edit", hold)
    if edits is not None:
        return send_edits(run, decision, edits, json=options.json)
    return edit_and_send(run, decision, json=options.json)


def retry(  # noqa: PLR0913 - a command has as many parameters as it has options
    run: str | None = None,
    hold: str | None = None,
    /,
    *,
    edit: bool = False,
    edits: JsonOrFile | None = None,
    options: DecisionOptions = PLAIN,
    bulk: Bulk = ONE,
) -> int:
    """Try a step that failed and is held again, as it was or with another request; with --all many as they were.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        edit: change the request in your editor first (VISUAL or EDITOR names it).
        edits: JSON Patch, or new values by key or JSON pointer, instead of the editor: a file, `-`, or the JSON itself.
        options: who decides, and why.
        bulk: many holds instead of one.

    Returns:
        0 if every decision counts, 1 if a run did not accept its own; the sentences say why.
    """
    decision = options.decision("retry", hold)
    if not edit and edits is None:
        return decide_one_or_all(run, hold, bulk, decision, json=options.json)
    bulk.check(run, hold)
    if run is None or (edit and edits is not None):
        raise UsageError(
            "--edit and --edits are two ways to change one hold's request: give one of them, without --all."
        )
    if edits is not None:
        return send_edits(run, decision, edits, json=options.json)
    return edit_and_send(run, decision, json=options.json)


def decide(
    run: str,
    hold: str,
    decision: Literal["approve", "reject", "retry", "skip", "stop"],
    /,
    *,
    options: DecisionOptions = PLAIN,
) -> int:
    """Decide about a step that waits, naming the decision, for scripts; each decision is a command of its own, too.

    Args:
        run: workflow id of the run.
        hold: name of the hold, as `trunkline holds` shows it.
        decision: what shall happen.
        options: who decides, and why.

    Returns:
        0 if the decision counts, 1 if the run did not accept it; the sentence says why.
    """
    return send(run, options.decision(decision, hold), json=options.json)
