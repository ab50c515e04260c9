"""What Talkdesk must be told of a bridge: the integration, and an action whose inputs the automation declares.

Sources: docs.talkdesk.com, integration configuration and action configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.errors import TrunklineError
from workers.gateway.config import GatewayConfig

ENDPOINTS = {
    "contacts": "contact_synchronization_endpoint",
    "agents": "agent_synchronization_endpoint",
    "interactions": "interaction_retrieval_endpoint",
}

INPUTS = (
    "`trigger.data` of {automation} must be a JSON Schema that says what `data` holds, as `data: {{type: object, "
    "properties: {{data: {{type: object, properties: {{subject: {{title: Subject}}}}, required: [subject]}}}}}}`."
)


def manifest(config: GatewayConfig, automation: str, declared: Any) -> dict[str, Any]:
    """Return `{"integration", "action"}` for an automation that Talkdesk runs; no action for one that fills a list.

    Args:
        config: the gateway's file.
        automation: the automation's name.
        declared: its `trigger.data`.

    Raises:
        TrunklineError: the file or the automation does not say what is needed.
    """
    entry = config.talkdesk.get(automation)
    if entry is None:
        known = ", ".join(config.talkdesk) or "none"
        raise TrunklineError(f"The gateway's file has no `talkdesk.{automation}`; it has {known}.")
    if config.base_url is None:
        raise TrunklineError("The gateway's file has no `baseUrl`, the address that Talkdesk calls.")
    found = {"integration": _integration(config, config.base_url, automation)}
    return found if entry.kind != "action" else found | {"action": _action(config.base_url, automation, declared)}


def _integration(config: GatewayConfig, base_url: str, automation: str) -> dict[str, Any]:
    auth = config.talkdesk[automation].auth
    fields = [
        {name: {"source": "input", "display": label(name), "mandatory": True, "type": "input", "store": True}}
        for name in auth
    ]
    signed = {
        "authentication_configuration": fields,
        "auth_validation_endpoint": f"{base_url}/talkdesk/{automation}/auth",
    }
    lists = {
        ENDPOINTS[entry.kind]: f"{base_url}/talkdesk/{name}"
        for name, entry in config.talkdesk.items()
        if entry.kind in ENDPOINTS
    }
    return {
        "name": "trunkline",
        "display_name": "Trunkline",
        "authentication_type": "custom" if auth else "none",
        **(signed if auth else {}),
        **lists,
    }


def _action(base_url: str, automation: str, declared: Any) -> dict[str, Any]:
    return {
        "provider": "trunkline",
        "name": automation.replace("-", "_").replace(".", "_"),
        "display": label(automation).lower(),
        "description": label(automation),
        "endpoint": f"{base_url}/talkdesk/{automation}",
        "inputs": _inputs(automation, declared),
    }


def _inputs(automation: str, declared: Any) -> list[dict[str, Any]]:
    schema = declared.get("properties", {}).get("data") if isinstance(declared, Mapping) else None
    fields = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or not isinstance(fields, Mapping):
        raise TrunklineError(INPUTS.format(automation=automation))
    mandatory = schema.get("required", [])
    return [
        {
            "key": key,
            "name": field.get("title") or label(key) if isinstance(field, Mapping) else label(key),
            "mandatory": key in mandatory,
        }
        for key, field in fields.items()
    ]


def label(name: str) -> str:
    """Return a name as people read it: `contact_email` is "Contact email"."""
    words = name.replace("_", " ").replace("-", " ").replace(".", " ").strip()
    return words[:1].upper() + words[1:]
