"""Writes prompts of language models: a value is marked as material, and cannot end the mark."""

from __future__ import annotations

import re
from typing import Any

from workflows.language.syntax import Writer

_MARKUP = re.compile(r"<(?=\s*/?\s*data\b|\|)", re.IGNORECASE)
"""What could end a value's mark, or stand for a turn of the conversation in a model's own markup."""

_UNSEEN = re.compile("[\U000e0000-\U000e007f]")
"""Letters that nobody sees and models read."""


class PromptText(Writer):
    """A prompt: each value stands between `<data>` and `</data>`."""

    name = "prompt"

    def value(self, value: Any, *, as_json: bool = False) -> None:
        """Write a value between its marks."""
        self.out.append("<data>")
        super().value(value, as_json=as_json)
        self.out.append("</data>")

    def escape(self, value: str) -> str:
        """Return a text that ends no mark."""
        self.scope.spend(2 * len(value) + 32)
        return _MARKUP.sub("&lt;", _UNSEEN.sub("", value))
