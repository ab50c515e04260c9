"""Who the sandbox stands in for: one file a vendor, and its entry here."""

from __future__ import annotations

from collections.abc import Mapping

from workers.sandbox.vendor import NoStandIn, Vendor
from workers.sandbox.vendors.aircall import AircallVendor
from workers.sandbox.vendors.anthropic import AnthropicVendor
from workers.sandbox.vendors.cloudtalk import CloudTalkVendor
from workers.sandbox.vendors.described import GitHubVendor, JiraVendor, ShopVendor, StripeVendor
from workers.sandbox.vendors.facebook import FacebookVendor
from workers.sandbox.vendors.freshdesk import FreshdeskVendor
from workers.sandbox.vendors.gmail import GmailVendor
from workers.sandbox.vendors.graphql import GraphQlVendor, ShopifyVendor
from workers.sandbox.vendors.http import HttpVendor
from workers.sandbox.vendors.kustomer import KustomerVendor
from workers.sandbox.vendors.language import LOCAL_LANGUAGE
from workers.sandbox.vendors.mcp import McpVendor
from workers.sandbox.vendors.openai import OpenAIVendor
from workers.sandbox.vendors.postmark import PostmarkVendor
from workers.sandbox.vendors.slack import SlackVendor
from workers.sandbox.vendors.smtp import SmtpVendor
from workers.sandbox.vendors.speech import GOOGLE, WHISPER
from workers.sandbox.vendors.talkdesk_bridge import TalkdeskBridgeVendor
from workers.sandbox.vendors.teams import TeamsVendor
from workers.sandbox.vendors.teams_graph import TeamsGraphVendor
from workers.sandbox.vendors.twilio import TwilioVendor
from workers.sandbox.vendors.zammad import ZammadVendor
from workers.sandbox.vendors.zendesk import ZendeskVendor

Vendors = Mapping[str, type[Vendor] | NoStandIn]

VENDORS: Vendors = {
    "slack": SlackVendor,
    "twilio": TwilioVendor,
    "cloudtalk": CloudTalkVendor,
    "smtp": SmtpVendor,
    "postmark": PostmarkVendor,
    "gmail": GmailVendor,
    "google": GOOGLE,
    "whisper": WHISPER,
    "teams": TeamsVendor,
    "teams_graph": TeamsGraphVendor,
    "zendesk": ZendeskVendor,
    "zammad": ZammadVendor,
    "freshdesk": FreshdeskVendor,
    "kustomer": KustomerVendor,
    "aircall": AircallVendor,
    "facebook": FacebookVendor,
    "talkdesk_bridge": TalkdeskBridgeVendor,
    "openai": OpenAIVendor,
    "anthropic": AnthropicVendor,
    "local_language": LOCAL_LANGUAGE,
    "openapi": ShopVendor,
    "mcp": McpVendor,
    "github": GitHubVendor,
    "stripe": StripeVendor,
    "jira": JiraVendor,
    "graphql": GraphQlVendor,
    "shopify": ShopifyVendor,
    "http": HttpVendor,
}
"""Every kind of connection, and `http`, which needs none; page, faults, connections and command line derive from it."""
