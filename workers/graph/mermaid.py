"""A picture as a Mermaid flowchart, whatever stands in its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workers.graph.model import Block, Box, Graph, GraphItem, Kind, Sign
from workflows.holds.wording import visible

LONGEST = 300
"""Characters of a label that are kept."""

KEPT = "subgraph|graph|flowchart|end|style|linkStyle|classDef|class|default|interpolate|_self|_blank|_parent|_top"
KEPT_ALONE = "click|call|href"
WORD = re.compile(rf"(\d*(?:{KEPT}))(?!\w)|(\d*(?:{KEPT_ALONE}))$")
"""A word that Mermaid takes for its own at the beginning of an id."""

SPECIAL = re.compile(r"[\"#&<>`\\{}|;%~$ﬂ]")
STYLED = re.compile(r"[\"#&<>`\\{}|;%~$ﬂ:]")
"""The same with `:`, for a line that Mermaid could take for a style and then cut."""

SHAPES: Mapping[Kind, tuple[str, str]] = {
    "trigger": ("([", "])"),
    "hold": ("[/", "/]"),
    "call": ("[[", "]]"),
    "wait": ("([", "])"),
    "stop": ("([", "])"),
    "end": ("([", "])"),
    "branch": ("{", "}"),
    "operators": ("[/", "/]"),
}
SIGNS: Mapping[Sign, str] = {"person": "👤 ", "clock": "⏱ ", "start": "▶ "}

STYLES = {
    "hold": "fill:#fff4d6,stroke:#8a5a00,color:#3d2800",
    "wait": "fill:#e8effc,stroke:#3a5fa8,color:#14264a",
    "pending": "fill:#f4f5f7,stroke:#9aa3b2,color:#515c72",
    "running": "fill:#dcebff,stroke:#1747a6,color:#0c2a66",
    "held": "fill:#ffe9b3,stroke:#8a5a00,color:#3d2800",
    "succeeded": "fill:#dff5e7,stroke:#05603a,color:#06281a",
    "failed": "fill:#fde3e0,stroke:#a8210f,color:#4a0f07",
    "unknown": "fill:#fde3e0,stroke:#a8210f,color:#4a0f07,stroke-dasharray:4 3",
    "rejected": "fill:#fdeedd,stroke:#9a4a00,color:#452100",
    "expired": "fill:#fdeedd,stroke:#9a4a00,color:#452100",
    "superseded": "fill:#f4f5f7,stroke:#9a4a00,color:#452100",
    "skipped": "fill:#f4f5f7,stroke:#9aa3b2,color:#515c72,stroke-dasharray:4 3",
    "canceled": "fill:#f4f5f7,stroke:#515c72,color:#515c72,stroke-dasharray:4 3",
    "covered": "fill:#dff5e7,stroke:#05603a,color:#06281a",
    "partly": "fill:#ffe9b3,stroke:#8a5a00,color:#3d2800",
    "missed": "fill:#fde3e0,stroke:#a8210f,color:#4a0f07",
}
"""How boxes of a class look."""


def mermaid(graph: Graph) -> str:
    """Return the text of a flowchart; the same picture is always the same text."""
    names = node_names(graph)
    lines = ["flowchart TD", *_block(graph.block, names, 1), *_block(graph.after, names, 1)]
    for edge in graph.edges():
        arrow = "-.->" if edge.dashed else "-->"
        label = f'|"{label_of(edge.label)}"|' if edge.label else ""
        lines.append(f"  {names[edge.source]} {arrow}{label} {names[edge.target]}")
    members: dict[str, list[str]] = {}
    for item in graph.items():
        for name in item.box.classes:
            members.setdefault(name, []).append(names[item.box.id])
    for name, style in STYLES.items():
        if name in members:
            lines += [f"  classDef {name} {style}", f"  class {','.join(members[name])} {name}"]
    return "\n".join(lines) + "\n"


def node_names(graph: Graph) -> dict[str, str]:
    """Return the node id of every box: its own, but for words and signs that Mermaid keeps."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for item in graph.items():
        name = _own(item.box.id)
        while name in taken:
            name += "_"
        taken.add(name)
        names[item.box.id] = name
    return names


def _own(name: str) -> str:
    plain = name.replace("--", "_").replace("-.", "_.")
    return WORD.sub(lambda found: f"{found[0]}_", plain, count=1) if WORD.match(plain) else plain


def label_of(text: str) -> str:
    """Return a text as the inside of a quoted label: nothing in it is a sign of Mermaid's, or hidden."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    plain = visible(" ".join(short.split()))
    special = STYLED if "style" in plain or "classDef" in plain else SPECIAL
    return special.sub(lambda found: "#quot;" if found[0] == '"' else f"#{ord(found[0])};", plain)


def _text(box: Box) -> str:
    return "<br/>".join(label_of(f"{SIGNS[sign] if sign else ''}{text}") for text, sign in box.lines)


def _block(block: Block, names: Mapping[str, str], depth: int) -> Iterator[str]:
    for item in block:
        yield from _item(item, names, depth)
        for way in item.ways:
            yield from _block(way.block, names, depth)


def _item(item: GraphItem, names: Mapping[str, str], depth: int) -> Iterator[str]:
    indent, name = "  " * depth, names[item.box.id]
    if item.inside is None:
        left, right = SHAPES.get(item.box.kind, ("[", "]"))
        yield f'{indent}{name}{left}"{_text(item.box)}"{right}'
        return
    yield f'{indent}subgraph {name}["{_text(item.box)}"]'
    for block in item.inside:
        yield from _block(block, names, depth + 1)
    yield f"{indent}end"
