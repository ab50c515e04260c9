"""Groups of people who decide together: `group:finance` in an automation, its members known to workers only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.approvals.register import Register, people

VARIABLE = "TRUNKLINE_GROUPS"
RIGHT = "It must map names of groups to their members, as `finance: [ann@example.com, bob@example.com]`."


class Groups:
    """The groups of one worker, as they are now.

    Args:
        given: the setting TRUNKLINE_GROUPS: a file or the mapping itself; None: there are no groups.

    Raises:
        SettingsError: they cannot be read.
    """

    def __init__(self, given: str | Mapping[str, Any] | None = None) -> None:
        self._register = Register(given, VARIABLE, RIGHT, people)

    def names(self) -> list[str]:
        """Return the names of all groups, sorted."""
        return sorted(self._register.entries())

    def members(self, name: str) -> tuple[str, ...] | None:
        """Return who is in a group, or None where there is no such group."""
        return self._register.entries().get(name)
