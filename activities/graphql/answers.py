"""What a GraphQL service answered: a 200 that may be a refusal, a limit, or no word of what it did."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.graphql.field import GraphQlField
from activities.http_client.retry_after import bounded, retry_after
from activities.rest.answers import readable, reason_of

if TYPE_CHECKING:
    from activities.http_client.message import Response

LATER = frozenset(("THROTTLED", "RATE_LIMITED", "TOO_MANY_REQUESTS"))
"""Codes of errors after which the same request may be taken; it was not carried out."""

PERHAPS = frozenset(("INTERNAL_SERVER_ERROR", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"))
"""Codes of errors in the middle of it: some of it may have been carried out."""

BEFORE = frozenset((
    "ACCESS_DENIED", "BAD_REQUEST", "BAD_USER_INPUT", "FORBIDDEN", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED",
    "MAX_COST_EXCEEDED", "NOT_FOUND", "UNAUTHENTICATED", "UNAUTHORIZED",
))  # fmt: skip
"""Codes of errors that came before anything was carried out."""

ERROR = re.compile(r"Errors?$")
"""How the name of a type ends that an answer is of where a mutation was refused, and answers are of one of several."""

MOST_REASONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Judges the answers of one field.

    Attributes:
        field: the field.
        vendor: how its sentences name the service.
        later: codes of errors after which the same request may be taken.
    """

    field: GraphQlField
    vendor: str
    later: frozenset[str]

    def error(self, answer: Response, body: Any) -> ActionError | None:
        """Return the error that an answer with a status of success is, or None where the operation was carried out.

        Errors below the field itself are of what was asked about its result: it was carried out, and they
        stand in the body.
        """
        members = body if isinstance(body, Mapping) else {}
        data, errors = members.get("data"), _listed(members.get("errors"))
        found = data.get(self.field.name) if isinstance(data, Mapping) else None
        if errors and found is None:
            return self._failed(errors, members, answer)
        if not isinstance(data, Mapping):
            return OutcomeUnknown(
                f"{self.vendor} answered {answer.status} with something that is no answer of GraphQL; look into "
                f"{self.vendor}.",
                status=answer.status,
            )
        result = found if isinstance(found, Mapping) else {}
        refusals = [one for name in self.field.refusals for one in _listed(result.get(name))]
        if self.field.mutation and ERROR.search(str(result.get("__typename"))):
            refusals.append(result)
        return self._refused(refusals, answer) if refusals else None

    def _failed(self, errors: list[Mapping[str, Any]], body: Mapping[str, Any], answer: Response) -> ActionError:
        sentence = f"{self.vendor} answered {answer.status} with errors: {_reasons(errors)}."
        if any(_code(one) in self.later for one in errors):
            wait = _restored(body)
            if wait == math.inf:
                return Refused(f"{sentence} It costs more than is ever available.", status=answer.status)
            advised = retry_after(answer.headers)
            return Unavailable(sentence, retry_after=wait if advised is None else advised, status=answer.status)
        if any(map(self._may_have_acted, errors)):
            return OutcomeUnknown(sentence, status=answer.status)
        return Refused(sentence, status=answer.status)

    def _may_have_acted(self, error: Mapping[str, Any]) -> bool:
        """Say whether an error came when something may have been carried out: it is then at a place of the answer.

        One at the field itself may say by its code that it came before; below it there is an answer already.
        """
        path = error.get("path")
        deep = len(path) if isinstance(path, list) else 0
        code = _code(error)
        return code in PERHAPS or (self.field.mutation and (deep > 1 or (deep == 1 and code not in BEFORE)))

    def _refused(self, errors: list[Mapping[str, Any]], answer: Response) -> ActionError:
        sentence = f"{self.vendor} refused: {_reasons(errors)}."
        if any(_code(one) in self.later for one in errors):
            return Unavailable(sentence, retry_after=retry_after(answer.headers), status=answer.status)
        return Refused(sentence, status=answer.status)


def _listed(errors: Any) -> list[Mapping[str, Any]]:
    if not errors:
        return []
    return [
        one if isinstance(one, Mapping) else {"message": reason_of(one)}
        for one in (errors if isinstance(errors, list) else [errors])
    ]


def _code(error: Mapping[str, Any]) -> str | None:
    extensions = error.get("extensions")
    own = extensions.get("code") if isinstance(extensions, Mapping) else None
    found = next((one for one in (own, error.get("code"), error.get("type")) if isinstance(one, str)), None)
    return found and found.upper()


def _reasons(errors: Iterable[Mapping[str, Any]]) -> str:
    found = list(dict.fromkeys(map(_reason, errors)))
    more = [f"and {len(found) - MOST_REASONS} more"] if len(found) > MOST_REASONS else []
    return readable("; ".join([*found[:MOST_REASONS], *more])) or "no reason given"


def _reason(error: Mapping[str, Any]) -> str:
    """Return why, with the place in the input that it is about, and the code."""
    field = error.get("field")
    place = ".".join(map(str, field)) if isinstance(field, list) else field
    message = str(error.get("message") or "no reason given").rstrip(".")
    code = _code(error)
    return f"{f'{place}: ' if place else ''}{message}{f' ({code})' if code else ''}"


def _restored(body: Mapping[str, Any]) -> float | None:
    """Return the seconds until a request's cost is available; infinite where it never is, None where nobody says.

    https://shopify.dev/docs/api/usage/limits
    """
    extensions = body.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, Mapping) else None
    status = cost.get("throttleStatus") if isinstance(cost, Mapping) else None
    if not isinstance(cost, Mapping) or not isinstance(status, Mapping):
        return None
    wanted, most = _number(cost.get("requestedQueryCost")), _number(status.get("maximumAvailable"))
    left, rate = _number(status.get("currentlyAvailable")), _number(status.get("restoreRate"))
    if wanted is None or left is None or not rate or rate < 0:
        return None
    if most is not None and wanted > most:
        return math.inf
    return bounded((wanted - left) / rate)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
