"""`trunkline backtest`: what a changed definition would have done with the events that there were."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from workers.cli.answers_given import answers_given
from workers.cli.catalog import actions_at_hand
from workers.errors import UsageError
from workflows.holds.wording import visible

if TYPE_CHECKING:
    from workers.rehearsal.backtest.backtesting import Past

LAST = 500
"""Events that are played where nobody says how many."""


def backtest(  # noqa: PLR0913 # what a backtest can be asked
    file: Path,
    /,
    *,
    against: str,
    last: int | None = None,
    since: str | None = None,
    assume: tuple[str, ...] = (),
    fail_on: tuple[str, ...] = (),
    json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Play a definition over the events of an automation that has run, and say what would have been otherwise.

    Events, answers and decisions come from Temporal's own history: of the automation's runs, and of all events that
    were dispatched. Both definitions are played, the old one with the plan to which each run was pinned. The same
    request of the same step gets the answer that was recorded for that event; a request that was never sent has none:
    the event is unknown from there on, unless --assume answers it. Nothing is sent.

    Args:
        file: the new definition.
        against: name of the automation whose events are played.
        last: the latest so many events; 500 unless --since is given.
        since: the events of so long: 12h, 30d.
        assume: what a step is answered with where no answer was recorded: STEP=@file or STEP={…}, as in test files.
        fail_on: exit 1 where there are such events, with commas between: same, other-requests, no-longer-runs,
            runs-now, unknown, more-approvals.
        json: print one JSON document instead.

    Returns:
        0, 1 if there is something on which it is to fail, 2 if there is no such file or automation.
    """
    from workers.rehearsal.backtest.backtesting import Backtest
    from workers.rehearsal.backtest.summary import failed, summary
    from workers.rehearsal.explained.found import of_file
    from workers.settings import Settings

    wanted = _wanted(fail_on)
    if last is not None and last < 1:
        raise UsageError(f"--last is a number of events from 1 on; it is {last}.")
    begin = None if since is None else datetime.now(UTC) - _age(since)
    settings, actions = Settings.from_environment(), actions_at_hand()
    definition = of_file(file, actions, settings.environment).definition
    assumed = answers_given(assume, [definition.plan], actions)
    most = LAST if last is None and since is None else last
    past = asyncio.run(_fetched(against, definition.event, most, begin))
    test = Backtest(definition=definition, actions=actions, people=_people(settings.groups), assumed=assumed)
    found = summary(past, test.compare(past), definition.plan)
    _print(found, json=json)
    return int(bool(failed(found, wanted)))


def _wanted(fail_on: tuple[str, ...]) -> list[str]:
    from workers.definitions.problems import nearest
    from workers.rehearsal.backtest.summary import FAILURES

    wanted = [name.strip() for given in fail_on for name in given.split(",") if name.strip()]
    for name in wanted:
        if name not in FAILURES:
            near = nearest(name, FAILURES)
            sentence = f"--fail-on takes {', '.join(FAILURES)}; {name!r:.50} is none of them."
            raise UsageError(f"{sentence}{f' {near}' if near else ''}")
    return wanted


def _age(text: str) -> timedelta:
    from trunkline.durations import duration

    try:
        return timedelta(milliseconds=duration(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--since: {error}") from None


def _people(given: Any) -> dict[str, tuple[str, ...]]:
    from workers.approvals.groups import Groups

    groups = Groups(given)
    return {name: groups.members(name) or () for name in groups.names()}


async def _fetched(automation: str, trigger: str, last: int | None, since: datetime | None) -> list[Past]:
    from workers.client.connecting import connect
    from workers.rehearsal.backtest.fetching import past_events
    from workers.settings import Settings

    settings = Settings.from_environment()
    client = await connect(settings)
    return await past_events(client, settings.task_queue, automation, trigger, last=last, since=since)


def _print(found: dict[str, Any], *, json: bool) -> None:
    if json:
        from workers.cli.screen import print_json

        print_json(found)
        return
    from workers.rehearsal.backtest.telling import lines

    sys.stdout.write(visible("".join(f"{line}\n" for line in lines(found))))
