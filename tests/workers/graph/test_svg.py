"""The SVG: what the picture shows, where nothing lies on anything else, and nothing of it can act."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.together import together
from tests.workers.gateway.test_style import contrast
from tests.workers.graph.pictures import EVERYTHING, EXAMPLES, deep, definition, get, hostile, long, picture
from workers.graph.building import Mark
from workers.graph.mermaid import STYLES
from workers.graph.model import Graph
from workers.graph.svg.boxes import FACT, TITLE
from workers.graph.svg.drawing import style, svg
from workers.graph.svg.layout import layout
from workers.graph.svg.parts import PlacedBox, SvgPart
from workers.graph.svg.text import lines, width
from workflows.holds.wording import visible

NAMESPACE = "{http://www.w3.org/2000/svg}"
SIDES = """
name: sides
trigger: {event: a.b, data: [d]}
actions:
  - paths:
      - actions:
          - {id: one, ASK, onFailure: [{when: refused, actions: [{id: undo, ASK}, {id: undo2, ASK, onFailure: hold}], do: continue}, {when: timeout, actions: [{id: note, ASK}], do: continue}, {when: http_429, do: retry}, {when: unknown, do: continue}, {when: any, do: continue}]}
          - {id: two, ASK, onFailure: [{when: any, actions: [{branch: [{conditions: {field: d.a, operator: exists}, actions: [{ASK}]}], otherwise: [{ASK}, {ASK}]}, {forEach: "{{d.b}}", actions: [{ASK}]}]}]}
      - actions: [{id: three, ASK, onFailure: continue}, {id: four, ASK, onFailure: continue}]
