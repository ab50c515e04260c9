"""Whether a step's params are what its described operation takes, where the description is at hand."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from activities.action import PARAMS, Action, Static, marked
from activities.descriptions.flaws import Flaw
from activities.descriptions.source import NotAtHandError
from activities.errors import Refused, UnknownOperation
from workers.definitions.checking.contracts import templated
from workers.definitions.checking.findings import Findings
from workers.definitions.compiling import Catalog
from workers.definitions.loading import Source
from workers.definitions.model.steps import escape, step_ids, steps

if TYPE_CHECKING:
    from activities.connections import Connections
    from activities.descriptions.store import Store
    from activities.operations.contract import DescribedOperation

APPROVAL = "requireApproval"
CODES = {"unknown": "unknown-param", "missing": "missing-param", "wrong": "bad-param"}
WARNINGS = {"unknown": "unknown-member", "ignored": "read-only-member"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What is known here of the services whose operations steps carry out; no credential is needed for it.

    Attributes:
        connections: the connections, whose variables may be unset.
        store: the descriptions of this machine.
    """

    connections: Connections
    store: Store


def findings_of(data: dict[str, Any], source: Source, catalog: Catalog, services: Services | None) -> Findings:
    """Return where problems of a definition go; in it, steps wait for people where their service wants it."""
    if services is None:
        return Findings(data, source, step_ids(data))
    holds = frozenset(place for place, step, _ in steps(data) if _asks(step, catalog, services))
    data = copy.deepcopy(data) if holds else data
    for place, step, _ in steps(data):
        if place in holds:
            cast("dict[str, Any]", step)[APPROVAL] = True
    return Findings(data, source, step_ids(data), holds)


def may_be_asked(step: Mapping[str, Any], catalog: Catalog, findings: Findings) -> bool:
    """Say whether a step may wait for people because its service wants it, where nobody can say more."""
    return findings.holds is None and _leaves_it_open(step, catalog)


def _leaves_it_open(step: Mapping[str, Any], catalog: Catalog) -> bool:
    action = catalog.get(str(step.get("actionType")))
    return APPROVAL not in step and action is not None and action.asks is not None


def _asks(step: Mapping[str, Any], catalog: Catalog, services: Services) -> bool:
    if not _leaves_it_open(step, catalog):
        return False
    action, config = catalog[step["actionType"]], step.get("config", {})
    if action.asks is None or not isinstance(config, Mapping):
        return False
    if any(templated(config[key]) for key, _ in marked(action.config, config, Static)):
        return False  # a problem of its own
    try:
        return action.asks(config, services.connections)
    except Refused:
        return False  # whether there is such a connection is told where the operation is looked for


def check_notice(
    notice: Mapping[str, Any], pointer: str, catalog: Catalog, findings: Findings, services: Services | None
) -> None:
    """Refuse a notice whose service wants people asked first: it tells them of a hold and cannot wait for one."""
    if services is not None and _asks(notice, catalog, services):
        sentence = (
            "People are asked before this tool is called, because its server is not trusted; a notice cannot wait."
        )
        hint = "let a step call it, or say `trustAnnotations: true` in the connection if you answer for the server"
        findings.add("unsendable-notice", f"{pointer}/actionType", sentence, hint)


def repeat_of(action: Action, config: Mapping[str, Any], operation: DescribedOperation | None) -> str:
    """Return what an unknown outcome of a step allows."""
    return action.repeats(config) if operation is None else operation.pin().repeat


def check_operation(
    action: Action, config: Mapping[str, Any], pointer: str, findings: Findings, services: Services | None
) -> DescribedOperation | None:
    """Hold a step's params to its operation, and return that; None where it is for none, or nobody can say."""
    if action.operation is None or services is None:
        return None
    if any(templated(config[key]) for key, _ in marked(action.config, config, Static)):
        return None  # a problem of its own
    try:
        found = action.operation(config, services.connections, services.store)
    except NotAtHandError as missing:
        findings.add("description-not-at-hand", pointer, f"The params are not checked: {missing}")
        return None
    except UnknownOperation as unknown:
        findings.add("unknown-operation", f"{pointer}/actionId", str(unknown))
        return None
    except Refused as refused:
        findings.add("description-not-at-hand", pointer, f"The params are not checked: {refused}")
        return None
    given = config.get(PARAMS, {})
    if isinstance(given, Mapping):
        for flaw in found.flaws(given, templated):
            _add(flaw, given, pointer, findings)
    return found


def _add(flaw: Flaw, given: Mapping[str, Any], pointer: str, findings: Findings) -> None:
    path = flaw.path[:-1] if flaw.kind == "missing" else flaw.path
    at = f"{pointer}/{PARAMS}" + "".join(f"/{escape(str(part))}" for part in path)
    if not given and not path:
        at = pointer
    code = (CODES if flaw.serious else WARNINGS)[flaw.kind]
    sentence = f"{flaw.sentence[0].upper()}{flaw.sentence[1:].rstrip('.')}."
    findings.add(code, at, sentence, flaw.hint and flaw.hint.rstrip("."), key=flaw.kind == "unknown")
