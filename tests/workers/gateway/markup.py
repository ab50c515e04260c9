"""What every page must be as HTML, checked without a browser: well-formed, labelled, and without any script."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br"}
CONTROLS = {"input", "textarea", "select"}

HEADINGS = {f"h{level}" for level in range(1, 7)}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[str] = []
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(f"{tag} of a picture" if "svg" in self.open else tag)
        if tag not in VOID:
            self.open.append(tag)
        self.faults += _faults(tag, given, attrs)
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag == "label":
            self.labelled.add(str(given.get("for")))
        if tag in CONTROLS and given.get("type") != "hidden":
            self.controls.append(str(given.get("id")))
        if tag in HEADINGS:
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")


def _faults(tag: str, given: dict[str, str | None], attrs: list[tuple[str, str | None]]) -> Iterator[str]:
    if len(given) != len(attrs):
        yield f"an attribute stands twice in {tag}"
    if (
        tag in {"script", "style", "iframe", "object"}
        or "style" in given
        or any(name.startswith("on") for name in given)
    ):
        yield f"a script or style in {tag}"
    if any(str(value).lower().startswith("javascript:") for value in given.values()):
        yield f"a script in an address of {tag}"
    if tag == "th" and given.get("scope") not in {"col", "row"}:
        yield "a heading of a table without scope"
    if tag == "form" and given.get("method") not in {"get", "post"}:
        yield "a form without method"


def faults(text: str) -> list[str]:
    """Return what is wrong with a page."""
    page = _Page()
    page.feed(text)
    page.close()
    found = [*page.faults, *(f"{tag} is not closed" for tag in page.open)]
    found += [f"no label for {control}" for control in page.controls if control not in page.labelled]
    found += [f"a label for nothing: {name}" for name in page.labelled - set(page.controls)]
    found += [f"the id {name} stands twice" for name in set(page.ids) if page.ids.count(name) > 1]
    found += [
        f"{tag} stands {page.tags.count(tag)} times" for tag in ("main", "h1", "title") if page.tags.count(tag) != 1
    ]
    found += ["headings leave a level out"] * any(
        later > earlier + 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False)
    )
    return found
