"""Params of a step as the variables of a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.graphql.field import GraphQlField
from activities.openapi.params import NOTHING, Params
from activities.openapi.request import checked


class Variables(Params):
    """Places and judges params of one field: by the names of arguments, or of the members of its only one.

    Args:
        field: the field.
    """

    def __init__(self, field: GraphQlField) -> None:
        super().__init__(field.request)
        self.sole = field.sole

    def whole(self, params: Mapping[str, Any]) -> str | None:
        """Return the only argument, where it is an input; an object under its name is never a member of that name."""
        if self.sole in self.members and not isinstance(params.get(self.sole), Mapping):
            return None
        return self.sole

    def made(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables that params make.

        Raises:
            Refused: the schema does not allow them; the sentence says all that is wrong.
        """
        body = checked(self, params).body
        if body is NOTHING:
            return {}
        return body if self.sole is None else {self.sole: body}

    def _takes_null(self, schema: Any) -> bool:
        """Leave null out: nearly everything takes it, and it would erase what a template did not find."""
        del schema
        return False

    def _typed(self, value: Any, schema: Any, deepest: int) -> Any:
        """Return a value as its type; where a list is wanted, GraphQL takes one item for it."""
        if value is not None and not isinstance(value, list) and self.schemas.types(schema) - {"null"} == {"array"}:
            value = [value]
        return super()._typed(value, schema, deepest)
