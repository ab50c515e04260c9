"""What can be wrong with a template, as sentences for its author."""

from __future__ import annotations


class TemplateError(Exception):
    """A template cannot be rendered with this data; the message is a sentence and ends the step.

    Attributes:
        pointer: JSON pointer of the text that failed, in the compiled tree.
    """

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer

    def place(self, pointer: str) -> None:
        """Note in which text it happened, once."""
        if pointer and not self.pointer:
            self.pointer = pointer
            self.args = (f"{self.args[0]} (In `{pointer}`.)",)


class TemplateSyntaxError(TemplateError):
    """A template is wrong whatever the data; found when it is compiled.

    Attributes:
        offset: where in the text, as a count of characters, if known.
        line: the line of the text (counted from 0) in which that is.
        hint: what would be right, if known.
    """

    def __init__(self, message: str, *, offset: int | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.line = 0
        self.hint = hint

    def locate(self, pointer: str, text: str) -> None:
        """Note in which text of the tree it is."""
        self.pointer = pointer
        if self.offset is not None:
            self.line = text.count("\n", 0, self.offset)
