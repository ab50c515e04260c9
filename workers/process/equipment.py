"""What a worker reads before it connects, and what of that will make runs fail."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from activities.action import Action
from activities.catalog import CatalogError, catalog, connection_kinds
from activities.connections import Connections
from activities.errors import Refused
from activities.secrets import SHORTEST, Scrubber, Secrets
from workers.approvals.groups import Groups
from workers.approvals.signing import SigningKeys
from workers.automations import AS_IT_IS, Automations
from workers.connections_file import load_connections
from workers.problems import listed
from workers.settings import Settings, SettingsError, unknown_variables
from workers.settling import Patience
from workflows.plan import Plan, StepPlan


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
    secrets = Secrets(settings.secrets)
    scrubber = Scrubber([*_values(secrets), *connections.credentials()])
    return Equipment(
        actions=actions,
        automations=Automations(settings.automations, actions, patience),
        connections=connections,
        secrets=secrets,
        scrubber=scrubber,
        groups=Groups(settings.groups),
        signing=SigningKeys(settings.signing_keys),
    )


def complaints(equipment: Equipment) -> Iterator[str]:
    """Yield a sentence for everything that will make runs fail, so that it is known before they do."""
    yield from unknown_variables()
    yield from map(str, equipment.automations.problems())
    yield from equipment.connections.problems()
    for name in sorted(equipment.automations.secrets()):
        try:
            value = equipment.secrets.get(name)
        except Refused as missing:
            yield f"Automations use a secret that this worker does not have. {missing}"
        else:
            if value in equipment.scrubber.too_short:
                yield (
                    f"The secret {name!r} has fewer than {SHORTEST} characters, too few to be told from ordinary text: "
                    "it is not removed from results and logs. Use a longer one."
                )

    yield from _about_people(equipment)


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
    policies = [plan.get("approvals", {}), *(step.get("approval", {}) for step in _steps(plan["block"]))]
    return any(policy.get("verified") or any(b.get("verified") for b in policy.get("bands", ())) for policy in policies)


def _steps(block: Iterable[StepPlan]) -> Iterator[StepPlan]:
    for step in block:
        yield step
        for way in (*step.get("paths", ()), *step.get("branch", ())):
            yield from _steps(way["block"])
        yield from _steps(step.get("otherwise", ()))
        yield from _steps(step.get("block", ()))


def _values(secrets: Secrets) -> Iterator[str]:
    for name in secrets.names():
        with contextlib.suppress(Refused):  # a file of the folder whose name is no secret's
            yield secrets.get(name)
