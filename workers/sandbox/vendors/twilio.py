"""Twilio's Messages resource: creating, listing and fetching messages."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar

from activities.sms.segments import segments
from workers.sandbox.phones import (
    E164,
    INVALID,
    MOST_TEXT,
    NOT_ALLOWED,
    NOT_MOBILE,
    NOT_OURS,
    QUEUE_FULL,
    UNREACHABLE,
    UNSUBSCRIBED,
)
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import MOST_MESSAGES, TOO_MANY_REQUESTS, Vendor, basic

VERSION = "2010-04-01"
ROUTE = re.compile(rf"/{VERSION}/Accounts/(?P<account>[^/]+)/Messages(/(?P<sid>[^/]+))?\.json")
ACCOUNT = re.compile(rf"/{VERSION}/Accounts/(?P<account>[^/]+?)(?P<numbers>/IncomingPhoneNumbers)?\.json")
NUMBER = "+15550100"
PAGE = 50

RECIPIENTS = {
    INVALID: (21211, "Invalid 'To' Phone Number: {to}"),
    UNREACHABLE: (
        21612,
        "The 'To' phone number {to} is not currently reachable using the 'From' phone number {sender}.",
    ),
    NOT_ALLOWED: (
        21408,
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}.",
    ),
    UNSUBSCRIBED: (21610, "Attempt to send to unsubscribed recipient"),
    NOT_MOBILE: (21614, "'To' number {to} is not a valid mobile number"),
}
SENDERS = {
    INVALID: (21212, "The 'From' number {sender} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    NOT_OURS: (
        21606,
        "The 'From' phone number provided ({sender}) is not a valid message-capable Twilio phone number.",
    ),
    QUEUE_FULL: (21611, "This 'From' number has exceeded the maximum number of queued messages"),
}


class TwilioVendor(Vendor):
    """An account that owns every number; Twilio's own test numbers (+1500555000…) have their meaning.

    Any token is good, except one that contains `invalid`.
    """

    title: ClassVar[str] = "Twilio"
    connection: ClassVar[Mapping[str, Any]] = {"accountSid": "AC" + "0" * 32, "authToken": "sandbox-auth-token"}
    host: ClassVar[str] = "api.twilio.com"

    def __init__(self) -> None:
        self._messages: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the Messages resource."""
        route = ROUTE.fullmatch(request.path)
        if route is None:
            account = ACCOUNT.fullmatch(request.path) if request.method == "GET" else None
            return (
                _looked_up(request, account)
                if account
                else problem(404, 20404, f"The requested resource {request.path} was not found")
            )
        if not _signed_in(request, route["account"]):
            return problem(401, 20003, "Authenticate")
        match (request.method, route["sid"]):
            case ("POST", None):
                return self._create(route["account"], request.form)
            case ("GET", None):
                return self._list(request)
            case ("GET", sid):
                found = [message for message in self._messages if message["sid"] == sid]
                return (
                    VendorAnswer(200, found[0])
                    if found
                    else problem(404, 20404, f"The requested resource {request.path} was not found")
                )
            case _:
                return problem(405, 20004, "Method not allowed")

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer 429 as Twilio's concurrency limit does, anything else with a server's error."""
        problem_answer = problem(status, 20429 if status == TOO_MANY_REQUESTS else 20500, "Made to fail")
        return VendorAnswer(
            status, problem_answer.body, {} if retry_after is None else {"Retry-After": str(retry_after)}
        )

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return a message's numbers and text."""
        form = request.form
        return (f"{form['From']} → {form['To']}" if "From" in form and "To" in form else "", form.get("Body", ""))

    def clear(self) -> None:
        """Forget all messages."""
        self._messages.clear()

    def _create(self, account: str, form: dict[str, str]) -> VendorAnswer:
        wrong = check(form)
        if wrong:
            return problem(400, *wrong)
        now = format_datetime(datetime.now(UTC))
        sid = f"SM{uuid.uuid4().hex}"
        uri = f"/{VERSION}/Accounts/{account}/Messages/{sid}.json"
        message = {
            "account_sid": account,
            "api_version": VERSION,
            "body": form["Body"],
            "date_created": now,
            "date_sent": now,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form["From"],
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(segments(form["Body"]).count),
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "queued",
            "subresource_uris": {"media": uri.replace(".json", "/Media.json")},
            "to": form["To"],
            "uri": uri,
        }
        self._messages.append(message)
        return VendorAnswer(201, message, accepted=True)

    def _list(self, request: ReceivedRequest) -> VendorAnswer:
        try:
            size = min(int(request.query.get("PageSize", PAGE)), 1000)
            page = int(request.query.get("Page", 0))
            fitting = [message for message in reversed(self._messages) if _fits(message, request.query)]
        except ValueError:
            return problem(400, 20001, "Bad request")
        shown = fitting[page * size : (page + 1) * size]
        more = len(fitting) > (page + 1) * size
        following = "&".join(
            [
                *(f"{name}={value.replace('+', '%2B')}" for name, value in request.query.items() if name != "Page"),
                f"Page={page + 1}",
            ]
        )
        body = {
            "messages": shown,
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(len(shown) - 1, 0),
            "uri": request.path,
            "first_page_uri": request.path,
            "previous_page_uri": None,
            "next_page_uri": f"{request.path}?{following}" if more else None,
        }
        return VendorAnswer(200, body)