""".replace("ASK", "actionType: http_request, config: {method: GET, url: 'https://a.example.com/'}")
PICTURES: dict[str, str | Path] = {
    **{path.stem: path for path in EXAMPLES},
    "everything": EVERYTHING,
    "sides": SIDES,
    "hostile": hostile(),
    "long": long(500),
    "deep": deep(14),
}


every_picture = together("name", PICTURES)


@functools.cache
def graph_of(name: str) -> Graph:
    return picture(PICTURES[name], {"ask": Mark(name="held", facts=("held", "since 2026-11-28 09:00 UTC"))})


@every_picture
def test_everything_is_drawn_once_and_told(name: str) -> None:
    graph = graph_of(name)
    text = svg(graph)
    root = ET.fromstring(text)  # noqa: S314 # our own text
    boxes = [one.get("data-id") for one in root.iter(f"{NAMESPACE}g") if one.get("data-id") is not None]
    assert sorted(map(str, boxes)) == sorted(visible(item.box.id) for item in graph.items())
    drawn = [(one.get("data-from"), one.get("data-to"), "dashed" in str(one.get("class"))) for one in paths(root)]
    assert sorted(drawn) == sorted((one.source, one.target, one.dashed) for one in graph.edges())
    labels = [
        str(one.findtext(f"{NAMESPACE}title")) for one in root.iter(f"{NAMESPACE}g") if one.get("class") == "chip"
    ]
    assert sorted(labels) == sorted(visible(one)[:1_000] for one in told(graph))
    assert root.get("role") == "img"
    assert str(root.get("aria-labelledby")).split() == [root[0].get("id"), root[1].get("id")]
    assert (root[0].tag, root[0].text, root[1].tag) == (f"{NAMESPACE}title", graph.title, f"{NAMESPACE}desc")
    assert text == svg(graph)


def paths(root: ET.Element) -> Iterator[ET.Element]:
    yield from (one for one in root.iter(f"{NAMESPACE}path") if one.get("data-from") is not None)


def told(graph: Graph) -> Iterator[str]:
    for item in graph.items():
        yield from (way.label for way in item.ways)
        yield from [item.label] if item.label else []


@every_picture
def test_nothing_in_it_can_act_or_fetch(name: str) -> None:
    graph = graph_of(name)
    text = svg(graph)
    root = ET.fromstring(text)  # noqa: S314 # our own text
    allowed = {"svg", "title", "desc", "style", "rect", "g", "path", "polygon", "text"}
    assert {one.tag.removeprefix(NAMESPACE) for one in root.iter()} <= allowed
    names = {name for one in root.iter() for name in one.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name or name == "style"]
    assert "url(" not in style()
    assert "@import" not in style()
    assert "<style" not in svg(graph, styled=False)


@every_picture
def test_no_box_lies_on_another_and_all_are_within(name: str) -> None:
    graph = graph_of(name)
    whole = layout(graph)
    assert all(inside(one, whole) for one in whole.boxes)
    assert all(
        one.x - one.width / 2 >= -0.1 and one.x + one.width / 2 <= whole.width + 0.1 and one.y >= 0
        for one in whole.chips
    )
    alone = [one for one in whole.boxes if not one.around]
    if len(alone) < 200:
        assert [(one.box.id, other.box.id) for one, other in combinations(alone, 2) if apart(one, other) < 8] == []
    frames = [one for one in whole.boxes if one.around]
    for one, other in combinations(frames, 2):
        assert apart(one, other) > 0 or within(one, other) or within(other, one)


def inside(one: PlacedBox, whole: SvgPart) -> bool:
    return (
        one.x > -0.1
        and one.y > -0.1
        and one.x + one.width < whole.width + 0.1
        and one.y + one.height < whole.height + 0.1
    )


def apart(one: PlacedBox, other: PlacedBox) -> float:
    across = max(one.x - other.x - other.width, other.x - one.x - one.width)
    down = max(one.y - other.y - other.height, other.y - one.y - one.height)
    return max(across, down)


def within(one: PlacedBox, other: PlacedBox) -> bool:
    return (
        one.x > other.x
        and one.y > other.y
        and one.x + one.width < other.x + other.width
        and one.y + one.height < other.y + other.height
    )


@every_picture
def test_no_line_crosses_a_box_and_none_runs_slanted(name: str) -> None:
    graph = graph_of(name)
    whole = layout(graph)
    alone = [one for one in whole.boxes if not one.around]
    if len(alone) > 200:
        alone = alone[:100]
    for line in whole.lines:
        for (x1, y1), (x2, y2) in pairwise(line.points):
            assert abs(x1 - x2) < 0.6 or abs(y1 - y2) < 1.1, line
            left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
            for box in alone:
                across = left < box.x + box.width - 0.5 and right > box.x + 0.5
                down = top < box.y + box.height - 0.5 and bottom > box.y + 0.5
                assert not (across and down), (line, box.box.id)


@every_picture
def test_chips_lie_on_no_box_and_no_other_chip(name: str) -> None:
    graph = graph_of(name)
    whole = layout(graph)
    chips = [
        PlacedBox(
            box=whole.boxes[0].box,
            x=one.x - one.width / 2,
            y=one.y - one.height / 2,
            width=one.width,
            height=one.height,
            lines=[],
        )
        for one in whole.chips
    ]
    alone = [one for one in whole.boxes if not one.around]
    for one, other in combinations(chips, 2):
        assert apart(one, other) > 0
    if len(alone) < 200:
        assert [(round(one.x), other.box.id) for one in chips for other in alone if apart(one, other) < 0] == []


@every_picture
def test_what_stands_in_a_box_fits_into_it(name: str) -> None:
    graph = graph_of(name)
    for one in layout(graph).boxes:
        for line in one.lines:
            assert width(line.text, TITLE if line.bold else FACT, bold=line.bold) <= one.width - 8


def test_a_chain_is_as_narrow_as_a_phone() -> None:
    assert layout(picture(long(40))).width < 358


def test_texts_break_at_blanks_then_anywhere() -> None:
    assert lines("one two three four", 13, 60, 9) == ["one two", "three four"]
    assert lines("kustomer.conversation_move_customer", 13, 120, 9) == ["kustomer.", "conversation_", "move_customer"]
    long_word = lines("x" * 4_096, 13, 100, 3)
    assert len(long_word) == 3
    assert long_word[-1].endswith("…")
    assert all(width(line, 13) <= 100 for line in long_word)
    assert "".join(lines("日本語" * 8, 13, 100, 9)) == "日本語" * 8
    assert lines("", 13, 100, 3) == [""]
    assert width("e\u0301", 13) == width("e", 13)
    assert lines("a\u202eb", 13, 200, 3) == ["a\\u202eb"]


def colours(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r"\.picture \{(.*?)\}", style(), re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else {**found, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_read_stands_out(scheme: str) -> None:
    known = colours(scheme)
    papers = [name for name in known if name.endswith("paper") or name in {"box", "frame"}]
    poor = {
        f"{front} on {behind}": round(contrast(known[front], known[behind]), 2)
        for front in ("ink", "soft")
        for behind in papers
        if contrast(known[front], known[behind]) < 4.5
    }
    assert poor == {}
    assert [edge for edge in ("edge", "good", "bad", "warn", "calm") if contrast(known[edge], known["paper"]) < 3] == []
    assert not re.findall(r"#[0-9a-f]{3,8}", re.sub(r"--[\w-]+: #[0-9a-f]{6};", "", style()))


def test_every_status_has_a_colour_of_its_own() -> None:
    for name in STYLES:
        assert f".{name} > .shape" in style(), name


def test_a_condition_on_an_end_leads_on_with_a_word() -> None:
    graph = picture(
        definition(
            [{"id": "early", "stop": "failed", "conditions": {"field": "d.a", "operator": "exists"}}, get("last")]
        )
    )
    [label] = layout(graph).chips
    assert label.lines == ["otherwise"]
