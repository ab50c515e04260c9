"""The whole API: every operation, the more special before the more general."""

from __future__ import annotations

from workers.sandbox.kustomer import (
    chat,
    conversations,
    customers,
    drafts,
    klasses,
    queues,
    sayings,
    search,
    settings,
    tags,
)
from workers.sandbox.kustomer.calls import SandboxRoute

ROUTES: tuple[SandboxRoute, ...] = (
    *search.ROUTES,
    *customers.ROUTES,
    *conversations.ROUTES,
    *sayings.ROUTES,
    *drafts.ROUTES,
    *klasses.ROUTES,
    *chat.ROUTES,
    *settings.ROUTES,
    *queues.ROUTES,
    *tags.ROUTES,
)

READS = frozenset(("POST /v1/customers/search",))
"""Operations that change nothing although their method would."""
