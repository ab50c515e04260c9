"""`trunkline graph`: an automation, or a run of it, as a picture."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trunkline.wire import RunReport
from workers.errors import NotFoundError, TrunklineError, UnreachableError, UsageError
from workers.graph.building import Beginning, Mark, graph_of
from workers.graph.coverage import marks_of_coverage
from workers.graph.model import Graph
from workflows.holds.wording import tolerance, visible

if TYPE_CHECKING:
    from temporalio.client import Client

    from activities.action import Action
    from workers.definitions.problems import Problem

Format = Literal["mermaid", "dot", "svg"]


def graph(what: str, /, *, format: Format = "mermaid", coverage: bool = False) -> int:  # noqa: A002 # the option's name
    """Draw an automation, or a run of it with how far each step came, and print the picture.

    Ways of a branch carry their conditions; what follows a failure is dashed, and carries the failure's classes. A run
    is drawn by the plan that it executes, also when it has ended and its definition has changed since.

    Args:
        what: a definition's file, or a run: workflow id, as `emit`, `run` and the web UI show it.
        format: Mermaid's text, Graphviz's, or a picture as SVG, which needs no other program.
        coverage: play the definition's tests, and colour each step by what they have seen of it.

    Returns:
        0; 1 if the file has problems; 2 if there is no such file or run, or no test; 3 if no worker tells how the run
        stands: it is drawn without.
    """
    path = Path(what)
    if path.is_dir():
        raise UsageError(f"{what} is a folder; a picture is of one definition: name its file.")
    if path.is_file() or what.lower().endswith((".yaml", ".yml", ".json")):
        return _draw_file(path, format, coverage=coverage)
    if coverage:
        raise UsageError(f"--coverage goes with a definition's file; {what} is none.")
    return asyncio.run(_draw_run(what, format))


def _draw_file(path: Path, kind: Format, *, coverage: bool) -> int:
    from workers.cli.catalog import actions_at_hand
    from workers.definitions.environments import Environments
    from workers.definitions.loading import UnreadableFileError, read
    from workers.definitions.problems import serious
    from workers.definitions.runnable import load
    from workers.graph.words import occasion
    from workers.settings import Settings

    if not path.exists():
        raise UsageError(f"There is no file {path}.{_nearest(path)}")
    actions = actions_at_hand()
    try:
        data, source = read(path)
        environments = Environments.read(path.parent, Settings.from_environment().environment)
        definition, problems = load(data, source, actions, environments)
    except UnreadableFileError as unreadable:
        definition, problems = None, [unreadable.problem]
    if definition is None:
        return _tell(serious(problems))
    marks: dict[str, Mark] = {}
    if coverage:
        missing, wrong = _unseen(path, actions)
        if wrong:
            _tell(wrong)
            return UsageError.exit_code
        marks = marks_of_coverage(data, missing)
    _show(graph_of(definition.plan, Beginning(title=occasion(data["trigger"])), marks), kind)
    return 0


def _tell(problems: list[Problem]) -> int:
    """Write problems to standard error, and return the exit code of a definition that has some."""
    sys.stderr.write(visible("".join(f"{one}\n" for one in problems)))
    return TrunklineError.exit_code


def _unseen(path: Path, actions: Mapping[str, Action]) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Play the tests of a definition; return what none of their files has seen, and what is wrong with the files.

    Raises:
        UsageError: it has no tests.
    """
    from workers.rehearsal.suite.files import find
    from workers.rehearsal.suite.suite import SuiteOptions, play_suite

    suite = play_suite(find([path]), actions, SuiteOptions(coverage=True))
    wrong = [one for file in suite.wrong for one in file.problems]
    if suite.failed:
        sys.stderr.write(f"trunkline: {suite.failed} of its cases fail (`trunkline test` says why).\n")
    found = [one.coverage.to_json(one.file.written_source)["missing"] for one in suite.files if one.coverage]
    places = [{(item["kind"], item["path"]) for item in missing} for missing in found]
    return [
        one for one in found[0] if all((one["kind"], one["path"]) in seen for seen in places)
    ] if found else [], wrong


def _nearest(path: Path) -> str:
    """Return the name of the nearest file beside one that is not there, as a question."""
    try:
        beside = [one.name for one in path.parent.iterdir() if one.is_file()]
    except OSError:
        return ""
    return "".join(f" Did you mean {path.parent / name}?" for name in get_close_matches(path.name, beside, n=1))


async def _draw_run(run: str, kind: Format) -> int:
    from workers.client.connecting import connect
    from workers.client.pinned import pinned_plan
    from workers.client.runs import describe
    from workers.graph.states import marks_of_run
    from workers.settings import Settings

    client = await connect(Settings.from_environment())
    try:
        description = await describe(client, run)
    except NotFoundError as error:
        raise UsageError(f"There is neither a file nor a run {run!r}. {error}") from None
    try:
        plan = await pinned_plan(client, run, description.run_id)
    except TrunklineError as error:
        raise UsageError(str(error)) from None
    try:
        report = await _report(client, run)
    except TrunklineError as error:
        sys.stderr.write(visible(f"trunkline: The picture does not show how far the run came. {error}\n"))
        _show(graph_of(plan, Beginning(title=plan["automation"], facts=(run, "nobody tells how it stands"))), kind)
        return UnreachableError.exit_code
    facts = (run, f"{report.get('outcome') or 'running'}{tolerance(report.get('tolerated'))}")
    begun = report["event"]["type"] if "event" in report else plan["automation"]
    _show(graph_of(plan, Beginning(title=begun, facts=facts), marks_of_run(plan, report)), kind)
    return 0


async def _report(client: Client, run: str) -> RunReport:
    """Return a run's report.

    Raises:
        TrunklineError: nobody has it.
    """
    from workers.client.runs import report
    from workflows.run.encrypted import MissingKeyError

    try:
        return await report(client, run)
    except MissingKeyError as error:
        raise TrunklineError(str(error)) from error


def _show(picture: Graph, kind: Format) -> None:
    from workers.graph.dot import dot
    from workers.graph.mermaid import mermaid
    from workers.graph.svg.drawing import svg

    sys.stdout.write({"mermaid": mermaid, "dot": dot, "svg": svg}[kind](picture))
