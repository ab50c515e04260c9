"""An action as a row: one operation of a service that only forwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal, TypeVar, cast, get_args

from pydantic import ValidationError

from activities.action import NAME, Action, Config, Look, Raw, Repeat, Result, names
from activities.connections import Connection
from activities.context import Context
from activities.errors import Refused
from activities.rest.paging import Paging, listed
from activities.rest.query import segment
from activities.rest.service import READS, Method, Service

C = TypeVar("C", bound=Connection)

Fields = Literal["query", "json", "form"]
"""Where a row's fields go that stand neither in its path nor in its `query`."""

Mine = Callable[[Any, Any, Context, datetime], bool]
"""Says of (item of a list, config, context, since) whether the item is what the step did."""

PLACE = re.compile(r"\{(\w+)\}")
UPDATES = frozenset(("PUT", "PATCH"))
"""Methods that have a body also where nothing is to be changed."""

IDEMPOTENT = frozenset(("GET", "HEAD", "PUT", "DELETE"))


@dataclass(frozen=True, slots=True)
class Route:
    """Method and path of an operation, as in `PUT /v1/customers/{id}`; a place holds a field of the config.

    Raises:
        ValueError: it cannot be read, or a place holds no field; the sentence says which.
    """

    method: Method
    path: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, request: str, config: type[Config]) -> Route:
        """Read what a row says."""
        method, _, path = request.partition(" ")
        if method not in get_args(Method) or not path.startswith("/"):
            raise ValueError(f"{request!r} is no request: write a method and a path, as in 'GET /v1/customers/{{id}}'.")
        known = {name: field for field in config.model_fields for name in names(config, field)}
        places = PLACE.findall(path)
        if unknown := next((place for place in places if place not in known), None):
            raise ValueError(f"{request!r} has {{{unknown}}}, which is no field of {config.__name__}.")
        if "{" in PLACE.sub("", path) or "}" in PLACE.sub("", path):
            raise ValueError(f"{request!r} has a brace that belongs to no {{field}}.")
        return cls(cast("Method", method), path, {place: known[place] for place in places})

    def filled(self, config: Config) -> str:
        """Return the path with the config's values, percent-encoded.

        Raises:
            Refused: a value is empty, `.` or `..`.
        """
        return PLACE.sub(lambda place: segment(place[1], getattr(config, self.fields[place[1]])), self.path)


