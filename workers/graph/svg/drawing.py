"""Writes a laid-out picture as SVG: no script, nothing fetched, light or dark as the reader's screen is."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from workers.graph.model import Graph
from workers.graph.svg.boxes import FACT, SIGN, SIGNS, TITLE, TOP, line_height, line_width
from workers.graph.svg.layout import layout
from workers.graph.svg.parts import Chip, PlacedBox, PlacedLine, Point, SvgPart, TextLine
from workflows.holds.wording import visible

MARGIN = 16.0
ROUND = 7.0
TITLE_ID, TOLD_ID = "picture-title", "picture-told"
LONGEST = 1_000
"""Characters of a tooltip."""


@functools.cache
def style() -> str:
    """Return the rules of every picture's colours."""
    return (files("workers.graph.svg") / "style.css").read_text("utf-8")


def svg(graph: Graph, *, styled: bool = True) -> str:
    """Return a picture as SVG text; the same picture is always the same text.

    Args:
        graph: the picture.
        styled: whether it brings its own style; where not, `style()` belongs to the page that it stands in.
    """
    whole = layout(graph)
    whole.move(MARGIN, MARGIN)
    wide, high = _number(whole.width + 2 * MARGIN), _number(whole.height + 2 * MARGIN)
    size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
    named = f'aria-labelledby="{TITLE_ID} {TOLD_ID}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} class="picture" role="img" {named}>',
        f'<title id="{TITLE_ID}">{_plain(graph.title)}</title>',
        f'<desc id="{TOLD_ID}">{_plain(_description(graph))}</desc>',
        *([f"<style>\n{style()}</style>"] if styled else []),
        f'<rect class="paper" width="{wide}" height="{high}" rx="10"/>',
        *_body(whole),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _description(graph: Graph) -> str:
    """Return a picture in words: its boxes in order."""
    boxes = [item.box for item in graph.items()]
    lines = [[text for text, _ in box.lines] for box in boxes]
    shown = [f"{first} ({', '.join(rest)})" if rest else first for first, *rest in lines]
    return f"{len(boxes)} boxes, in the order in which they run: {'; '.join(shown)}"[: 4 * LONGEST]


def _body(whole: SvgPart) -> Iterator[str]:
    frames = [one for one in whole.boxes if one.around]
    for frame in frames:
        yield from _box(frame)
    for line in whole.lines:
        yield from _line(line)
    for box in whole.boxes:
        if not box.around:
            yield from _box(box)
    for label in whole.chips:
        yield from _chip(label)


def _box(placed: PlacedBox) -> Iterator[str]:
    box = placed.box
    kind = "failed-run" if box.kind == "failed" else box.kind
    classes = " ".join(dict.fromkeys([*(["frame"] if placed.around else []), "box", kind, *box.classes]))
    yield f'<g class="{classes}" data-id={quoteattr(box.id)}>'
    yield f"<title>{_plain(chr(10).join(text for text, _ in box.lines)[:LONGEST])}</title>"
    yield _shape(placed)
    y = placed.y + TOP
    if not placed.around:
        y = placed.y + (placed.height - sum(map(line_height, placed.lines))) / 2
    for line in placed.lines:
        yield from _text(line, placed, y)
        y += line_height(line)
    yield "</g>"


def _shape(placed: PlacedBox) -> str:
    x, y, wide, high = placed.x, placed.y, placed.width, placed.height
    if placed.box.kind == "branch":
        ends = [(x + 12, y), (x + wide - 12, y), (x + wide, y + high / 2)]
        ends += [(x + wide - 12, y + high), (x + 12, y + high), (x, y + high / 2)]
        points = " ".join(f"{_number(px)},{_number(py)}" for px, py in ends)
        return f'<polygon class="shape" points="{points}"/>'
    rounded = high / 2 if placed.box.kind in {"trigger", "end", "stop", "wait"} else 8.0
    at = f'x="{_number(x)}" y="{_number(y)}" width="{_number(wide)}" height="{_number(high)}"'
    return f'<rect class="shape" {at} rx="{_number(min(rounded, 22.0))}"/>'


def _text(line: TextLine, placed: PlacedBox, y: float) -> Iterator[str]:
    size = TITLE if line.bold else FACT
    base = y + line_height(line) / 2 + size * 0.35
    middle = placed.x + placed.width / 2
    if line.sign is not None:
        left = middle - line_width(line) / 2
        place = f"translate({_number(left)} {_number(base - 11)})"
        yield f'<path class="sign" transform="{place}" d="{SIGNS[line.sign]}"/>'
        middle += SIGN / 2
    kind = "title" if line.bold else "fact"
    at = f'x="{_number(middle)}" y="{_number(base)}"'
    yield f'<text class="{kind}" {at} text-anchor="middle">{_plain(line.text)}</text>'


def _line(line: PlacedLine) -> Iterator[str]:
    ends = f"data-from={quoteattr(line.source)} data-to={quoteattr(line.target)}"
    dashed = " dashed" if line.dashed else ""
    yield f'<path class="line{dashed}" {ends} d="{_along(line.points)}"/>'
    (bx, by), (x, y) = line.points[-2:]
    dx, dy = (0.0, 1.0 if y > by else -1.0) if abs(x - bx) < abs(y - by) else (1.0 if x > bx else -1.0, 0.0)
    tips = [(x, y), (x - 7 * dx - 4 * dy, y - 7 * dy - 4 * dx), (x - 7 * dx + 4 * dy, y - 7 * dy + 4 * dx)]
    yield f'<polygon class="tip" points="{" ".join(f"{_number(px)},{_number(py)}" for px, py in tips)}"/>'


def _along(points: list[Point]) -> str:
    """Return a line along points, with round corners."""
    steps = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
    for (before, corner), (_, after) in zip(pairwise(points), pairwise(points[1:]), strict=False):
        into, out = _toward(corner, before), _toward(corner, after)
        steps.append(f"L{into}Q{_number(corner[0])} {_number(corner[1])} {out}")
    steps.append(f"L{_number(points[-1][0])} {_number(points[-1][1])}")
    return "".join(steps)


def _toward(corner: Point, other: Point) -> str:
    """Return where a round corner begins or ends: a little from the corner towards another point."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(dx), abs(dy))
    share = min(ROUND, length / 2) / length if length else 0
    return f"{_number(corner[0] + dx * share)} {_number(corner[1] + dy * share)}"


def _chip(label: Chip) -> Iterator[str]:
    left, top = label.x - label.width / 2, label.y - label.height / 2
    at = f'x="{_number(left)}" y="{_number(top)}" width="{_number(label.width)}" height="{_number(label.height)}"'
    yield f'<g class="chip"><title>{_plain(label.text[:LONGEST])}</title><rect {at} rx="6"/>'
    first = label.y - (len(label.lines) - 1) * 14.5 / 2 + FACT * 0.35
    for place, line in enumerate(label.lines):
        y = _number(first + place * 14.5)
        yield f'<text x="{_number(label.x)}" y="{y}" text-anchor="middle">{_plain(line)}</text>'
    yield "</g>"


def _plain(text: str) -> str:
    """Return a text as XML, with nothing in it hidden."""
    return escape(visible(text))


def _number(value: float) -> str:
    """Return a number with at most one digit after the point."""
    return f"{value:.1f}".removesuffix(".0")
