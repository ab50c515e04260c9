"""Files as params give them: a text, `{url}`, which is fetched, or `{base64, filename, contentType}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.descriptions.schemas import Schemas

MULTIPART = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
UNNAMED = "file"
"""Name of the part of a form of which the description says the content alone."""

KEYS = frozenset(("url", "base64", "filename", "contentType"))
CONTENTS = ("url", "base64")


def takes_files(media: str) -> bool:
    """Say whether a body of this type has files in it, or is one: a form of parts, or bytes of any kind."""
    kind = media.partition(";")[0].strip().lower()
    return kind not in {FORM, JSON, "*/*"} and not kind.endswith("+json")


def is_text(media: str) -> bool:
    """Say whether a body of this type is sent as the text, or the bytes, that it is given as."""
    return takes_files(media) and media.partition(";")[0].strip().lower() != MULTIPART


def is_file(value: Any, schema: Any, schemas: Schemas) -> bool:
    """Say whether an object stands for a file: where the description takes texts, or bytes, and no objects."""
    if not isinstance(value, Mapping) or not value.keys() <= KEYS or sum(name in value for name in CONTENTS) != 1:
        return False
    if not all(isinstance(item, str) for item in value.values()):
        return False
    return "object" not in schemas.types(schema) or is_binary(schema, schemas)


def is_binary(schema: Any, schemas: Schemas) -> bool:
    """Say whether a schema is that of a file's content."""
    return any("contentMediaType" in part or not part for part in schemas.parts(schema))


def as_texts(value: Any, schema: Any, schemas: Schemas) -> Any:
    """Return a body with a text in the place of each file, as the description has it."""
    if is_file(value, schema, schemas):
        return next(value[name] for name in CONTENTS if name in value)
    if isinstance(value, list):
        items = schemas.items(schema)
        return [as_texts(item, items, schemas) for item in value]
    if isinstance(value, Mapping):
        return {name: _member_as_texts(item, schemas.member(schema, name), schemas) for name, item in value.items()}
    return value


def _member_as_texts(value: Any, schema: Any, schemas: Schemas) -> Any:
    if isinstance(value, list):
        items = schemas.items(schema)
        return [_member_as_texts(item, items, schemas) for item in value]
    return as_texts(value, schema, schemas) if is_file(value, schema, schemas) else value
