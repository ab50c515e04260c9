"""`trunkline test --from RUN`: a case from a real run, printed as a test file or added to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from activities.action import Action
from workers.definitions.loading import TESTS
from workers.errors import NotFoundError, UsageError
from workers.rehearsal.recorded.case import file_of
from workers.rehearsal.recorded.recording import recorded
from workers.rehearsal.suite.files import is_test


async def file_from(run: str, actions: Mapping[str, Action]) -> dict[str, Any]:
    """Return a test file with one case, from a run.

    Raises:
        UsageError: there is no such run, or its history cannot be read.
    """
    from workers.client.connecting import connect
    from workers.client.history.chain import history_of
    from workers.settings import Settings
    from workflows.run.encrypted import MissingKeyError

    client = await connect(Settings.from_environment())
    try:
        history = await history_of(client, run)
    except NotFoundError as error:
        raise UsageError(str(error)) from None
    except MissingKeyError as error:
        raise UsageError(f"The history of {run} cannot be read: {error}") from None
    return file_of(await recorded(client, history, actions))


def target(paths: Sequence[Path]) -> Path | None:
    """Return the test file to which a case is to be added; None where none is named.

    Raises:
        UsageError: what is named is no single file.
    """
    if not paths:
        return None
    [path] = paths if len(paths) == 1 else [None]
    if path is None or path.is_dir():
        raise UsageError("`--from` adds the case to one test file: name that, or nothing to have it printed.")
    return path if is_test(path) else path.with_name(path.stem + TESTS[0])
