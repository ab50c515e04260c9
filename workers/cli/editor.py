"""A person's own editor: shows a JSON value, and gives back what the person made of it; nothing written gets lost."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.cli.inputs import strict_json
from workers.errors import TrunklineError, UsageError
from workflows.holds.wording import visible

VARIABLES = ("VISUAL", "EDITOR")
YES = {"", "y", "yes"}


def editor(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the command of the person's editor.

    Raises:
        UsageError: the environment names none.
    """
    for name in VARIABLES:
        try:
            command = shlex.split(environ.get(name, ""))
        except ValueError as error:
            raise UsageError(f"{name} is no command: {error}.") from error
        if command:
            return command
    raise UsageError("No editor is named: set VISUAL or EDITOR (such as `nano`, or `code --wait`), or use --edits.")


class EditedObject:
    """A JSON object in a file of its own, while a person edits it; only they can read it."""

    def __init__(self, value: dict[str, Any], command: list[str]) -> None:
        self.command = command
        self.written = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
        number, name = tempfile.mkstemp(prefix="trunkline-", suffix=".json")
        self.path = Path(name)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(self.written)

    def edit(self) -> dict[str, Any]:
        """Open the editor until what it leaves is a JSON object, and return that.

        Raises:
            TrunklineError: the editor failed.
            UsageError: it is none, and the person does not want to go on.
        """
        while True:
            self._open()
            try:
                value = strict_json(self.path.read_text(encoding="utf-8"))
                if not isinstance(value, dict):
                    raise ValueError("a config is a JSON object.")  # noqa: TRY004, TRY301 - like any other text that is none
            except ValueError as error:
                self._ask_again(str(error))
            else:
                return value

    def keep(self) -> str:
        """Return the sentence that says where the text is, unless it is as it was, and the file goes."""
        try:
            same = self.path.read_text(encoding="utf-8") == self.written
        except (OSError, ValueError):
            same = False
        if same:
            self.discard()
            return ""
        return f" What you wrote is kept in {self.path}."

    def discard(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    def _open(self) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the editor's
        try:
            code = subprocess.call([*self.command, str(self.path)])  # noqa: S603 - the person's own editor
        except OSError as error:
            self.discard()
            raise UsageError(f"The editor {self.command[0]!r} cannot be started: {error.strerror}.") from error
        finally:
            signal.signal(signal.SIGINT, before)
        if code:
            raise TrunklineError(
                f"The editor {self.command[0]!r} ended with code {code}: nothing was sent.{self.keep()}"
            )

    def _ask_again(self, error: str) -> None:
        if sys.stdin.isatty():
            sys.stderr.write(f"{visible(error)}\nOpen the editor again? [Y/n] ")
            sys.stderr.flush()
            answer = sys.stdin.readline()
            if answer and answer.strip().lower() in YES:
                return
        raise UsageError(f"Nothing was sent: {error}{self.keep()}")
