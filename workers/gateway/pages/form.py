"""A form about a hold, read: which decision it is, about what, and what else it says."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from trunkline.strict_json import JsonError, read_json
from workers.gateway.requests import RefusalError
from workflows.holds.hold import DECISIONS, OPERATIONS
from workflows.steps.edits import same_json

PREVIEW = "preview"
KNOWN = (*(name for names in DECISIONS.values() for name in names), *OPERATIONS, PREVIEW)
EDITING = ("edit", "retry", PREVIEW)
LONGEST_REASON = 2_000


def decision_of(form: Mapping[str, str], person: str) -> dict[str, Any]:
    """Return the decision that a form sends, as the update `decide` takes it.

    Args:
        form: its fields.
        person: who has signed in: what a form says about that counts for nothing.

    Raises:
        Refusal: it is malformed (400).
    """
    name = form.get("decision", "")
    if name not in KNOWN:
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"There is no such decision; there are {', '.join(KNOWN)}.")
    for field in ("run", "hold", "digest"):
        if not form.get(field):
            raise RefusalError(HTTPStatus.BAD_REQUEST, f"The form lacks `{field}`: open the page again.")
    reason = form.get("reason", "").strip()
    if len(reason) > LONGEST_REASON:
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"A reason has at most {LONGEST_REASON:,} characters.")
    decision = {"hold": form["hold"], "decision": name, "by": person, "digest": form["digest"]}
    return decision | ({"reason": reason} if reason else {}) | _more(form, name)


def _more(form: Mapping[str, str], name: str) -> dict[str, Any]:
    """Return what a decision of this name says besides."""
    edits = form.get("edits", "").strip()
    if name in EDITING and edits:
        return {"edits": _json(edits, "edits")}
    match name:
        case "supply":
            return {"result": _json(form.get("result", ""), "result")}
        case "reassign":
            return {"approvers": [one.strip() for one in form.get("approvers", "").split(",") if one.strip()]}
        case "extend":
            return {"deadline": form.get("deadline", "").strip()}
    return {}


def changed(edits: Any, config: Mapping[str, Any]) -> Any:
    """Return edits without the keys that stay as they are: the form shows the whole config.

    Raises:
        Refusal: nothing is left (400).
    """
    if not isinstance(edits, dict):
        return edits
    kept = {key: value for key, value in edits.items() if key not in config or not same_json(config[key], value)}
    if not kept:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "Nothing was changed, so nothing was sent.")
    return kept


def _json(text: str, field: str) -> Any:
    try:
        return read_json(text)
    except JsonError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"`{field}` is no JSON: {error}.") from None
