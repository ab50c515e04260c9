"""Graphviz's text: by strict rules of our own, and by Graphviz itself where it is installed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.starts import Processes
from tests.workers.graph.pictures import EVERYTHING, EXAMPLES, deep, hostile, picture
from workers.graph.dot import dot

QUOTED = r'"(?:[^"\\]|\\.)*"'
WORD = rf"(?:{QUOTED}|[\w,]+)"
LINE = re.compile(
    rf"digraph {QUOTED} {{|}}|subgraph {QUOTED} {{|(?:node|edge) \[.*\];|compound=true; .*;|\w+={WORD};"
    rf"|{QUOTED}(?: -> {QUOTED})?(?: \[\w+={WORD}(?:, \w+={WORD})*\])?;"
)
PICTURES: dict[str, str | Path] = {
    **{path.stem: path for path in EXAMPLES},
    "everything": EVERYTHING,
    "hostile": hostile(),
    "deep": deep(12),
}


def plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


@pytest.mark.parametrize("name", PICTURES)
def test_the_text_says_what_the_picture_shows(name: str) -> None:
    graph = picture(PICTURES[name])
    text = dot(graph)
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert sum(line.endswith("{") for line in lines) == lines.count("}")
    edges = [re.match(rf"({QUOTED}) -> ({QUOTED})", line) for line in lines]
    drawn = [(plain(one[1]), plain(one[2])) for one in edges if one]
    assert drawn == [(one.source, one.target) for one in graph.edges()]
    dashed = [line for line, one in zip(lines, edges, strict=True) if one and "style=dashed" in line]
    assert len(dashed) == sum(one.dashed for one in graph.edges())
    boxes = {plain(one[1]) for line in lines if (one := re.match(rf"({QUOTED}) \[", line))}
    assert boxes == {item.box.id for item in graph.items()}
    assert text == dot(picture(PICTURES[name]))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed.")
@pytest.mark.parametrize("name", PICTURES)
def test_graphviz_reads_it(name: str, processes: Processes) -> None:
    command = shutil.which("dot")
    assert command
    processes.run([command, "-Tcanon"], input=dot(picture(PICTURES[name])), text=True, check=True, capture_output=True)
