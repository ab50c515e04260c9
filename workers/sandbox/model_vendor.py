"""What the sandbox's vendors of language models share: answers that are taught, and what the page shows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Vendor


class ModelVendor(Vendor):
    """A vendor whose stubs are what its model writes."""

    stubbed: ClassVar[bool] = True

    @abstractmethod
    def message(self, body: dict[str, Any], text: str) -> VendorAnswer:
        """Return what an answer with a text looks like."""

    def stub(self, request: ReceivedRequest, answer: VendorAnswer) -> VendorAnswer:
        """Return an answer whose text is that of a stub."""
        body = request.body if isinstance(request.body, dict) else {}
        text = answer.body
        return self.message(body, text) if isinstance(text, str) and text and answer.accepted else answer

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the model and the last message."""
        body = request.body if isinstance(request.body, dict) else {}
        messages = body.get("messages")
        last = messages[-1] if isinstance(messages, list) and messages else {}
        return str(body.get("model") or ""), str(last.get("content") or "") if isinstance(last, dict) else ""
