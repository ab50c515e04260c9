"""The search: one operation for customers, conversations, messages and notes; what it does not know it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from workers.sandbox.kustomer.answers import page, refusal_at, whole
from workers.sandbox.kustomer.births import holder
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.customers import identifiers
from workers.sandbox.kustomer.fields import JsonBody
from workers.sandbox.kustomer.resources import Resource, SandboxOrganization
from workers.sandbox.record import VendorAnswer

MOST_RESULTS, MOST_PAGES = 500, 100
SOCIAL = ("facebook", "instagram", "whatsapp", "linkedin", "pinterest", "twitter")

Criterion = Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]
Criteria = Annotated[list[Criterion], Field(max_length=20)]


class SearchBody(JsonBody):
    """What is searched for."""

    query_context: Literal["customer", "company", "conversation", "message", "note"]
    and_: Criteria = Field(default=[], alias="and")
    or_: Criteria = Field(default=[], alias="or")
    not_: Criteria = Field(default=[], alias="not")
    sort: list[dict[str, Literal["asc", "desc"]]] | None = None
    time_zone: str | None = None
    include_deleted: bool | None = None


def _all_of(kind: str) -> Callable[[Resource], list[str]]:
    return lambda one: [value for name, value in identifiers(one.attributes) if name == kind]


def _social(part: int) -> Callable[[Resource], list[str]]:
    return lambda one: [pair[part] for pair in identifiers(one.attributes) if pair[0] in SOCIAL]


def _attribute(name: str) -> Callable[[Resource], list[str]]:
    return lambda one: [one.attributes[name]] if one.attributes.get(name) else []


def _related(name: str) -> Callable[[Resource], list[str]]:
    return lambda one: [id_] if (id_ := one.related(name)) else []


VALUES: Mapping[str, Mapping[str, Callable[[Resource], list[str]]]] = {
    "customer": {
        "id": lambda one: [one.id],
        "any_text": lambda one: [json.dumps(one.attributes, ensure_ascii=False)],
        "email": _all_of("email"),
        "phone": _all_of("phone"),
        "external_id": _all_of("externalId"),
        "social_type": _social(0),
        "social_userid": _social(1),
        "name": _attribute("name"),
    },
    "company": {"id": lambda one: [one.id], "name": _attribute("name"), "external_id": _attribute("externalId")},
    "conversation": {
        "id": lambda one: [one.id],
        "status": _attribute("status"),
        "external_id": _attribute("externalId"),
        "customer_id": _related("customer"),
    },
    "message": {
        "id": lambda one: [one.id],
        "external_id": _attribute("externalId"),
        "conversation_id": _related("conversation"),
    },
    "note": {
        "id": lambda one: [one.id],
        "external_id": _attribute("externalId"),
        "conversation_id": _related("conversation"),
    },
}
"""What each attribute of a criterion means, without the name of its object before it."""

OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "contains": lambda value, wanted: wanted.lower() in value.lower(),
    "gte": lambda value, wanted: value >= wanted,
    "lte": lambda value, wanted: value <= wanted,
}


def _search(call: RoutedRequest) -> VendorAnswer:
    if whole(call.query, "page", 1) > MOST_PAGES:
        raise refusal_at(400, f"page must be at most {MOST_PAGES}", "page")
    body = call.body(SearchBody)
    context = body["queryContext"]
    tests = {name: [_test(context, each) for each in body.get(name, ())] for name in ("and", "or", "not")}
    _bring(call.org, context, body.get("and", ()))
    found = [
        one
        for one in call.org.all(context)
        if all(test(one) for test in tests["and"])
        and (not tests["or"] or any(test(one) for test in tests["or"]))
        and not any(test(one) for test in tests["not"])
        and (body.get("includeDeleted") or not one.attributes.get("deleted"))
    ]
    for each in reversed(body.get("sort") or ()):
        for name, direction in each.items():
            found.sort(key=_sort_key(name.removeprefix(f"{context}_")), reverse=direction == "desc")
    shown = [
        {"type": one.type, "id": one.id} if call.query.get("idsOnly") == "true" else one.written() for one in found
    ]
    return page(call.request.path, call.query, shown, most=MOST_RESULTS)


def _test(context: str, criterion: Mapping[str, Mapping[str, Any]]) -> Callable[[Resource], bool]:
    [(name, condition)] = criterion.items()
    values = _values(context, name)
    if unknown := next((each for each in condition if each not in OPERATORS), None):
        raise refusal_at(400, f"{unknown} is no operator of {name}", f"and/{name}")

    def test(one: Resource) -> bool:
        own = values(one)
        return all(any(OPERATORS[each](value, str(wanted)) for value in own) for each, wanted in condition.items())

    return test


def _values(context: str, name: str) -> Callable[[Resource], list[str]]:
    if name in {"updated_at", f"{context}_updated_at"}:
        return _attribute("updatedAt")
    if name in {"created_at", f"{context}_created_at"}:
        return _attribute("createdAt")
    own = VALUES[context].get(name.removeprefix(f"{context}_")) if name.startswith(f"{context}_") else None
    if own is None:
        raise refusal_at(400, f"{name} is no attribute of a {context}", f"and/{name}")
    return own


def _sort_key(name: str) -> Callable[[Resource], str]:
    camel = {"updated_at": "updatedAt", "created_at": "createdAt"}.get(name, name)
    return lambda one: str(one.attributes.get(camel) or "")


def _bring(org: SandboxOrganization, context: str, criteria: list[dict[str, dict[str, Any]]]) -> None:
    """Have what is plainly made up come into being where it is searched for by its identifier."""
    wanted = {name: condition.get("equals") for each in criteria for name, condition in each.items()}
    social = wanted.get(f"{context}_social_type")
    for name, kind in (
        ("external_id", "externalId"),
        ("email", "email"),
        ("phone", "phone"),
        ("social_userid", social),
    ):
        value = wanted.get(f"{context}_{name}")
        if kind in {*SOCIAL, "externalId", "email", "phone"} and isinstance(value, str):
            holder(org, context, (str(kind), value))


ROUTES = (SandboxRoute("POST /v1/customers/search", _search),)
