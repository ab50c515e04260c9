"""What is asked of each kind of connection whose vendor is known; see `probe.py`."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from yarl import URL

from activities.ai.anthropic import ANTHROPIC
from activities.ai.openai import OPENAI
from activities.aircall.connection import AIRCALL
from activities.checks.probe import Probe, reads
from activities.context import Context
from activities.email.gmail import GMAIL, Gmail
from activities.email.postmark import POSTMARK
from activities.email.smtp import Smtp
from activities.errors import Refused
from activities.facebook.connection import FACEBOOK, Facebook
from activities.http_client.statuses import SUCCESS, failure
from activities.sms.cloudtalk import BASE_URL, CloudTalk
from activities.speech.google import Google
from activities.talkdesk.connection import TalkdeskBridge, service_of
from activities.teams.graph import SERVICE as GRAPH
from activities.teams.webhook import Teams
from activities.tickets.freshdesk import FreshdeskHelpdesk
from activities.tickets.zammad import ZammadHelpdesk
from activities.tickets.zendesk import ZendeskHelpdesk
from activities.vendors.accounts.github import GITHUB
from activities.vendors.accounts.jira import JIRA
from activities.vendors.accounts.shopify import PROFILE as SHOPIFY_PROFILE
from activities.vendors.accounts.shopify import SHOPIFY, Shopify
from activities.vendors.accounts.slack import SLACK, Slack
from activities.vendors.accounts.stripe import STRIPE
from activities.vendors.accounts.twilio import TWILIO, TwilioAccount
from activities.vendors.kustomer.service import KUSTOMER

if TYPE_CHECKING:
    from activities.http_client.message import Response

UNAUTHORIZED, FORBIDDEN = 401, 403
POSTING = "chat:write"


async def _slack_scopes(context: Context, connection: Slack) -> str:
    answer = await SLACK.call(context, connection, "POST", "/auth.test", effect=False)
    header = answer.headers.get("x-oauth-scopes")
    if header is None:
        return "Slack does not say which scopes the token has."
    scopes = [scope.strip() for scope in header.split(",")]
    if POSTING not in scopes:
        raise Refused(f"The token lacks the scope {POSTING}; it has {', '.join(scopes) or 'none'}.")
    return f"It has {', '.join(scopes)}."


def _account(connection: TwilioAccount) -> str:
    return f"/2010-04-01/Accounts/{connection.account_sid}.json"


def _active(body: Any) -> str:
    if body["status"] != "active":
        raise Refused(f"The account is {body['status']}; Twilio sends nothing for it.")
    return f"{body['friendly_name']}, {body['type']}."


def _numbers(connection: TwilioAccount) -> str:
    return f"/2010-04-01/Accounts/{connection.account_sid}/IncomingPhoneNumbers.json"


def _sending(body: Any) -> str:
    numbers = [one["phone_number"] for one in body["incoming_phone_numbers"] if one["capabilities"]["sms"]]
    if not numbers:
        raise Refused("No number of the account can send messages: get one with SMS, or send with another `from`.")
    return f"{', '.join(numbers[:5])}{' and others' if len(numbers) > 5 else ''}."  # noqa: PLR2004 # enough to see


async def _cloudtalk(context: Context, connection: CloudTalk) -> str:
    url = f"{(connection.base_url or BASE_URL).rstrip('/')}/numbers/index.json"
    pair = (connection.key_id, connection.key_secret)
    answer = await context.request("GET", url, headers={"Accept": "application/json"}, auth=pair, effect=False)
    data = answer.members().get("responseData")
    fields = data if isinstance(data, dict) else {}
    if answer.status not in SUCCESS:
        reason = str(fields.get("message") or "no reason given").rstrip(".")
        raise failure(f"CloudTalk answered {answer.status}: {reason}.", answer.status, answer.headers)
    numbers = fields.get("data")
    if not isinstance(numbers, list) or not numbers:
        raise Refused("The company has no number that could send.")
    return f"The company has {len(numbers)} number{'' if len(numbers) == 1 else 's'}."


async def _smtp(context: Context, connection: Smtp) -> str:
    from activities.email.smtp_session import greeted

    await greeted(connection.server(), context)
    return f"{connection.host} answers{' to ' + connection.username if connection.username else ''}."


async def _gmail(context: Context, connection: Gmail) -> str:
    try:
        answer = await GMAIL.call(context, connection, "GET", "/gmail/v1/users/me/profile")
    except Refused as refused:
        if refused.status != FORBIDDEN:
            raise
        return "Google gave a token; it may not read the mailbox's profile, which sending does not need."
    return f"{answer.members().get('emailAddress') or 'The mailbox'} is there."


async def _google(context: Context, connection: Google) -> str:
    del context
    from activities.speech.google_client import opened

    async with asyncio.timeout(60), opened(connection) as session:
        return "Google gave a token." if session.token else "Over http:// nobody signs in."


async def _teams(context: Context, connection: Teams) -> str:
    webhooks = [*connection.channels.values(), *(url for team in connection.teams.values() for url in team.values())]
    for url in webhooks or [connection.base_url or ""]:
        await context.request("GET", f"{URL(url).origin()}/", effect=False)
    return "The webhooks' hosts answer; whether they take a message only a message shows."


async def _bridge(context: Context, connection: TalkdeskBridge) -> str:
    async def look(sender: Context, signed: Mapping[str, str], marked: bool) -> Response:
        return await sender.request("GET", connection.address, headers=signed, effect=marked)

    answer = await service_of(connection).exchange(context, connection, look, noticed=False)
    if answer.status in {UNAUTHORIZED, FORBIDDEN}:
        raise Refused(f"The bridge answered {answer.status}: it does not take the token.", status=answer.status)
    return "The bridge answers; whether it takes `auth` only an action shows."


async def _whisper(context: Context, connection: Any) -> str:
    del context, connection
    return _package("faster_whisper", "whisper")


async def _local(context: Context, connection: Any) -> str:
    del context, connection
    return _package("py3langid", "language")


def _package(module: str, extra: str) -> str:
    if importlib.util.find_spec(module) is None:
        raise Refused(f"Its package is not installed: `pip install 'trunkline[{extra}]'`.")
    return "It runs on this machine, and its package is installed."


def _me(body: Any) -> str:
    user = body["user"]
    if user.get("id") is None:
        raise Refused("Zendesk takes the request as that of a visitor: look at `email` and `apiToken`.")
    return f"{user.get('email') or user['id']} is signed in."


def _signed_in(body: Any) -> str:
    return f"{body.get('email') or body.get('contact', {}).get('email') or body['id']} is signed in."


def _page(connection: Facebook) -> str:
    return f"/{connection.version}/me"


def _shop(connection: Shopify) -> str:
    return SHOPIFY_PROFILE.path(connection)


LOGIN = "its login is good"

PROBES: Mapping[str, tuple[Probe, ...]] = {
    "slack": (
        reads(
            "the token is good", SLACK, "/auth.test", lambda body: f"It is the bot {body['user_id']}.", method="POST"
        ),
        Probe("it may post messages", _slack_scopes),
    ),
    "twilio": (
        reads("the account is active", TWILIO, _account, _active),
        reads("a number can send messages", TWILIO, _numbers, _sending),
    ),
    "cloudtalk": (Probe("its keys are good, and it has a number", _cloudtalk),),
    "smtp": (Probe("the server takes the login", _smtp),),
    "postmark": (reads("the server's token is good", POSTMARK, "/server", lambda body: f"It is {body['Name']!r}."),),
    "gmail": (Probe("Google gives a token", _gmail),),
    "google": (Probe("Google gives a token", _google),),
    "whisper": (Probe("it runs here", _whisper),),
    "local_language": (Probe("it runs here", _local),),
    "teams": (Probe("its webhooks can be reached", _teams),),
    "teams_graph": (reads(LOGIN, GRAPH, "/v1.0/me", lambda body: f"{body['displayName']} is signed in."),),
    "zendesk": (reads(LOGIN, ZendeskHelpdesk.service, "/api/v2/users/me.json", _me),),
    "zammad": (reads(LOGIN, ZammadHelpdesk.service, "/api/v1/users/me", _signed_in),),
    "freshdesk": (reads(LOGIN, FreshdeskHelpdesk.service, "/api/v2/agents/me", _signed_in),),
    "kustomer": (reads("the key is good", KUSTOMER, "/v1/orgs/current", lambda body: f"It is {body['data']['id']}."),),
    "aircall": (reads("the key is good", AIRCALL, "/v1/ping", lambda body: f"It answers {body['ping']}."),),
    "facebook": (reads("the page's token is good", FACEBOOK, _page, lambda body: f"It is the page {body['id']}."),),
    "talkdesk_bridge": (Probe("the bridge can be reached", _bridge),),
    "openai": (reads("the key is good", OPENAI, "/models", lambda body: f"It has {len(body['data'])} models."),),
    "anthropic": (
        reads("the key is good", ANTHROPIC, "/v1/models", lambda body: f"It has {len(body['data'])} models."),
    ),
    "github": (reads("the token is good", GITHUB, "/rate_limit", lambda _: "GitHub takes it."),),
    "stripe": (reads("the key is good", STRIPE, "/v1/balance", lambda _: "Stripe takes it."),),
    "shopify": (
        reads(
            "the token is good",
            SHOPIFY,
            _shop,
            lambda body: f"Shopify takes it, and answers as {body['data']['__typename']}.",
            method="POST",
            json={"query": "{__typename}"},
        ),
    ),
    "jira": (reads(LOGIN, JIRA, "/rest/api/3/myself", lambda _: "Jira takes it."),),
}
"""By kind: what is asked, in this order."""
