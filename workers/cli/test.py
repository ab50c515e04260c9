"""`trunkline test`: automations tried on a clock that jumps, with answers as given and nothing sent."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from workers.cli.catalog import actions_at_hand
from workers.errors import UsageError
from workers.rehearsal.suite.files import find
from workers.rehearsal.suite.suite import Player, SuiteOptions, play_suite
from workflows.holds.wording import visible

MOST_PERCENT = 100


def test(  # noqa: PLR0913 # what a test run can be asked
    *paths: Path,
    coverage: bool = False,
    mutants: bool = False,
    real: bool = False,
    junit: Path | None = None,
    json: Annotated[bool, Parameter(name="--json")] = False,
    min_coverage: float | None = None,
    min_mutants: float | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
) -> int:
    """Play the tests of automations (`NAME.test.yaml` beside `NAME.yaml`); exit 1 where a case fails.

    The shipped interpreter runs in this process: nothing is sent, no server is needed, and months pass in milliseconds.
    What stands in a test file is in docs/testing.md.

    Args:
        paths: test files, automations, or folders with those below; by default the current folder.
        coverage: say which steps, tests, ways, failures and endings of holds no case has seen.
        mutants: change one thing of an automation at a time, and say which change no case has noticed.
        real: play every case on Temporal's own time-skipping server as well, and fail where that does anything else.
        junit: write the results to this file, as build servers read them.
        json: print one JSON document instead.
        min_coverage: percentage of coverage below which it exits 1.
        min_mutants: percentage of killed or excused mutants below which it exits 1.
        from_: write a case from this run (its workflow id) instead: print it as a test file, or add it to one.

    Returns:
        0 if all is well, 1 if a case fails or a bound is missed, 2 if a file is wrong.
    """
    if from_ is not None:
        if coverage or mutants or real or junit is not None or min_coverage is not None or min_mutants is not None:
            raise UsageError("`--from` writes a case and plays none: it goes with `--json` and a file alone.")
        return _from(from_, paths, json=json)
    for option, value in (("--min-coverage", min_coverage), ("--min-mutants", min_mutants)):
        if value is not None and not 0 <= value <= MOST_PERCENT:
            raise UsageError(f"{option} is a percentage, 0 to 100; it is {value:g}.")
    wanted = SuiteOptions(
        coverage=coverage or min_coverage is not None,
        mutants=mutants or min_mutants is not None,
        least_coverage=min_coverage,
        least_mutants=min_mutants,
        real=_real() if real else None,
    )
    suite = play_suite(find(paths), actions_at_hand(), wanted)
    if junit is not None:
        from workers.rehearsal.suite.junit import junit as xml

        try:
            junit.write_text(xml(suite), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{junit} cannot be written: {error.strerror or error}.") from None
    if json:
        from workers.cli.screen import print_json

        print_json(suite.to_json())
    else:
        from workers.rehearsal.suite.telling import lines

        sys.stdout.write(visible("".join(f"{line}\n" for line in lines(suite))))
    return suite.exit_code


def _from(run: str, paths: tuple[Path, ...], *, json: bool) -> int:
    from workers.cli.screen import print_json
    from workers.rehearsal.recorded.adding import add, dumped
    from workers.rehearsal.recorded.command import file_from, target

    path = target(paths)
    file = asyncio.run(file_from(run, actions_at_hand()))
    name = None if path is None else add(path, file)
    if json:
        print_json(file)
    elif path is None:
        sys.stdout.write(dumped(file))
    else:
        sys.stdout.write(f"{path} has the case {name!r}.\n")
    return 0


def _real() -> Player:
    from workers.rehearsal.real.server import play_really, server_binary

    return partial(play_really, binary=server_binary())