def _looked_up(request: ReceivedRequest, route: re.Match[str]) -> VendorAnswer:
    """Answer what the account is, or which numbers it has."""
    account = route["account"]
    if not _signed_in(request, account):
        return problem(401, 20003, "Authenticate")
    if route["numbers"]:
        owned = [{"phone_number": NUMBER, "capabilities": {"sms": True, "mms": False, "voice": True}}]
        return VendorAnswer(200, {"incoming_phone_numbers": owned, "next_page_uri": None}, accepted=True)
    return VendorAnswer(
        200, {"sid": account, "friendly_name": "Sandbox", "status": "active", "type": "Full"}, accepted=True
    )


def check(form: dict[str, str]) -> tuple[int, str] | None:
    """Return Twilio's code and sentence for a message that it would not take."""
    to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    rules = [
        (not to, (21604, "A 'To' phone number is required.")),
        (not sender, (21603, "A 'From' phone number is required.")),
        (not body, (21602, "Message body is required.")),
        (len(body) > MOST_TEXT, (21617, "The concatenated message body exceeds the 1600 character limit")),
        (not E164.fullmatch(to), RECIPIENTS[INVALID]),
        (not E164.fullmatch(sender), SENDERS[INVALID]),
        (to == sender, (21266, "'To' and 'From' number cannot be the same")),
        *((sender == known, problem_answer) for known, problem_answer in SENDERS.items()),
        *((to == known, problem_answer) for known, problem_answer in RECIPIENTS.items()),
    ]
    broken = next((problem_answer for wrong, problem_answer in rules if wrong), None)
    return (broken[0], broken[1].format(to=to, sender=sender)) if broken else None


def problem(status: int, code: int, message: str) -> VendorAnswer:
    """Answer as Twilio refuses."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return VendorAnswer(status, {"code": code, "message": message, "more_info": more, "status": status})


def _signed_in(request: ReceivedRequest, account: str) -> bool:
    given = basic(request)
    if given is None or not given[1] or "invalid" in given[1]:
        return False
    return given[0] == account or given[0].startswith("SK")


def _fits(message: dict[str, Any], query: Any) -> bool:
    if query.get("To") not in (None, message["to"]) or query.get("From") not in (None, message["from"]):
        return False
    sent = datetime.strptime(message["date_sent"], "%a, %d %b %Y %H:%M:%S %z")
    on, until, since = (query.get(name) for name in ("DateSent", "DateSent<", "DateSent>"))
    return (
        (on is None or _instant(on).date() == sent.date())
        and (until is None or sent <= _instant(until))
        and (since is None or sent >= _instant(since))
    )


def _instant(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
