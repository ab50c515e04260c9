"""What the gateway of `trunkline dev` serves: somebody's own file, or everything that an author may want to try."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from activities.connections import VARIABLE
from workers.gateway.config import NAME, RESERVED, GatewayConfig, load_config
from workers.gateway.pages.entry import OwnKey, Pages
from workers.gateway.parts import Verify
from workers.hosts import is_loopback
from workers.local.connection_names import definitions
from workers.sandbox.slack_clicks import SIGNING_SECRET
from workers.sandbox.webhooks.gateway import INTERACTIONS, GatewayDoors, Hook
from workers.sandbox.webhooks.senders import SENDERS
from workers.sandbox.webhooks.signing import Proof
from workers.settings import SettingsError

TALKDESK = "talkdesk."
SIGNING_KEY = "gateway"


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """Where the gateway and its sign-in are.

    Attributes:
        url: of the gateway.
        issuer: of the sign-in.
        client: the gateway's id there, and its secret.
    """

    url: str
    issuer: str
    client: tuple[str, str]

    def pages(self, people: tuple[str, ...]) -> dict[str, Any]:
        """Return `pages` of a gateway's file, with a key that lasts as long as this process."""
        client_id, client_secret = self.client
        return {
            "oidc": {"issuer": self.issuer, "clientId": client_id, "clientSecret": client_secret},
            "people": [*people],
            "sessionKey": random_key(),
        }


def random_key() -> str:
    """Return a key as `sessionKey` and `signingKey` have it."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def own_config(file: Path, environment: Mapping[str, str] = os.environ) -> GatewayConfig:
    """Return somebody's own file; a variable that is not set here has a made-up value, the same every time.

    Raises:
        SettingsError: the file is not what it should be.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from None
    unset = {name for name in VARIABLE.findall(text) if not environment.get(name)}
    return load_config(file, {**environment, **{name: made_up(name) for name in unset}})


def made_up(name: str) -> str:
    """Return a value that any secret or key of a gateway's file may have."""
    return base64.b64encode(hashlib.sha256(f"sandbox {name}".encode()).digest()).decode()


def adapted(config: GatewayConfig, place: LocalPlace) -> GatewayConfig:
    """Return somebody's own configuration as it is served on this machine: its address, and its sign-in.

    An identity provider of this machine stays: it reaches no further than ours does.
    """
    changes: dict[str, Any] = {"base_url": place.url}
    if config.pages is None or not is_loopback(urlsplit(config.pages.oidc.issuer).hostname or ""):
        people = ("*",) if config.pages is None else config.pages.people
        changes["pages"] = Pages.model_validate(place.pages(people))
    return config.model_copy(update=changes)


def usual_config(folder: Path, place: LocalPlace, slack: str | None) -> GatewayConfig:
    """Return what is served where there is no file: events, each vendor's hooks, the folder's bridges, and pages.

    Args:
        folder: the automations.
        place: where the gateway is.
        slack: the connection of the app whose buttons are taken, if there is one.
    """
    sources = {
        name: {"verify": sender.verify, "event": sender.event}
        for name, sender in SENDERS.items()
        if sender.event is not None
    }
    return GatewayConfig.model_validate(
        {
            "baseUrl": place.url,
            "events": {"verify": "none"},
            "sources": sources,
            "talkdesk": dict(_bridges(folder)),
            "slack": None if slack is None else {"connection": slack, "signingSecret": SIGNING_SECRET},
            "pages": place.pages(("*",)),
            "signingKey": {"id": SIGNING_KEY, "hmac": random_key()},
        }
    )


def worker_keys(key: OwnKey) -> dict[str, Any]:
    """Return TRUNKLINE_SIGNING_KEYS of the workers beside a gateway that signs with this key."""
    return {key.id: {"hmac": key.hmac}}


def doors_of(config: GatewayConfig, url: str) -> GatewayDoors:
    """Return a gateway as the sandbox knows it, so that what it sends is believed there."""
    hooks = {name: Hook(f"/hooks/{name}", _proof(source.verify)) for name, source in config.sources.items()}
    if config.events is not None:
        hooks["events"] = Hook("/events", _proof(config.events.verify))
    if config.slack is not None:
        hooks[INTERACTIONS] = Hook("/slack/interactions", Proof("slack", config.slack.signing_secret[0]))
    for name, entry in config.talkdesk.items():
        auth = {key: values[0] for key, values in entry.auth.items()}
        hooks[f"talkdesk/{name}"] = Hook(f"/talkdesk/{name}", Proof("none"), auth)
    return GatewayDoors(url, config.base_url or url, hooks)


def people_of(folder: Path) -> list[str]:
    """Return the addresses of approvers that a folder's definitions name."""
    return [*dict.fromkeys(name for data in definitions(folder) for name in _approvers(data) if "@" in name)]


def _bridges(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the automations that Talkdesk runs, each as `talkdesk.<automation>` has it."""
    for data in definitions(folder):
        trigger = data.get("trigger") if isinstance(data, dict) else None
        event, name = (trigger.get("event"), data.get("name")) if isinstance(trigger, dict) else (None, None)
        if not isinstance(event, str) or not event.startswith(TALKDESK) or not isinstance(name, str):
            continue
        kind = event.removeprefix(TALKDESK)
        if kind in {"action", "contacts", "agents", "interactions"} and NAME.fullmatch(name) and name not in RESERVED:
            yield name, {"kind": kind, "auth": "none"}


def _proof(verify: Verify) -> Proof:
    """Return what a `verify` believes: the first of its secrets."""
    if verify.basic is not None:
        return Proof("basic", verify.basic.password[0], verify.basic.user)
    if verify.header is not None:
        return Proof("header", verify.header.value[0], verify.header.name)
    return Proof(verify.kind, verify.first_secret)


def _approvers(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "approvers":
                yield from ([item] if isinstance(item, str) else [one for one in item or () if isinstance(one, str)])
            yield from _approvers(item)
    elif isinstance(value, list):
        for item in value:
            yield from _approvers(item)
