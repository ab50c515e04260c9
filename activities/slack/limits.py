"""How long the texts inside of blocks may be; Slack refuses a whole message for one that is longer.

Limits: https://docs.slack.dev/reference/block-kit/blocks and …/composition-objects/text-object (November 2026).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST_TEXT = 3_000
"""Characters of a text object, such as a section's `text`."""

MOST_FIELD = 2_000
MOST_FIELDS = 10
MOST_HEADER = 150
MOST_MARKDOWN = 12_000
"""Characters of all blocks of type `markdown` together."""

TEXTS = ("mrkdwn", "plain_text")


def excess(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each text of blocks that Slack would find too long."""
    markdown = 0
    for index, block in enumerate(blocks):
        place = f"blocks/{index}"
        kind, fields = block.get("type"), block.get("fields")
        if kind == "markdown" and isinstance(block.get("text"), str):
            markdown += len(block["text"])
        if kind == "section" and isinstance(fields, list) and len(fields) > MOST_FIELDS:
            yield f"`{place}/fields` has {len(fields)} fields; Slack takes at most {MOST_FIELDS} in a section"
        for at, text in _texts(block, place):
            most = MOST_HEADER if kind == "header" else MOST_FIELD if at.startswith(f"{place}/fields/") else MOST_TEXT
            if len(text) > most:
                yield f"`{at}` has {len(text):,} characters; Slack takes at most {most:,} there"
    if markdown > MOST_MARKDOWN:
        yield f"the markdown blocks have {markdown:,} characters together; Slack takes at most {MOST_MARKDOWN:,}"


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Yield place and text of every text object."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{place}/{index}")
    if not isinstance(value, dict):
        return
    if value.get("type") in TEXTS and isinstance(value.get("text"), str):
        yield f"{place}/text", value["text"]
    for name, item in value.items():
        yield from _texts(item, f"{place}/{name}")
