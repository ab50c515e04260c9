"""An operation of a service that GraphQL describes: its params judged, its request shown, and the request sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.connections import Connection
from activities.context import Context
from activities.descriptions.flaws import Flaw, Open
from activities.descriptions.index import Index
from activities.graphql.answers import Judgement
from activities.graphql.conventions import GraphQlConventions
from activities.graphql.field import GraphQlField, closure, described
from activities.graphql.variables import Variables
from activities.http_client.json_body import json_bytes
from activities.operations.answers import body_of, headers_of
from activities.operations.contract import Look, Pin, Preview, ServiceAnswer


class GraphQlOperation:
    """One operation of a service that GraphQL describes; see `DescribedOperation`.

    Args:
        profile: what is known of the service.
        field: what the schema says.
        index: the schema's index, which also says what members are.
    """

    look: Look | None = None

    def __init__(self, profile: GraphQlConventions[Any], field: GraphQlField, index: Index) -> None:
        self.profile = profile
        self.field = field
        self.index = index
        self.variables = Variables(field)

    @property
    def id(self) -> str:
        """Its id: the field's name."""
        return self.field.request.id

    @property
    def summary(self) -> str:
        """One line."""
        return self.field.request.summary

    def pin(self) -> Pin:
        """Return what is decided about it when a run is planned."""
        return Pin(
            digest=self.field.request.digest,
            method=self.field.request.method,
            repeat="safe" if not self.field.mutation else "never" if self.field.key is None else "keyed",
            key=self.field.key,
            window=None if self.field.key is None else self.profile.window,
        )

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its params: arguments, or members of the only one."""
        row = self.index.operation(self.id)
        schema = {
            "type": "object",
            "properties": self.variables.members,
            "required": sorted(self.variables.needed),
            "additionalProperties": False,
        }
        parts = {name: self.index.part(name) for name in closure(self.index, list(self.variables.members.values()))}
        return {
            **described(schema, {} if row is None else row.body["said"]),
            "$defs": {name: described(part["schema"], part["said"]) for name, part in parts.items()},
        }

    def flaws(self, params: Mapping[str, Any], is_open: Open) -> list[Flaw]:
        """Return what is wrong with params."""
        return self.variables.flaws(params, is_open)

    def preview(self, connection: Connection, params: Mapping[str, Any]) -> Preview:
        """Return the request that params make; the step's key is not in it yet."""
        return Preview(
            method=self.field.request.method,
            address=self.profile.endpoint(connection),
            body={"query": self.field.document, "variables": self.variables.made(params)},
        )

    async def call(self, context: Context, connection: Connection, params: Mapping[str, Any]) -> ServiceAnswer:
        """Carry it out; see `DescribedOperation`."""
        variables = self.variables.made(params)
        if self.field.variable is not None:
            variables.setdefault(self.field.variable, context.key)
        service, extras = self.profile.service_of(connection), self.profile.extras(connection)
        answer = await service.call(
            context,
            connection,
            "POST",
            self.profile.path(connection),
            query=extras.query,
            content=json_bytes({"query": self.field.document, "variables": variables}),
            headers={"Content-Type": "application/json", **extras.cookie()},
            effect=self.field.mutation,
        )
        body = body_of(answer, service.name)
        judgement = Judgement(field=self.field, vendor=service.name, later=self.profile.later)
        if error := judgement.error(answer, body):
            raise error
        return ServiceAnswer(status=answer.status, headers=headers_of(answer), body=body)
