"""Writes the generated pages of the documentation: actions, commands, Kustomer's document, and pictures of examples.

.venv/bin/python -m scripts.reference    writes them (`make docs` does so)
"""

from __future__ import annotations

from pathlib import Path

from scripts import action_pages, command_page, kustomer_page, pictures

ROOT = Path(__file__).resolve().parents[1]


def pages() -> dict[str, str]:
    """Return every generated page by its path below the repository."""
    return {**action_pages.pages(), **command_page.pages(), **kustomer_page.pages(), **pictures.pages()}


def main() -> None:
    """Write the pages, and remove those of actions and examples that are no more."""
    written = pages()
    for page in (*(ROOT / action_pages.FOLDER).glob("*.md"), *(ROOT / pictures.FOLDER).glob("*.svg")):
        if str(page.relative_to(ROOT)) not in written:
            page.unlink()
    for path, text in written.items():
        page = ROOT / path
        page.parent.mkdir(exist_ok=True)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
