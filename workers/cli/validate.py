"""`trunkline validate`: every problem of definition files, with place, sentence and the nearest right name."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from activities.bounds import regular
from workers.cli.catalog import actions_at_hand, services_at_hand
from workers.definitions.checking.advice import advise
from workers.definitions.checking.calls import NamedCall, check_calls, named_calls
from workers.definitions.environments import Environments
from workers.definitions.folder import definition_files
from workers.definitions.loading import MAX_FILE_BYTES, Source, UnreadableFileError, read
from workers.definitions.planning import check
from workers.definitions.problems import Problem, listed, problem, serious
from workers.errors import NotFoundError
from workers.settings import Settings
from workflows.holds.wording import visible


def validate(*files: Path, json: bool = False, no_advice: bool = False) -> int:
    """Check definition files and print every problem; exit 1 if there are any (warnings alone do not count).

    Actions of your own are known where TRUNKLINE_ACTIONS names their module. Params of connectors are checked where
    TRUNKLINE_CONNECTIONS, or `connections.yaml`, has their connections and the descriptions are on this machine; no
    credential needs to be set for it. Environments lie in the folder `environments` beside the files; the one that
    counts is named by TRUNKLINE_ENVIRONMENT, else it is `dev`.

    Args:
        files: YAML or JSON files, or folders of such.
        json: print a JSON list for machines instead.
        no_advice: leave out what is not wrong and could be better.

    Returns:
        0 if there are only warnings or nothing at all, 1 if there are problems.
    """
    if not files:
        raise NotFoundError("Nothing to check: name at least one file or folder, as `trunkline validate FILE`.")
    catalog = actions_at_hand()
    services = services_at_hand(catalog)
    chosen = Settings.from_environment().environment
    environments: dict[Path, Environments] = {}
    found: list[Problem] = []
    names: dict[tuple[Path, str], str] = {}
    calls: dict[Path, dict[str, tuple[NamedCall, ...]]] = {}
    paths = list(dict.fromkeys(_expanded(files)))
    for path in paths:
        try:
            data, source = read(path)
        except UnreadableFileError as unreadable:
            found.append(unreadable.problem)
            continue
        if path.parent not in environments:
            environments[path.parent] = Environments.read(path.parent, chosen)
        found += check(data, source, catalog, services, environments[path.parent])[1]
        found += _clash(data, source, path, names)
        if not no_advice:
            found += advise(data, source, catalog, environments[path.parent])
        calls.setdefault(path.parent, {})[str(data.get("name"))] = tuple(named_calls(data, source, catalog))
    for folder, made in calls.items():
        if any(made.values()):
            wanted = {call.automation for each in made.values() for call in each} - made.keys()
            found += check_calls(made, {*made, *_names(folder, wanted)})
    found = list(
        dict.fromkeys(found)
    )  # what is wrong with an environment is told of each automation that takes from it
    if json:
        from workers.cli.screen import print_json

        print_json([one.to_json() for one in found])
    else:
        sys.stdout.write(visible(_human(found, len(paths))))
    return 1 if serious(found) else 0


def _expanded(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        if not path.is_dir():
            yield path
            continue
        inside = definition_files(path)
        if not inside:
            raise NotFoundError(f"The folder {path} has no *.yaml, *.yml or *.json file.")
        yield from inside


def _names(folder: Path, wanted: set[str]) -> set[str]:
    """Return the wanted names that automations of a folder have, bad ones too; where one is not there, all names."""
    files = definition_files(folder)
    words = [name.encode() for name in wanted]
    names = _named([path for path in files if _holds(path, words)])
    return names if wanted <= names else _named(files)


def _named(files: Iterable[Path]) -> set[str]:
    names: set[str] = set()
    for path in files:
        with contextlib.suppress(UnreadableFileError):
            names.add(str(read(path)[0].get("name")))
    return names


def _holds(path: Path, words: Iterable[bytes]) -> bool:
    """Say whether a file has one of the words in it: few have, and reading what they say takes longer."""
    try:
        with regular(path) as file:
            content = file.read(MAX_FILE_BYTES)
    except OSError:
        return False
    return any(word in content for word in words)


def _clash(
    data: dict[str, object], source: Source, path: Path, names: dict[tuple[Path, str], str]
) -> Iterator[Problem]:
    name = data.get("name")
    if not isinstance(name, str):
        return
    first = names.setdefault((path.parent.resolve(), name), str(path))
    if first != str(path):
        line, column = source.place("/name")
        sentence = f"The automation {name!r} is defined in {first} already."
        yield problem("duplicate-name", sentence, hint="rename one of them", file=str(path), line=line, column=column)


def _human(found: list[Problem], files: int) -> str:
    wrong = serious(found)
    lines = [str(one) for one in found]
    warned = sum(one.severity == "warning" for one in found)
    advised = len(found) - len(wrong) - warned
    besides = [_count(warned, "warning")] if warned else []
    besides += [f"{_count(advised, 'piece')} of advice"] if advised else []
    if not wrong:
        lines.append(f"all good ({', '.join([_count(files, 'file'), *besides])})")
    else:
        where = _count(len({one.file for one in wrong}), "file")
        lines.append(f"{listed([_count(len(wrong), 'problem'), *besides])} in {where}")
    return "\n".join(lines) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
