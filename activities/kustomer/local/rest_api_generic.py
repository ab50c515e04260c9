"""Call any API, with a body of any kind."""

from __future__ import annotations

from activities.action import action
from activities.context import Context
from activities.kustomer.local.rest_api import RestAnswer, RestRequest, exchange, repeats


@action(
    "kustomer.rest_api_generic",
    repeat=repeats,
    example={
        "uri": "https://shop.example.com/lookups",
        "method": "POST",
        "headers": {"Authorization": "Bearer {{secrets.shop_token}}"},
        "form": {"email": "{{customer.email}}"},
    },
)
async def rest_api_generic(config: RestRequest, context: Context) -> RestAnswer:
    """Call any API and keep its answer, whatever its status.

    A text is sent as it is, anything else as JSON, `form` as an HTML form. GET, HEAD, PUT and DELETE are repeated when
    their outcome is unknown, others not. GET and HEAD follow up to five redirects.
    """
    return await exchange(context, config, {}, json=False)
