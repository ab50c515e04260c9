"""Services that are known by their GraphQL schemas: a shop of the sandbox's own, and Shopify with the same few fields.

They take any document and say what its field got: workers hold requests to the schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendors.http import HttpVendor

SCHEMA = Path(__file__).parents[1] / "shop.graphql"

FIELD = re.compile(r"\s*(?:query|mutation)\b[^{]*\{\s*(\w+)")
"""The beginning of a document, to its first field; no default of a variable has braces in what workers send."""

TYPE_NAME = "{__typename}"
"""The least that a service can be asked for: the name of its queries' type."""


class GraphQlVendor(HttpVendor):
    """A shop with a few fields, so that there is a GraphQL service without an account."""

    title: ClassVar[str] = "Shop (GraphQL)"
    connection: ClassVar[Mapping[str, Any]] = {
        "description": str(SCHEMA),
        "auth": {"bearer": "sandbox-shop-token"},
        "aliases": {"refund_order": "refundCreate"},
    }

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer the field that a document asks for with the variables that came."""
        body = request.body if isinstance(request.body, Mapping) else {}
        if request.method == "POST" and body.get("query") == TYPE_NAME:
            return VendorAnswer(200, {"data": {"__typename": "Query"}}, accepted=True)
        found = FIELD.match(str(body.get("query", "")))
        if request.method != "POST" or found is None:
            errors = [{"message": "Send a document with one query or mutation: POST {query, variables}."}]
            return VendorAnswer(400, {"errors": errors})
        received = {"received": body.get("variables") or {}}
        return VendorAnswer(200, {"data": {found[1]: received}}, accepted=True)

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key of `@idempotent`, or the argument that means the same."""
        variables = request.body.get("variables") if isinstance(request.body, Mapping) else None
        key = variables.get("idempotencyKey") if isinstance(variables, Mapping) else None
        return key if isinstance(key, str) else super().key(request)

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as GraphQL does."""
        answer = super().failure(status, retry_after)
        return VendorAnswer(status, {"errors": [{"message": "made to fail"}]}, answer.headers)


class ShopifyVendor(GraphQlVendor):
    """Shopify, with the fields of the sandbox's own shop: none of Shopify's is asked for its schema here."""

    title: ClassVar[str] = "Shopify"
    connection: ClassVar[Mapping[str, Any]] = {
        "shop": "sandbox",
        "accessToken": "sandbox-shopify-token",
        "description": str(SCHEMA),
    }
