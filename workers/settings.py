"""Settings of a worker and of the command line, from `TRUNKLINE_*` environment variables.

Temporal's own settings (address, namespace, API key, TLS, profiles) are Temporal's: see `workers/client/connecting.py`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from activities.descriptions.store import usual_folder
from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.http_client.bindings import BoundHost
from activities.http_client.bodies import DEFAULT_LIMIT
from trunkline.durations import SECOND, duration
from workers.definitions.defaults import DEVELOPMENT
from workers.errors import UsageError
from workers.payloads.keys import KEY_SIZE, read_key

PREFIX = "TRUNKLINE_"
SECRET = "TRUNKLINE_SECRET_"  # noqa: S105 - the beginning of a variable's name, no secret

DEBUG = "TRUNKLINE_DEBUG"

VARIABLES = {
    "automations": "TRUNKLINE_AUTOMATIONS",
    "environment": "TRUNKLINE_ENVIRONMENT",
    "connections": "TRUNKLINE_CONNECTIONS",
    "task_queue": "TRUNKLINE_TASK_QUEUE",
    "allow": "TRUNKLINE_ALLOW",
    "files": "TRUNKLINE_ALLOW_FILES",
    "secrets": "TRUNKLINE_SECRETS",
    "inline": "TRUNKLINE_INLINE",
    "actions": "TRUNKLINE_ACTIONS",
    "web_ui": "TRUNKLINE_WEB_UI",
    "pages": "TRUNKLINE_PAGES",
    "payload_store": "TRUNKLINE_PAYLOAD_STORE",  # before the limits, which may be higher with it
    "result_limit": "TRUNKLINE_RESULT_LIMIT",
    "state_limit": "TRUNKLINE_STATE_LIMIT",
    "bodies_limit": "TRUNKLINE_BODIES_LIMIT",
    "processes": "TRUNKLINE_PROCESSES",
    "metrics_address": "TRUNKLINE_METRICS_ADDRESS",
    "grace": "TRUNKLINE_GRACE",
    "user": "TRUNKLINE_USER",
    "encryption_keys": "TRUNKLINE_ENCRYPTION_KEYS",
    "codec_token": "TRUNKLINE_CODEC_TOKEN",
    "groups": "TRUNKLINE_GROUPS",
    "signing_keys": "TRUNKLINE_SIGNING_KEYS",
    "signing_key": "TRUNKLINE_SIGNING_KEY",
    "sandbox": "TRUNKLINE_SANDBOX",
    "live": "TRUNKLINE_LIVE",
    "gateway_port": "TRUNKLINE_GATEWAY_PORT",
    "cache": "TRUNKLINE_CACHE",
    "deployment": "TRUNKLINE_DEPLOYMENT",
    "build": "TRUNKLINE_BUILD",
    "unknown_for": "TRUNKLINE_UNKNOWN_FOR",
}
"""The environment variable of each setting, by the attribute of `Settings`."""

KIB = 1024
LARGEST_RESULT = 1536 * KIB  # Temporal refuses payloads over 2 MiB, and the value travels with an envelope
LARGEST_STATE = 1280 * KIB  # handed over compressed, together with the event and the plan
LARGEST_STORED = 8 * KIB * KIB  # what is stored elsewhere is still read, parsed and measured in one piece
LIMITS = {"result_limit": LARGEST_RESULT, "state_limit": LARGEST_STATE}
"""Most that Temporal itself can keep; more where large payloads go elsewhere."""

LEAST_BODIES = KIB * KIB
MOST_BODIES = 1024 * KIB * KIB * KIB

MOST_PROCESSES = 256
LONGEST_GRACE = 3600.0
LONGEST_WAIT = 86_400.0
HIGHEST_PORT = 65535
SHORTEST_TOKEN = 16
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""What operators may call a group or a key."""

DEPLOYMENT = re.compile(r"[A-Za-z0-9_-]{1,100}")
"""What they may call a deployment: Temporal joins its name and the build with a dot."""


class SettingsError(UsageError):
    """A setting is not usable; the message is a sentence that names the variable or option and what is right."""


