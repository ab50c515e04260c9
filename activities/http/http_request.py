"""Call any HTTP API."""

from __future__ import annotations

from typing import Literal
from urllib.parse import parse_qsl

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.errors import Refused
from activities.exchange.answer import HttpAnswer
from activities.exchange.body import Body
from activities.exchange.encoding import encoded, query_text
from activities.exchange.request import ExchangeConfig, exchange, in_background, repeats

Scalar = str | int | float | bool | None


class HttpRequest(ExchangeConfig):
    """A request to any HTTP API."""

    query: dict[str, Scalar | list[Scalar]] = Field(
        default_factory=dict,
        description="Query parameters; a list repeats its key, null leaves it out. None may stand in `url` too.",
    )
    body: Body = Field(
        default=None,
        description="A JSON value, a raw text, or a list of `{key, value, format}`. Dots in the body's own keys nest "
        "(`customer.firstname`); keys inside values stay as they are. A raw text that begins like JSON has to be JSON.",
    )
    encoding: Literal["json", "form"] = Field(
        default="json", description="How a body that is no raw text is written: as JSON, or as an HTML form."
    )


@action(
    "http_request",
    repeat=repeats,
    background=in_background,
    example={
        "method": "POST",
        "url": "https://shop.example.com/refunds",
        "headers": {"Authorization": "Bearer {{secrets.shop_token}}"},
        "body": {"customer.id": "{{contact.id}}", "amount": 20},
    },
)
async def http_request(config: HttpRequest, context: Context) -> HttpAnswer:
    """Call any HTTP API and keep its answer.

    GET, PUT and DELETE are repeated when their outcome is unknown; POST and PATCH only with `idempotent: true`.
    Statuses outside 2xx are failures unless `accept` names them: 429, and 503 with `Retry-After`, are tried again
    later, other 5xx have an unknown outcome, everything else is refused.
    """
    if twice := sorted(config.query.keys() & _names(config.url)):
        raise Refused(f"`query` has {twice[0]!r}, which stands in `url` already: give it in one place.")
    content, content_type = encoded(config.body, config.headers, form=config.encoding == "form")
    return await exchange(context, config, content, content_type, query_text(config.query.items()))


def _names(url: str) -> set[str]:
    """Return the names in an address's query."""
    return {name for name, _ in parse_qsl(url.partition("#")[0].partition("?")[2], keep_blank_values=True)}
