"""The description of what a gateway serves (OpenAPI 3.1), made of its own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.gateway import openapi_pages
from workers.gateway.cloudevents import BATCH, MOST_EVENTS, OPTIONAL, STRUCTURED
from workers.gateway.config import GatewayConfig
from workers.gateway.parts import Verify
from workers.gateway.requests import FORM, JSON
from workers.gateway.talkdesk.entry import TalkdeskEntry
from workflows.event import MAX_ID, VERSION

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_ID}
EVENT: Schema = {
    "type": "object",
    "description": "An event of CloudEvents 1.0, whose `data` holds the roots that automations see; at most 512 KiB.",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": VERSION},
        "id": {**TEXT, "description": "Unique within the source. A repetition is harmless."},
        "source": TEXT,
        "type": TEXT,
        "data": {"type": "object"},
        "time": {"type": ["string", "null"], "format": "date-time"},
        **{name: {"type": ["string", "null"], "minLength": 1} for name in OPTIONAL},
    },
}
ACCEPTED: Schema = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "workflowId", "repeated"],
                "properties": {
                    "id": {"type": "string"},
                    "workflowId": {"type": "string"},
                    "repeated": {"type": "boolean", "description": "Whether it was received before."},
                },
            },
        }
    },
}
MESSAGE: Schema = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}

REFUSALS: Mapping[str, str] = {
    "400": "It is malformed; of a batch with a malformed event nothing starts.",
    "401": "It does not show who has sent it.",
    "408": "The body has not arrived in time.",
    "409": "The id is that of another source's event.",
    "413": "The body, or an event in it, is too large.",
    "415": "The body is of a media type that is not taken here, or compressed.",
    "503": "Temporal does not answer: send it again.",
}
TALKDESK: Schema = {
    JSON: {
        "schema": {
            "type": "object",
            "properties": {
                "auth": {"type": ["object", "null"]},
                "data": {"type": ["object", "null"]},
                "meta": {"type": ["object", "null"]},
            },
        }
    }
}
SCHEMES: Mapping[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
}


def description(config: GatewayConfig) -> Schema:
    """Return the description of what a gateway with this file serves."""
    paths: Schema = {
        "/healthz": {"get": _get("Whether Temporal answers.", "503")},
        "/livez": {"get": _get("Whether the gateway answers.")},
        "/openapi.json": {"get": _get("This description.")},
    }
    schemes: Schema = {}
    if config.events is not None:
        paths["/events"] = {
            "post": _post("Send events.", _events(), config.events.verify, schemes),
            "options": {
                "summary": "Ask whether events may be sent.",
                "responses": {"200": {"description": "They may."}},
            },
        }
    for name, source in config.sources.items():
        answer = "204" if source.verify.twilio is not None else "202"
        paths[f"/hooks/{name}"] = {
            "post": _post(f"Send what {name} has to say.", _anything(), source.verify, schemes, answer=answer)
        }
    if config.slack is not None:
        paths["/slack/interactions"] = {"post": _buttons()}
    for automation, entry in config.talkdesk.items():
        paths[f"/talkdesk/{automation}"] = {"post": _bridge(entry)}
        paths[f"/talkdesk/{automation}/auth"] = {"post": _validator()}
    if config.pages is not None:
        paths |= openapi_pages.paths()
        schemes |= openapi_pages.SCHEMES
    servers = {} if config.base_url is None else {"servers": [{"url": config.base_url}]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trunkline gateway", "version": "1"},
        **servers,
        "paths": paths,
        "components": {"schemas": {"Event": EVENT}, "securitySchemes": schemes},
    }


def _get(summary: str, *others: str) -> Schema:
    content = {JSON: {"schema": {"type": "object"}}}
    statuses = {"200": {"description": "Yes.", "content": content}}
    return {
        "summary": summary,
        "responses": statuses | {one: {"description": "No.", "content": content} for one in others},
    }


def _post(summary: str, content: Schema, verify: Verify, schemes: Schema, *, answer: str = "202") -> Schema:
    accepted = {JSON: {"schema": ACCEPTED}}
    yes: Schema = {"description": "Temporal holds it durably, or held it before."}
    responses: Schema = {answer: yes | ({"content": accepted} if answer == "202" else {})}
    if verify.slack is not None:
        responses["200"] = {"description": "The challenge of Slack's `url_verification`."}
    responses |= _refusals(*REFUSALS)
    found: Schema = {"summary": summary, "requestBody": {"required": True, "content": content}, "responses": responses}
    return found | _security(verify, schemes)


def _bridge(entry: TalkdeskEntry) -> Schema:
    yes = "201" if entry.kind == "action" else "200"
    content: Schema = {"type": "object"} if entry.kind == "action" else {}
    responses: Schema = {yes: {"description": "It has completed.", "content": {JSON: {"schema": content}}}}
    responses |= _refusals("400", "401", "408", "413", "415", "503")
    responses["400"]["description"] = "It is malformed, or the run has ended otherwise."
    return {
        "summary": "Run it for Talkdesk.",
        "requestBody": {"required": True, "content": TALKDESK},
        "responses": responses,
    }


def _validator() -> Schema:
    responses: Schema = {"200": {"description": "They are.", "content": {JSON: {"schema": {"type": "object"}}}}}
    summary = "Ask whether credentials are right."
    content = {"required": True, "content": TALKDESK}
    return {
        "summary": summary,
        "requestBody": content,
        "responses": responses | _refusals("400", "401", "408", "413", "415"),
    }


def _buttons() -> Schema:
    answer = {"type": "object", "description": "Of a form that does not count: what is wrong with it."}
    fields = {"type": "object", "required": ["payload"], "properties": {"payload": {"type": "string"}}}
    yes: Schema = {"description": "It is taken, and decided behind the answer.", "content": {JSON: {"schema": answer}}}
    return {
        "summary": "Press a button, or send a form, in Slack.",
        "requestBody": {"required": True, "content": {FORM: {"schema": fields}}},
        "responses": {"200": yes, **_refusals("401", "408", "413", "415")},
    }


def _refusals(*statuses: str) -> Schema:
    return {one: {"description": REFUSALS[one], "content": {JSON: {"schema": MESSAGE}}} for one in statuses}


def _security(verify: Verify, schemes: Schema) -> Schema:
    if verify.header is not None:
        name = verify.header.name
        schemes[f"header-{name}"] = {"type": "apiKey", "in": "header", "name": name}
        return {"security": [{f"header-{name}": []}]}
    if verify.kind in SCHEMES:
        schemes[verify.kind] = SCHEMES[verify.kind]
        return {"security": [{verify.kind: []}]}
    return {}


def _events() -> Schema:
    one = {"$ref": "#/components/schemas/Event"}
    batch = {"type": "array", "maxItems": MOST_EVENTS, "items": one}
    binary = {"type": "object", "description": "The event's data; its attributes are in headers (`ce-id`, …)."}
    return {STRUCTURED: {"schema": one}, BATCH: {"schema": batch}, JSON: {"schema": binary}}


def _anything() -> Schema:
    return {JSON: {}, FORM: {}, "text/plain": {"schema": {"type": "string"}}}
