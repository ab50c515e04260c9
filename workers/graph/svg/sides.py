"""What follows a failure or a refusal: at the right of its box, one below the other."""

from __future__ import annotations

from workers.graph.model import GraphWay
from workers.graph.svg.boxes import chip
from workers.graph.svg.parts import Chip, Exit, PlacedLine, SvgPart

NEXT, LANE, STEP = 10.0, 12.0, 18.0
LOOP, TURN = 14.0, 8.0

Side = tuple[GraphWay, SvgPart | None]


def with_sides(part: SvgPart, sides: list[Side]) -> SvgPart:
    """Return a box with what follows its failures, from top to bottom: again, blocks, and what just goes on.

    A line that goes further down leaves its box lower and turns further left: so none crosses another.
    """
    order = sorted(sides, key=lambda side: 0 if side[0].after == "again" else 1 if side[1] is not None else 2)
    return _Sides(part, order).placed()


class _Sides:
    def __init__(self, part: SvgPart, order: list[Side]) -> None:
        self.part = part
        self.order = order
        self.chips = [chip(way.label, dashed=True) for way, _ in order]
        self.edge = part.width
        self.bottom = 0.0
        self.right = part.width
        self.beside: list[tuple[Exit, float]] = []

    def placed(self) -> SvgPart:
        """Return the box with all of it."""
        heights = self._starts()
        lanes, room = self._lanes()
        block_x = room + max((one.width for one in self._of_blocks()), default=0) + LANE + STEP
        blocks = [place for place, (_, block) in enumerate(self.order) if block is not None]
        for place, (way, block) in enumerate(self.order):
            label, start = self.chips[place], heights[place]
            if way.after == "again":
                self._again(label, start)
            elif block is not None:
                last = place == blocks[-1] and all(one is not None for _, one in self.order[place:])
                self._block(place, start, lanes[place], block_x, last=last)
            else:
                self._on(label, start, lanes[place])
        self._lead_on()
        self.part.width = max(self.part.width, self.right)
        self.part.height = max(self.part.height, self.bottom)
        return self.part

    def _starts(self) -> list[float]:
        """Return the height at which each line leaves the box."""
        high = self.part.boxes[0].height
        return [high * (place + 0.5) / len(self.order) for place in range(len(self.order))]

    def _of_blocks(self) -> list[Chip]:
        return [label for label, (_, block) in zip(self.chips, self.order, strict=True) if block is not None]

    def _lanes(self) -> tuple[list[float], float]:
        """Return x at which each line turns downwards, and where the lanes end."""
        lanes = [0.0] * len(self.order)
        x = self.edge
        for place in reversed(range(len(self.order))):
            way, block = self.order[place]
            label = self.chips[place]
            if way.after == "again":
                continue
            if block is None:
                lanes[place] = x + NEXT + label.width / 2
                x = lanes[place] + label.width / 2
            else:
                lanes[place] = x + LANE
                x += LANE
        return lanes, x

    def _again(self, label: Chip, start: float) -> None:
        edge, source = self.edge, self.part.first
        points = [(edge, start - 6), (edge + LOOP, start - 6), (edge + LOOP, start + 6), (edge, start + 6)]
        self.part.lines.append(PlacedLine(source=source, target=source, points=points, dashed=True))
        label.x, label.y = edge + LOOP - 2 + label.width / 2, max(start, label.height / 2)
        self._keep(label)
        self.bottom = max(self.bottom, label.y + label.height / 2 + 6)

    def _on(self, label: Chip, start: float, lane: float) -> None:
        label.x, label.y = lane, start + 8 + label.height / 2
        self._keep(label)
        points = [(self.edge, start), (lane, start), (lane, label.y + label.height / 2)]
        self.part.exits.append(Exit(source=self.part.first, points=points, dashed=True))
        self.part.height = max(self.part.height, label.y + label.height / 2)

    def _block(self, place: int, start: float, lane: float, x: float, *, last: bool) -> None:
        way, block = self.order[place]
        label = self.chips[place]
        if block is None:
            raise AssertionError("Only ways with a block are placed here.")
        left, middle = block.left
        y = max(0.0, start - middle) if not self.bottom else self.bottom + STEP
        y = max(y, self.bottom + label.height / 2 + 4 - middle)
        exits, wide, high = block.exits, block.width, block.height
        self.part.take(block, x, y)
        at = y + middle
        turn = [] if abs(at - start) < 1 else [(lane, start), (lane, at)]
        points = [(self.edge, start), *turn, (x + left, at)]
        self.part.lines.append(PlacedLine(source=self.part.first, target=block.first, points=points, dashed=True))
        label.x, label.y = x - STEP - label.width / 2, at
        self._keep(label)
        self.right = max(self.right, x + wide)
        self.bottom = max(y + high, at + label.height / 2)
        if way.after == "next" and last:
            self.part.exits += [Exit(source=one.source, points=one.points, dashed=True) for one in exits]
        elif way.after == "next":
            self.beside += [(one, y + high + TURN) for one in exits]

    def _lead_on(self) -> None:
        """Lead the ends of blocks down beside those that stand below them; what begins higher runs further right."""
        for one, turn in reversed(self.beside):
            self.right += LANE
            points = [*one.points, (one.points[-1][0], turn), (self.right, turn)]
            self.part.exits.append(Exit(source=one.source, points=points, dashed=True))

    def _keep(self, label: Chip) -> None:
        self.part.chips.append(label)
        self.right = max(self.right, label.x + label.width / 2)
