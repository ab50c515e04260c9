"""Call any JSON API."""

from __future__ import annotations

from pydantic import AliasChoices, Field, StrictBool

from activities.action import action
from activities.context import Context
from activities.kustomer.local.rest_api import RestAnswer, RestRequest, exchange, repeats


class JsonRequest(RestRequest):
    """A request whose body is JSON."""

    json_: StrictBool = Field(
        default=True,
        alias="json",
        validation_alias=AliasChoices("json", "Json", "JSON"),
        description="False sends a text as it is, as `kustomer.rest_api_generic` does.",
    )


@action(
    "kustomer.rest_api_json",
    repeat=repeats,
    example={
        "uri": "https://shop.example.com/customers/{{customer.id}}/orders",
        "method": "POST",
        "headers": {"Authorization": "Bearer {{secrets.shop_token}}"},
        "data": {"sku": "a-1", "note": "{{message.body}}"},
    },
)
async def rest_api_json(config: JsonRequest, context: Context) -> RestAnswer:
    """Call a JSON API and keep its answer, whatever its status.

    The body is sent as JSON, also where it is a plain text. GET, HEAD, PUT and DELETE are repeated when their outcome
    is unknown, others not. GET and HEAD follow up to five redirects.
    """
    return await exchange(context, config, {"Accept": "application/json"}, json=config.json_)
