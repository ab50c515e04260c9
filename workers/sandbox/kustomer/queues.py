"""Queues: the work that waits in them, and who works on it."""

from __future__ import annotations

from workers.sandbox.kustomer.answers import done, page, refusal, refusal_at
from workers.sandbox.kustomer.births import record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.resources import Resource
from workers.sandbox.record import VendorAnswer

STATUSES = ("available", "unavailable", "busy")
TRUTHS = {"true": True, "false": False}


def _items(call: RoutedRequest) -> list[Resource]:
    queue = record(call.org, "queue", call.id)
    return call.org.all("work_item", queue=queue.id)


def _list(call: RoutedRequest) -> VendorAnswer:
    return page(call.request.path, call.query, [one.written() for one in _items(call)])


def _next(call: RoutedRequest) -> VendorAnswer:
    waiting = [one for one in _items(call) if one.attributes["status"] == "queued"]
    if not waiting:
        raise refusal(404, f"Nothing waits in the queue {call.id}.")
    return done(200, waiting[0].written())


def _sessions(call: RoutedRequest) -> VendorAnswer:
    queue = record(call.org, "queue", call.id)
    status, active = call.query.get("statusType"), call.query.get("active")
    if status is not None and status not in STATUSES:
        raise refusal_at(400, f"statusType must be one of {', '.join(STATUSES)}", "statusType")
    if active is not None and active not in TRUTHS:
        raise refusal_at(400, "active must be true or false", "active")
    found = [
        one.written()
        for one in call.org.all("work_session", queue=queue.id)
        if status in {None, one.attributes["statusType"]}
        and (active is None or TRUTHS[active] is one.attributes["active"])
    ]
    return page(call.request.path, call.query, found)


ROUTES = (
    SandboxRoute("GET /v1/routing/queues/{id}/work-items", _list),
    SandboxRoute("GET /v1/routing/queues/{id}/work-items/next", _next),
    SandboxRoute("GET /v1/routing/queues/{id}/work-sessions", _sessions),
)
