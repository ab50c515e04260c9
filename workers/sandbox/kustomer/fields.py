"""How the bodies of requests are checked: an unknown field, a wrong type or a wrong suffix is a 400."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from workers.sandbox.kustomer.answers import refusal, refusal_at

MOST_TAGS = 20
TAG = re.compile(r"[\w /<>.-]{1,64}")
CUSTOM: dict[str, type | tuple[type, ...]] = {
    "Num": (int, float),
    "At": str,
    "Str": str,
    "Txt": str,
    "Bool": bool,
    "Url": str,
}
MOST_CUSTOM = 1_024


class JsonBody(BaseModel):
    """A body of plain JSON, whose members are all that Kustomer documents; a null empties."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


def _instant(value: str) -> str:
    datetime.fromisoformat(value)
    return value


def _tags(tags: list[str]) -> list[str]:
    if len(tags) > MOST_TAGS:
        raise ValueError(f"must have at most {MOST_TAGS} items")
    if len(set(tags)) != len(tags):
        raise ValueError("must have unique items")
    wrong = next((tag for tag in tags if not TAG.fullmatch(tag)), None)
    if wrong is not None:
        raise ValueError(f"{wrong[:64]!r} is no tag")
    return tags


def _custom(custom: dict[str, Any]) -> dict[str, Any]:
    for name, value in custom.items():
        suffix = next((each for each in CUSTOM if name.endswith(each) and name != each), None)
        if suffix is None:
            raise ValueError(f"{name} must end with one of {', '.join(CUSTOM)}")
        right = isinstance(value, CUSTOM[suffix]) and isinstance(value, bool) is (suffix == "Bool")
        if value is not None and (not right or (isinstance(value, str) and len(value) > MOST_CUSTOM)):
            raise ValueError(f"{name} has a value that is not of its type")
    return custom


Instant = Annotated[str, AfterValidator(_instant)]
Tags = Annotated[list[str], AfterValidator(_tags)]
Custom = Annotated[dict[str, Any], AfterValidator(_custom)]
Items = list[dict[str, Any]]
TAGS = TypeAdapter(Tags)


def checked(body: Any, model: type[BaseModel] | TypeAdapter[Any]) -> Any:
    """Return a body as it was sent, once it is known to be right.

    Raises:
        Refusal: it is not; the sentence names the first field that is wrong.
    """
    if body is None:
        raise refusal(400, "Invalid request body or parameters.")
    try:
        if isinstance(model, TypeAdapter):
            model.validate_python(body, strict=True)
        else:
            model.model_validate(body)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = "/".join(map(str, wrong["loc"]))
        unknown = wrong["type"] == "extra_forbidden"
        detail = f"Unknown field: {place}" if unknown else f"{place or 'The body'}: {wrong['msg']}"
        raise refusal_at(400, detail, place) from None
    return body