class ListenAddress(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return `host:port`, with an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process of ours needs to know about its surroundings.

    Attributes:
        automations: folder of the automations.
        environment: name of the environment whose values they take (`environments/NAME.yaml` in that folder).
        connections: the file that names credentials and addresses, if there is one.
        task_queue: Temporal task queue that workers poll and runs are started on.
        allow: hosts (`name`, `name:port`, address range) that may be reached although they are internal or plain HTTP.
        files: folder that `file:` recordings may come from.
        secrets: folder with one file per secret, as containers mount them.
        inline: whether the worker runs definitions that come with their runs.
        actions: modules with actions of the user's own.
        web_ui: address of Temporal's web UI, for links to runs.
        pages: address of a gateway with pages, for links to holds.
        result_limit: most bytes of one action's result.
        state_limit: most bytes of one run's variables, report and audit together.
        bodies_limit: most bytes that the bodies of answers and recordings may take together, in each process.
        processes: how many processes a worker runs.
        metrics_address: where the worker answers `/healthz` and `/metrics`.
        grace: seconds that activities in flight may still take when the worker is told to stop.
        user: who decides where a command is given no `--by`.
        encryption_keys: keys (`id:base64`) for what Temporal keeps; the first encrypts, all decrypt.
        payload_store: where payloads go that are large (`file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix`).
        codec_token: what the codec server wants to hear from those who ask it.
        groups: who is in which group of approvers: a file's name, or the mapping itself.
        signing_keys: the keys that decisions may be signed with: a file's name, or the mapping itself.
        signing_key: the key that this person's decisions are signed with (`kid:file`).
        sandbox: address of a sandbox that answers in place of all hosts but those that are live.
        live: hosts (`name`, `name:port`, `*.domain`) that are reached although there is a sandbox.
        gateway_port: where `trunkline dev` serves a gateway.
        cache: folder where descriptions of services and their indexes are kept.
        deployment: name of the worker deployment, where Temporal is to tell versions of workers apart.
        build: which version of it this worker is; either both are set or none.
        unknown_for: seconds that a run waits for a worker that knows its automation.
    """

    automations: Path = Path("automations")
    environment: str = DEVELOPMENT
    connections: Path | None = None
    task_queue: str = "trunkline"
    allow: tuple[str, ...] = ()
    files: Path | None = None
    secrets: Path | None = None
    inline: bool = False
    actions: tuple[str, ...] = ()
    web_ui: str | None = None
    pages: str | None = None
    result_limit: int = 256 * KIB
    state_limit: int = KIB * KIB
    bodies_limit: int = DEFAULT_LIMIT
    processes: int = 1
    metrics_address: ListenAddress | None = None
    grace: float = 20.0
    user: str | None = None
    encryption_keys: tuple[str, ...] = field(default=(), repr=False)
    codec_token: str | None = field(default=None, repr=False)
    payload_store: str | None = None
    groups: str | None = None
    signing_keys: str | None = field(default=None, repr=False)
    signing_key: str | None = field(default=None, repr=False)
    sandbox: str | None = None
    live: tuple[str, ...] = ()
    gateway_port: int | None = None
    cache: Path = field(default_factory=usual_folder)
    deployment: str | None = None
    build: str | None = None
    unknown_for: float = 0.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
        """Read the settings; an override that is not None goes before its variable.

        Args:
            environ: the environment; an empty variable counts as unset.
            overrides: values of options by the names of the attributes, as text or ready-made.

        Raises:
            SettingsError: a value is not usable.
        """
        values: dict[str, Any] = {}
        for name, variable in VARIABLES.items():
            given = overrides.pop(name, None)
            place = f"--{name.replace('_', '-')}"
            if given is None:
                given, place = environ.get(variable, "").strip() or None, variable
            if given is not None:
                read = READERS[name]
                values[name] = read(given, place) if name not in LIMITS else read(given, place, _most(name, values))
        if overrides:
            raise TypeError(f"There is no setting {', '.join(sorted(overrides))}.")
        if "connections" not in values and Path("connections.yaml").is_file():
            values["connections"] = Path("connections.yaml")
        return cls(**values)

    def to_environment(self) -> dict[str, str]:
        """Return the variables from which another process reads the same settings."""
        return {VARIABLES[f.name]: _write(getattr(self, f.name)) for f in fields(self)}


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return a sentence for every `TRUNKLINE_*` variable that nothing reads, with the nearest right name."""
    found = []
    known = {*VARIABLES.values(), DEBUG}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(SECRET) or name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        found.append(f"{name} is set, but there is no such setting{f'; {near[0]} is meant?' if near else '.'}")
    return found


def _write(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple) and not isinstance(value, ListenAddress):
        return ",".join(value)
    return str(value)


def _path(given: str | Path, _place: str) -> Path:
    return Path(given).expanduser()


def _text(given: str, _place: str) -> str:
    return given


def _name(given: str, place: str) -> str:
    if not NAME.fullmatch(given):
        raise SettingsError(f"{place} must be a name of letters, digits, '.', '_' and '-'; {given!r:.100} is not.")
    return given


def _list(given: str | Iterable[str], _place: str) -> tuple[str, ...]:
    parts = given.split(",") if isinstance(given, str) else given
    return tuple(part.strip() for part in parts if part.strip())


def _switch(given: str | bool, place: str) -> bool:
    if given not in {"on", "off", True, False}:
        raise SettingsError(f"{place} must be on or off; {given!r} is not.")
    return given in {"on", True}


def _most(name: str, values: Mapping[str, Any]) -> int:
    return LARGEST_STORED if "payload_store" in values else LIMITS[name]


def _bytes(given: str | int, place: str, most: int) -> int:
    try:
        value = int(given)
    except ValueError:
        value = 0
    if not KIB <= value <= most:
        stored = "" if most == LARGEST_STORED else f" (to {LARGEST_STORED} with TRUNKLINE_PAYLOAD_STORE)"
        raise SettingsError(f"{place} must be a whole number of bytes from {KIB} to {most}{stored}; {given!r} is not.")
    return value


def _bodies(given: str | int, place: str) -> int:
    try:
        value = int(given)
    except ValueError:
        value = 0
    if not LEAST_BODIES <= value <= MOST_BODIES:
        raise SettingsError(
            f"{place} must be a whole number of bytes from {LEAST_BODIES} to {MOST_BODIES}; {given!r} is not."
        )
    return value


def _store(given: str, place: str) -> str:
    parts = urlsplit(given)
    folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
    if not (folder or (parts.scheme in ("s3", "gs") and parts.netloc)):
        raise SettingsError(
            f"{place} must be file:///folder, s3://bucket/prefix or gs://bucket/prefix; {given!r} is not."
        )
    return given


def _processes(given: str | int, place: str) -> int:
    if given in ("auto", "0", 0):
        return os.cpu_count() or 1
    try:
        value = int(given)
    except ValueError:
        value = 0
    if not 1 <= value <= MOST_PROCESSES:
        raise SettingsError(
            f"{place} must be a number of processes from 1 to {MOST_PROCESSES}, or `auto` for one per core; "
            f"{given!r} is not."
        )
    return value


def _seconds(given: str | float, place: str) -> float:
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_GRACE:
        raise SettingsError(f"{place} must be a number of seconds from 0 to {LONGEST_GRACE:g}; {given!r} is not.")
    return value


def _deployment(given: str, place: str) -> str:
    if not DEPLOYMENT.fullmatch(given):
        raise SettingsError(f"{place} must be a name of letters, digits, '_' and '-'; {given!r:.100} is not.")
    return given


def _wait(given: str | float, place: str) -> float:
    try:
        value = float(given)
    except ValueError:
        try:
            value = duration(given) / SECOND
        except ValueError:
            value = -1.0
    if not 0 <= value <= LONGEST_WAIT:
        raise SettingsError(f"{place} must be a time from 0 to {LONGEST_WAIT / 3600:g}h, as 5m; {given!r} is not.")
    return value


def _address(given: str | ListenAddress, place: str) -> ListenAddress:
    if isinstance(given, ListenAddress):
        return given
    host, _, port = given.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > HIGHEST_PORT:
        raise SettingsError(f"{place} must be HOST:PORT, as 127.0.0.1:9464 or 0.0.0.0:9464; {given!r} is not.")
    return ListenAddress(host, int(port))


def _port(given: str | int, place: str) -> int:
    text = str(given)
    if not (text.isascii() and text.isdecimal()) or int(text) > HIGHEST_PORT:
        raise SettingsError(f"{place} must be a port from 0 (any) to {HIGHEST_PORT}; {given!r} is not.")
    return int(text)


def _keys(given: str | Iterable[str], place: str) -> tuple[str, ...]:
    entries = _list(given, place)
    seen = set()
    for number, entry in enumerate(entries, 1):
        try:
            name = read_key(entry).id
        except ValueError as error:
            raise _bad_keys(place, number, str(error)) from None
        if name in seen:
            raise _bad_keys(place, number, f"an earlier one has the id {name!r} too")
        seen.add(name)
    return entries


def _bad_keys(place: str, number: int, why: str) -> SettingsError:
    return SettingsError(
        f"{place} must be id:base64,…: for each key an id of its own and {KEY_SIZE} random bytes in base64 (as "
        f"`openssl rand -base64 {KEY_SIZE}` prints them); entry {number} is not: {why}."
    )


def _token(given: str, place: str) -> str:
    if len(given) < SHORTEST_TOKEN or not given.isascii() or not given.isprintable() or " " in given:
        raise SettingsError(
            f"{place} must be at least {SHORTEST_TOKEN} ASCII characters without spaces, best random ones; "
            f"the {len(given)} given are not."
        )
    return given


def _own_key(given: str, place: str) -> str:
    kid, _, file = given.partition(":")
    if not NAME.fullmatch(kid) or not file:
        raise SettingsError(
            f"{place} must be KID:FILE, a key's id and the file with the private key, as ann:/home/ann/trunkline.pem; "
            "what is given is not."
        )
    return given


def _hosts(given: str | Iterable[str], place: str) -> tuple[str, ...]:
    found = _list(given, place)
    for written in found:
        try:
            BoundHost.parse(written)
        except ValueError as error:
            raise SettingsError(f"{place}: {error}") from None
    return found


def _sandbox(given: str, place: str) -> str:
    try:
        Target.parse(given)
    except Refused as refused:
        raise SettingsError(f"{place} must be a sandbox's address, as http://127.0.0.1:8600. {refused}") from None
    return given.rstrip("/")


def _web_address(given: str, place: str) -> str:
    if not given.startswith(("http://", "https://")):
        raise SettingsError(
            f"{place} must be the address of Temporal's web UI, as http://localhost:8080; {given!r} is not."
        )
    return given.rstrip("/")


def _pages_address(given: str, place: str) -> str:
    if not given.startswith(("http://", "https://")):
        raise SettingsError(
            f"{place} must be the address of a gateway with pages, as https://hooks.example.com; {given!r} is not."
        )
    return given.rstrip("/")


READERS: Mapping[str, Callable[..., Any]] = {
    "automations": _path,
    "environment": _name,
    "connections": _path,
    "task_queue": _text,
    "allow": _list,
    "files": _path,
    "secrets": _path,
    "inline": _switch,
    "actions": _list,
    "web_ui": _web_address,
    "pages": _pages_address,
    "payload_store": _store,
    "result_limit": _bytes,
    "state_limit": _bytes,
    "bodies_limit": _bodies,
    "processes": _processes,
    "metrics_address": _address,
    "grace": _seconds,
    "user": _text,
    "encryption_keys": _keys,
    "codec_token": _token,
    "groups": _text,
    "signing_keys": _text,
    "signing_key": _own_key,
    "sandbox": _sandbox,
    "live": _hosts,
    "gateway_port": _port,
    "cache": _path,
    "deployment": _deployment,
    "build": _name,
    "unknown_for": _wait,
}
