"""People as decisions and policies name them: ids that are compared, and groups that only workers know."""

from __future__ import annotations

from collections.abc import Iterable

GROUP = "group:"
"""What the name of a group begins with, where an author or an operator wrote it; nothing that is rendered is one."""


def person(name: str) -> str:
    """Return a name in the form in which names are compared."""
    return name.strip().casefold()


def distinct(names: Iterable[str]) -> list[str]:
    """Return names without those that name the same person again."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(person(name), name)
    return list(found.values())


def group(name: str) -> str | None:
    """Return which group a name stands for, or None where it is a person's."""
    return name.removeprefix(GROUP).strip() if name.startswith(GROUP) else None
