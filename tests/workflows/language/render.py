"""One clock and one set of data for every test of the language, and the shortest way to render a text with them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from workflows.language.template import Rendering, compile_template

NOW = datetime(2026, 11, 21, 10, 15, 30, 123456, tzinfo=UTC)
ROOTS: dict[str, Any] = {
    "call": {"external_number": "+15550123", "waiting_time": 75, "uuid": None},
    "contact": {
        "name": "Ann",
        "tags": ["Vip", "CampaignA"],
        "emails": ["ann@example.com", "a@example.org"],
        "custom_fields": {"MRR": 12.5, "first name": "Ann", "Bob\u2019s": 1},
        "empty": "",
    },
    "input": {"123": {"value": "5"}, "-1": "minus"},
    "order": {"size": "XL", "first": "one", "lines": [{"sku": "a", "qty": 2}, {"sku": "b", "qty": 1}]},
    "flag": False,
    "number": 3.0,
    "nothing": None,
}


def render(value: Any, syntax: str | None = None, *, secrets: bool = False, **roots: Any) -> Rendering:
    """Compile and render a text or a tree with the data above and more roots."""
    syntaxes = {"": syntax} if syntax else None
    return compile_template(value, syntaxes, secrets=secrets).render({**ROOTS, **roots}, NOW)


def text(value: Any, syntax: str | None = None, **roots: Any) -> Any:
    """Return only what a text renders to."""
    return render(value, syntax, **roots).value
