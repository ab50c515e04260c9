"""An operation of a service: its params judged, its request shown, and the request sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from activities.attachments import LARGEST_FILE, LARGEST_TOGETHER, Attachment, fetched
from activities.connections import Connection
from activities.context import Context
from activities.descriptions.flaws import Flaw, Open
from activities.errors import OutcomeUnknown, Refused
from activities.openapi.conventions import Conventions
from activities.openapi.forms import FormFile
from activities.openapi.listing import params_schema
from activities.openapi.lookups import UnknownRequest
from activities.openapi.operation import Operation
from activities.openapi.params import NOTHING, Params
from activities.openapi.request import address_of, checked, described_request
from activities.openapi.servers import known_server
from activities.operations.answers import body_of, headers_of
from activities.operations.contract import Look, Pin, Preview, ServiceAnswer
from activities.rest.service import READS, UNREADABLE, Method

WITHOUT_EFFECT = READS | {"OPTIONS", "TRACE"}


def _without(operation: Operation, dropped: Collection[str]) -> Operation:
    """Return an operation without the parameters that the sign-in sends; what stands in a path stays."""
    kept = tuple(one for one in operation.parameters if one.place == "path" or one.name.lower() not in dropped)
    return replace(operation, parameters=kept) if len(kept) < len(operation.parameters) else operation


class OpenApiOperation:
    """One operation of a service that OpenAPI describes; see `DescribedOperation`.

    Args:
        profile: what is known of the service.
        operation: what the description says.
        signed: names of parameters that the sign-in sends.
        described: returns it with what is said of each of its parts.
    """

    def __init__(
        self,
        profile: Conventions[Any],
        operation: Operation,
        signed: frozenset[str],
        described: Callable[[], Operation],
    ) -> None:
        self.profile = profile
        self.dropped = frozenset(name.lower() for name in profile.dropped | signed)
        self.operation = _without(operation, self.dropped)
        self.described = described
        self.params = Params(self.operation, profile.names, json_texts=profile.json_texts)
        self.look_up = profile.look_up(self.operation)

    @property
    def id(self) -> str:
        """Its id in the description."""
        return self.operation.id

    @property
    def summary(self) -> str:
        """One line."""
        return self.operation.summary

    def pin(self) -> Pin:
        """Return what is decided about it when a run is planned."""
        repeat = self.profile.repeat(self.operation)
        key = self.profile.key(self.operation) if repeat == "keyed" else None
        return Pin(
            digest=self.operation.digest,
            method=self.operation.method,
            repeat=repeat,
            key=None if key is None else key.header,
            window=None if key is None else key.window,
        )

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its params: parameters and members of the body under one roof."""
        return params_schema(_without(self.described(), self.dropped), self.profile.names)

    def flaws(self, params: Mapping[str, Any], is_open: Open) -> list[Flaw]:
        """Return what is wrong with params."""
        return self.params.flaws(params, is_open)

    def preview(self, connection: Connection, params: Mapping[str, Any]) -> Preview:
        """Return the request that params make."""
        placed = checked(self.params, self._completed(connection, params))
        body = None if placed.body is NOTHING else placed.body
        address = self._base(connection) + address_of(self.operation, placed)
        return Preview(method=self.operation.method, address=address, body=body)

    async def call(self, context: Context, connection: Connection, params: Mapping[str, Any]) -> ServiceAnswer:
        """Carry it out; see `DescribedOperation`."""
        profile = self.profile

        async def fetch(url: str, name: str | None) -> FormFile:
            [file] = await fetched([Attachment(url=url, name=name)], context, LARGEST_FILE, LARGEST_TOGETHER)
            return FormFile(file.content, file.name, file.media_type)

        placed = checked(self.params, self._completed(connection, params))
        boundary = hashlib.sha256(context.key.encode()).hexdigest()[:32]
        request = await described_request(self.operation, placed, boundary=boundary, fetch=fetch, accept=profile.accept)
        headers, extras = dict(request.headers), profile.extras(connection)
        key = profile.key(self.operation)
        if key is not None and not any(name.lower() == key.header.lower() for name in headers):
            headers[key.header] = context.key
        headers |= extras.cookie(headers.get("Cookie"))
        service = profile.service_of(connection)
        if (base := self._base(connection)) != service.base(connection):
            service = replace(service, address=base)
        try:
            answer = await service.call(
                context,
                connection,
                cast("Method", request.method),
                request.path,
                query=extras.query,
                content=request.content,
                headers=headers,
                effect=request.method not in WITHOUT_EFFECT,
            )
        except OutcomeUnknown as error:
            if key is None or error.status not in profile.replayed:
                raise
            sentence = f"{error} {service.name} answers the same to whoever asks again: look into it there."
            raise OutcomeUnknown(sentence, status=error.status, repeatable=False) from None
        body = body_of(answer, service.name)
        identity = None if self.look_up is None else self.look_up.identity(body)
        return ServiceAnswer(status=answer.status, headers=headers_of(answer), body=body, identity=identity)

    @property
    def look(self) -> Look | None:
        """What finds out after an unknown outcome whether it was carried out; see `DescribedOperation`."""
        return None if self.look_up is None else self._look

    async def _look(
        self, context: Context, connection: Connection, params: Mapping[str, Any], since: datetime
    ) -> list[ServiceAnswer]:
        if self.look_up is None:
            raise TypeError(f"{self.profile.service_of(connection).name} cannot say what became of {self.id}.")
        placed = checked(self.params, self._completed(connection, params))
        values = {one.name: value for one, value in placed.parameters}
        service = self.profile.service_of(connection)

        async def read(path: str, query: Mapping[str, Any]) -> Any:
            answer = await service.call(context, connection, "GET", path, query=query)
            return body_of(answer, service.name)

        sent = UnknownRequest(
            operation=self.operation,
            values={**(placed.body if isinstance(placed.body, dict) else {}), **values},
            path=address_of(self.operation, placed).partition("?")[0],
            key=context.key,
            since=since,
            read=read,
        )
        try:
            found = await self.look_up.find(sent)
        except UNREADABLE:
            raise Refused(f"{service.name} answered a look-up with something else than it should.") from None
        status, identity = self.look_up.status, self.look_up.identity
        return [ServiceAnswer(status=status, headers={}, body=body, identity=identity(body)) for body in found]

    def _completed(self, connection: Connection, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return params with what the connection gives of the operation's parameters."""
        wanted = {one.name for one in self.operation.parameters}
        given = {name: value for name, value in self.profile.supplied(connection).items() if name in wanted}
        return {**given, **params}

    def _base(self, connection: Connection) -> str:
        """Return the address below which it is: the connection's, else the vendor's own that the description names.

        Raises:
            Refused: nobody names one.
        """
        if connection.base_url is None and (own := known_server(self.operation, connection.hosts)):
            return own
        base = self.profile.service_of(connection).base(connection)
        if not urlsplit(base).hostname:
            raise Refused("The connection must say `baseUrl`: credentials go to no host that only a description names.")
        return base
