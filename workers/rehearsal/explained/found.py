"""Finding automations: those of a folder that can run, and that of one file."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from activities.action import Action
from workers.definitions.automations import AS_IT_IS
from workers.definitions.environments import Environments
from workers.definitions.folder import Folder, definition_files
from workers.definitions.loading import UnreadableFileError, read
from workers.definitions.problems import listed, nearest, serious
from workers.definitions.runnable import Definition, load
from workers.errors import UsageError


@dataclass(frozen=True, slots=True)
class RunnableAutomation:
    """An automation that can run, and its file."""

    path: Path
    definition: Definition


def of_file(path: Path, actions: Mapping[str, Action], environment: str) -> RunnableAutomation:
    """Return the automation of one file.

    Raises:
        UsageError: there is no such file, or it has problems.
    """
    if not path.is_file():
        near = nearest(path.name, [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else ())
        raise UsageError(f"There is no file {path}.{f' {near}' if near else ''}")
    try:
        data, source = read(path)
    except UnreadableFileError as unreadable:
        raise UsageError(str(unreadable.problem)) from None
    definition, problems = load(data, source, actions, Environments.read(path.parent, environment))
    if definition is None:
        raise UsageError("\n".join([f"{path} cannot run:", *map(str, serious(problems))]))
    return RunnableAutomation(path, definition)


def automation_files(folder: Path) -> list[Path]:
    """Return the files of a folder that mean to be automations: they have a `trigger`, as no event has."""
    found: list[Path] = []
    for path in definition_files(folder):
        with contextlib.suppress(UnreadableFileError):
            found += [path] if "trigger" in read(path)[0] else []
    return found


def in_folder(
    folder: Path,
    actions: Mapping[str, Action],
    environment: str,
    wanted: str | None = None,
    *,
    only: Sequence[Path] | None = None,
) -> tuple[list[RunnableAutomation], list[str]]:
    """Return the automations of a folder by name, and why those of others cannot be looked at.

    Args:
        folder: the folder.
        actions: every action by name.
        environment: the environment that counts.
        wanted: the name of the only one that is meant.
        only: the files that count, where not all of the folder do.

    Raises:
        UsageError: the folder cannot be read, there is no automation of that name, or it has problems.
    """
    files = Folder(folder, actions, AS_IT_IS, environment)
    files.look()
    if files.lost is not None:
        raise UsageError(f"{folder}: {files.lost}")
    good: dict[str, RunnableAutomation] = {}
    bad: dict[str, list[str]] = {}
    for name, file in sorted(files.files.items()):
        where = folder / name
        if only is not None and where not in only:
            continue
        if file.good is None:
            bad.setdefault(file.claimed, []).append(
                "\n".join([f"{where} cannot run:", *map(str, serious(file.problems))])
            )
        elif file.good.name in good:
            sentence = (
                f"The automation {file.good.name!r} is defined in {good[file.good.name].path} already, and in {where}."
            )
            bad.setdefault(file.good.name, []).append(sentence)
        else:
            good[file.good.name] = RunnableAutomation(where, file.good)
    if wanted is None:
        clear = [one for name, one in sorted(good.items()) if name not in bad]
        return clear, [sentence for sentences in bad.values() for sentence in sentences]
    if wanted in bad:
        raise UsageError("\n".join(bad[wanted]))
    if wanted not in good:
        near = nearest(wanted, good)
        has = listed(sorted(good), most=30) or "none"
        here = "this folder" if folder == Path() else str(folder)
        raise UsageError(f"There is no automation {wanted!r:.100} in {here}.{f' {near}' if near else ''} It has {has}.")
    return [good[wanted]], []
