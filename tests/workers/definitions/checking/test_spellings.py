"""Numbers that are sent as texts: which fields of real actions are texts."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from workers.definitions.loading import Source, parse
from workers.definitions.planning import check

ACTIONS = catalog()
HTTP = "method: POST, url: 'https://example.com/'"


@pytest.mark.parametrize(
    ("action", "config", "written"),
    [
        ("send_slack_message", "{channel: '#ops', text: 1.10}", ["1.10"]),
        ("http_request", f"{{{HTTP}, headers: {{X-Version: 1.10}}}}", ["1.10"]),
        ("http_request", f"{{{HTTP}, headers: [{{key: X-Version, value: 1.10}}]}}", ["1.10"]),
        ("http_request", f"{{{HTTP}, query: {{v: 12e5, list: [1.0, 1.50]}}}}", ["12e5", "1.50"]),
        ("http_request", f"{{{HTTP}, body: {{amount: 1.10, list: [12e5]}}}}", []),
        ("http_request", f"{{{HTTP}, body: [{{key: a, value: 1.10, format: Number}}]}}", []),
        ("http_request", f"{{{HTTP}, body: {{version: '1.10', zip: 007, hex: 0x10, long: 1_000}}}}", []),
        ("kustomer.generic_regex_match", "{testString: 1.10, regex: 1.1}", ["1.10"]),
    ],
)
def test_a_number_that_a_text_would_show_otherwise_is_told(action: str, config: str, written: list[str]) -> None:
    text = f"name: x\ntrigger: {{event: call.ended}}\nactions:\n  - {{actionType: {action}, config: {config}}}\n"
    data, source = parse(text.encode(), "x.yaml")
    problems = [one for one in check(data, source, ACTIONS)[1] if one.code == "changed-number"]
    assert [one.hint for one in problems] == [f'Put it in quotes: "{one}"' for one in written]
    assert {one.line for one in problems} <= {4}
    assert all(one.severity == "warning" and one.step for one in problems)


def test_a_text_says_which_variable_of_an_environment_it_does_not_hold() -> None:
    step: dict[str, Any] = {"actionType": "http_request", "config": {"method": "GET", "url": "https://${SHOP_HOST}/"}}
    data = {"name": "x", "trigger": {"event": "call.ended"}, "constants": {"a": "$A ${} {x"}, "actions": [step]}
    (problem,) = check(data, Source(), ACTIONS)[1]
    assert (problem.code, problem.severity) == ("unread-variable", "warning")
    assert problem.message.startswith("`${SHOP_HOST}` stays as it is: only connections.yaml")
    assert "{{secrets.shop_host}}" in (problem.hint or "")
