"""How a step names another automation."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StrictStr, WithJsonSchema

from trunkline.wire import AUTOMATION_NAME, RESERVED_NAMES


def _name(text: str) -> str:
    if text in RESERVED_NAMES:
        raise ValueError(f"no automation can be called {text!r}")
    if not re.fullmatch(AUTOMATION_NAME, text):
        raise ValueError(f"{text!r:.80} is no name of an automation")
    return text


AutomationName = Annotated[
    StrictStr, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{AUTOMATION_NAME}$"})
]
