"""The start of the command: it loads only the standard library before it has looked for its own packages."""

from __future__ import annotations

import gc
import sys
from importlib.machinery import PathFinder
from pathlib import Path

PACKAGES = ("activities", "workers", "workflows")
"""Packages of ours whose names somebody else's package may have."""

WRONG_CALL = 2

ALLOCATIONS = 50_000
"""Objects that are made between two collections of garbage: what is loaded at the start is none."""


def hidden(home: Path) -> str | None:
    """Return why our packages would not be found, or None.

    Args:
        home: the folder that they are in.
    """
    for name in PACKAGES:
        spec = PathFinder.find_spec(name)
        place = spec.origin if spec else None
        if place is None or Path(place).resolve() != home / name / "__init__.py":
            found = Path(place).resolve() if place else None
            other = found.parent if found and found.name == "__init__.py" else found
            if other is None:
                return f"its package {name} is missing in {home}: install Trunkline again."
            return (
                f"{other} hides Trunkline's own package {name}: rename it, or take {other.parent} off PYTHONPATH; "
                "TRUNKLINE_ACTIONS also takes a path to a file."
            )
    return None


def main() -> None:
    """Run the command line, unless somebody else's packages would be taken for ours."""
    if reason := hidden(Path(__file__).resolve().parent.parent):
        sys.stderr.write(f"trunkline: {reason}\n")
        sys.exit(WRONG_CALL)
    gc.set_threshold(ALLOCATIONS)
    from workers.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
