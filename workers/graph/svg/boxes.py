"""How large boxes and labels are for what stands in them."""

from __future__ import annotations

from collections.abc import Mapping

from workers.graph.model import Box, Kind
from workers.graph.svg.parts import Chip, PlacedBox, SvgPart, TextLine
from workers.graph.svg.text import lines, width

TITLE, FACT = 13.0, 11.5
LEADING = 1.35
ROOM, NARROWEST = 200.0, 84.0
SIDES, TOP = 14.0, 9.0
MOST_TITLE, MOST_FACT, MOST_CHIP = 3, 3, 4
CHIP_ROOM = 150.0
SIGN = 16.0
SIGNS = {
    "person": "M6 6.2a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2zM1 12c0-3 2.2-4.4 5-4.4s5 1.4 5 4.4",
    "clock": "M6 12a5.2 5.2 0 1 0 0-10.4A5.2 5.2 0 0 0 6 12zM6 4v3l2 1.4",
}
"""How signs are drawn, 12 by 12, and the room that they take."""

POINTED: Mapping[Kind, float] = {"branch": 14.0}
"""What a shape needs besides at both sides."""

HEAD_ROOM = 360.0
INNER = 18.0
BESIDE = 26.0


def text_lines(box: Box, room: float = ROOM) -> list[TextLine]:
    """Return what stands in a box, line by line as it breaks."""
    found: list[TextLine] = []
    for text, sign in box.lines:
        bold = not found
        size, most = (TITLE, MOST_TITLE) if bold else (FACT, MOST_FACT)
        more = [TextLine(text=one, bold=bold) for one in lines(text, size, room, most, bold=bold)]
        more[0].sign = sign if sign in SIGNS else None
        found += more
    return found


def line_width(line: TextLine) -> float:
    """Return how wide a line of text is, with its sign."""
    return width(line.text, TITLE if line.bold else FACT, bold=line.bold) + (SIGN if line.sign else 0)


def line_height(line: TextLine) -> float:
    """Return how high a line of text is."""
    return (TITLE if line.bold else FACT) * LEADING


def single(box: Box, least: float = 0.0) -> SvgPart:
    """Return a part that is one box, at least so high."""
    found = text_lines(box)
    pointed = POINTED.get(box.kind, 0.0)
    wide = max(NARROWEST, *map(line_width, found)) + 2 * (SIDES + pointed)
    high = max(sum(map(line_height, found)) + 2 * TOP, least)
    placed = PlacedBox(box=box, x=0, y=0, width=wide, height=high, lines=found)
    return SvgPart(width=wide, height=high, spine=wide / 2, left=(0, high / 2), first=box.id, boxes=[placed])


def around(box: Box, inside: list[SvgPart], least: float = 0.0) -> SvgPart:
    """Return a part that is a box around others, which stand side by side."""
    found = text_lines(box, HEAD_ROOM)
    head = sum(map(line_height, found)) + TOP + 6
    inner = sum(part.width for part in inside) + BESIDE * (len(inside) - 1)
    wide = max(inner, max(map(line_width, found)) + 4) + 2 * INNER
    high = max(head + max((part.height for part in inside), default=0) + INNER, least)
    placed = PlacedBox(box=box, x=0, y=0, width=wide, height=high, lines=found, around=True)
    whole = SvgPart(width=wide, height=high, spine=wide / 2, left=(0, head / 2), first=box.id, boxes=[placed])
    x = (wide - inner) / 2
    for part in inside:
        step = part.width + BESIDE
        whole.take(part, x, head)
        x += step
    return whole


def chip(text: str, *, dashed: bool) -> Chip:
    """Return a label, not placed yet."""
    found = lines(text, FACT, CHIP_ROOM, MOST_CHIP)
    wide = max(width(line, FACT) for line in found) + 14
    return Chip(x=0, y=0, width=wide, height=len(found) * 14.5 + 5, lines=found, text=text, dashed=dashed)
