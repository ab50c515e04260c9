"""What the storm runs: automations, written anew for each build, connections, and the gateways' file."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template

from bench.serving import ROOT, Build
from workers.sandbox import connections

TEMPLATES = Path(__file__).parent / "automations"

RETRY = "initialInterval: 200ms, maximumInterval: 2s, within: 2m"
SHORT = f"timeout: 3s, retry: {{{RETRY}}}, onFailure: continue"
LONG = f"timeout: 15s, retry: {{{RETRY}}}, onFailure: continue"
ASKING = f"timeout: 3s, retry: {{{RETRY}, onUnknown: hold}}, onFailure: continue"

STORM, HELD, GUARDED, APPROVED, BULK, LOOP = (
    "storm", "storm-held", "storm-guarded", "storm-approved", "storm-bulk", "storm-loop",
)  # fmt: skip
MIX = (HELD, GUARDED, APPROVED, BULK, LOOP, APPROVED, STORM, STORM, STORM, STORM)
"""The automations that runs are of, in turn."""

ITEMS = 10
"""Passes of the loop."""

BEARER = "storm-0123456789abcdef-0123456789abcdef"
SECRET = "whsec_c3Rvcm0tMDEyMzQ1Njc4OWFiY2RlZi0wMTIzNDU2Nzg5"  # noqa: S105 # both ends are ours
GATEWAY = f"""
events: {{verify: {{bearer: [{BEARER}]}}}}
sources:
  hook:
    verify: {{standardWebhooks: {SECRET}}}
    event:
      type: "{{{{body.type}}}}"
      id: "{{{{body.id}}}}"
      data: {{contact: "{{{{body.data.contact}}}}", run: "{{{{body.data.run}}}}"}}
"""


def event_type(automation: str) -> str:
    """Return the type of the events that start an automation."""
    return f"hit.{automation}"


def prepare(folder: Path, url: str) -> Path:
    """Write what workers and gateways read beside definitions, and return the connections file."""
    (folder / "gateway.yaml").write_text(GATEWAY)
    file = folder / "connections.yaml"
    file.write_text(json.dumps(connections(url)))
    return file


def build(folder: Path, number: int, url: str) -> Build:
    """Write the definitions of a build, which differ from those of every other, and return it."""
    automations = folder / f"automations-{number}"
    automations.mkdir()
    for name in sorted({*MIX}):
        template = TEMPLATES / f"{STORM if name == HELD else name}.yaml"
        post = ASKING if name == HELD else SHORT
        words = {"name": name, "url": url, "retry": RETRY, "short": SHORT, "long": LONG, "post": post}
        text = Template(template.read_text()).substitute(words)
        (automations / f"{name}.yaml").write_text(f"constants: {{build: {number}}}\n{text}")
    return Build(f"build-{number}", ROOT, automations, version=str(number))
