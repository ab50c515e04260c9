"""What an organization is set up with: itself, its users, snippets, hooks, and the commands of its apps."""

from __future__ import annotations

from collections.abc import Callable

from workers.sandbox.kustomer import bodies
from workers.sandbox.kustomer.answers import done, page, refusal, refusal_at
from workers.sandbox.kustomer.births import MISSING, is_known, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.resources import MACHINE, ORG, Resource
from workers.sandbox.record import VendorAnswer

MOST_HOOKED = 400 * 1024
MOST_USERS = 500
FILTERS = frozenset(("pending", "deleted", "userType", "email"))
HOOKS = ("web", "form", "email")


def _org(call: RoutedRequest) -> VendorAnswer:
    id_ = ORG if call.id == "current" else call.id
    return done(200, record(call.org, "org", id_).written())


def _user(call: RoutedRequest) -> VendorAnswer:
    id_ = MACHINE if call.id == "current" else call.id
    return done(200, record(call.org, "user", id_).written())


def _users(call: RoutedRequest) -> VendorAnswer:
    filters = FILTERS & call.query.keys()
    if len(filters) > 1:
        raise refusal_at(400, f"{' and '.join(sorted(filters))} cannot be combined", min(filters))
    record(call.org, "user", MACHINE)
    email, kind = call.query.get("email"), call.query.get("userType")
    if email and is_known("email", email):
        known = record(call.org, "user", email.partition("@")[0])
        if known.attributes["userType"] == "user":
            known.attributes["email"] = email
    found = [
        one.written()
        for one in call.org.all("user")
        if email in {None, one.attributes["email"]} and kind in {None, one.attributes["userType"]}
    ]
    return page(call.request.path, call.query, found, most=MOST_USERS)


def _snippet(call: RoutedRequest) -> VendorAnswer:
    return done(200, record(call.org, "snippet", call.id).written())


def _hook_read(kind: str) -> Callable[[RoutedRequest], VendorAnswer]:
    """Return how a hook is read; an id that begins with the name of another kind is of that kind."""

    def read(call: RoutedRequest) -> VendorAnswer:
        if any(call.id.startswith(other) for other in HOOKS if other != kind):
            raise refusal(404, f"There is no {kind} hook {call.id}.")
        return done(200, record(call.org, f"{kind}_hook", call.id).written())

    return read


def _hook_create(call: RoutedRequest) -> VendorAnswer:
    body, id_ = call.body(bodies.WebHook), call.org.new_id()
    event = f"kustomer.hooks.web.{id_}.receive"
    made = Resource("web_hook", id_, {**body, "eventName": event, "url": f"/v1/hooks/web/{id_}"})
    return done(201, call.org.add(made).written())


def _hook_post(call: RoutedRequest) -> VendorAnswer:
    if len(call.request.raw) > MOST_HOOKED:
        raise refusal(413, f"The body has {len(call.request.raw)} bytes; at most {MOST_HOOKED} are taken.")
    if call.request.json is None:
        raise refusal(400, "Invalid request body or parameters.")
    hook = record(call.org, "web_hook", call.id)
    relations = {"hook": ("web_hook", hook.id)}
    made = Resource("hook_transaction", call.org.new_id(), {"body": call.request.json}, relations)
    return done(201, call.org.add(made).written())


def _transactions(call: RoutedRequest) -> VendorAnswer:
    hook = record(call.org, "web_hook", call.id)
    own = call.org.all("hook_transaction", hook=hook.id)
    return page(call.request.path, call.query, [one.written() for one in own])


def _command(call: RoutedRequest) -> VendorAnswer:
    body = call.body(bodies.CommandBody) if call.request.raw else {}
    name = call.parts["name"]
    if name.startswith(MISSING):
        raise refusal(404, f"There is no command {name}.")
    failing = "failing" in name
    attributes = {
        "commandId": f"command-of-{name}",
        "args": body.get("args") or {},
        "url": f"https://app.example.com/commands/{name}",
        "requestHeaders": body.get("headers") or {},
        "requestBody": body.get("body"),
        "responseBody": {"error": "The app has failed."} if failing else {"ok": True},
        "statusCode": 500 if failing else 200,
        "requestError": "500 Internal Server Error" if failing else None,
    }
    made = Resource("command_run", call.org.new_id(), attributes)
    return done(200, call.org.add(made).written())


ROUTES = (
    SandboxRoute("GET /v1/orgs/{id}", _org),
    SandboxRoute("GET /v1/users", _users),
    SandboxRoute("GET /v1/users/{id}", _user),
    SandboxRoute("GET /v1/snippets/{id}", _snippet),
    SandboxRoute("POST /v1/hooks/web", _hook_create),
    *(SandboxRoute(f"GET /v1/hooks/{kind}/{{id}}", _hook_read(kind)) for kind in HOOKS),
    SandboxRoute("POST /v1/hooks/web/{id}", _hook_post),
    SandboxRoute("GET /v1/hooks/web/{id}/transactions", _transactions),
    SandboxRoute("POST /v1/commands/{*name}/run", _command),
)
