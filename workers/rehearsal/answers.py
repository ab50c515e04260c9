"""What receivers answer in a rehearsal: by step or by request, once or every time, sorted by the actions' own code.

An answer is a result as the action gives it (`{status: 200, body: {…}}`), or `{fails: …}` with the class of a failure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, cast, get_args

from pydantic import BaseModel, ValidationError

from activities.action import Action, Result, names
from activities.attempt.results import kept
from activities.budgets import Budgets
from activities.connections import Connections
from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.exchange.answer import HttpAnswer
from activities.exchange.request import Destination
from activities.http_client.addresses import Target
from activities.http_client.client import Client
from activities.http_client.message import Message, Response
from activities.http_client.retry_after import retry_after
from activities.http_client.statuses import SUCCESS, unexpected
from activities.pauses import Pauses
from activities.runs import Runs
from activities.violations import sentence_of
from trunkline.wire import Answer, Pick

FAILURES: Mapping[str, tuple[type[ActionError], str]] = {
    "refused": (Refused, "The receiver refused the request."),
    "unavailable": (Unavailable, "The receiver is not available; nothing was carried out."),
    "unknown": (OutcomeUnknown, "No answer came back; it may have been carried out."),
    "timeout": (OutcomeUnknown, "It took longer than its timeout; it may have been carried out."),
}
"""The error of each class of `fails`, and its sentence where an answer says none."""

REQUEST = re.compile(r"([A-Z*]+) (\S+)")
"""An answer's key that names a request: `POST https://mail.example.com/*`."""

TIMES = "times"


@dataclass(slots=True)
class Given:
    """What was given under one key.

    Attributes:
        key: a step's id, or a method and an address.
        answers: the answers in their order.
        always: whether the one answer serves every time.
        used: how many were used.
    """

    key: str
    answers: list[Any]
    always: bool
    used: int = 0

    @classmethod
    def of(cls, key: str, value: Any) -> Given:
        """Read what stands under a key."""
        if isinstance(value, list):
            return cls(key, [one for entry in value for one in _repeated(entry)], always=False)
        if isinstance(value, dict) and TIMES in value:
            return cls(key, list(_repeated(value)), always=False)
        return cls(key, [value], always=True)

    def left(self) -> int:
        """Return how many answers were not used; one that serves every time is never left."""
        return 0 if self.always else len(self.answers) - self.used


