"""Sends a decision about many holds: shows them, asks for their number, and quotes for each the digest it showed."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from workers.cli.bulk_groups import show_groups
from workers.cli.deciding import Decision, completed, send
from workers.cli.options import Bulk
from workers.cli.screen import console, plain, print_json
from workers.errors import TrunklineError, UnreachableError, UsageError

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.client.decisions import DecisionAnswer
    from workers.client.holds import OpenHolds
    from workers.client.wanted import HoldQuery, OpenHold
    from workers.settings import Settings

SENT_AT_ONCE = 10
COUNTED = {"accepted", "needs_more", "duplicate"}
"""Receipts that are no failure; a duplicate is what was sent before, where sending many is begun again."""


def decide_one_or_all(run: str | None, hold: str | None, bulk: Bulk, decision: Decision, *, json: bool) -> int:
    """Send a decision about one hold, or with `--all` about all that the filters leave; return the exit code."""
    bulk.check(run, hold)
    if run is not None:
        return send(run, decision, json=json)
    if decision.get("digest") is not None:
        raise UsageError("--digest goes with one hold; with --all, each one's own is quoted.")
    return asyncio.run(_send_all(bulk, decision, json=json))


async def _send_all(bulk: Bulk, decision: Decision, *, json: bool) -> int:
    from workers.client import decisions
    from workers.client.connecting import connect
    from workers.settings import Settings

    settings = Settings.from_environment()
    content = completed(decision, settings)
    wanted = bulk.wanted("failure" if content["decision"] in decisions.ON_FAILURES else "approval")
    client = await connect(settings)
    found = await _found(client, settings, wanted, show=bulk.show)
    meant = [hold for hold in found.holds if _may(hold, content, settings)]
    screen = console(stderr=json)
    _show_rest(found, len(found.holds) - len(meant), content["by"])
    if not meant and not bulk.yes:
        more = " among the runs that could be asked" if found.left else ""
        screen.print(f"Nothing of that kind waits{more}: nothing was sent.")
        if json:
            print_json([])
        return _exit_code([], found)
    await show_groups(client, meant, screen)
    confirm(content["decision"], len(meant), bulk.yes)

    def tell(hold: OpenHold, answer: DecisionAnswer) -> None:
        if not json:
            place = (hold["label"], hold["run"], hold["hold"])
            screen.print(plain("  ".join((*place, answer.result, answer.message))))

    answers = await _decide_all(client, meant, content, settings, tell)
    if json:
        print_json([_receipt(hold, answer) for hold, answer in zip(meant, answers, strict=True)])
    elif len(answers) > 1:
        results = Counter(answer.result for answer in answers)
        screen.print(", ".join(f"{count:,} {result}" for result, count in results.most_common()))
    return _exit_code(answers, found)


async def _found(client: Client, settings: Settings, wanted: HoldQuery, *, show: bool) -> OpenHolds:
    """Return what may be decided: as Temporal's list tells it, or as the runs themselves show it."""
    from workers.client import holds
    from workers.client.waiting import every

    runs = await every(client, settings.task_queue, wanted, settings.encryption_keys)
    if show or not await holds.polled(client, settings.task_queue):
        return await holds.open_holds(client, settings.task_queue, runs, wanted)
    return await holds.listed_holds(client, settings.task_queue, runs, wanted, judged=True)


def _may(hold: OpenHold, content: Decision, settings: Settings) -> bool:
    """Say whether a decision can count, as far as is known; the run has the last word."""
    from workers.client import decisions
    from workers.client.listing import words_of

    if "words" not in hold:
        return decisions.may_decide(hold, content["by"], content["decision"])
    return not hold["words"] or bool({*hold["words"]} & {*words_of(content["by"], settings.encryption_keys)})


def _exit_code(answers: Sequence[DecisionAnswer], found: OpenHolds) -> int:
    """Return 1 where a decision does not count, else 3 where runs were left because they could not be asked."""
    if any(answer.result not in COUNTED for answer in answers):
        return TrunklineError.exit_code
    return UnreachableError.exit_code if found.left else 0


def _show_rest(found: OpenHolds, others: int, by: str) -> None:
    """Say what is left out."""
    aside = console(stderr=True)
    if others:
        aside.print(f"{others} more {'waits' if others == 1 else 'wait'}, but not for {plain(by)}.")
    if found.silent:
        runs = plain(", ".join(silent.run for silent in found.silent))
        aside.print(f"Left out, because no worker answers for them: {runs}")
    for run in found.failed:
        aside.print(plain(f"Left out: {run.error}" if run.run in run.error else f"Left out: {run.run}. {run.error}"))
    if found.left:
        runs = "1 run was" if len(found.left) == 1 else f"{len(found.left)} runs were"
        aside.print(f"{runs} left out: what they hold is not decided.")


def confirm(what: str, count: int, yes: int | None, *, done: str = "sent") -> None:
    """Go on only where the person knows how many it is about.

    Args:
        what: the verb.
        count: how many there are.
        yes: how many the person said there are, where they are not to be asked.
        done: what is not done otherwise.

    Raises:
        TrunklineError: they do not.
        UsageError: nobody is there to be asked.
    """
    if yes is not None:
        if yes != count:
            raise TrunklineError(f"--yes {yes} was said, but {count} were found: nothing was {done}.")
        return
    sys.stderr.write(f"{what.capitalize()} {'this one' if count == 1 else f'these {count}'}? Type {count} to confirm: ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
        raise UsageError(f"Nothing was {done}: nobody confirmed. `--yes {count}` does without being asked.")
    if answer.strip() != str(count):
        raise TrunklineError(f"Nothing was {done}.")


async def _decide_all(
    client: Client,
    meant: Sequence[OpenHold],
    content: Decision,
    settings: Settings,
    tell: Callable[[OpenHold, DecisionAnswer], None],
) -> list[DecisionAnswer]:
    """Send a decision about each, and tell each answer as it comes: who interrupts this knows what was decided."""
    from temporalio.service import RPCError

    from workers.client import decisions
    from workers.client.connecting import explain

    permits = asyncio.Semaphore(SENT_AT_ONCE)

    async def one(hold: OpenHold) -> DecisionAnswer:
        decision = decisions.sealed({**content, "hold": hold["hold"]}, hold, hold["run"], settings.signing_key)
        async with permits:
            try:
                answer = await decisions.decide(client, hold["run"], decision)
            except (TrunklineError, RPCError) as error:  # the others are decided all the same
                answer = decisions.DecisionAnswer(
                    "failed", str(error if isinstance(error, TrunklineError) else explain(error))
                )
        tell(hold, answer)
        return answer

    return await asyncio.gather(*map(one, meant))


def _receipt(hold: OpenHold, answer: DecisionAnswer) -> dict[str, Any]:
    shown = {key: hold[key] for key in ("run", "hold", "label", "digest")}
    return {**shown, "result": answer.result, "message": answer.message}
