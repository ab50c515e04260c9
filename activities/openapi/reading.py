"""The text of a description as JSON values: JSON, or YAML in which dates, `=` and `on` stay the texts that they are."""

from __future__ import annotations

from typing import Any

from activities.descriptions.command import UnreadableError

MOST_LEVELS = 200


def read(content: bytes) -> dict[str, Any]:
    """Return the object that a description is.

    Raises:
        UnreadableError: it is none.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    document = _json(content) if content.lstrip()[:1] == b"{" else _yaml(content)
    if not isinstance(document, dict):
        raise UnreadableError("it is no object.")
    return document


def _json(content: bytes) -> Any:
    from pydantic_core import from_json

    try:
        return from_json(content, allow_inf_nan=False)
    except ValueError as error:
        raise UnreadableError(f"it is no JSON: {error}.") from None


def _yaml(content: bytes) -> Any:
    from ryaml import InvalidYamlError, loads  # type: ignore[attr-defined]  # the package does not export them

    try:
        return _plain(loads(content.decode()), MOST_LEVELS)
    except UnicodeDecodeError:
        raise UnreadableError("it is no UTF-8 text.") from None
    except InvalidYamlError as error:
        raise UnreadableError(f"it is no YAML: {' '.join(str(error).split())}.") from None


def _plain(value: Any, levels: int) -> Any:
    """Return a value whose keys are texts, as those of JSON are: answers are listed under 200."""
    if not levels:
        raise UnreadableError(f"it nests deeper than {MOST_LEVELS} levels.")
    if isinstance(value, dict):
        return {_key(key): _plain(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, levels - 1) for item in value]
    return value


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
