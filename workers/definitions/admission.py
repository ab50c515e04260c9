"""What an automation's `perKey` comes to for an event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from trunkline.keyed import Admission
from workflows.language.template import TemplateError, compile_template
from workflows.plan import Plan


class NoAdmissionError(ValueError):  # the event is unfit, which is no error of this program
    """An automation's `perKey` cannot be rendered for an event; the message says why."""


def admission(plan: Plan, roots: Mapping[str, Any], now: datetime) -> Admission | None:
    """Return by which key, and how, a run for an event goes on; None where it has no `perKey`, or that no key.

    Raises:
        NoAdmissionError: the key cannot be rendered.
    """
    per_key = plan.get("perKey")
    if per_key is None:
        return None
    try:
        value = compile_template(per_key["key"]).render(roots, now).value
    except TemplateError as error:
        raise NoAdmissionError(f"Its `perKey` cannot be rendered: {error}") from None
    key = value if isinstance(value, str) else "" if value is None else json.dumps(value, sort_keys=True)
    return cast("Admission", {**per_key, "key": key}) if key.strip() else None
