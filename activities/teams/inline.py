"""Text with its styles, and how a card shows it: as the Markdown that Teams knows, or as rich text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from activities.markup import parser

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

SIGNS = re.compile(r"[\\*`\[\]<]|~~|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
"""What Markdown reads anywhere in a line; an underscore only at an end of a word."""

BEGINNING = re.compile(r"(?:\d{1,9}(?=[.)](?:\s|$)))?(?P<sign>[#>.)]|[-+](?=\s|$)|-(?=-+$))")
"""What it reads where a line begins: headings, quotations, items of lists, rules."""

DEEPEST = 40
MARKERS = (("bold", "**"), ("italic", "_"))


@dataclass(frozen=True, slots=True)
class TextRun:
    """A piece of text of one style; it has no line breaks."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    link: str | None = None


Line = tuple[TextRun, ...]


@cache
def _parser() -> MarkdownIt:
    made = parser()
    made.options["maxNesting"] = DEEPEST
    return made


def tree(text: str) -> SyntaxTreeNode | None:
    """Return a text in Markdown as it was read; None where it nests so deeply that the parser leaves something out."""
    from markdown_it.tree import SyntaxTreeNode

    tokens = _parser().parse(text)
    return SyntaxTreeNode(tokens) if all(token.level < DEEPEST - 1 for token in tokens) else None


def lines(node: SyntaxTreeNode) -> list[Line]:
    """Return the lines of a paragraph, a heading or a cell."""
    found: list[list[TextRun]] = [[]]
    for run in _runs(node, TextRun("")):
        if run.text == "\n":
            found.append([])
        elif found[-1] and replace(found[-1][-1], text=run.text) == run:
            found[-1][-1] = replace(run, text=found[-1][-1].text + run.text)
        else:
            found[-1].append(run)
    return [tuple(line) for line in found if line]


def _runs(node: SyntaxTreeNode, style: TextRun) -> Iterator[TextRun]:
    match node.type:
        case "softbreak" | "hardbreak":
            yield replace(style, text="\n")
        case "text" | "text_special" | "html_inline":
            if node.content:
                yield replace(style, text=node.content)
        case "code_inline":
            yield replace(style, text=node.content, code=True)
        case "image":
            source = str(node.attrs.get("src", ""))
            yield replace(style, text=node.content or source, link=style.link or _link(source))
        case _:
            yield from (run for child in node.children for run in _runs(child, _styled(node, style)))


def _styled(node: SyntaxTreeNode, style: TextRun) -> TextRun:
    match node.type:
        case "strong":
            return replace(style, bold=True)
        case "em":
            return replace(style, italic=True)
        case "s":
            return replace(style, strike=True)
        case "link":
            return replace(style, link=_link(str(node.attrs.get("href", ""))))
    return style


def _link(address: str) -> str | None:
    return address.replace("(", "%28").replace(")", "%29") or None


def block(line: Line, **look: Any) -> dict[str, Any]:
    """Return the element that shows a line: a TextBlock where its Markdown can say it all, else a RichTextBlock.

    Args:
        line: the line.
        look: how all of it looks (`size`, `weight`, `fontType`).
    """
    text = markdown(line)
    if text is not None:
        return {"type": "TextBlock", "text": text, "wrap": True, **look}
    return {"type": "RichTextBlock", "inlines": [_text_run(run, look) for run in line]}


def markdown(line: Line) -> str | None:
    """Return the Markdown of a line for a TextBlock, or None where that cannot say it: there is no code in it, say."""
    if any(run.code or run.strike for run in line):
        return None
    pieces: list[str] = []
    open_: list[str] = []
    for run in line:
        wanted = [marker for name, marker in MARKERS if getattr(run, name)]
        kept = next((at for at, marker in enumerate(open_) if marker not in wanted), len(open_))
        pieces += reversed(open_[kept:])
        del open_[kept:]
        added = [marker for marker in wanted if marker not in open_]
        pieces += added
        open_ += added
        text = escaped(run.text, first=not pieces)
        pieces.append(f"[{text}]({run.link})" if run.link else text)
    text = "".join([*pieces, *reversed(open_)])
    return text if _reads(text, line) else None


def escaped(text: str, *, first: bool) -> str:
    """Return a text that Markdown shows as it is; `first` where it begins a line."""
    found = SIGNS.sub(lambda sign: "".join(f"\\{character}" for character in sign[0]), text)
    beginning = BEGINNING.match(found) if first else None
    return found if beginning is None else f"{found[: beginning.start('sign')]}\\{found[beginning.start('sign') :]}"


def _reads(text: str, line: Line) -> bool:
    """Say whether Markdown reads a text as this one line."""
    root = tree(text)
    return (
        root is not None
        and [node.type for node in root.children] == ["paragraph"]
        and lines(root.children[0]) == [line]
    )


def _text_run(run: TextRun, look: Mapping[str, Any]) -> dict[str, Any]:
    styles = {
        "weight": "Bolder" if run.bold else None,
        "italic": run.italic or None,
        "strikethrough": run.strike or None,
        "fontType": "Monospace" if run.code else None,
        "selectAction": {"type": "Action.OpenUrl", "url": run.link} if run.link else None,
    }
    return {"type": "TextRun", "text": run.text, **look, **{key: one for key, one in styles.items() if one}}
