"""What a worker of `trunkline dev` is given so that nothing leaves the machine: connections, secrets, live hosts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from activities.action import CONNECTION, Action
from activities.attempt.secrets import Secrets
from activities.catalog import connection_kinds
from activities.connections import Connections
from activities.errors import Refused
from activities.http_client.addresses import DEFAULT_PORTS, Target
from activities.http_client.bindings import SECTION, BoundHost
from workers.process.connections_file import load_connections
from workers.sandbox import connections
from workers.settings import SettingsError

SECRET = re.compile(r"\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)")
DESCRIBED = ("description", "aliases")
"""What stays of somebody's own connection where the sandbox stands in: which operations it has, and their names."""

DEFINITIONS = {".yaml", ".yml", ".json"}
MODELS = Target.parse("https://huggingface.co")
"""Where the local speech model's library would download one from."""


class SandboxConnections(NamedTuple):
    """The connections of a sandboxed worker, and what of them reaches a vendor itself.

    Attributes:
        file: the connections file that it reads.
        live: hosts that are reached themselves.
        named: those of them that somebody has named, and the network guard lets through.
    """

    file: Path
    live: tuple[str, ...]
    named: tuple[str, ...]


def connections_given(  # noqa: PLR0913 - what decides about them, by name
    url: str,
    target: Path,
    *,
    own: Path | None,
    bindings: Path | None,
    secrets: Secrets,
    actions: Mapping[str, Action],
    live: Iterable[str],
    names: Mapping[str, tuple[Action, str]] | None = None,
) -> SandboxConnections:
    """Write the connections: those of somebody's own file, and the sandbox in place of all vendors that it lacks.

    Args:
        url: where the sandbox is.
        target: the file to write.
        own: a connections file whose vendors are live.
        bindings: a connections file of which only names and the bindings of secrets count, where there is no other.
        secrets: the secrets that there are here: only these stay bound to their hosts.
        actions: every action by name.
        live: hosts that are live besides.
        names: connections that definitions name, with the action that uses each and the field: the sandbox stands in
            for them where there is no file.
    """
    import yaml

    named = list(live)
    vendors: list[str] = []
    sandbox = connections(url, actions)
    if own is None:
        loaded = load_connections(bindings, ())
        here = {name.upper() for name in secrets.names()}
        bound = [name for name in loaded.bindings.names if name.upper() in here]
        usual = completed(stand_ins(loaded, sandbox), sandbox, actions)
        entries = usual if bindings else made_up(names or {}, sandbox)
    else:
        try:
            loaded = load_connections(own, connection_kinds(actions))
        except SettingsError:  # the worker says so, of the file itself
            return SandboxConnections(own, tuple(named), tuple(named))
        bound = loaded.bindings.names
        entries = completed({**loaded.entries, "defaults": loaded.defaults}, sandbox, actions)
        mine, vendors = own_hosts(loaded, actions)
        named += mine
    hosts = {name: {"hosts": [*map(str, loaded.bindings.hosts(name) or ())]} for name in bound}
    target.write_text(yaml.safe_dump({**entries, SECTION: hosts}), encoding="utf-8")
    return SandboxConnections(target, tuple(dict.fromkeys([*named, *vendors])), tuple(dict.fromkeys(named)))


