"""What runs ask the approvals desk of their worker: the names of its local activities."""

from __future__ import annotations

CHECK = "trunkline:check"
"""Says whether a request may be held, who may decide about it, and until when."""

VERIFY = "trunkline:verify"
"""Says whether a decision was signed by somebody who may speak for its sender."""

SUPPLY = "trunkline:supply"
"""Says whether a result that a person supplies is one of the action's, and what of it is kept."""

REMIND = "trunkline:remind"
"""Says when a hold's next reminder is due, and whether this one is too late."""

NOTE = "trunkline:note"
"""Writes down, once and for good, what a run has found out that a replay might find otherwise."""
