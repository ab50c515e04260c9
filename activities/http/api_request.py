"""Call an API as the workflow automations' form describes it: URL, method, headers, values."""

from __future__ import annotations

from pydantic import Field, field_validator

from activities.action import action
from activities.context import Context
from activities.exchange.answer import HttpAnswer
from activities.exchange.body import BodyEntry, check_keys, coerced, nested
from activities.exchange.request import ExchangeConfig, exchange, in_background, repeats
from activities.http_client.json_body import json_bytes


class ApiRequest(ExchangeConfig):
    """A request to an API whose body is an object made of values."""

    values: list[BodyEntry] = Field(
        default_factory=list, description="The body, value by value: `{key, value, format}`; it is sent as JSON."
    )

    @field_validator("values")
    @classmethod
    def _keys_fit(cls, values: list[BodyEntry]) -> list[BodyEntry]:
        check_keys(entry.key for entry in values)
        return values


@action(
    "api_request",
    repeat=repeats,
    background=in_background,
    example={
        "method": "POST",
        "url": "https://api.example.com/contacts",
        "headers": [{"key": "Authorization", "value": "Basic {{secrets.api_user | basic: secrets.api_password}}"}],
        "values": [{"key": "contactName", "value": "{{contact.name}}", "format": "String"}],
    },
)
async def api_request(config: ApiRequest, context: Context) -> HttpAnswer:
    """Call an API with a JSON body made of values.

    It is `http_request` in the words of the workflow automations: headers as a list, and a body of values of which each
    says whether it is a Number, a String, a Boolean or to be detected (Auto).
    """
    values = nested((entry.key, coerced(entry)) for entry in config.values)
    return await exchange(context, config, json_bytes(values) if values else None)
