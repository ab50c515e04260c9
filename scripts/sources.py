"""Where actions are defined."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from activities.action import Action

ROOT = Path(__file__).resolve().parents[1]


def source(action: Action) -> Path:
    """Return the file below the repository that an action of the catalog is defined in: a row's is where it stands."""
    module = sys.modules[action.function.__module__]
    if not _holds(module, action):  # it made a row
        holding = [one for name, one in sys.modules.items() if name.startswith("activities.") and _holds(one, action)]
        module = min(holding, key=lambda one: hasattr(one, "__path__"), default=module)  # its package lists it too
    return Path(str(module.__file__)).resolve().relative_to(ROOT)


def _holds(module: ModuleType, action: Action) -> bool:
    values = vars(module).values()
    return any(one is action for value in values for one in (value if isinstance(value, tuple) else (value,)))
