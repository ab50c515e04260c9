"""Whether a definition is JSON, and within the bounds of one."""

from __future__ import annotations

import json
from typing import Any

from workers.definitions.model.automation import MAX_BYTES, MAX_DEPTH, MAX_NESTING, MAX_STEPS
from workers.definitions.model.steps import steps


def is_json(data: Any) -> bool:
    """Say whether JSON has all values of a definition."""
    try:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def excess_of(data: dict[str, Any]) -> str | None:
    """Say by what a definition exceeds its bounds, None where it does not."""
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [c for v in level for c in (v.values() if isinstance(v, dict) else v) if isinstance(c, (dict, list))]
        if not level:
            break
    else:
        return f"The values of a definition may be nested {MAX_DEPTH} deep; these are deeper."
    size = len(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return f"A definition has at most {MAX_BYTES // 1024} KiB as JSON; this one has {-(-size // 1024)} KiB."
    nesting = [depth for _, _, depth in steps(data)]
    if len(nesting) > MAX_STEPS:
        return f"A definition has at most {MAX_STEPS:,} steps; this one has {len(nesting):,}."
    if nesting and max(nesting) > MAX_NESTING:
        return f"Blocks may be nested {MAX_NESTING} deep; these are deeper."
    return None