def stand_ins(loaded: Connections, sandbox: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sandbox's connections under the names that somebody's file gives its own: steps may name them."""
    kinds = {entry["kind"]: entry for name, entry in sandbox.items() if name != "defaults"}
    kinds.setdefault("google", kinds.get("whisper"))
    wanted = {name: kinds.get(str(entry.get("kind"))) for name, entry in loaded.entries.items()}
    found = {
        name: {**entry, **{key: loaded.entries[name][key] for key in DESCRIBED if key in loaded.entries[name]}}
        for name, entry in wanted.items()
        if entry is not None
    }
    defaults = {action: name for action, name in loaded.defaults.items() if name in found}
    return {**found, "defaults": defaults}


def made_up(names: Mapping[str, tuple[Action, str]], sandbox: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sandbox's connections, and once more under the names that definitions give them."""
    own = {entry["kind"]: name for name, entry in sandbox.items() if name != "defaults"}
    kinds = {name: use[0].connections if use[1] == CONNECTION else use[0].beside[use[1]] for name, use in names.items()}
    used = {name: [own[one.kind] for one in several if one.kind in own] for name, several in kinds.items()}
    fitting = {name: found[0] for name, found in used.items() if found and name not in sandbox}
    defaults = {names[name][0].name: usual for name, usual in fitting.items() if names[name][1] == CONNECTION}
    more = {name: sandbox[usual] for name, usual in fitting.items()}
    return {**sandbox, **more, "defaults": {**defaults, **sandbox["defaults"]}}


def completed(own: Mapping[str, Any], sandbox: Mapping[str, Any], actions: Mapping[str, Action]) -> dict[str, Any]:
    """Return somebody's connections, and the sandbox's for every action that none of them fits."""
    kinds = {entry.get("kind") for entry in own.values() if isinstance(entry, Mapping)}
    groups = [group for action in actions.values() for group in (action.connections, *action.beside.values())]
    needed = {kind.kind for group in groups if not any(one.kind in kinds for one in group) for kind in group}
    added = {name: entry for name, entry in sandbox.items() if entry.get("kind") in needed and name not in own}
    defaults = {action: name for action, name in sandbox["defaults"].items() if name in added}
    return {**own, **added, "defaults": {**defaults, **(own.get("defaults") or {})}}


def own_hosts(loaded: Connections, actions: Mapping[str, Action]) -> tuple[list[str], list[str]]:
    """Return the hosts of usable connections: those that the file names, and the vendors' own."""
    named: list[str] = []
    vendors: list[str] = []
    for name in loaded.entries:
        try:
            made = loaded.get(name)
        except Refused:  # the worker says what is wrong with it
            continue
        written = set(_texts(made.model_dump()))
        rows = [at for one in actions.values() if isinstance(made, one.connections) for at in one.addresses(made)]
        for address in (*made.addresses(), *rows):
            host = host_of(address)
            (named if {address, address.rpartition(":")[0]} & written else vendors).extend([host] if host else [])
    return named, vendors


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a connection, those inside of objects too."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def host_of(address: str) -> str | None:
    """Return the host that an address, or a host by itself, names, with its port where that is not the usual one."""
    if "://" not in address:
        return address
    try:
        target = Target.parse(address)
    except Refused:
        return None
    port = 0 if target.port == DEFAULT_PORTS[target.scheme] else target.port
    return str(BoundHost(target.host.rstrip("."), port, below=False))


def sandboxed_environment(url: str, given: SandboxConnections, allow: str | None) -> dict[str, str]:
    """Return the variables that keep a worker on this machine, but for what is live."""
    hosts = [BoundHost.parse(host) for host in given.live]
    allowed = [*filter(None, [allow]), url.partition("://")[2], *(name for name in given.named if "*" not in name)]
    offline = {} if any(host.admits(MODELS) for host in hosts) else {"HF_HUB_OFFLINE": "1"}
    return {
        "TRUNKLINE_SANDBOX": url,
        "TRUNKLINE_LIVE": ",".join(given.live),
        "TRUNKLINE_ALLOW": ",".join(allowed),
        **offline,
    }


def secrets_here(folder: Path, secrets: Path | None, environment: Mapping[str, str]) -> Secrets:
    """Return the secrets of this machine, and made-up ones."""
    return Secrets(secrets, {**os.environ, **made_up_secrets(folder), **environment})


def made_up_secrets(folder: Path) -> dict[str, str]:
    """Return a made-up value for every secret that the folder's definitions name: the sandbox takes any."""
    names = {
        name
        for path in folder.glob("*")
        if path.suffix in DEFINITIONS and path.is_file()
        for name in SECRET.findall(path.read_text(encoding="utf-8", errors="replace"))
    }
    return {f"TRUNKLINE_SECRET_{name.upper()}": f"sandbox-{name}" for name in names}
