"""Writing a recorded case: as a file of its own, or at the end of one that is there, whose own text stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from workers.definitions.loading import Source, UnreadableFileError, parse
from workers.errors import TrunklineError, UsageError

CASES = "cases"

SECRETS = "secrets"
AROUND = (SECRETS, "people", "environment")
"""What the case may need of the keys around it."""

WIDTH = 120


def dumped(value: Any) -> str:
    """Return a value as YAML."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False
    )
    return text


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 # as PyYAML has it
        """Write what stands twice twice: a case is read by people."""
        return True


def add(path: Path, whole: Mapping[str, Any]) -> str:
    """Add the case of a whole test file to a file, or write that file, and return the case's name.

    Raises:
        UsageError: what is there is no test file to which a case can be added.
        TrunklineError: the file cannot be written.
    """
    try:
        if path.exists():
            name, text = _added(path, path.read_text(encoding="utf-8"), whole)
        else:
            name, text = whole[CASES][0]["name"], dumped(dict(whole))
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TrunklineError(f"{path} cannot be written: {error.strerror or error}.") from None
    return str(name)


def _added(path: Path, text: str, whole: Mapping[str, Any]) -> tuple[str, str]:
    try:
        data, source = parse(text.encode(), str(path))
    except UnreadableFileError as unreadable:
        raise UsageError(str(unreadable.problem)) from None
    cases = data.get(CASES)
    lines = text.splitlines()
    if not isinstance(cases, list) or not cases or not _in_block(lines, source):
        raise UsageError(f"{path} has no list of `cases`, each in lines of its own, to which a case can be added.")
    case = dict(whole[CASES][0])
    names = {one.get("name") for one in cases if isinstance(one, dict)}
    case["name"] = _free(case["name"], names)
    dash = lines[source.place("/cases/0")[0] - 1].index("-")  # type: ignore[operator] # it stands in the file
    block = [f"{' ' * dash}{line}" if line else line for line in dumped([case]).splitlines()]
    end = _end(data, source, lines)
    top = [line for key, value in whole.items() if key not in data and key != "automation" for line in _top(key, value)]
    begin = source.place("/cases", key=True)[0] - 1  # type: ignore[operator] # same
    for key in AROUND:
        lacking = [name for name in whole.get(key, ()) if name not in (data.get(key) or ())]
        if lacking and key in data:
            _name_more(lines, source, key, data[key] or (), lacking)
    return case["name"], "\n".join([*lines[:begin], *top, *lines[begin:end], "", *block, *lines[end:]]) + "\n"


def _top(key: str, value: Any) -> list[str]:
    return dumped({key: value}).splitlines() if key != CASES else []


def _in_block(lines: list[str], source: Source) -> bool:
    line = source.place("/cases/0")[0]
    return line is not None and lines[line - 1].lstrip().startswith("-")


def _free(name: str, taken: set[Any]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _end(data: Mapping[str, Any], source: Source, lines: list[str]) -> int:
    """Return the line before which the list of cases ends: the next key of the file, or its end."""
    begin = source.place("/cases", key=True)[0] or 0
    after = [line for key in data if (line := source.place(f"/{key}", key=True)[0] or 0) > begin]
    end = min(after) - 1 if after else len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return end


def _name_more(lines: list[str], source: Source, key: str, known: Iterable[str], lacking: list[str]) -> None:
    """Name what a list around the cases lacks: more secrets in its one line; all else its author has to write.

    Raises:
        UsageError: it is no list in one line.
    """
    line = (source.place(f"/{key}", key=True)[0] or 0) - 1
    if key != SECRETS or not lines[line].rstrip().endswith("]"):
        raise UsageError(
            f"The run needs what `{key}` of {source.file} does not have: {', '.join(lacking)}. Add it there."
        )
    lines[line] = f"{key}: [{', '.join([*known, *lacking])}]"
