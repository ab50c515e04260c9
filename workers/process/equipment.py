"""What a worker reads before it connects, and what of that will make runs fail."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from activities.action import Action
from activities.attempt.scrubber import SHORTEST, Scrubber
from activities.attempt.secrets import Secrets
from activities.catalog import CatalogError, catalog, connection_kinds
from activities.connections import Connections
from activities.descriptions.store import Store, usual_store
from activities.errors import Refused
from workers.approvals.groups import Groups
from workers.approvals.signing import SigningKeys
from workers.definitions.automations import AS_IT_IS, Automations
from workers.definitions.problems import listed, nearest
from workers.definitions.settling import Patience
from workers.process.connection_needs import connection_complaint, every_step
from workers.process.connections_file import load_connections
from workers.settings import Settings, SettingsError, unknown_variables
from workflows.plan import Plan

SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
"""What definitions may call a secret; a folder of mounted secrets may hold other files too."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a worker works with."""

    actions: Mapping[str, Action]
    automations: Automations
    connections: Connections
    secrets: Secrets
    scrubber: Scrubber
    groups: Groups
    signing: SigningKeys
    descriptions: Store = field(default_factory=usual_store)


def equip(settings: Settings, patience: Patience = AS_IT_IS) -> Equipment:
    """Read actions, automations, connections, secrets, groups and the keys of signed decisions.

    Args:
        settings: where they are.
        patience: how long a file of the automations must be the same before it counts.

    Raises:
        SettingsError: one of them is not where the settings say, or cannot be used at all.
    """
    try:
        actions = catalog(settings.actions)
    except CatalogError as error:
        raise SettingsError(str(error)) from None
    if not settings.automations.is_dir():
        raise SettingsError(
            f"There is no folder {settings.automations} with automations; name one, as `trunkline worker FOLDER`."
        )
    if settings.secrets is not None and not settings.secrets.is_dir():
        raise SettingsError(f"TRUNKLINE_SECRETS names {settings.secrets}, which is no folder.")
    connections = load_connections(settings.connections, connection_kinds(actions))
    secrets = Secrets(settings.secrets, dict(os.environ), connections.bindings)
    return Equipment(
        actions=actions,
        # where a sandbox answers, no address is read by anybody on the way
        automations=Automations(
            settings.automations,
            actions,
            patience,
            silent={"plain-http"} if settings.sandbox else (),
            environment=settings.environment,
        ),
        connections=connections,
        secrets=secrets,
        scrubber=scrubber_of(secrets, connections),
        groups=Groups(settings.groups),
        signing=SigningKeys(settings.signing_keys),
        descriptions=Store(settings.cache),
    )


def unbound(equipment: Equipment) -> str | None:
    """Return one sentence that names the secrets that may be sent to any host, or None where there are none."""
    secrets = equipment.secrets
    names = sorted({*secrets.names(), *equipment.automations.secrets()})
    free = [name for name in names if SECRET_NAME.fullmatch(name) and secrets.bindings.hosts(name) is None]
    if not free:
        return None
    return (
        f"Definitions may send these secrets to any host: {', '.join(free)}. "
        f"`secrets: {{{free[0]}: {{hosts: [\u2026]}}}}` in connections.yaml binds one to the hosts that need it."
    )


def complaints(equipment: Equipment) -> Iterator[str]:
    """Yield a sentence for everything that will make runs fail, so that it is known before they do."""
    yield from unknown_variables()
    yield from map(str, equipment.automations.problems())
    yield from foreseen(equipment)


def foreseen(equipment: Equipment) -> Iterator[str]:
    """Yield what will make runs of good definitions fail on this worker: connections, secrets and people they lack."""
    needed = connection_complaint(equipment.automations.loaded(), equipment.actions, equipment.connections)
    yield from [needed] if needed else []
    yield from (problem for problem in equipment.connections.problems() if problem not in (needed or ""))
    for name in sorted(equipment.automations.secrets()):
        try:
            value = equipment.secrets.get(name)
        except Refused as missing:
            yield f"Automations use a secret that this worker does not have. {missing}"
        else:
            if value in equipment.scrubber.too_short:
                yield (
                    f"The secret {name!r} has fewer than {SHORTEST} characters, too few to be told from ordinary text: "
                    "encoded, or as a part of a word, it is not removed from results and logs. Use a longer one."
                )
    yield from _about_people(equipment)


def check_bindings(settings: Settings, equipment: Equipment) -> None:
    """Refuse to bind what is no secret: the one that is meant would go anywhere; its files must have settled.

    Raises:
        SettingsError: neither this worker nor an automation knows a name.
    """
    secrets = equipment.secrets
    known = {*secrets.names(), *equipment.automations.secrets()}
    spelled = {name.upper() for name in known}
    for name in secrets.bindings.names:
        if name.upper() not in spelled:
            hint = nearest(name, known)
            raise SettingsError(
                f"{settings.connections}, secrets.{name}: this worker has no secret {name!r} and no automation uses "
                f"one.{f' {hint}' if hint else ''} Give the worker the secret, or take its hosts out."
            )


def _about_people(equipment: Equipment) -> Iterator[str]:
    known = equipment.groups.names()
    for name in sorted(equipment.automations.groups() - set(known)):
        yield (
            f"Automations ask the group {name!r}, which TRUNKLINE_GROUPS does not have "
            f"(it has {listed(known) or 'none'}): their steps fail before anybody is asked."
        )
    verified = [one.name for one in equipment.automations.loaded() if _signed(one.plan)]
    if verified and not equipment.signing:
        yield (
            f"Automations take signed decisions only ({listed(verified)}), and TRUNKLINE_SIGNING_KEYS has no keys: "
            "their steps fail before anybody is asked."
        )


def _signed(plan: Plan) -> bool:
    policies = [plan.get("approvals", {}), *(step.get("approval", {}) for step in every_step(plan))]
    return any(policy.get("verified") or any(b.get("verified") for b in policy.get("bands", ())) for policy in policies)


def scrubber_of(secrets: Secrets, connections: Connections) -> Scrubber:
    """Return what removes every secret and every connection's credential from results and logs."""
    return Scrubber(connections.credentials(), secrets)
