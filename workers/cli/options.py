"""Options that commands share: which holds are meant, and who decides what about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

from workers.cli.inputs import check_person
from workers.errors import UsageError
from workflows.language.people import group

if TYPE_CHECKING:
    from workers.client.wanted import HoldQuery, Kind


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionOptions:
    """What goes with every decision.

    Attributes:
        by: who decides; by default TRUNKLINE_USER.
        reason: why, for the report.
        digest: digest of the request that you saw; by default that of the request that is held now.
        json: print what became of it as JSON, for scripts.
    """

    by: str | None = None
    reason: str | None = None
    digest: str | None = None
    json: bool = False

    def decision(self, name: str, hold: str | None, **more: Any) -> dict[str, Any]:
        """Return a decision: what is to be sent, but for what is looked up."""
        return {"hold": hold, "decision": name, "by": self.by, "reason": self.reason, "digest": self.digest, **more}


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which holds are meant; together they narrow.

    Attributes:
        approver: only where this person is named among those who may decide.
        automation: only of this automation.
        older_than: only what has waited for longer than this: 90s, 15m, 2h30m, 3d.
    """

    approver: str | None = None
    automation: str | None = None
    older_than: str | None = None

    def wanted(self, kind: Kind | None = None) -> HoldQuery:
        """Return what to ask for.

        Raises:
            UsageError: one of them makes no sense.
        """
        from workers.client.wanted import HoldQuery

        if self.approver is not None and group(self.approver) is not None:
            raise UsageError("--approver takes a person: who is in a group was settled when each hold opened.")
        if self.approver is not None:
            check_person(self.approver, "--approver")
        return HoldQuery(
            approver=self.approver,
            automation=self.automation,
            older_than=None if self.older_than is None else age(self.older_than),
            kind=kind,
        )


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk(Filters):
    """Many holds at once.

    Attributes:
        approver: with --all: only where this person is named among those who may decide.
        automation: with --all: only of this automation.
        older_than: with --all: only what has waited for longer than this: 90s, 15m, 2h30m, 3d.
        all: decide about every hold that the filters leave and that --by may decide, after a confirmation.
        yes: with --all: how many there are, instead of the question; another number sends nothing.
        show: with --all: ask every run for its request, and show it.
    """

    all: bool = False
    yes: int | None = None
    show: bool = False

    def check(self, run: str | None, hold: str | None) -> None:
        """Say what does not go together.

        Raises:
            UsageError: it names one hold and many, or neither.
        """
        if self.all:
            if run is not None:
                raise UsageError("Say RUN and HOLD, or --all with filters, not both.")
            return
        if run is None or hold is None:
            raise UsageError("Say which: RUN and HOLD, as `trunkline holds` shows them, or --all with filters.")
        given = [("--approver", self.approver), ("--automation", self.automation), ("--older-than", self.older_than)]
        for option, value in (*given, ("--yes", self.yes)):
            if value is not None:
                raise UsageError(f"{option} goes with --all.")
        if self.show:
            raise UsageError("--show goes with --all: without it, the request is always shown.")


PLAIN, ANY, ONE = DecisionOptions(), Filters(), Bulk()
"""What commands are given where no such option is."""


def age(text: str) -> timedelta:
    """Return how long something must have lasted.

    Raises:
        UsageError: it is no duration.
    """
    from trunkline.durations import duration

    try:
        return timedelta(milliseconds=duration(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--older-than: {error}") from None
