"""Advice: what is not wrong with a definition, and what people who run many of them would do otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.definitions.checking.findings import Findings
from workers.definitions.checking.policies import needs_approval
from workers.definitions.checking.saved import canonical
from workers.definitions.checking.values import event_type
from workers.definitions.compiling import Catalog
from workers.definitions.environments import Environments
from workers.definitions.loading import Source
from workers.definitions.model.automation import kind_of
from workers.definitions.model.steps import Block, blocks, step_ids, steps
from workers.definitions.problems import Problem, listed
from workflows.event import MISSED, UNANSWERED, VOICE, known_roots
from workflows.language.names import Reference, Segment, written
from workflows.language.template import TemplateSyntaxError, compile_template

PLACEHOLDER = re.compile(r"(?:action|step|untitled|new (?:action|step))[ _-]*\d*", re.IGNORECASE)
"""Labels that say nothing."""

METHODS = ("http_request", "api_request")
DELETES = re.compile(r"(?:[._]|\b)delete(?:$|[._])")
REMOVES = re.compile(r"delete|destroy|purge", re.IGNORECASE)
READS = re.compile(r"(?:\w+[/.])*(?:get|list|search|find|retrieve|count)", re.IGNORECASE)
OPERATION = "execute_connector_action"
PAYS = re.compile(r"refund|payout", re.IGNORECASE)

GIVES_ONLY = (
    *("generate_ai_response", "classify_ticket", "transcribe_recording"),
    *("kustomer.intent_identification_prediction", "kustomer.natural_language_processing"),
)
"""Actions that do nothing but give a result, and cost something."""

FALLBACK = re.compile(r"\|\s*default\b|\{%-?\s*(?:if|unless|case)\b")
"""What in a text says what happens where a value is empty."""


def advise(data: Any, source: Source, catalog: Catalog, environments: Environments) -> list[Problem]:
    """Return the advice about a definition, as far as it has the shape of one."""
    if not isinstance(data, dict):
        return []
    data = environments.filled(data)
    findings = Findings(data, source, step_ids(data))
    _labels(findings)
    for place, step, _ in steps(data):
        if kind_of(step) == "actionType" and isinstance(step["actionType"], str):
            _harm(findings, place, step)
            if step["actionType"] in GIVES_ONLY and step["actionType"] in catalog and "saveAs" not in step:
                sentence = f"What {findings.name(place)!r} gives is not saved, so that no later step finds it."
                findings.add("unsaved-answer", place, sentence, "write saveAs: answer")
    event = event_type(data.get("trigger")) or ""
    if known_roots(event) is VOICE:
        for block in blocks(data, ""):
            _emptiness(findings, block, [canonical(data.get("conditions"))], missed=event == MISSED)
    return findings.problems


def _labels(findings: Findings) -> None:
    actions = [(place, step) for place, step, _ in steps(findings.data) if kind_of(step) == "actionType"]
    bare = [place for place, step in actions if not _says_something(step.get("label"))]
    if bare and len(actions) > 1:
        names = listed([str(findings.step(place)) for place in bare], most=5)
        sentence = f"{len(bare)} of {len(actions)} actions have no label that says what they do: {names}."
        findings.add("unlabeled-step", bare[0], sentence, "people who watch runs and decide read labels")


def _says_something(label: Any) -> bool:
    return isinstance(label, str) and bool(label.strip()) and PLACEHOLDER.fullmatch(label.strip()) is None


def _harm(findings: Findings, place: str, step: Mapping[str, Any]) -> None:
    """Find what deletes or pays without asking anybody, but for what undoes something after a failure."""
    if needs_approval(step) or "requireApproval" in step or "/onFailure/" in place or "/onRejected/" in place:
        return
    config = step.get("config")
    what = _doing(step["actionType"], config if isinstance(config, Mapping) else {})
    if what is not None:
        sentence = f"{findings.name(place)!r} {what}, and nobody is asked before."
        hint = "write requireApproval: {approvers: […]}, or requireApproval: false"
        findings.add("unasked-harm", place, sentence, hint)


def _doing(action: str, config: Mapping[str, Any]) -> str | None:
    """Return what an action does that people are asked about first, as its method, address or operation tells."""
    method, address = str(config.get("method")).upper(), str(config.get("url"))
    operation = str(config.get("actionId")) if action == OPERATION else ""
    if (action in METHODS and method == "DELETE") or DELETES.search(action) or REMOVES.search(operation):
        return "deletes something"
    writes = action in METHODS and method in {"POST", "PUT", "PATCH"}
    pays = (writes and PAYS.search(address)) or (PAYS.search(operation) and not READS.match(operation))
    return "pays money" if pays else None


def _emptiness(findings: Findings, block: Block, around: list[str], *, missed: bool) -> None:
    """Find what a step uses although it may be empty: collected inputs, and of missed calls what answered ones have."""
    for index, step in enumerate(block.steps):
        if not isinstance(step, Mapping):
            continue
        place, conditions = f"{block.pointer}/{index}", [*around, canonical(step.get("conditions"))]
        for key in ("config", "set"):
            for reference in _perhaps_empty(step.get(key), missed=missed):
                _empty(findings, f"{place}/{key}", reference, conditions)
        ways = step.get("branch")
        for inner in blocks(step, place):
            way = inner.pointer.removeprefix(f"{place}/branch/").partition("/")[0]
            chosen = ways[int(way)] if isinstance(ways, list) and way.isdecimal() else None
            own = canonical(chosen.get("conditions")) if isinstance(chosen, Mapping) else ""
            _emptiness(findings, inner, [*conditions, own], missed=missed)


def _perhaps_empty(value: Any, *, missed: bool) -> Iterator[Reference]:
    try:
        references = compile_template(value, secrets=True).references
    except TemplateSyntaxError:
        return
    for one in references:
        path = _own(one)
        collected = len(path) == 3 and path[0] == "input" and path[2] == "value"  # noqa: PLR2004 # input[123].value
        if collected or (missed and path in UNANSWERED):
            yield one


def _own(reference: Reference) -> tuple[Segment, ...]:
    """Return a reference's path from the event's own root on."""
    return reference.path[2:] if reference.path[:2] == ("event", "data") else reference.path


def _empty(findings: Findings, pointer: str, reference: Reference, conditions: list[str]) -> None:
    text, (root, name, *_) = findings.at(pointer + reference.pointer), _own(reference)
    guarded = any(re.search(rf"\b{root}\b.{{0,5}}{re.escape(str(name))}\b", one) for one in conditions)
    if guarded or (isinstance(text, str) and FALLBACK.search(text)):
        return
    path = written(reference.path)
    if root == "input":
        sentence = f"`{path}` is empty where the caller gave nothing that could be read."
        hint = f"write {{{{{path} | default: …}}}}, or ask before: {{field: {path}, operator: exists}}"
    else:
        sentence = f"`{path}` is null in every {MISSED}: nobody answered."
        hint = f"leave it out, or write {{{{{path} | default: …}}}}"
    findings.add("maybe-empty", pointer + reference.pointer, sentence, hint, line=reference.line + 1)
