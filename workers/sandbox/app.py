"""The sandbox's one web application: the vendors by path, and what controls and shows them under `/_/`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ValidationError

from activities.http_client.addresses import Target
from activities.http_client.sandboxed import HOSTS
from activities.violations import sentence_of
from workers.hosts import host_refusal, origin_refusal
from workers.sandbox.faults import Fault, Faults
from workers.sandbox.hosts import RequestPlace, place_of
from workers.sandbox.mail_server import NAME as MAIL
from workers.sandbox.mail_server import MailServer
from workers.sandbox.mailbox import letters, mailbox
from workers.sandbox.page import assets, page
from workers.sandbox.record import ReceivedRequest, RecordEntry, RequestRecord, VendorAnswer
from workers.sandbox.recordings import Recordings
from workers.sandbox.slack_clicks import Clicks
from workers.sandbox.stubs import Stub, Stubs
from workers.sandbox.vendor import Vendor
from workers.sandbox.vendors import VENDORS, Vendors
from workers.sandbox.vendors.slack import SlackVendor
from workers.sandbox.webhooks.gateway import GatewayDoors
from workers.sandbox.webhooks.page import WebhooksPage

MOST_REQUEST = 32 * 1024 * 1024
STATUS = 500
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'",
    "Cache-Control": "no-store",
}

M = TypeVar("M", bound=BaseModel)


class SandboxApp:
    """Everything behind the sandbox's address: its vendors, its faults, its memory."""

    def __init__(
        self, faults: Faults | None = None, vendors: Vendors = VENDORS, *, recordings: Path | None = None
    ) -> None:
        self.record = RequestRecord()
        self.faults = faults or Faults()
        self.stubs = Stubs()
        self.recordings = Recordings(recordings)
        self.gateway: GatewayDoors | None = None
        self.vendors: dict[str, Vendor] = {name: kind() for name, kind in vendors.items() if isinstance(kind, type)}

    def clear(self) -> None:
        """Forget all requests and messages; faults and stubs stay."""
        self.record.clear()
        for vendor in self.vendors.values():
            vendor.clear()

    def fail(self, fault: Fault) -> None:
        """Have a fault from now on.

        Raises:
            ValueError: there is no such vendor.
        """
        if fault.vendor is not None and fault.vendor not in self.vendors:
            raise ValueError(f"`vendor`: the sandbox has no {fault.vendor!r}; it has {', '.join(self.vendors)}")
        self.faults.add(fault)

    def mail_server(self) -> MailServer | None:
        """Return the mail server of its vendor, if it has that."""
        vendor = self.vendors.get(MAIL)
        return None if vendor is None else MailServer(vendor, self.record, self.faults)

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(client_max_size=MOST_REQUEST, middlewares=[_own_pages_only])
        app.add_routes(
            [
                web.get("/", self._page),
                *(web.get(f"/_/{name}", _asset(*asset)) for name, asset in assets(self.vendors).items()),
                web.get("/_/mailbox", self._mailbox),
                web.get("/_/mailbox.json", self._shown(lambda: letters(self.record))),
                *WebhooksPage(lambda: self.gateway).routes(),
                web.get("/_/requests", self._requests),
                web.delete("/_/requests", self._emptied(self.clear)),
                web.get("/_/faults", self._shown(self.faults.shown)),
                web.post("/_/faults", self._taken(Fault, self.fail)),
                web.delete("/_/faults", self._emptied(self.faults.clear)),
                web.get("/_/responses", self._shown(self.stubs.shown)),
                web.post("/_/responses", self._taken(Stub, self.stubs.add)),
                web.delete("/_/responses", self._emptied(self.stubs.clear)),
                *self._clicks(),
                web.route("*", r"/{path:[^/_].*}", self._vendor),
            ]
        )
        return app

    def _clicks(self) -> Iterable[web.RouteDef]:
        """Return what lets an author press the buttons of messages, where there is a Slack."""
        slack = self.vendors.get("slack")
        return Clicks(slack, lambda: self.gateway).routes() if isinstance(slack, SlackVendor) else ()

    async def _vendor(self, http: web.Request) -> web.StreamResponse:
        place = place_of(http.path, self.vendors)
        if place is None:
            known = ", ".join(f"/{one}/" for one in (*self.vendors, "hosts/HOST"))
            return _json(
                {"error": f"The sandbox has nothing at {http.path}; it answers below {known} and /_/."}, status=404
            )
        vendor = self.vendors[place.vendor]
        fault = self.faults.take(place.vendor, http.path, http.method)
        request = await _request(http, place)
        received = RecordEntry(
            id=self.record.next_id(),
            at=datetime.now(UTC),
            vendor=place.vendor,
            request=request,
            fault=fault.shown() if fault else None,
        )
        below = replace(request, path=place.path)
        received.key = vendor.key(below)
        if fault and fault.late:
            await asyncio.sleep(fault.late)
        answer = self._answer(vendor, below, fault, received, place.meant)
        self.record.add(received)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        if answer is None:
            return _hang_up(http)
        received.answer = answer
        return web.Response(
            status=answer.status,
            body=answer.content,
            headers={"Content-Type": "application/json", **answer.headers},
        )

    def _answer(
        self,
        vendor: Vendor,
        request: ReceivedRequest,
        fault: Fault | None,
        received: RecordEntry,
        meant: Target | None,
    ) -> VendorAnswer | None:
        answer: VendorAnswer | None = None
        if fault is None or fault.accepts:
            stubbed = self._stubbed(vendor, request, received, meant)
            answer = stubbed or self.recordings.answer(request) or vendor.answer(request)
            received.accepted = answer.accepted
        if fault and fault.drop:
            return None
        if fault and (fault.answers or answer is None):
            failure = vendor.failure(fault.status or (STATUS if fault.body is None else 200), fault.retry_after)
            return failure if fault.body is None else VendorAnswer(failure.status, fault.body, failure.headers)
        return answer

    def _stubbed(
        self, vendor: Vendor, request: ReceivedRequest, received: RecordEntry, meant: Target | None
    ) -> VendorAnswer | None:
        """Return the answer that somebody taught, for the host that is meant or for a vendor that takes stubs."""
        if meant is not None:
            found = self.stubs.answer(received.request, meant)
        elif vendor.stubbed:
            bare = request.path.removeprefix(vendor.root)
            alike = [replace(request, path=path) for path in dict.fromkeys((bare, vendor.root + bare))]
            known = Target.parse(f"https://{vendor.host}/") if vendor.host else None
            tries = (self.stubs.answer(one, host) for host in dict.fromkeys((None, known)) for one in alike)
            found = next((answer for answer in tries if answer is not None), None)
        else:
            return None
        return found and vendor.stub(request, found)

    async def _page(self, http: web.Request) -> web.Response:
        chosen = http.query.get("vendor") if http.query.get("vendor") in self.vendors else None
        counts = Counter(received.vendor for received in self.record)
        return _html(page(self.record.find(chosen), self.vendors, counts=counts, chosen=chosen))

    async def _mailbox(self, _http: web.Request) -> web.Response:
        return _html(mailbox(letters(self.record)))

    async def _requests(self, http: web.Request) -> web.Response:
        found = self.record.find(http.query.get("vendor"), http.query.get("key"))
        return _json([received.shown() for received in found])

    def _shown(self, what: Callable[[], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def show(_http: web.Request) -> web.Response:
            return _json(what())

        return show

    def _taken(self, model: type[M], keep: Callable[[M], None]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def take(http: web.Request) -> web.Response:
            try:
                made = model.model_validate_json(await http.read())
                keep(made)
            except ValidationError as error:
                return _refused(model, sentence_of(error))
            except ValueError as error:
                return _refused(model, str(error))
            return _json(made.model_dump(by_alias=True, exclude_defaults=True), status=201)

        return take

    def _emptied(self, empty: Callable[[], None]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def clear(_http: web.Request) -> web.Response:
            empty()
            return web.Response(status=204)

        return clear


@web.middleware
async def _own_pages_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what pages of others have a browser send: they could read what was sent, and teach answers."""
    # where an automation's own host was meant, the Origin is its author's; no page can leave Sec-Fetch-Site out
    written = request.path.startswith(HOSTS) and "Sec-Fetch-Site" not in request.headers
    refusal = host_refusal(request.headers.get("Host")) or (None if written else origin_refusal(request.headers))
    return await handler(request) if refusal is None else _json({"error": refusal}, status=403)


async def _request(http: web.Request, place: RequestPlace) -> ReceivedRequest:
    headers = {name.lower(): value for name, value in http.headers.items()}
    if place.host is not None:
        headers["host"] = place.host
    return ReceivedRequest(http.method, place.at or http.path, dict(http.query), headers, await http.read(), place.host)


def _asset(text: str, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def asset(_http: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind)

    return asset


def _html(text: str) -> web.Response:
    content = text.encode(errors="replace")
    return web.Response(body=content, content_type="text/html", charset="utf-8", headers=SECURITY)


def _refused(model: type[BaseModel], wrong: str) -> web.Response:
    return _json({"error": f"This is no {model.__name__.lower()}: {wrong}."}, status=400)


def _hang_up(http: web.Request) -> web.Response:
    if http.transport is not None:
        http.transport.close()
    return web.Response()


def _json(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)
