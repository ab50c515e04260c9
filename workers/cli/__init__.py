"""The command line. A command is imported when it is called, so that a quick one loads nothing it does not use."""

from __future__ import annotations

import contextlib
import os
import sys

from cyclopts import App, CycloptsError, Group, Parameter, UnknownCommandError

from workers.errors import NotFoundError, TrunklineError, UnreachableError, UsageError
from workers.settings import DEBUG, SettingsError
from workflows.holds.wording import visible

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # there are none, and looking for them takes a while

DECISIONS = "Decide about what waits"

COMMANDS = {
    "Run everything on this machine": ("dev", "demo", "sandbox"),
    "Write automations": (
        "new",
        "validate",
        "test",
        "explain",
        "backtest",
        "graph",
        "events",
        "inputs",
        "actions",
        "connectors",
        "connections",
        "import",
        "schema",
    ),
    "Start runs": ("run", "emit"),
    "See what runs and what waits": ("runs", "report", "holds", "hold"),
    DECISIONS: (*("approve", "reject", "edit", "retry", "skip", "supply", "stop", "reassign", "extend", "decide"),),
    "Operate": (
        "deploy",
        "schedules",
        "rerun",
        "release",
        "replay",
        "worker",
        "gateway",
        "talkdesk",
        "codec-server",
        "signing-key",
    ),
}
"""Every command by what people want; it is the function (or group of commands) of its name in the module of its name,
`-` spelt `_`, but for `RENAMED`. Decisions stand in one module, `decide.py`."""

GROUPS = ("hold", "schedules", "connectors", "connections", "import", "talkdesk")
"""Commands that are groups of commands."""

RENAMED = {"import": "imports", "inputs": "form"}
"""Commands whose name Python or another module has, and the module and function of each."""

DEFECT = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

EXIT_CODES = {
    0: "done",
    TrunklineError.exit_code: (
        "what was asked failed (a run failed, a definition has problems, a decision was not accepted)"
    ),
    UsageError.exit_code: "the command was called wrongly",
    UnreachableError.exit_code: "Temporal or a worker does not answer, so perhaps not everything was seen",
    NotFoundError.exit_code: "there is no such thing",
    DEFECT: "a defect of Trunkline (TRUNKLINE_DEBUG=1 shows its traceback)",
    INTERRUPTED: "interrupted",
    BROKEN_PIPE: "whoever read its output went away",
}
"""What the exit codes of all commands mean."""

EPILOGUE = f"""\
Exit codes: {"; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())}.

Temporal's address, namespace, TLS and key are Temporal's own settings: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, …"""


def version() -> str:
    """Return the version of this installation."""
    from workers.process.version import UNKNOWN, trunkline_version

    found = trunkline_version()
    return "0 (not installed)" if found == UNKNOWN else found


app = App(
    name="trunkline",
    help="Runs customer-contact automations durably on Temporal.",
    help_epilogue=EPILOGUE,
    help_format="plaintext",
    version=version,
    default_parameter=Parameter(negative=()),
    print_error=False,
    exit_on_error=False,
    result_action="return_value",
)
for _place, (_purpose, _names) in enumerate(COMMANDS.items()):
    _group = Group(_purpose, sort_key=_place)
    for _name in _names:
        _function = _name.replace("-", "_")
        _options = {} if _name in GROUPS else {"help_epilogue": ""}
        _function = RENAMED.get(_name, _function)
        _module = "decide" if _purpose == DECISIONS else _function
        app.command(f"workers.cli.{_module}:{_function}", name=_name, group=_group, **_options)


def main() -> None:
    """Run the command of this process's arguments and end the process with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # a process has text streams
    code = execute(sys.argv[1:])
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Temporal's client can abort the interpreter while it is torn down; all work is done and flushed here.
    os._exit(code)


def execute(arguments: list[str]) -> int:
    """Run one command and return its exit code; whatever goes wrong is a sentence on standard error."""
    try:
        if not arguments or arguments[0] in app.help_flags:
            _load_all()
        result = app(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last place where an error can become a sentence
        return _explain(error)
    return result if isinstance(result, int) else 0


def _load_all() -> None:
    """Import every command, because the overview quotes their first lines."""
    for names in COMMANDS.values():
        for name in names:
            app[name]


def _explain(error: Exception) -> int:
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    failure = _known(error)
    if failure is not None:
        sys.stderr.write(visible(f"trunkline: {failure}\n"))
        return failure.exit_code
    sentence = (
        f"trunkline: unexpected {type(error).__name__}: {error}. This is a defect of Trunkline; "
        "with TRUNKLINE_DEBUG=1 the same command shows where it comes from.\n"
    )
    sys.stderr.write(visible(sentence))
    return DEFECT


def _unknown(error: UnknownCommandError) -> str:
    """Return the sentence for a command that does not exist, with all that do."""
    from difflib import get_close_matches

    group = " ".join(["trunkline", *(error.command_chain or ())])
    names = [name for name in (error.app or app) if not name.startswith("-")]
    word = next(iter(error.unused_tokens or ()), "")
    near = "".join(f" Did you mean `{group} {name}`?" for name in get_close_matches(word, names, n=1))
    return f"There is no command {word!r} in `{group}`.{near} Commands: {', '.join(names)}."


def _known(error: Exception) -> TrunklineError | None:
    if isinstance(error, TrunklineError):
        return error
    if isinstance(error, SettingsError):
        return UsageError(str(error))
    if isinstance(error, UnknownCommandError):
        return UsageError(_unknown(error))
    if isinstance(error, CycloptsError):
        command = " ".join(["trunkline", *(error.command_chain or ())])
        return UsageError(f"{str(error).rstrip('.')}. `{command} --help` shows how to call it.")
    if "temporalio" in sys.modules:
        from workers.client.connecting import explain

        return explain(error)
    return None
