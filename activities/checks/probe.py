"""One question to a vendor that changes nothing, and what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from activities.connections import Connection
from activities.context import Context
from activities.errors import ActionError, Refused
from activities.rest.service import UNREADABLE, Method, Service

Ask = Callable[[Context, Any], Awaitable[str]]
"""Asks with a connection and returns a sentence, or raises `ActionError` where it does not work."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What is asked.

    Attributes:
        what: what is true where it works, such as `the token is good`.
        ask: asks it.
    """

    what: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one question.

    Attributes:
        what: what was asked.
        ok: whether it is so.
        message: a sentence: what was found, or why it is not so.
    """

    what: str
    ok: bool
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {"what": self.what, "ok": self.ok, "message": self.message}


async def result_of(probe: Probe, context: Context, connection: Connection) -> CheckResult:
    """Ask one question; what fails is an answer too."""
    try:
        return CheckResult(probe.what, ok=True, message=await probe.ask(context, connection))
    except ActionError as error:
        return CheckResult(probe.what, ok=False, message=str(error))


def reads(  # noqa: PLR0913 # what a question has, by name
    what: str,
    service: Service[Any],
    path: str | Callable[[Any], str],
    sentence: Callable[[Any], str],
    *,
    method: Method = "GET",
    json: Any = None,
) -> Probe:
    """Return the question that one request of a service is.

    Args:
        what: what is true where it works.
        service: the vendor's API.
        path: the request's path, or what makes it of the connection.
        sentence: makes the sentence of the answer's JSON body; it raises `Refused` where that says no.
        method: a method other than GET, of a request that only reads.
        json: the body of such a request.
    """

    async def ask(context: Context, connection: Any) -> str:
        place = path if isinstance(path, str) else path(connection)
        answer = await service.call(context, connection, method, place, json=json, effect=False)
        try:
            return sentence(answer.json())
        except UNREADABLE:
            raise Refused(
                f"{service.name} answered {answer.status} with something that is none of its answers: look at "
                "`baseUrl`.",
                status=answer.status,
            ) from None

    return Probe(what, ask)
