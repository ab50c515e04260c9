"""Sends a decision about many holds: shows them, asks for their number, and quotes for each the digest it showed."""

from __future__ import annotations

import asyncio
import json as json_text
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workers.cli.deciding import Decision, completed, send, short_digest
from workers.cli.options import Bulk
from workers.cli.screen import console, plain, print_json
from workers.errors import TrunklineError, UnreachableError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from temporalio.client import Client

    from workers.client.decisions import DecisionAnswer
    from workers.client.holds import Hold, OpenHolds
    from workers.settings import Settings

SENT_AT_ONCE = 10
COUNTED = {"accepted", "needs_more"}

Row = tuple[str, ...]


def decide_one_or_all(run: str | None, hold: str | None, bulk: Bulk, decision: Decision, *, json: bool) -> int:
    """Send a decision about one hold, or with `--all` about all that the filters leave; return the exit code."""
    bulk.check(run, hold)
    if run is not None:
        return send(run, decision, json=json)
    if decision.get("digest") is not None:
        raise UsageError("--digest goes with one hold; with --all, each one's own is quoted.")
    return asyncio.run(_send_all(bulk, decision, json=json))


async def _send_all(bulk: Bulk, decision: Decision, *, json: bool) -> int:
    from workers.client import decisions, holds
    from workers.client.connecting import connect
    from workers.settings import Settings

    settings = Settings.from_environment()
    content = completed(decision, settings)
    wanted = bulk.wanted("failure" if content["decision"] in decisions.ON_FAILURES else "approval")
    client = await connect(settings)
    found = await holds.find(client, settings.task_queue, wanted, settings.encryption_keys)
    meant = [hold for hold in found.holds if decisions.may_decide(hold, content["by"], content["decision"])]
    screen = console(stderr=json)
    _show_rest(found, len(found.holds) - len(meant), content["by"])
    if not meant and not bulk.yes:
        more = " among the runs that could be asked" if found.left else ""
        screen.print(f"Nothing of that kind waits{more}: nothing was sent.")
        if json:
            print_json([])
        return _exit_code([], found)
    await _show_all(client, meant, screen)
    confirm(content["decision"], len(meant), bulk.yes)
    answers = await _decide_all(client, meant, content, settings)
    if json:
        print_json([_receipt(hold, answer) for hold, answer in zip(meant, answers, strict=True)])
    else:
        _table(
            (
                (hold["label"], hold["run"], hold["hold"], answer.result, answer.message)
                for hold, answer in zip(meant, answers, strict=True)
            ),
            screen,
        )
    return _exit_code(answers, found)


async def _show_all(client: Client, meant: Sequence[Hold], screen: Console) -> None:
    """Write every request that is decided about, whole, and how it was edited before."""
    from workers.client import runs
    from workers.client.asking import QUERIES_AT_ONCE
    from workflows.holds.wording import change, edited

    permits = asyncio.Semaphore(QUERIES_AT_ONCE)

    async def edits(hold: Hold) -> list[dict[str, Any]]:
        if not hold.get("edited"):
            return []
        async with permits:
            report = await runs.report(client, hold["run"])
        return [edit for entry in report["steps"] if entry["id"] == hold["step"] for edit in entry.get("edited") or []]

    for hold, changed in zip(meant, await asyncio.gather(*map(edits, meant)), strict=True):
        place = f"{hold['run']} {hold['hold']}"
        screen.print(f"[bold]{plain(hold['label'])}[/] {plain(place)} [dim]{short_digest(hold)}[/]")
        screen.print(f"    {plain(json_text.dumps(hold['request'].get('config'), ensure_ascii=False))}")
        if hold.get("missing"):
            screen.print(f"    [yellow]missing: {plain(', '.join(hold['missing']))}[/]")
        if hold.get("error"):
            screen.print(f"    [red]{plain(hold['error']['message'])}[/]")
        for edit in changed:
            screen.print(f"    edited by {plain(str(edit.get('by')))}: {plain('; '.join(map(change, edited(edit))))}")


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
    client: Client, meant: Sequence[Hold], content: Decision, settings: Settings
) -> list[DecisionAnswer]:
    from temporalio.service import RPCError

    from workers.client import decisions
    from workers.client.connecting import explain

    permits = asyncio.Semaphore(SENT_AT_ONCE)

    async def one(hold: Hold) -> DecisionAnswer:
        decision = decisions.sealed({**content, "hold": hold["hold"]}, hold, hold["run"], settings.signing_key)
        async with permits:
            try:
                return await decisions.decide(client, hold["run"], decision)
            except (TrunklineError, RPCError) as error:  # the others are decided all the same
                return decisions.DecisionAnswer(
                    "failed", str(error if isinstance(error, TrunklineError) else explain(error))
                )

    return await asyncio.gather(*map(one, meant))


def _receipt(hold: Hold, answer: DecisionAnswer) -> dict[str, Any]:
    shown = {key: hold[key] for key in ("run", "hold", "label", "digest")}
    return {**shown, "result": answer.result, "message": answer.message}


def _table(rows: Iterable[Row], screen: Console) -> None:
    """Write rows in columns."""
    kept = list(rows)
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    for row in kept:
        screen.print(plain("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))).rstrip())