def endpoint(  # noqa: PLR0913, PLR0917 # a row says all of this
    service: Service[C],
    name: str,
    summary: str,
    request: str,
    config: type[Config],
    result: type[Result],
    *,
    example: Mapping[str, Any],
    description: str | None = None,
    repeat: Repeat | None = None,
    key: str | None = None,
    missing: Result | None = None,
    fields: Fields | None = None,
    query: Collection[str] = (),
    body: str | None = None,
    unwrap: Callable[[Any], Any] | None = None,
    paging: Paging | None = None,
    look: Look | None = None,
    timeout: timedelta = timedelta(seconds=30),
    attempts: int | None = None,
    triggers: tuple[str, ...] = (),
    requests: int | Callable[[Raw], int] = 1,
    writes: tuple[str, ...] = (),
) -> Action:
    """Return the action of one operation.

    Args:
        service: whose operation it is.
        name: the action's name.
        summary: one sentence.
        request: method and path; `{field}` is a field of the config, percent-encoded, and goes nowhere else.
        config: what it takes; its field `connection` names the connection. Fields that are null are not sent.
        result: what it gives, read from the unwrapped body.
        example: a whole config.
        description: more than the summary, where there is more to say.
        repeat: what an unknown outcome allows; by default GET, PUT and DELETE are `safe`, others `keyed` where the
            vendor takes a key and else `never`.
        key: header that carries the step's idempotency key, where the vendor dedupes by one.
        missing: the result of a 404, where "not found" is an answer.
        fields: where fields go; by default a GET's into the query, others' into a JSON body.
        query: fields that go into the query all the same.
        body: the one field that is the whole JSON body; the other fields then go into the query.
        unwrap: what of the body is the object, where this operation differs from the service.
        paging: the operation lists, in pages; the result is then given `items` and `complete`.
        look: finds out after an unknown outcome; `found_by` makes one.
        timeout: bound of one attempt where the step gives none.
        attempts: most attempts where the step gives none.
        triggers: event types under which it makes sense; empty means any.
        requests: most requests that one attempt sends where nothing goes wrong, such as the pages that are usual.
        writes: the records that it writes, each as `kind:field` (see `action`).

    Raises:
        ValueError: the row contradicts itself.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"An action's name is lower case, words joined by '_' or '.'; {name!r} is not.")
    route = Route.of(request, config)
    inside = {*route.fields.values(), "connection"}
    named = {*query, *([body] if body else [])}
    if wrong := sorted(named - (config.model_fields.keys() - inside)):
        raise ValueError(f"{name}: {wrong[0]!r} is no field of {config.__name__} that is free to go elsewhere.")
    if paging is not None and (route.method != "GET" or not {"items", "complete"} <= result.model_fields.keys()):
        raise ValueError(f"{name}: what comes in pages is a GET, and its result has `items` and `complete`.")
    place: Fields = fields or ("query" if route.method in READS or body else "json")

    async def call(given: Any, context: Context) -> Any:
        connection = context.connection(given.connection, service.connection)
        path = route.filled(given)
        sent = given.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=inside)
        whole = sent.pop(_alias(config, body), None) if body else None
        parameters = {alias: sent.pop(alias) for alias in (_alias(config, field) for field in query) if alias in sent}
        if place == "query":
            parameters, sent = {**parameters, **sent}, {}
        some = sent or ({} if route.method in UPDATES else None)
        if paging is not None:
            try:
                items, complete = await listed(service, context, connection, path, paging, query=parameters)
            except Refused as refused:
                return _missing(refused, missing)
            return result.model_validate({"items": items, "complete": complete})
        try:
            answer = await service.call(
                context,
                connection,
                route.method,
                path,
                query=parameters,
                json=whole if body else some if place == "json" else None,
                form=sent if place == "form" else None,
                headers={key: context.key} if key else None,
            )
        except Refused as refused:
            return _missing(refused, missing)
        found = service.object_of(answer, unwrap)
        try:
            return result.model_validate({} if found is None else found)
        except ValidationError:
            raise service.unreadable(answer) from None

    return Action(
        name=name,
        function=call,
        config=config,
        result=result,
        repeat=repeat or ("safe" if route.method in IDEMPOTENT else "keyed" if key else "never"),
        summary=summary,
        description=description or summary,
        example=example,
        timeout=timeout,
        attempts=attempts,
        triggers=triggers,
        connections=(service.connection,),
        look=look,
        addresses=service.addresses,
        requests=requests,
        writes=writes,
    )


def found_by(  # noqa: PLR0913, PLR0917 # same
    service: Service[C], request: str, config: type[Config], result: type[Result], mine: Mine, paging: Paging
) -> Look:
    """Return a look-up that reads a list at the vendor and keeps what is the step's.

    Args:
        service: whose list it is.
        request: as in a row: `GET /v1/conversations/{conversation}/notes`.
        config: of the action.
        result: what the action gives, read from an item.
        mine: says of each item whether it is what the step did, best by the step's idempotency key.
        paging: how the list is read.

    Raises:
        ValueError: the request is no GET, or has a place that is no field.
    """
    route = Route.of(request, config)
    if route.method != "GET":
        raise ValueError(f"A look-up sends nothing but GET; {request!r} is not.")

    async def look(given: Any, context: Context, since: datetime) -> Sequence[Result]:
        connection = context.connection(given.connection, service.connection)
        items, _ = await listed(service, context, connection, route.filled(given), paging)
        return [result.model_validate(item) for item in items if mine(item, given, context, since)]

    return look


def _alias(config: type[Config], field: str) -> str:
    return names(config, field)[0]


def _missing(refused: Refused, missing: Result | None) -> Result:
    if missing is None or refused.status != HTTPStatus.NOT_FOUND:
        raise refused
    return missing
