"""Services that are known by their descriptions: a shop of the sandbox's own, and vendors whose APIs have profiles.

They take anything, say what they got, and answer as they are taught: workers hold requests to the description.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from workers.sandbox.vendors.http import HttpVendor

SHOP = Path(__file__).parents[1] / "shop.yaml"


class ShopVendor(HttpVendor):
    """A shop with a few operations, so that there is a described service without an account."""

    title: ClassVar[str] = "Shop (OpenAPI)"
    connection: ClassVar[Mapping[str, Any]] = {
        "description": str(SHOP),
        "auth": {"bearer": "sandbox-shop-token"},
        "aliases": {"refund_order": "refundOrder"},
    }


class GitHubVendor(HttpVendor):
    """GitHub."""

    title: ClassVar[str] = "GitHub"
    connection: ClassVar[Mapping[str, Any]] = {"token": "sandbox-github-token"}
    host: ClassVar[str | None] = "api.github.com"


class StripeVendor(HttpVendor):
    """Stripe."""

    title: ClassVar[str] = "Stripe"
    connection: ClassVar[Mapping[str, Any]] = {"apiKey": "sandbox-stripe-key"}
    host: ClassVar[str | None] = "api.stripe.com"


class JiraVendor(HttpVendor):
    """Jira."""

    title: ClassVar[str] = "Jira"
    connection: ClassVar[Mapping[str, Any]] = {
        "site": "sandbox",
        "email": "sandbox@example.com",
        "apiToken": "sandbox-jira-token",
    }
