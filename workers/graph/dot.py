"""A picture in Graphviz's language, whatever stands in its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workers.graph.mermaid import LONGEST, SIGNS, STYLES
from workers.graph.model import Block, Box, Edge, Graph, GraphItem, Kind
from workflows.holds.wording import visible

SHAPES: Mapping[Kind, str] = {
    "trigger": "oval",
    "hold": "parallelogram",
    "operators": "parallelogram",
    "call": "component",
    "wait": "oval",
    "stop": "oval",
    "end": "oval",
    "branch": "diamond",
}
COLOURS = re.compile(r"(fill|stroke|color):(#[0-9a-f]{6})")
ATTRIBUTES = {"fill": "fillcolor", "stroke": "color", "color": "fontcolor"}


def dot(graph: Graph) -> str:
    """Return the text of a graph; the same picture is always the same text."""
    clusters = {item.box.id: item for item in graph.items() if item.inside is not None}
    lines = [
        f"digraph {_quoted(graph.title)} {{",
        "  compound=true; rankdir=TB; fontname=Helvetica;",
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname=Helvetica];',
        "  edge [fontname=Helvetica];",
        *_block(graph.block, 1),
        *_block(graph.after, 1),
        *(f"  {_edge(edge, clusters)}" for edge in graph.edges()),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as a quoted string on one line."""
    plain = visible(" ".join(text.split()))
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _label(box: Box) -> str:
    lines = [f"{SIGNS[sign] if sign else ''}{text}" for text, sign in box.lines]
    return '"' + "\\n".join(_quoted(_short(line))[1:-1] for line in lines) + '"'


def _block(block: Block, depth: int) -> Iterator[str]:
    for item in block:
        yield from _item(item, depth)
        for way in item.ways:
            yield from _block(way.block, depth)


def _item(item: GraphItem, depth: int) -> Iterator[str]:
    box, indent = item.box, "  " * depth
    if item.inside is None:
        shape = SHAPES.get(box.kind)
        given = {"label": _label(box), **({"shape": shape} if shape else {}), **_colours(box)}
        classes = {"class": _quoted(" ".join(box.classes))} if box.classes else {}
        attributes = ", ".join(f"{name}={value}" for name, value in {**given, **classes}.items())
        yield f"{indent}{_quoted(box.id)} [{attributes}];"
        return
    yield f"{indent}subgraph {_quoted(f'cluster_{box.id}')} {{"
    yield f"{indent}  label={_label(box)};"
    yield from (f"{indent}  {name}={value};" for name, value in _colours(box).items() if name != "fontcolor")
    yield f"{indent}  {_quoted(box.id)} [shape=point, style=invis];"
    for block in item.inside:
        yield from _block(block, depth + 1)
    yield f"{indent}}}"


def _colours(box: Box) -> dict[str, str]:
    """Return the colours of a box: those of the last of its classes."""
    if not box.classes:
        return {}
    return {ATTRIBUTES[name]: f'"{colour}"' for name, colour in COLOURS.findall(STYLES[box.classes[-1]])}


def _edge(edge: Edge, clusters: Mapping[str, GraphItem]) -> str:
    given = {}
    if edge.label:
        given["label"] = _quoted(_short(edge.label))
    if edge.dashed:
        given["style"] = "dashed"
    if edge.source in clusters:
        given["ltail"] = _quoted(f"cluster_{edge.source}")
    if edge.target in clusters:
        given["lhead"] = _quoted(f"cluster_{edge.target}")
    attributes = f" [{', '.join(f'{name}={value}' for name, value in given.items())}]" if given else ""
    return f"{_quoted(edge.source)} -> {_quoted(edge.target)}{attributes};"