@dataclass(slots=True)
class Answers:
    """The answers of one rehearsal; a step's id goes before a request, what is said first before what is said later.

    Attributes:
        levels: mappings of keys to answers: the case's, then the file's.
    """

    levels: Sequence[Mapping[str, Any]] = ()
    _given: list[dict[str, Given]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._given = [{key: Given.of(key, value) for key, value in level.items()} for level in self.levels]

    def next(self, step: str, request: tuple[str, str] | None) -> tuple[bool, Any]:
        """Return whether there is an answer, and the answer.

        Args:
            step: the step's id in the definition.
            request: method and address, of an HTTP action.
        """
        for level in self._given:
            found = level.get(step) or next(
                (one for key, one in level.items() if request is not None and _fits(key, request)), None
            )
            if found is not None:
                if found.always:
                    return True, found.answers[0]
                if found.used == len(found.answers):
                    return False, None
                found.used += 1
                return True, found.answers[found.used - 1]
        return False, None

    def unused(self) -> Iterator[Given]:
        """Yield the lists of the first level that were not used up."""
        yield from (given for given in (self._given[0] if self._given else {}).values() if given.left())


def _repeated(entry: Any) -> Iterator[Any]:
    times = entry.get(TIMES, 1) if isinstance(entry, dict) else 1
    single = {key: value for key, value in entry.items() if key != TIMES} if isinstance(entry, dict) else entry
    yield from (single for _ in range(times))


def _fits(key: str, request: tuple[str, str]) -> bool:
    pattern = _pattern(key)
    return pattern is not None and pattern.fullmatch(" ".join(request)) is not None


@lru_cache(maxsize=1024)
def _pattern(key: str) -> re.Pattern[str] | None:
    if REQUEST.fullmatch(key) is None:
        return None
    return re.compile(".*".join(map(re.escape, key.split("*"))), re.DOTALL)


def request_line(action: Action, config: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return method and address of an HTTP action's request; None for other actions."""
    if not issubclass(action.config, Destination):
        return None
    method = config.get("method") or action.config.model_fields["method"].default
    return str(method).upper(), str(config.get("url"))


def is_answered_over_http(action: Action) -> bool:
    """Say whether an answer is a status, headers and a body, and its status decides what it means."""
    return action.result is not None and {"status", "headers", "body"} == set(action.result.model_fields)


def completed(action: Action, answer: Any) -> Any:
    """Return an answer with the fields that it leaves out.

    Raises:
        Refused: it has a field that the action does not give, or is not what it gives.
    """
    model = action.result
    if model is None:
        return answer
    if not isinstance(answer, dict):
        raise Refused(f"An answer of {action.name} is an object with {_fields(model)}.")
    known = {key for name in model.model_fields for key in names(model, name)}
    if unknown := next((key for key in answer if key not in known), None):
        raise Refused(f"{action.name} gives no {unknown!r}; it gives {_fields(model)}.")
    try:
        return model.model_validate(_laid_over(_example(model), _by_name(model, answer)))
    except ValidationError as error:
        raise Refused(f"This is not what {action.name} gives: {sentence_of(error)}.") from None


def _fields(model: type[BaseModel]) -> str:
    return ", ".join(names(model, name)[0] for name in model.model_fields)


def _by_name(model: type[BaseModel], answer: Mapping[str, Any]) -> dict[str, Any]:
    fields = [(names(model, name)[0], key) for name in model.model_fields for key in names(model, name)]
    return {first: answer[key] for first, key in fields if key in answer}


def _laid_over(example: Any, given: Any) -> Any:
    if not isinstance(example, dict) or not isinstance(given, dict):
        return given
    return {**example, **{key: _laid_over(example.get(key), value) for key, value in given.items()}}


def _example(model: type[BaseModel]) -> dict[str, Any]:
    samples = ((names(model, name)[0], info.annotation) for name, info in _required(model))
    return {key: _sample(key, kind) for key, kind in samples}


def _required(model: type[BaseModel]) -> Iterable[tuple[str, Any]]:
    return ((name, info) for name, info in model.model_fields.items() if info.is_required())


def _sample(key: str, kind: Any) -> Any:
    """Return an example of a field: null where it may be, else the least of its type; a text is the field's name."""
    choices = get_args(kind)
    origin = getattr(kind, "__origin__", kind)
    if type(None) in choices or kind is Any:
        return None
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _example(kind)
    if choices and origin not in (list, dict, tuple):
        return choices[0]
    if key == "status" and kind is int:
        return min(SUCCESS)
    least: Mapping[Any, Any] = {str: key, int: 0, float: 0.0, bool: False, list: [], dict: {}, tuple: ()}
    return least.get(origin)


async def carried_out(  # noqa: PLR0913 # what an attempt has, by name
    action: Action,
    config: Any,
    answer: Any,
    *,
    now: datetime,
    key: str,
    attempt: int,
    pick: Pick | None,
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
        sent: is called once the request goes out; an action may refuse it before.

    Raises:
        ActionError: the answer is a failure.
    """
    over_http = issubclass(action.config, Destination)
    failing = isinstance(answer, dict) and "fails" in answer
    result = HttpAnswer(status=min(SUCCESS), headers={}) if over_http and failing else None
    if over_http or not failing:
        result = result or completed(action, answer)
    if not over_http:
        sent()
    if isinstance(result, HttpAnswer) and isinstance(config, Destination):
        given = {name.lower() for name in result.headers}
        receiver = _Receiver(result, now, sent, _failure(answer, now) if failing else None)
        result = await action.function(config, _context(action.name, key, attempt, receiver))
        headers = {name: value for name, value in result.headers.items() if name in given}
        result = result.model_copy(update={"headers": headers})
    elif failing:
        raise _failure(answer, now)
    elif is_answered_over_http(action) and result.status not in SUCCESS:
        raise unexpected(result.status, _headers(result.headers, now), _body(result.body))
    found = kept(result, pick)
    if (identity := _identity(result)) is not None:
        found["claim"] = identity
    return cast("Answer", json.loads(json.dumps(found)))


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
        Message.of(method, Target.parse(url), options.get("headers") or {}, options.get("content"), options.get("auth"))
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


def _context(action: str, key: str, attempt: int, receiver: _Receiver) -> Context:
    nothing: Any = None

    async def sending() -> None:
        """Mark nothing."""

    return Context(
        action=action,
        key=key,
        run="rehearsal",
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
    )
