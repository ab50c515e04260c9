"""`trunkline schema`: the JSON Schema of definitions."""

from __future__ import annotations

import sys

from workers.cli.catalog import actions_at_hand
from workers.definitions.schema import automation_schema, render


def schema() -> None:
    """Print the JSON Schema of definitions, with every action's config, for editors that complete and check them.

    Actions of your own are among them where TRUNKLINE_ACTIONS names their module.
    """
    sys.stdout.write(render(automation_schema(actions_at_hand())))
