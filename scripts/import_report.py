"""Says of how many workflows in a folder an automation keeps every step: of Keep's own, of a clone of its repository.

.venv/bin/python scripts/import_report.py FOLDER [--kind keep|zendesk] [--quiet]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal, NamedTuple

from cyclopts import App, Parameter

from activities.catalog import catalog
from workers.definitions.loading import UnreadableFileError, read
from workers.definitions.planning import check
from workers.definitions.problems import serious
from workers.importing.draft import Draft, written
from workers.importing.keep import workflow
from workers.importing.unsaid import NoWorkflowError
from workers.importing.zendesk import rules

PATTERNS = ("*.yaml", "*.yml", "*.json")
STEPS = ("steps[", "actions[", "triggers", "on-failure", "conditions")
"""What paths begin with of things that a run does, or that start it; owners and rights are none."""


class Outcome(NamedTuple):
    """What became of one file.

    Attributes:
        valid: whether what was written has no problem.
        kept: whether every step, condition and trigger is in it.
        told: a sentence for each thing that is not.
    """

    valid: bool
    kept: bool
    told: list[str]


def outcome_of(path: Path, kind: str = "keep") -> list[Outcome]:
    """Import one file, and hold what was written to the language."""
    try:
        data = read(path)[0]
        drafts = [workflow.translate(data)] if kind == "keep" else rules.translate(data)
    except UnreadableFileError as unreadable:
        return [Outcome(valid=False, kept=False, told=[unreadable.problem.message])]
    except NoWorkflowError as error:
        return [Outcome(valid=False, kept=False, told=[str(error)])]
    return [_judged(draft, path.name) for draft in drafts]


def _judged(draft: Draft, origin: str) -> Outcome:
    actions = catalog()
    text = written(draft.settle(actions), origin, draft)
    with TemporaryDirectory() as folder:
        file = Path(folder, f"{draft.name}.yaml")
        file.write_text(text, encoding="utf-8")
        data, source = read(file)
        problems = serious(check(data, source, actions)[1])
    lost = [one for one in draft.unsaid if one.path.startswith(STEPS)]
    told = [f"{one.path}: {one.message}" for one in draft.unsaid] + [str(one) for one in problems]
    return Outcome(valid=not problems, kept=not lost, told=told)


def _files(folder: Path) -> Iterator[Path]:
    inner = folder / "examples" / "workflows"
    for pattern in PATTERNS:
        yield from (inner if inner.is_dir() else folder).glob(pattern)


def report(
    folder: Path,
    /,
    *,
    kind: Literal["keep", "zendesk"] = "keep",
    quiet: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Print what became of every workflow of a folder, and the sum.

    Args:
        folder: a clone of the tool's repository, or a folder with files of workflows.
        kind: whose workflows they are.
        quiet: print the sum alone.
    """
    found = [(path, outcome) for path in sorted(_files(folder)) for outcome in outcome_of(path, kind)]
    for path, outcome in found if not quiet else ():
        mark = "kept" if outcome.valid and outcome.kept else "part" if outcome.valid else "none"
        sys.stdout.write(f"{mark}  {path.name}\n")
        sys.stdout.writelines(f"        {sentence}\n" for sentence in outcome.told)
    valid = sum(outcome.valid for _, outcome in found)
    whole = sum(outcome.valid and outcome.kept for _, outcome in found)
    sys.stdout.write(f"{len(found)} workflows: {valid} valid, {whole} of them with every step kept\n")
    return 0


if __name__ == "__main__":
    App(default_command=report)()
