"""What an action makes of an answer: HTTP actions run as they are, with a receiver in place of the HTTP client."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, cast

from activities.action import Action, Result
from activities.attempt.results import kept
from activities.budgets import Budgets
from activities.connections import Connections
from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.exchange.answer import HttpAnswer
from activities.exchange.request import Destination
from activities.http_client.addresses import Target
from activities.http_client.client import Client
from activities.http_client.message import HttpMessage, Response
from activities.http_client.retry_after import retry_after
from activities.http_client.statuses import SUCCESS, unexpected
from activities.kept_values import KeptValues
from activities.pauses import Pauses
from activities.runs import Runs
from trunkline.wire import Answer, Pick, UsedHeaders
from workers.rehearsal.results import completed, formed, has_form, is_answered_over_http

FAILURES: Mapping[str, tuple[type[ActionError], str]] = {
    "refused": (Refused, "The receiver refused the request."),
    "unavailable": (Unavailable, "The receiver is not available; nothing was carried out."),
    "unknown": (OutcomeUnknown, "No answer came back; it may have been carried out."),
    "timeout": (OutcomeUnknown, "It took longer than its timeout; it may have been carried out."),
}
"""The error of each class of `fails`, and its sentence where an answer says none."""


NO_ANSWER = HttpAnswer(status=min(SUCCESS), headers={})
"""What stands in the place of an answer that does not come."""


async def carried_out(  # noqa: PLR0913 # what an attempt has, by name
    action: Action,
    config: Any,
    answer: Any,
    *,
    now: datetime,
    key: str,
    attempt: int,
    pick: Pick | None,
    headers: UsedHeaders,
    sent: Callable[[], None],
) -> Answer:
    """Return what an action makes of an answer.

    Args:
        action: the action.
        config: its parsed config.
        answer: what was given.
        now: the virtual instant, against which a date in `Retry-After` counts.
        key: the idempotency key.
        attempt: which attempt it is.
        pick: what is kept of the result.
        headers: headers of the answer that the run uses.
        sent: is called once the request goes out; an action may refuse it before.

    Raises:
        ActionError: the answer is a failure.
    """
    failure = _failure(answer, now) if isinstance(answer, dict) and "fails" in answer else None
    result = NO_ANSWER if failure is not None else completed(action, answer)
    if not isinstance(config, Destination):
        sent()
    if isinstance(config, Destination):
        given = {name.lower() for name in result.headers}
        receiver = _Receiver(result, now, sent, failure)
        result = await action.function(config, _context(action.name, key, attempt, receiver))
        received = {name: value for name, value in result.headers.items() if name in given}
        result = result.model_copy(update={"headers": received})
    elif failure is not None:
        raise failure
    elif is_answered_over_http(action) and result.status not in SUCCESS:
        raise unexpected(result.status, _headers(result.headers, now), _body(result.body))
    if failure is None and has_form(action):
        formed(action, config.model_dump(by_alias=True), result)
    found = kept(result, pick, headers)
    if (identity := _identity(result)) is not None:
        found["claim"] = identity
    return cast("Answer", json.loads(json.dumps(found)))


async def kept_answer(  # noqa: PLR0913, PLR0917 # what an attempt has
    action: Action, config: Any, call: Mapping[str, Any], attempt: int, automation: str, kept_values: KeptValues
) -> Answer:
    """Return what an action gives that asks for kept values alone.

    Raises:
        ActionError: the value cannot be kept.
    """
    context = replace(_context(action.name, call["key"], attempt), automation=automation, kept_values=kept_values)
    result = await action.function(config, context)
    return cast("Answer", json.loads(json.dumps(kept(result, call.get("pick")))))


def _identity(result: Any) -> str | None:
    """Return what tells a result from any other; None where an answer leaves that out."""
    try:
        return result.identity() if isinstance(result, Result) else None
    except (LookupError, TypeError):
        return None


def _failure(answer: Mapping[str, Any], now: datetime) -> ActionError:
    kind, sentence = FAILURES[answer["fails"]]
    sentence, status = answer.get("message", sentence), answer.get("status")
    if kind is Unavailable:
        return Unavailable(sentence, status=status, retry_after=retry_after(_headers(answer.get("headers", {}), now)))
    return kind(sentence, status=status)


def _headers(given: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """Return an answer's headers with names in lower case; a date in them counts against the answer's own date."""
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    return {"date": format_datetime(now, usegmt=True), **headers}


def _body(value: Any) -> bytes:
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


class _Receiver:
    """Stands where the HTTP client of an attempt stands: checks the request as that does, and answers as given."""

    def __init__(
        self, answer: HttpAnswer, now: datetime, sent: Callable[[], None], failure: ActionError | None
    ) -> None:
        self._answer = answer
        self._now = now
        self._sent = sent
        self._failure = failure

    def carrying(self, *_: Any, **__: Any) -> _Receiver:
        return self

    async def request(self, method: str, url: str, **options: Any) -> Response:
        """Return the answer.

        Raises:
            ActionError: the address or a header is not valid, or the answer is a failure.
        """
        HttpMessage.of(
            method, Target.parse(url), options.get("headers") or {}, options.get("content"), options.get("auth")
        )
        self._sent()
        if self._failure is not None:
            raise self._failure
        headers = {name.lower(): value for name, value in self._answer.headers.items()}
        if self._answer.status not in SUCCESS:
            headers = _headers(headers, self._now)
        body = self._answer.body
        if not isinstance(body, str) and body is not None:
            headers = {"content-type": "application/json", **headers}
        elif isinstance(body, str):
            headers = {"content-type": "text/plain", **headers}
        return Response(self._answer.status, headers, _body(body))


def _context(action: str, key: str, attempt: int, receiver: _Receiver | None = None) -> Context:
    nothing: Any = None

    async def sending() -> None:
        """Mark nothing."""

    return Context(
        action=action,
        key=key,
        run="rehearsal",
        automation="rehearsal",
        attempt=attempt,
        timeout=30,
        http=cast("Client", receiver),
        connections=Connections({}, ()),
        files=None,
        progress=None,
        heartbeat=lambda _progress: None,
        sending=sending,
        conceal=lambda _owner, _values: None,
        budgets=cast("Budgets", nothing),
        pauses=cast("Pauses", nothing),
        runs=cast("Runs", nothing),
        kept_values=cast("KeptValues", nothing),
    )
