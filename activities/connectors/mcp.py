"""Any server of the Model Context Protocol: at an address, or a program of the worker's machine."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from activities.connectors.auth import SignedIn
from activities.context import Context
from activities.descriptions.source import Conceal, DescriptionSource
from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.mcp.http_wire import HttpWire
from activities.mcp.process_wire import process_wire
from activities.mcp.profile import McpProfile
from activities.mcp.wire import McpWire
from activities.operations.contract import ServiceProfile
from activities.operations.reading import reading_context

if TYPE_CHECKING:
    from activities.http_client.client import Client

TRUST = ("trustAnnotations", "trust_annotations")
ADDRESS = ("baseUrl", "base_url")


class Mcp(SignedIn):
    """A server of the Model Context Protocol: where it is, how requests are signed in, and whether it is trusted."""

    kind: ClassVar[str] = "mcp"

    description: str | None = Field(
        default=None,
        description="File or address of a list of its tools as `tools/list` gives it, instead of asking the server.",
    )
    base_url: str | None = Field(
        default=None, description="Its address (streamable HTTP): `https://mcp.example.com/mcp`."
    )
    command: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Program and arguments of a server that runs on the worker's machine, instead of `baseUrl`; a "
        "text is split as a shell does.",
    )
    environment: dict[str, str] = Field(
        default_factory=dict, description="Variables that the program gets; it sees none of the worker's own secrets."
    )
    trust_annotations: bool = Field(
        default=False,
        strict=True,
        description="Whether what the server says of its tools is believed: a tool that it calls read-only or "
        "idempotent is repeated, and steps that do not say `requireApproval` are sent without asking anybody.",
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                Target.parse(value)
            except Refused as refused:
                raise ValueError(str(refused)) from None
            if "#" in value:
                raise ValueError("an address of a server has no fragment")
        return value

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return shlex.split(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.base_url is None) == (self.command is None):
            raise ValueError("give `baseUrl`, or `command` for a program of the worker's machine")
        if self.command is not None and self.auth is not None:
            raise ValueError("a program has no `auth`; give it credentials in `environment`")
        return self

    @classmethod
    def known(cls, entry: Mapping[str, Any]) -> ServiceProfile:
        """Return what is known of the server: whether its annotations are believed."""
        return UNTRUSTED if cls.asks(entry) else TRUSTED

    @classmethod
    def asks(cls, entry: Mapping[str, Any]) -> bool:
        """Say that people are asked, unless the server is trusted."""
        return all(entry.get(name) is not True for name in TRUST)

    @classmethod
    def source(cls, name: str, entry: Mapping[str, Any], connect: Callable[[], Any]) -> DescriptionSource:
        """Return where the list of its tools is: the server gives it to who is signed in."""
        if entry.get("description"):
            return super().source(name, entry, connect)
        command = entry.get("command")
        place = next((str(entry[key]) for key in ADDRESS if entry.get(key)), _program(command))
        if not place:
            raise Refused(f"The connection {name!r} must say `baseUrl`: the address of the server.")

        async def reading(http: Client, conceal: Conceal) -> bytes:
            made = connect()
            return await UNTRUSTED.listing(made, reading_context(http, conceal))

        return DescriptionSource(UNTRUSTED.format, place, name, reading)

    def credentials(self) -> Iterable[str]:
        """Return what signs requests in, and what the program gets."""
        return [*super().credentials(), *self.environment.values()]

    def shown(self) -> str:
        """Return where it is, as people see it."""
        return self.base_url or _program(self.command)


def _program(command: Any) -> str:
    """Return the program of a command; its arguments are nobody else's business."""
    words = command.split() if isinstance(command, str) else command
    return str(words[0]) if words else ""


@asynccontextmanager
async def _wire(connection: Mcp, context: Context) -> AsyncIterator[McpWire]:
    if connection.command is None:
        yield HttpWire(context, connection, replace(connection.service(), pauses=True), connection.extras())
        return
    async with process_wire(context, connection.command, connection.environment) as wire:
        yield wire


UNTRUSTED = McpProfile(wire=_wire, address=Mcp.shown)
TRUSTED = McpProfile(wire=_wire, address=Mcp.shown, trusted=True)

Mcp.profile = UNTRUSTED
