"""Templates of `gateway.yaml`: compiled when the file is read, rendered once for each request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from workflows.language.template import Template, TemplateSyntaxError, compile_template

CLOCK = ("now", "today")
REQUEST = ("body", "headers", "query")
"""The roots that a hook's templates see."""


def template(value: Any, roots: tuple[str, ...]) -> Template:
    """Compile a template that sees these roots and the clock.

    Raises:
        ValueError: it is no template, or uses another root; the message says why.
    """
    try:
        compiled = compile_template(value)
    except TemplateSyntaxError as error:
        hint = f" {error.hint}" if error.hint else ""
        raise ValueError(f"this is no template: {error}{hint}") from None
    for reference in compiled.references:
        root = str(reference.path[0])
        if root not in (*roots, *CLOCK):
            raise ValueError(f"there is no {root!r} here: a template sees {', '.join(roots)}")
    return compiled


def rendered(compiled: Template, roots: Mapping[str, Any]) -> Any:
    """Return what a template gives for a request; what is missing is nothing.

    Raises:
        TemplateError: it cannot be rendered with this request.
    """
    return compiled.render(roots, datetime.now(UTC)).value


def text_of(value: Any) -> str:
    """Return a rendered value as an id or another text has it: a number as it is written, nothing as the empty text."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value).strip()


def _compiled(given: Any) -> Template:
    return given if isinstance(given, Template) else template(given, REQUEST)


def _compiled_text(given: Any) -> Template:
    if not isinstance(given, (str, Template)) or not given:
        raise ValueError("this must be a text, or a template such as {{body.id}}")
    return _compiled(given)


def _compiled_data(given: Any) -> Template:
    if not isinstance(given, (dict, Template)):
        raise ValueError("this must be an object with the roots of the event's data")  # noqa: TRY004 # pydantic's way
    return _compiled(given)


TextTemplate = Annotated[Template, BeforeValidator(_compiled_text)]
DataTemplate = Annotated[Template, BeforeValidator(_compiled_data)]
