"""Answers that are odd and yet definite: the run goes on, sends nothing again, and says what was odd."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from tests.activities.http_client.wire import listen, ok
from tests.engine import Engine
from workers.cli.report import show

PAGE = b"<html>thanks secret-of-the-shop-1234</html>"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_success_that_is_no_json_is_a_result_with_a_warning(engine: Engine, method: str) -> None:
    async with listen() as wire:
        wire.reply(ok(PAGE, status="201 Created"))
        engine.environment["TRUNKLINE_SECRET_SHOP"] = "secret-of-the-shop-1234"
        engine.define(
            f"""
            name: odd
            trigger: {{event: order.paid}}
            actions:
              - forEach: "{{{{orders}}}}"
                label: Each
                as: order
                actions:
                  - label: Tell
                    actionType: http_request
                    config:
                      method: {method}
                      url: {wire.url}/orders
                      headers: {{Authorization: "{{{{secrets.shop}}}}"}}
                    pick: {{text: body, status: status}}
                    saveAs: told
                  - label: Use
                    actionType: http_request
                    config: {{method: POST, url: RECEIVER/used, body: {{text: "{{{{variables.told.text}}}}"}}}}
            """
        )
        report: Any = await engine.run("odd", engine.event({"orders": [1]}))
    assert report["outcome"] == "completed"
    assert len(wire.requests) == 1
    [told] = [step for step in report["steps"] if step["label"] == "Tell"]
    assert (told["status"], told["attempts"]) == ("succeeded", 1)
    [warning] = told["warnings"]
    assert "calls itself JSON and is none" in warning
    [used] = engine.receiver.to("/used")
    assert used.body == {"text": "<html>thanks [secret]</html>"}
    screen = Console(record=True, width=200, file=None, quiet=False)
    with screen.capture() as shown:
        show(report, "odd/1", screen)
    assert f"warning: {warning}" in shown.get()
    assert "warning: The answer calls itself JSON" in await details(engine)


async def details(engine: Engine) -> str:
    """Return what the run's page shows."""
    description = await engine.handles[-1].query("__temporal_workflow_metadata")
    return str(description["currentDetails"])
