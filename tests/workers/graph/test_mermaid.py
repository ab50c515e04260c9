"""Mermaid's text: judged by Mermaid's own parser under CI, and by strict rules of our own always."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.starts import Processes
from tests.together import together
from tests.workers.graph.pictures import (
    EVERYTHING,
    EXAMPLES,
    HOSTILE_LABELS,
    deep,
    definition,
    get,
    hostile,
    long,
    picture,
    words,
)
from workers.graph.building import Mark
from workers.graph.mermaid import LONGEST, label_of, mermaid, node_names
from workers.graph.model import Graph
from workflows.holds.wording import visible

READER = Path(__file__).with_name("read_mermaid.mjs")
NAME = r"[A-Za-z0-9_.-]+"
TEXT = r'"((?:[^"#&<>`\\{}|;%~$ﬂ]|#\w+;|<br/>)*)"'
BOX = re.compile(rf"({NAME})(?:\[\[|\(\[|\[/|\[|\{{){TEXT}(?:\]\]|\]\)|/\]|\]|\}})")
GROUP = re.compile(rf"subgraph ({NAME})\[{TEXT}\]")
LINE = re.compile(rf"({NAME}) (-->|-\.->)(?:\|{TEXT}\|)? ({NAME})")
CLASS = re.compile(rf"class ({NAME}(?:,{NAME})*) (\w+)")
STYLE = re.compile(r"classDef (\w+) [a-z-]+:[#\w ]+(?:,[a-z-]+:[#\w ]+)*")


def read(text: str) -> dict[str, Any]:
    """Return what a flowchart says, by rules that know no more than what is written."""
    first, *rest = text.removesuffix("\n").split("\n")
    assert first == "flowchart TD"
    found: dict[str, Any] = {"boxes": {}, "groups": {}, "edges": [], "classes": {}, "styles": []}
    open_: list[str] = []
    for line in map(str.strip, rest):
        if match := GROUP.fullmatch(line):
            open_.append(match[1])
            found["groups"][match[1]] = words(match[2])
        elif line == "end":
            open_.pop()
        elif match := BOX.fullmatch(line):
            assert match[1] not in found["boxes"]
            found["boxes"][match[1]] = words(match[2])
        elif match := LINE.fullmatch(line):
            found["edges"].append([match[1], match[4], words(match[3] or ""), match[2] == "-.->"])
        elif match := CLASS.fullmatch(line):
            for name in match[1].split(","):
                found["classes"].setdefault(name, []).append(match[2])
        else:
            assert STYLE.fullmatch(line), line
            found["styles"].append(line.split()[1])
    assert not open_
    return found


def expected(graph: Graph) -> dict[str, Any]:
    names = node_names(graph)
    return {
        "boxes": {names[item.box.id] for item in graph.items() if item.inside is None},
        "groups": {names[item.box.id] for item in graph.items() if item.inside is not None},
        "edges": [[names[one.source], names[one.target], one.dashed] for one in graph.edges()],
        "classes": {names[item.box.id]: list(item.box.classes) for item in graph.items() if item.box.classes},
    }


PICTURES: dict[str, str | Path] = {
    **{path.stem: path for path in EXAMPLES},
    "everything": EVERYTHING,
    "hostile": hostile(),
    "long": long(500),
    "deep": deep(12),
}
MARKS = {
    "ask": Mark(name="succeeded", facts=("succeeded after 2s",)),
    "each": Mark(name="failed"),
    "put": Mark(name="failed"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_flowchart_says_what_the_picture_shows(name: str) -> None:
    graph = picture(PICTURES[name], MARKS)
    text = mermaid(graph)
    found, wanted = read(text), expected(graph)
    assert {*found["boxes"]} == wanted["boxes"]
    assert {*found["groups"]} == wanted["groups"]
    assert [[source, target, dashed] for source, target, _, dashed in found["edges"]] == wanted["edges"]
    assert {name: sorted(classes) for name, classes in found["classes"].items()} == {
        name: sorted(classes) for name, classes in wanted["classes"].items()
    }
    assert {*found["styles"]} >= {one for classes in found["classes"].values() for one in classes}
    assert text == mermaid(picture(PICTURES[name], MARKS))


def test_500_steps_stay_within_what_mermaid_draws_by_itself() -> None:
    text = mermaid(picture(long(500)))
    assert len(text) <= 50_000
    assert len(read(text)["edges"]) <= 500


def test_a_run_is_coloured_and_told_in_words() -> None:
    found = read(mermaid(picture(EVERYTHING, MARKS)))
    assert found["classes"]["ask"] == ["hold", "succeeded"]
    assert found["classes"]["each"] == ["failed"]
    assert found["boxes"]["ask"].split("\n") == [
        *("http_request", "👤 2 of group:finance", "expires after 1d"),
        "succeeded after 2s",
    ]
    assert found["boxes"]["pause"] == "⏱ Let it rest\n15m"
    assert ["choose", "high", 'ticket.priority in ["high"]', False] in found["edges"]


@together("label", [label for label in HOSTILE_LABELS if label.strip()])
def test_a_label_reads_as_it_was_written(label: str) -> None:
    plain = visible(" ".join((label if len(label) <= LONGEST else f"{label[:LONGEST]}…").split()))
    assert words(label_of(label)) == plain
    assert re.fullmatch(TEXT, f'"{label_of(label)}"')


@pytest.mark.parametrize(
    ("step", "node"),
    [
        ("end", "end_"),
        ("end-call", "end_-call"),
        ("1end", "1end_"),
        ("flowchart-elk", "flowchart_-elk"),
        ("a--b", "a_b_"),
        ("a_b", "a_b"),
        ("refund-the-order", "refund-the-order"),
        ("endless", "endless"),
        ("at-the-end", "at-the-end"),
        ("click", "click_"),
        ("click-it", "click-it"),
    ],
)
def test_a_node_is_called_as_its_step_but_for_words_that_mermaid_keeps(step: str, node: str) -> None:
    names = dict.fromkeys(["a_b", step])
    assert node_names(picture(definition([get(name) for name in names])))[step] == node


def test_mermaid_itself_reads_the_same(processes: Processes, tmp_path: Path) -> None:
    """Under CI, where npm may install what that needs."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None or not os.environ.get("CI"):
        pytest.skip("Mermaid's own parser judges under CI, with npm.")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(READER, tmp_path)
    processes.run([npm, "install", "--no-audit", "--no-fund", "mermaid@11", "jsdom@26"], cwd=tmp_path, check=True)
    graphs = [picture(text, MARKS) for text in PICTURES.values()]
    texts = json.dumps([mermaid(graph) for graph in graphs])
    ended = processes.run([node, READER.name], cwd=tmp_path, input=texts, text=True, capture_output=True, check=True)
    for found, graph in zip(json.loads(ended.stdout), graphs, strict=True):
        judge(found, graph)


def judge(found: dict[str, Any], graph: Graph) -> None:
    """Hold what Mermaid has read to what the picture shows."""
    wanted, said = expected(graph), read(mermaid(graph))
    assert found["theme"] == "default", "a label was taken for a directive"
    groups = {one["id"]: one for one in found["groups"]}
    boxes = {one["id"]: one for one in found["boxes"] if one["id"] not in groups}
    assert boxes.keys() == wanted["boxes"]
    assert groups.keys() == wanted["groups"]
    assert [[source, target, stroke == "dotted"] for source, target, _, stroke in found["edges"]] == wanted["edges"]
    assert [decoded(label) for _, _, label, _ in found["edges"]] == [label for _, _, label, _ in said["edges"]]
    for name, one in {**boxes, **groups}.items():
        assert decoded(one["text"]) == {**said["boxes"], **said["groups"]}[name]
        assert sorted(one["classes"]) == sorted(wanted["classes"].get(name, []))


def decoded(text: str) -> str:
    """Return a label as Mermaid shows it: it keeps entities in signs of its own until it draws."""
    plain = re.sub("ﬂ°°(\\d+)¶ß", r"#\1;", text).replace("ﬂ°quot¶ß", "#quot;")
    return words(plain.replace("<br>", "<br/>"))
