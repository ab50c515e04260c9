"""What other tools call the keys of definitions, so that a refusal can say how it is written here."""

from __future__ import annotations

from typing import Any

STEPS = "steps run in their order; what runs side by side stands under `paths`"

CONSTANTS = "constants: {name: value}, or a step `set: {name: value}` for what a run works out"

OF_AUTOMATION: dict[str, str] = {
    **dict.fromkeys(("on", "when", "event", "triggers", "events", "source"), "trigger: {event: …}"),
    **dict.fromkeys(("if", "condition", "filter", "filters", "where", "rules"), "conditions"),
    **dict.fromkeys(("steps", "tasks", "do", "then", "workflow", "states", "run"), "actions"),
    **dict.fromkeys(("jobs", "parallel", "branches", "fork"), "paths"),
    **dict.fromkeys(("title", "id", "label"), "name"),
    **dict.fromkeys(("summary", "comment", "notes"), "description"),
    **dict.fromkeys(("approval", "approvers", "approve"), "approvals: {approvers: […]}"),
    **dict.fromkeys(("inputs", "schema", "params"), "trigger: {event: …, data: […]}"),
    **dict.fromkeys(("consts", "const", "constant", "tables", "lookups", "definitions", "locals"), "constants"),
    **dict.fromkeys(("vars", "variables", "set", "env", "globals", "context"), CONSTANTS),
}
OF_STEP: dict[str, str] = {
    **dict.fromkeys(("if", "when", "condition", "only_if", "where", "unless"), "conditions"),
    **dict.fromkeys(("uses", "action", "type", "run", "call", "task", "provider", "resource", "use"), "actionType"),
    **dict.fromkeys(("with", "params", "parameters", "args", "arguments", "input", "inputs", "settings"), "config"),
    **dict.fromkeys(("foreach", "for_each", "for", "loop", "items", "with_items", "map", "each"), "forEach"),
    **dict.fromkeys(("needs", "depends_on", "depends", "after", "requires", "next", "goto"), ""),
    **dict.fromkeys(
        ("continue_on_error", "continue_on_failure", "ignore_errors", "allow_failure"), "onFailure: continue"
    ),
    **dict.fromkeys(("catch", "on_error", "on_failure", "rescue", "except", "errors"), "onFailure"),
    **dict.fromkeys(("name", "title", "description"), "label"),
    **dict.fromkeys(("register", "output", "save_as", "result", "result_path", "outputs", "assign"), "saveAs"),
    **dict.fromkeys(("retries", "attempts", "max_retries", "max_attempts"), "retry: {maximumAttempts: …}"),
    **dict.fromkeys(("sleep", "delay", "pause", "wait_for", "timer"), "wait"),
    **dict.fromkeys(("while", "loop_until", "do_while", "poll", "repeat_until"), "repeat"),
    **dict.fromkeys(("switch", "choice", "choose", "case", "cases", "choices"), "branch"),
    **dict.fromkeys(("parallel", "fork", "branches"), "paths"),
    **dict.fromkeys(("steps", "then", "do", "tasks", "body", "sequence"), "actions"),
    **dict.fromkeys(("else", "default", "fallback"), "otherwise"),
    **dict.fromkeys(("timeout_minutes", "timeout_seconds", "deadline", "time_limit"), "timeout"),
    **dict.fromkeys(("approval", "approve", "manual", "confirm", "require_approval"), "requireApproval"),
    **dict.fromkeys(
        ("vars", "variables", "set_fact", "set_variable", "set_variables", "let", "define", "assigns"), "set"
    ),
    **dict.fromkeys(("return", "exit", "end", "fail", "terminate", "abort", "break"), "stop"),
    **dict.fromkeys(("concurrency", "max_parallel", "batch"), "parallel"),
    **dict.fromkeys(("item", "variable", "loop_var"), "as"),
}
OF_TRIGGER: dict[str, str] = {
    **dict.fromkeys(("type", "on", "name", "events", "types", "topic"), "event"),
    **dict.fromkeys(("schema", "payload", "body", "fields", "roots"), "data"),
}
OF_RETRY: dict[str, str] = {
    **dict.fromkeys(("attempts", "max_attempts", "retries", "limit", "count", "max_retries"), "maximumAttempts"),
    **dict.fromkeys(("interval", "delay", "wait", "initial_delay"), "initialInterval"),
    **dict.fromkeys(("backoff", "factor", "multiplier", "backoff_rate", "coefficient"), "backoffCoefficient"),
    **dict.fromkeys(("max_interval", "max_delay", "maxdelay"), "maximumInterval"),
    **dict.fromkeys(("timeout", "max_duration", "deadline"), "within"),
}

BRANCH = "branch: [{conditions: …, actions: […]}] with otherwise: […] beside it"


def written_here(word: object, owner: str, known: list[str]) -> str | None:
    """Return the hint that says what a key of other tools is here, if it is one.

    Args:
        word: the key as it was written.
        owner: what it stands in, as `shape` calls it.
        known: the keys that are allowed there.
    """
    table = _table(owner)
    plain = _plain(word)
    found = next((right for other, right in table.items() if plain == _plain(other)), None)
    if found is None:
        return None
    if not found:
        return f"leave it out: {STEPS}"
    key = found.partition(":")[0]
    if key == "otherwise" and key not in known:
        return f"write {BRANCH}"
    if key not in known:
        return f"make it a step of its own: `{BRANCH if key == 'branch' else key}`"
    return f"Did you mean {key}?" if key == found else f"write {found}"


def kind_of_other(step: Any, kinds: tuple[str, ...]) -> str | None:
    """Return the hint for a step that says what it is in the words of other tools."""
    words = {_plain(key): key for key in step}
    if "else" in words or ("if" in words and "then" in words):
        return f"write {BRANCH}"
    for plain, key in words.items():
        right = next((right for other, right in OF_STEP.items() if plain == _plain(other)), "")
        if right in kinds:
            return f"Did you mean {right}, where it says {key}?"
    return None


def _table(owner: str) -> dict[str, str]:
    if owner == "the automation":
        return OF_AUTOMATION
    if owner == "`trigger`":
        return OF_TRIGGER
    if owner == "`retry`":
        return OF_RETRY
    return OF_STEP if owner.endswith(" step") or owner in ("a path", "a way of a branch") else {}


def _plain(word: object) -> str:
    return str(word).lower().replace("-", "").replace("_", "").replace(" ", "")
