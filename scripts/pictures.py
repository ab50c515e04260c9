"""Makes the pictures of the examples, and the page that lists the examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from activities.catalog import catalog
from scripts.tables import row
from workers.definitions.environments import DEVELOPMENT, Environments
from workers.definitions.folder import definition_files
from workers.definitions.loading import read
from workers.definitions.runnable import load
from workers.graph.building import Beginning, graph_of
from workers.graph.svg.drawing import svg
from workers.graph.words import occasion

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
FOLDER, PAGE = "docs/pictures", "docs/examples.md"
NOTE = "<!-- Generated from examples/ by scripts/pictures.py: run `make docs` to update it. -->"
INTRODUCTION = """\
Every file in `examples/` is an automation that CI runs. [Pictures](pictures.md) says what the boxes and lines mean.
`trunkline dev examples` serves them all on your machine."""


def examples() -> list[Path]:
    """Return the files of the examples."""
    return definition_files(EXAMPLES)


def pages() -> dict[str, str]:
    """Return every picture, and the page, by their paths below the repository."""
    made: dict[str, str] = {}
    rows = []
    actions = catalog()
    environments = Environments.read(EXAMPLES, DEVELOPMENT)
    for path in examples():
        data, source = read(path)
        definition, problems = load(data, source, actions, environments)
        if definition is None:
            raise SystemExit("\n".join(map(str, problems)))
        graph = graph_of(definition.plan, Beginning(title=occasion(data["trigger"])))
        made[f"{FOLDER}/{path.stem}.svg"] = svg(graph)
        example, picture = f"[{path.stem}](../examples/{path.name})", f"[picture](pictures/{path.stem}.svg)"
        rows.append(row(example, data.get("description", ""), picture))
    return {**made, PAGE: "\n".join(_page(rows)) + "\n"}


def _page(rows: list[str]) -> Iterator[str]:
    yield from ("# Examples", "", NOTE, "", *INTRODUCTION.splitlines(), "")
    yield from ("| example | what it does | |", "| --- | --- | --- |", *rows, "")
    yield from ("The one that `make demo` runs:", "", "![demo](pictures/demo.svg)")
