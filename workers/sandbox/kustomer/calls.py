"""One call of the API: where it leads, what it brings, and who may make it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter

from workers.sandbox.kustomer.answers import refusal
from workers.sandbox.kustomer.fields import checked
from workers.sandbox.kustomer.resources import SandboxOrganization
from workers.sandbox.record import ReceivedRequest, VendorAnswer

PLACE = re.compile(r"\{(\*?)(\w+)\}")


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    """A request that has reached its route.

    Attributes:
        org: whose records it is about.
        request: as it arrived.
        parts: what stands in the places of the path.
    """

    org: SandboxOrganization
    request: ReceivedRequest
    parts: Mapping[str, str]

    @property
    def id(self) -> str:
        """The id in the path."""
        return self.parts["id"]

    @property
    def query(self) -> Mapping[str, str]:
        """The query."""
        return self.request.query

    def body(self, model: type[BaseModel] | TypeAdapter[Any]) -> Any:
        """Return the body.

        Raises:
            Refusal: it is no JSON, or not what this operation takes.
        """
        return checked(self.request.json, model)


Handler = Callable[[RoutedRequest], VendorAnswer]


@dataclass(frozen=True, slots=True)
class SandboxRoute:
    """One operation: `PATCH|PUT /v1/customers/{id}`; a place such as `{*name}` takes slashes too."""

    request: str
    handler: Handler
    methods: frozenset[str] = field(init=False)
    path: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        methods, _, path = self.request.partition(" ")
        object.__setattr__(self, "methods", frozenset(methods.split("|")))
        pattern = PLACE.sub(lambda place: f"(?P<{place[2]}>{'.' if place[1] else '[^/]'}+)", path)
        object.__setattr__(self, "path", re.compile(pattern))


def dispatched(org: SandboxOrganization, request: ReceivedRequest, routes: tuple[SandboxRoute, ...]) -> VendorAnswer:
    """Answer a request by the first route that it fits.

    Raises:
        Refusal: it fits none, or is refused there.
    """
    for route in routes:
        place = route.path.fullmatch(request.path)
        if place and request.method in route.methods:
            return route.handler(RoutedRequest(org, request, place.groupdict()))
    raise refusal(404, f"There is no {request.method} {request.path}.")
