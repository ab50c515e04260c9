"""Who has clicked: the address that Slack knows of a member of the app's own workspace, and of nobody else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from workers.gateway.slack.api import SlackApi
from workflows.language.people import hidden_in


class StrangerError(Exception):
    """Somebody may not decide, whatever the policy says; the sentence is for them."""


UNWANTED = {
    "deleted": "Your account in this workspace was deactivated.",
    "is_bot": "A bot cannot decide.",
    "is_restricted": "Guests of this workspace cannot decide.",
    "is_ultra_restricted": "Guests of this workspace cannot decide.",
    "is_stranger": "You are no member of this workspace.",
}
"""What `users.info` may say of somebody who cannot decide (https://docs.slack.dev/reference/objects/user-object)."""


async def person_of(api: SlackApi, user: str, teams: Collection[str]) -> str:
    """Return the address of who has clicked.

    Args:
        api: access to the app's workspace.
        user: Slack's id of who has clicked.
        teams: workspaces that Slack has named beside the click.

    Raises:
        StrangerError: they are no full member of the app's workspace, or Slack knows no address of theirs for certain.
        SlackError: Slack does not say who they are.
    """
    own = await api.workspace()
    known = (await api.read("users.info", user=user)).get("user")
    if not isinstance(known, dict) or known.get("id", user) != user:
        raise StrangerError("Slack does not say who you are.")
    for flag, sentence in UNWANTED.items():
        if known.get(flag):
            raise StrangerError(f"{sentence} Nothing was decided.")
    if not _at_home(known, own, teams):
        raise StrangerError("You belong to another workspace than this app. Nothing was decided.")
    profile = known.get("profile")
    email = profile.get("email") if isinstance(profile, dict) else None
    if not isinstance(email, str) or "@" not in email or hidden_in(email) is not None:
        raise StrangerError(
            "Slack tells this app no email address of yours, so nobody knows who you are: the app needs the scopes "
            "users:read and users:read.email. Nothing was decided."
        )
    if known.get("is_email_confirmed") is False:
        raise StrangerError("Confirm your email address in Slack first. Nothing was decided.")
    return email


def _at_home(known: Mapping[str, Any], own: str, teams: Collection[str]) -> bool:
    """Say whether somebody belongs to the app's workspace; of an organization's people Slack lists where they do."""
    organization = known.get("enterprise_user")
    if isinstance(organization, dict) and own in {*organization.get("teams", ()), organization.get("enterprise_id")}:
        return True
    named = {*teams, known["team_id"]} if isinstance(known.get("team_id"), str) else set(teams)
    return named == {own}
