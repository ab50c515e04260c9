"""`gateway.yaml`: what this gateway serves, to whom, and how it knows them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic import model_validator as model_check

from activities.connections import VARIABLE
from activities.violations import violations
from workers.definitions.loading import Source, UnreadableFileError, read
from workers.definitions.model.steps import escape
from workers.gateway.pages.entry import OwnKey, Pages
from workers.gateway.parts import GatewayPart, Verify
from workers.gateway.slack.entry import SlackEntry
from workers.gateway.talkdesk.entry import TalkdeskEntry
from workers.gateway.templates import DataTemplate, TextTemplate
from workers.settings import SettingsError

FILE = Path("gateway.yaml")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RESERVED = ("inline", "event")
RIGHT = "The file must map what the gateway serves to how, as `events: {verify: {bearer: …}}`."


class Events(GatewayPart):
    """`POST /events`: CloudEvents."""

    verify: Verify


class EventTemplate(GatewayPart):
    """What a source's requests become: the event's type, id and data."""

    type: TextTemplate
    id: TextTemplate | None = None
    data: DataTemplate


class HookSource(GatewayPart):
    """`POST /hooks/<name>`: what a vendor, or anybody, sends in words of its own."""

    verify: Verify
    event: EventTemplate


class GatewayConfig(GatewayPart):
    """The whole file."""

    base_url: str | None = None
    events: Events | None = None
    sources: dict[str, HookSource] = Field(default_factory=dict)
    talkdesk: dict[str, TalkdeskEntry] = Field(default_factory=dict)
    slack: SlackEntry | None = None
    pages: Pages | None = None
    signing_key: OwnKey | None = None

    @field_validator("base_url")
    @classmethod
    def _address(cls, given: str | None) -> str | None:
        if given is None:
            return None
        try:
            parts = urlsplit(given)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            good = False
        if not good or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("this is the address at which others reach the gateway, as https://hooks.example.com")
        return given.rstrip("/")

    @field_validator("sources")
    @classmethod
    def _names(cls, given: dict[str, HookSource]) -> dict[str, HookSource]:
        for name in given:
            if not NAME.fullmatch(name):
                raise ValueError(f"{name[:100]!r} is no name: use letters, digits, dots, underscores and hyphens")
        return given

    @field_validator("talkdesk")
    @classmethod
    def _automations(cls, given: dict[str, TalkdeskEntry]) -> dict[str, TalkdeskEntry]:
        for name in given:
            if not NAME.fullmatch(name) or name in RESERVED:
                raise ValueError(f"{name[:100]!r} is no automation's name")
        return given

    @model_check(mode="after")
    def _public(self) -> GatewayConfig:
        signed = [name for name, source in self.sources.items() if source.verify.twilio]
        if self.base_url is None and (signed or (self.events and self.events.verify.twilio)):
            raise ValueError("`baseUrl` is missing: Twilio signs the address that it calls")
        if self.base_url is None and self.pages is not None:
            raise ValueError("`baseUrl` is missing: sign-in comes back to it")
        return self


def load_config(path: Path, environment: Mapping[str, str] = os.environ) -> GatewayConfig:
    """Read the file; `${VARIABLE}` in a text is that variable of the environment.

    Raises:
        SettingsError: it cannot be read or is not what it should be; the sentence says where.
    """
    try:
        entries, source = read(path)
    except UnreadableFileError as unreadable:
        found = unreadable.problem
        raise _error(path, found.line, RIGHT if found.code == "not-an-automation" else found.message) from None
    filled = _filled(entries, "", path, source, environment)
    try:
        return GatewayConfig.model_validate(filled)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        pointer = "".join(f"/{escape(str(key))}" for key in first["loc"])
        line, _ = source.place(pointer, key=first["type"] == "extra_forbidden")
        raise _error(path, line, f"{violations([first])}.") from None


def _filled(value: Any, pointer: str, path: Path, source: Source, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, f"{pointer}/{escape(key)}", path, source, environment) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, f"{pointer}/{at}", path, source, environment) for at, one in enumerate(value)]
    if not isinstance(value, str):
        return value
    for name in VARIABLE.findall(value):
        if not environment.get(name):
            state = "empty" if name in environment else "not set"
            line, _ = source.place(pointer)
            raise _error(path, line, f"The environment variable {name} is {state}: set it for this gateway.")
    return VARIABLE.sub(lambda match: environment[match[1]], value)


def _error(path: Path, line: int | None, message: str) -> SettingsError:
    return SettingsError(f"{path}{f', line {line}' if line else ''}: {message}")
