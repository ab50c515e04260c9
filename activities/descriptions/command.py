"""The command that indexes a description, `python -m … SOURCE TARGET`, as every language of descriptions has it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


class UnreadableError(ValueError):
    """The text is no description of its language; the message says why."""


def run(index: Callable[[bytes, Path], None]) -> None:
    """Index the description that the command line names; what is wrong is the last line of standard error."""
    source, target = map(Path, sys.argv[1:])
    try:
        index(source.read_bytes(), target)
    except UnreadableError as error:
        sys.exit(str(error))
    except RecursionError:
        sys.exit("it nests too deep.")
