"""What all steps of Kustomer's operations take."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, AliasGenerator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from activities.action import Config, Static, keys


def _keys(field_name: str) -> str | AliasChoices:
    """Return the keys of a field: camelCase, and as Kustomer's document writes it, with a capital first."""
    camel = to_camel(field_name)
    known = keys(field_name)
    return known if isinstance(known, AliasChoices) else AliasChoices(camel, camel[:1].upper() + camel[1:])


class KustomerConfig(Config):
    """A step that uses Kustomer; every field may also be written as in Kustomer's document (`Id`, `KlassName`)."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_camel, validation_alias=_keys, serialization_alias=to_camel)
    )

    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection of kind `kustomer`; needed where there are several."
    )


def spelled(*names: str) -> AliasChoices:
    """Return the keys of a field that the document spells by no rule: `spelled("conversationId", "ConversationID")`."""
    return AliasChoices(*names)
