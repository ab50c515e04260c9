"""How Kustomer answers: one record, a page of records, and a refusal in one of its two shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from workers.sandbox.record import VendorAnswer

MOST_ON_A_PAGE = 100
ON_A_PAGE = 25
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "payload_too_large",
    422: "unprocessable_entity",
    429: "too_many_requests",
}


class KustomerRefusalError(Exception):  # an answer of the vendor's, no error of ours
    """A request that is refused.

    Attributes:
        answer: what Kustomer says to it.
    """

    def __init__(self, answer: VendorAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(status: int, message: str) -> KustomerRefusalError:
    """Refuse as most of the API does: a code and a message."""
    return KustomerRefusalError(problem(status, message))


def refusal_at(status: int, detail: str, pointer: str) -> KustomerRefusalError:
    """Refuse as the checks of bodies do: with the member that is wrong."""
    error = {
        "status": str(status),
        "code": CODES.get(status, "error"),
        "title": HTTPStatus(status).phrase,
        "detail": detail,
        "source": {"pointer": f"/{pointer}"},
        "meta": {},
    }
    return KustomerRefusalError(VendorAnswer(status, {"errors": [error]}))


def problem(status: int, message: str) -> VendorAnswer:
    """Answer with a code and a message."""
    return VendorAnswer(status, {"errors": [{"code": CODES.get(status, "error"), "message": message, "meta": {}}]})


def done(status: int, data: Any) -> VendorAnswer:
    """Answer with what a request made, changed or found."""
    return VendorAnswer(status, {"data": data}, accepted=True)


def nothing() -> VendorAnswer:
    """Answer to a deletion."""
    return VendorAnswer(204, "", accepted=True)


def page(path: str, query: Mapping[str, str], items: Sequence[Any], *, most: int = MOST_ON_A_PAGE) -> VendorAnswer:
    """Answer with one page of a list; `links` are paths.

    Raises:
        Refusal: the page or its size is no number that is allowed.
    """
    number, size = whole(query, "page", 1), whole(query, "pageSize", ON_A_PAGE)
    if size > most:
        raise refusal_at(400, f"pageSize must be at most {most}", "pageSize")
    pages = max(1, -(-len(items) // size))

    def link(to: int) -> str | None:
        return f"{path}?{urlencode({**query, 'page': to, 'pageSize': size})}" if 1 <= to <= pages else None

    body = {
        "data": items[(number - 1) * size : number * size],
        "meta": {"page": number, "pageSize": size, "total": len(items), "totalPages": pages},
        "links": {
            "self": link(number),
            "first": link(1),
            "prev": link(number - 1),
            "next": link(number + 1),
            "last": link(pages),
        },
    }
    return VendorAnswer(200, body, accepted=True)


def whole(query: Mapping[str, str], name: str, default: int) -> int:
    """Return a positive number of the query.

    Raises:
        Refusal: it is none.
    """
    written = query.get(name, str(default))
    if not written.isdecimal() or int(written) < 1:
        raise refusal_at(400, f"{name} must be a positive number", name)
    return int(written)
