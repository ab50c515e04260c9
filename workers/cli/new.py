"""`trunkline new`: an automation to begin with, and its tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from workers.definitions.loading import read
from workers.definitions.problems import listed, nearest
from workers.errors import TrunklineError, UsageError
from workflows.holds.wording import visible

TEST = ".test.yaml"
PACKAGED = Path(__file__).resolve().parents[1] / "examples"
CHECKOUT = Path(__file__).resolve().parents[2] / "examples"
"""The same folder, where Trunkline runs from its repository."""

DEMO = "demo"
"""The example that only the demonstration plays."""


def new(template: str | None = None, /, *, into: Path | None = None) -> int:
    """Write an automation to begin with, and its tests beside it; without a name, list what there is.

    Nothing is ever overwritten: where one of the two files is there, neither is written.

    Args:
        template: which one.
        into: folder that they are written to, by default this one.

    Returns:
        0; 1 if a file is there already, 2 if there is no such template.
    """
    found = templates()
    if template is None:
        width = max(map(len, found))
        sys.stdout.writelines(visible(f"{name:<{width}}  {_purpose(path)}\n") for name, path in found.items())
        return 0
    if template not in found:
        hint = nearest(template, found) or f"There are {listed(list(found))}."
        raise UsageError(f"There is no template {template!r}. {hint}")
    folder = into or Path()
    automation = found[template]
    texts = {folder / path.name: path.read_text(encoding="utf-8") for path in (automation, _test_of(automation))}
    there = [str(path) for path in texts if path.exists() or path.is_symlink()]
    if there:
        raise TrunklineError(f"{listed(there)} {'is' if len(there) == 1 else 'are'} there already; nothing is written.")
    _write(folder, texts)
    first, tests = texts
    sys.stdout.write(visible(f"{first}\n{tests}\n`trunkline test {first}` plays its tests.\n"))
    return 0


def templates() -> dict[str, Path]:
    """Return every template by name: the examples that have tests and need no file beside them."""
    folder = PACKAGED if PACKAGED.is_dir() else CHECKOUT
    found = {path.stem: path for path in sorted(folder.glob("*.yaml")) if _test_of(path).is_file()}
    return {name: path for name, path in found.items() if name != DEMO and "environment" not in read(path)[0]}


def _test_of(automation: Path) -> Path:
    return automation.with_name(automation.stem + TEST)


def _purpose(automation: Path) -> str:
    return str(read(automation)[0].get("description", ""))


def _write(folder: Path, texts: Mapping[Path, str]) -> None:
    """Write all of the files; where one cannot be written, none of them stays."""
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink()
        raise UsageError(f"{folder} cannot be written to: {error.strerror}.") from None
