"""The picture of a run on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from workers.client.looking import Look
from workers.client.pinned import pinned_plan
from workers.errors import TrunklineError
from workers.graph.building import Beginning, graph_of
from workers.graph.states import marks_of_run
from workers.graph.svg.drawing import svg

if TYPE_CHECKING:
    from temporalio.client import Client

MOST_BOXES = 600
"""Boxes up to which a picture still is one."""


async def picture_of(client: Client, look: Look) -> Markup | None:
    """Return a run's plan as SVG, coloured by how far each step came where that is known; None where it has no plan."""
    try:
        plan = await pinned_plan(client, look.listed.run, look.description.run_id)
    except TrunklineError:
        return None
    report = look.report
    begun = report["event"]["type"] if report and "event" in report else plan["automation"]
    graph = graph_of(plan, Beginning(title=begun), marks_of_run(plan, report) if report else {})
    if sum(1 for _ in graph.items()) > MOST_BOXES:
        return None
    return Markup(svg(graph, styled=False))  # noqa: S704 # every text in it is escaped
