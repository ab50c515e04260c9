"""Language and sentiment on the worker's own processor: nothing leaves the machine and nothing is paid for."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, ClassVar

from activities.ai.provider import AiProvider
from activities.errors import Refused

if TYPE_CHECKING:
    from activities.ai.offline import TextFindings


class LocalLanguage(AiProvider):
    """Programs of this machine that know a text's language, and the sentiment of English ones."""

    kind: ClassVar[str] = "local_language"

    @staticmethod
    async def read(text: str) -> TextFindings:
        """Return language and sentiment of a text.

        Raises:
            Refused: this worker lacks the programs.
        """
        try:
            offline: Any = await asyncio.to_thread(importlib.import_module, "activities.ai.offline")
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.startswith("activities"):
                raise
            raise Refused(
                f"A connection of kind local_language needs {error.name}, which this worker does not have: "
                "pip install 'trunkline[language]'"
            ) from error
        found: TextFindings = await asyncio.to_thread(offline.reading, text)
        return found
