"""Where everything stands: blocks run downwards, ways of a branch side by side, what follows a failure at the right.

The order of the automation is the order of the picture, so no line crosses a box or another line's way.
"""

from __future__ import annotations

from workers.graph.model import Block, Graph, GraphItem, GraphWay
from workers.graph.svg.boxes import BESIDE, around, chip, single
from workers.graph.svg.parts import Exit, PlacedLine, SvgPart
from workers.graph.svg.sides import with_sides

GAP, MERGE = 30.0, 17.0
"""Between two boxes, and how far above a box lines meet that lead to it."""

FORK = 15.0
NEAR = 0.5


def layout(graph: Graph) -> SvgPart:
    """Return the whole picture, laid out."""
    whole = block_part(graph.block)
    if not graph.after:
        return whole
    apart = block_part(graph.after)
    left = max(whole.spine, apart.spine)
    both = SvgPart(width=0, height=0, spine=left, left=(0, 0), first=whole.first)
    both.width = left + max(whole.width - whole.spine, apart.width - apart.spine)
    both.height = whole.height + GAP + apart.height
    both.take(whole, left - whole.spine, 0)
    both.take(apart, left - apart.spine, whole.height + GAP)
    return both


def block_part(block: Block) -> SvgPart:
    """Return a block, laid out from above."""
    parts = [item_part(item) for item in block]
    spine = max((part.spine for part in parts), default=0)
    whole = SvgPart(width=0, height=0, spine=spine, left=(0, 0), first=block[0].box.id if block else "")
    pending: list[Exit] = []
    y = 0.0
    for place, part in enumerate(parts):
        if place:
            y += GAP if all(abs(one.points[-1][0] - spine) < NEAR for one in pending) else GAP + MERGE
        whole.take(part, spine - part.spine, y)
        for one in pending:
            _connect(whole, one, part.first, spine, y)
        if not place:
            whole.left = part.left
        pending, y = part.exits, y + part.height
        whole.width = max(whole.width, spine - part.spine + part.width)
    whole.height, whole.exits = y, pending
    return whole


def _connect(whole: SvgPart, one: Exit, target: str, x: float, y: float) -> None:
    last = one.points[-1]
    corner = [] if abs(last[0] - x) < NEAR else [(last[0], y - MERGE), (x, y - MERGE)]
    points = [*one.points, *corner, (x, y)]
    whole.lines.append(PlacedLine(source=one.source, target=target, points=points, dashed=one.dashed))


def item_part(item: GraphItem) -> SvgPart:
    """Return a box with what is inside it and the ways that leave it."""
    sides = [way for way in item.ways if way.dashed]
    least = 24.0 * len(sides)
    if item.inside is None:
        part = single(item.box, least)
    else:
        part = around(item.box, [block_part(block) for block in item.inside], least)
    part.exits = []
    if sides:
        part = with_sides(part, [(way, block_part(way.block) if way.block else None) for way in sides])
    forks = [way for way in item.ways if not way.dashed]
    if forks:
        return _with_forks(part, forks)
    if item.on:
        _straight_on(part, item)
    return part


def _straight_on(part: SvgPart, item: GraphItem) -> None:
    """Add the line to what follows, with its label, at the box's lower edge."""
    bottom = part.boxes[0].y + part.boxes[0].height
    part.exits.insert(0, Exit(source=item.box.id, points=[(part.spine, bottom)]))
    if item.label:
        label = chip(item.label, dashed=False)
        label.x, label.y = part.spine, bottom + 8 + label.height / 2
        part.chips.append(label)
        part.height = max(part.height, label.y + label.height / 2 - 8)


def _with_forks(top: SvgPart, ways: list[GraphWay]) -> SvgPart:
    """Return a branch: its box above, its ways side by side below it."""
    columns = [(chip(way.label, dashed=False), block_part(way.block) if way.block else None) for way in ways]
    lefts = [max(label.width / 2, part.spine if part else 0) for label, part in columns]
    rights = [max(label.width / 2, part.width - part.spine if part else 0) for label, part in columns]
    spines: list[float] = []
    x = 0.0
    for left, right in zip(lefts, rights, strict=True):
        spines.append(x + left)
        x += left + right + BESIDE
    middle = (spines[0] + spines[-1]) / 2
    shift = max(0.0, top.spine - middle)
    spine, wide = middle + shift, max(x - BESIDE + shift, middle + shift + top.width - top.spine)
    fork, labels = top.height + FORK, top.height + 2 * FORK
    begin = labels + max(label.height for label, _ in columns) + GAP - 8
    whole = SvgPart(width=wide, height=begin, spine=spine, left=(0, 0), first=top.first)
    whole.take(top, spine - top.spine, 0)
    whole.left = top.left
    for (label, part), at in zip(columns, (one + shift for one in spines), strict=True):
        label.x, label.y = at, labels + label.height / 2
        whole.chips.append(label)
        corner = [(spine, fork), (at, fork)] if abs(at - spine) > NEAR else []
        points = [(spine, top.height), *corner, (at, begin if part else labels + label.height)]
        if part is None:
            whole.exits.append(Exit(source=top.first, points=points))
            continue
        whole.take(part, at - part.spine, begin)
        whole.lines.append(PlacedLine(source=top.first, target=part.first, points=points, dashed=False))
        whole.exits += part.exits
        whole.height = max(whole.height, begin + part.height)
    return whole
