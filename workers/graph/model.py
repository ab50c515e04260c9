"""What a picture shows: boxes in the order in which they run, the ways between them, and boxes within boxes.

Mermaid and DOT take the edges; the SVG follows the order itself, so that no line crosses another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "trigger",
    "action",
    "hold",
    "call",
    "wait",
    "set",
    "stop",
    "branch",
    "forEach",
    "repeat",
    "paths",
    "path",
    "operators",
    "failed",
    "end",
]
"""What a box stands for: a step by its kind, or what no step is: the trigger, operators, an end, a failed run."""


Sign = Literal["person", "clock", "start"]
SIGN_OF: Mapping[Kind, Sign] = {"operators": "person", "wait": "clock", "trigger": "start"}
"""The sign before the title of a box, by its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box.

    Attributes:
        id: the step's id; of what is no step, an id that no step has.
        kind: what it stands for.
        title: its label.
        who: the people who decide about it, where it waits for any.
        facts: what else is to be said, a line each.
        classes: by which it is coloured: `hold`, `wait`, the step's status, how tests cover it.
    """

    id: str
    kind: Kind
    title: str
    who: str = ""
    facts: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def lines(self) -> list[tuple[str, Sign | None]]:
        """What stands in it, line by line, each with the sign before it."""
        first: tuple[str, Sign | None] = (self.title, SIGN_OF.get(self.kind))
        who: list[tuple[str, Sign | None]] = [(self.who, "person")] if self.who else []
        return [first, *who, *((fact, None) for fact in self.facts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphWay:
    """Where it goes on after a box, other than straight on.

    Attributes:
        label: when.
        block: what runs then.
        dashed: whether it follows a failure or a refusal.
        after: what follows the block: the next box, the same box again, or nothing.
    """

    label: str
    block: Block = ()
    dashed: bool = False
    after: Literal["next", "again", "nothing"] = "next"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphItem:
    """A box with what is inside it, and how it goes on.

    Attributes:
        box: the box.
        inside: the blocks within it, side by side; none where it is a single box.
        on: whether it goes straight on to the next box.
        label: when it does so, where not always.
        ways: where else it goes on, in the order in which that is decided.
    """

    box: Box
    inside: tuple[Block, ...] | None = None
    on: bool = True
    label: str = ""
    ways: tuple[GraphWay, ...] = ()


Block = tuple[GraphItem, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from one box to another, by their ids."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """A whole picture.

    Attributes:
        title: what it shows.
        block: its boxes in order.
        after: what stands apart: what runs once a run has failed.
    """

    title: str
    block: Block
    after: Block = ()

    def edges(self) -> list[Edge]:
        """Return every line, in the order of the boxes that they leave."""
        found: list[Edge] = []
        for block in (self.block, self.after):
            connect(block, [], found)
        return found

    def items(self) -> Iterator[GraphItem]:
        """Yield every box with what belongs to it, outer ones first."""
        for block in (self.block, self.after):
            yield from items(block)


def connect(block: Block, incoming: list[Edge], found: list[Edge]) -> list[Edge]:
    """Add the lines of a block to those found.

    Args:
        block: the boxes.
        incoming: lines that lead to its first box; they have no target yet.
        found: where complete lines go.

    Returns:
        The lines that leave its end, without a target.
    """
    for item in block:
        found += [Edge(one.source, item.box.id, one.label, one.dashed) for one in incoming]
        for inner in item.inside or ():
            connect(inner, [], found)
        incoming = _leaving(item, found)
    return incoming


def _leaving(item: GraphItem, found: list[Edge]) -> list[Edge]:
    name = item.box.id
    leaving = [Edge(name, "", item.label)] if item.on else []
    for way in item.ways:
        first = Edge(name, "", way.label, way.dashed)
        if way.after == "again":
            found.append(Edge(name, name, way.label, way.dashed))
            continue
        left = connect(way.block, [first], found)
        if way.after == "next":
            leaving += [Edge(one.source, "", one.label, way.dashed or one.dashed) for one in left]
    return leaving


def items(block: Block) -> Iterator[GraphItem]:
    """Yield the boxes of a block with what belongs to them, outer ones first."""
    for item in block:
        yield item
        for inner in item.inside or ():
            yield from items(inner)
        for way in item.ways:
            yield from items(way.block)
