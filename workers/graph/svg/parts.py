"""Pieces of a layout: boxes, lines and labels with their places, moved as one."""

from __future__ import annotations

from dataclasses import dataclass, field

from workers.graph.model import Box, Sign

Point = tuple[float, float]


@dataclass(slots=True, kw_only=True)
class TextLine:
    """A line of text in a box.

    Attributes:
        text: what it says.
        bold: whether it is the title's.
        sign: what is drawn before it.
    """

    text: str
    bold: bool = False
    sign: Sign | None = None


@dataclass(slots=True, kw_only=True)
class PlacedBox:
    """A box with its place: upper left corner, width and height in pixels."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    lines: list[TextLine]
    around: bool = False


@dataclass(slots=True, kw_only=True)
class PlacedLine:
    """A line between two boxes, by their ids, along its points."""

    source: str
    target: str
    points: list[Point]
    dashed: bool


@dataclass(slots=True, kw_only=True)
class Chip:
    """A label that lies on a line, by its middle."""

    x: float
    y: float
    width: float
    height: float
    lines: list[str]
    text: str
    dashed: bool


@dataclass(slots=True, kw_only=True)
class Exit:
    """A line that leaves a part and has no target yet."""

    source: str
    points: list[Point]
    dashed: bool = False


@dataclass(slots=True, kw_only=True)
class SvgPart:
    """A piece of the picture, from (0, 0) to (width, height).

    Attributes:
        width: in pixels.
        height: in pixels.
        spine: x at which it is entered from above.
        left: left edge of its first box, where it is entered from the side, and at which height.
        first: id of its first box.
        boxes: what is in it; outer ones first.
        lines: complete lines.
        chips: labels.
        exits: lines that leave it.
    """

    width: float
    height: float
    spine: float
    left: Point
    first: str
    boxes: list[PlacedBox] = field(default_factory=list)
    lines: list[PlacedLine] = field(default_factory=list)
    chips: list[Chip] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)

    def move(self, x: float, y: float) -> None:
        """Move everything in it."""
        things: list[PlacedBox | Chip] = [*self.boxes, *self.chips]
        for thing in things:
            thing.x += x
            thing.y += y
        lines: list[PlacedLine | Exit] = [*self.lines, *self.exits]
        for line in lines:
            line.points = [(px + x, py + y) for px, py in line.points]
        self.left = (self.left[0] + x, self.left[1] + y)

    def take(self, other: SvgPart, x: float, y: float) -> None:
        """Take in another part at a place; its exits are left to the caller."""
        other.move(x, y)
        self.boxes += other.boxes
        self.lines += other.lines
        self.chips += other.chips
