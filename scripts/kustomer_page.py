"""Makes docs/kustomer.md: every row of Kustomer's document with its action, its endpoint and its proof."""

from __future__ import annotations

from pathlib import Path

from scripts.tables import row
from tests.activities.cases import FOLDER, cases
from tests.activities.kustomer.document import FILE, DocumentRow, rows

ROOT = Path(__file__).resolve().parents[1]
PAGE = "docs/kustomer.md"
NOTE = "<!-- Generated from {source} by scripts/reference.py: run `make docs` to update it. -->"
INTRODUCTION = """\
Kustomer's document “Workflow actions” lists 73 actions that a workflow in Kustomer can have. An automation has them
under the names below. Fields and results are the document's, in camelCase; its own spelling of a field
(`ConversationID`) is understood too. A lookup that finds nothing answers `found: false`, and a record stands whole
under `object`, as `{type, id, attributes, relationships}`.

## Where an endpoint is known from

- **documented**: Kustomer, or the vendor that is named, documents the operation, or each one that it is made of.
- **seen in a public client**: no reference lists it; programs in public use it.
- **inferred**: the vendor publishes no such operation. The action takes the closest documented way, which its page
  names, and its result says `confidence: inferred` (`basis: inferred` where the document has an output `Confidence`).
- **local**: no vendor is needed.

## What has to be set up

- **A connection of kind `kustomer`** with `org`, the first part of the organization's address, which leads to its
  region, and `apiKey`. Each action's page names the roles that the key needs, where they are published; without
  one the step is refused.
- **Hooks.** What Kustomer offers to its own workflows only goes over an inbound web hook: an admin makes a workflow
  there that begins with the hook and does the step, and the connection's `hooks` has the hook's hash under the
  operation (`conversation_automate`, `publish_event`). The key needs the role `org.hooks`. Without a hook such a step
  is refused, with a sentence that says so. An assistant is launched on a conversation that exists over a hook too
  (`assistant_launch`); without one, a new chat session begins with it.
- **A connection to a language model** for intents, sentiments and languages, as Kustomer publishes no access to its
  own models. `aiConnection` names it where there are several. The labels of an intent come from the step, or from the
  set in the connection's `labels` that `id` names.
- **Connections of the other vendors**: `aircall`, `facebook`, `gmail`, `postmark`. An email that was sent is recorded
  in Kustomer; `kustomerConnection` names the organization where there are several. Where recording fails, the step
  succeeds with `recorded: false`, and the email is not sent again.

Kustomer counts the requests of all API keys of an organization together; `rateLimit` of the connection bounds those
from here. A record that is made carries the step's key as `externalId`, unless the author gives one: a create whose
answer got lost is found by it, and not made twice.

## The actions

Every case is played against the action, and against the [sandbox](sandbox.md)."""


def pages() -> dict[str, str]:
    """Return the text of the page by its path below the repository."""
    source = str(FILE.relative_to(ROOT))
    lines = ["# Kustomer", "", NOTE.format(source=source), "", *INTRODUCTION.splitlines(), ""]
    lines += ["| | in the document | action | endpoint | confidence | cases |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [_line(number, each) for number, each in enumerate(rows(), start=1)]
    return {PAGE: "\n".join(lines) + "\n"}


def _line(number: int, each: DocumentRow) -> str:
    endpoint = ", ".join(f"`{one}`" for one in each.endpoints) or each.done or ""
    return row(
        str(number),
        f"{each.section.removesuffix(' actions')}: {each.name}",
        f"[`{each.action}`](actions/{each.action}.md)",
        endpoint,
        each.confidence.replace("seen_in_public_client", "seen in a public client"),
        _proof(each.action),
    )


def _proof(action: str) -> str:
    """Return how many cases an action has, as a link to them."""
    files = sorted(FOLDER.glob(f"**/cases/{action}.yml"))
    return ", ".join(f"[{len(cases(file.stem))}](../{file.relative_to(ROOT)})" for file in files) or "0"
