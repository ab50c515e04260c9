"""What each kind of provider of Keep does, as steps; a kind is one entry in the table of its family."""

from __future__ import annotations

from collections.abc import Mapping

from workers.importing.keep.given import Maker
from workers.importing.keep.providers import chats, incidents, keep_itself, kubernetes, queries, tickets, without
from workers.importing.keep.providers.models import MODELS
from workers.importing.keep.providers.plain import PLAIN

PROVIDERS: Mapping[str, Maker] = {
    **PLAIN,
    **MODELS,
    **chats.CHATS,
    **incidents.INCIDENTS,
    **keep_itself.KEEP,
    **kubernetes.KUBERNETES,
    **queries.QUERIES,
    **tickets.TICKETS,
}
"""Every kind of provider that can be said."""

UNSAYABLE: Mapping[str, str] = without.REASONS
"""Why the others cannot."""
