"""What Keep does to itself: alerts that are raised and looked for, and what is only printed."""

from __future__ import annotations

from typing import Any

from workers.importing.keep.expressions import parsed
from workers.importing.keep.given import ImportedStep, ProviderKeys, request
from workers.importing.keep.texts import text_of
from workers.importing.unsaid import UnsayableError

API = "https://api.keephq.dev"
"""Keep's own address; who runs it elsewhere changes it."""


def signed_in(fill: dict[str, None]) -> dict[str, str]:
    """Return the header that signs in at Keep, and tell that its key is to be filled in."""
    fill["Give the workers the secret 'keep_api_key': an API key of Keep."] = None
    return {"X-API-KEY": "{{secrets.keep_api_key}}"}


def _keep(given: ProviderKeys) -> ImportedStep:
    headers = signed_in(given.fill)
    if "workflow_to_update_yaml" in given.values:
        body = given.need("workflow_to_update_yaml")
        return ImportedStep([request("POST", f"{API}/workflows/json", headers=headers, body=body)])
    if "filter" in given.values or "filters" in given.values:
        given.skip("version", "distinct", "timerange", "limit")
        body = {"query": {"cel": _filter(given)}}
        return ImportedStep([request("POST", f"{API}/alerts/query", headers=headers, body=body)], ("body", "results"))
    return _raise(given, headers)


def _filter(given: ProviderKeys) -> Any:
    if "filter" in given.values:
        return given.take("filter")
    found = given.take("filters")
    if not isinstance(found, list):
        raise UnsayableError("`filters` is a list of keys and values.")
    return " && ".join(f"{one['key']} == '{one['value']}'" for one in found)


def _raise(given: ProviderKeys, headers: dict[str, str]) -> ImportedStep:
    """Raise one alert, or one of each of the results of the step before where its texts name their fields."""
    if "for" in given.values:
        raise UnsayableError("`for` waits until a result has come for so long, which is state over several runs.")
    alert = given.values.get("alert")
    fields = dict(alert) if isinstance(alert, dict) else {}
    given.skip("alert", "read_only", "fingerprint_fields", "override_source_with", "if")
    prefixed = {key.removeprefix("alert_"): given.values[key] for key in given.values if key.startswith("alert_")}
    given.skip(*(f"alert_{key}" for key in prefixed))
    fields |= prefixed
    source = given.values.get("override_source_with")
    body = {"source": [source or "keep"], **_fields(fields, given)}
    keys = given.values.get("fingerprint_fields")
    if isinstance(keys, list) and "fingerprint" not in body:
        body["fingerprint"] = text_of("-".join(f"{{{{ {_own(key, fields)} }}}}" for key in keys), given.scope)
    return ImportedStep([request("POST", f"{API}/alerts/event", headers=headers, body=body)])


def _own(key: Any, fields: dict[str, Any]) -> str:
    """Return the expression of a field of the alert itself, by the way to it."""
    value: Any = fields
    for step in str(key).split("."):
        value = value.get(step) if isinstance(value, dict) else None
    text = str(value) if value is not None else ""
    return text.strip().removeprefix("{{").removesuffix("}}").strip() if text.startswith("{{") else str(key)


def _fields(value: Any, given: ProviderKeys) -> Any:
    if isinstance(value, dict):
        return {key: _fields(inner, given) for key, inner in value.items()}
    if isinstance(value, str) and "{{" in value and "?" in value:
        parsed(value)
        return text_of("{{ " + value.replace("{{", "").replace("}}", "") + " }}", given.scope)
    return given.take("", None) if value is None else (text_of(value, given.scope) if isinstance(value, str) else value)


def _console(given: ProviderKeys) -> ImportedStep:
    given.skip("logger", "severity")
    text = given.take("message", "")
    return ImportedStep([{"set": {given.variable: text}}], results=(), itself=True)


def _mock(given: ProviderKeys) -> ImportedStep:
    given.skip("command")
    output = given.take("command_output")
    return ImportedStep([] if output is None else [{"set": {given.variable: output}}], results=(), itself=True)


KEEP = {"keep": _keep, "console": _console, "mock": _mock}
