"""What the ticket actions need of a helpdesk; each of `zendesk.py`, `zammad.py` and `freshdesk.py` is one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from activities.attachments import FetchedFile
from activities.context import LARGEST_PICKED, Context
from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.statuses import SUCCESS
from activities.rest.answers import readable, reason_of
from activities.rest.service import UNREADABLE, Method, Service
from activities.tickets.connection import AI, UNASSIGNED, Assignee, HelpdeskConnection
from activities.tickets.ticket import TicketState

if TYPE_CHECKING:
    from activities.http_client.message import Response

C = TypeVar("C", bound=HelpdeskConnection)
T = TypeVar("T")

REFUSALS = frozenset(("recordinvalid", "recordnotfound", "forbidden", "unauthorized", "invalidendpoint"))
"""Errors inside of a success under which nothing was done; under any other something may have been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskMessage:
    """A note or a reply that is to be added.

    Attributes:
        html: what it says.
        public: whether the customer gets it.
        cc: email addresses of who gets a reply besides.
        files: what is attached.
    """

    html: str
    public: bool
    cc: Sequence[str] = ()
    files: Sequence[FetchedFile] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMessage:
    """A message that the helpdesk has.

    Attributes:
        id: its id.
        html: what it says.
        public: whether the customer gets it.
        at: when it was added, by the helpdesk's clock.
        key: the idempotency key that it carries, empty where it has none; None where the helpdesk shows no keys.
    """

    id: str
    html: str
    public: bool
    at: datetime
    key: str | None


@dataclass(frozen=True, slots=True)
class Helpdesk(ABC, Generic[C]):
    """A helpdesk as one attempt uses it. Ids of tickets are checked: they may stand in a path.

    What changes a ticket returns it as it is afterwards, and raises what `Service.call` raises. `Refused` says what the
    helpdesk can hold instead.
    """

    service: ClassVar[Service[Any]]

    connection: C
    context: Context

    @abstractmethod
    async def ticket(self, ticket_id: str) -> TicketState:
        """Read a ticket."""

    @abstractmethod
    async def set_status(self, ticket_id: str, status: str, until: datetime) -> TicketState:
        """Change the status; `until` is when a pending ticket comes back, where the helpdesk wants to know."""

    @abstractmethod
    async def set_priority(self, ticket_id: str, priority: str) -> TicketState:
        """Change the priority."""

    @abstractmethod
    async def assign(self, ticket_id: str, to: Assignee) -> TicketState:
        """Assign it; a group gets it without a person."""

    @abstractmethod
    async def add_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Add tags; those that it has stay."""

    @abstractmethod
    async def remove_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Remove tags."""

    @abstractmethod
    async def post(self, ticket_id: str, message: HelpdeskMessage) -> tuple[TicketState, str]:
        """Add a message with the step's key, and return the ticket and the message's id."""

    @abstractmethod
    async def posted(self, ticket_id: str) -> list[PostedMessage]:
        """Return the latest messages of a ticket."""

    @abstractmethod
    async def email(self, user_id: str) -> str | None:
        """Return a user's email address."""

    async def presented(self, ticket: TicketState) -> TicketState:
        """Return a ticket whose assignee is `ai` where the connection names the person by email address.

        A person who cannot be looked up stays an id: the change itself is done.
        """
        agent = self.connection.ai_agent or ""
        if "@" not in agent or "@" in ticket.assignee or ticket.assignee in {AI, UNASSIGNED}:
            return ticket
        known = self.connection.remembered.setdefault(AI, {})
        if ticket.assignee not in known:
            with suppress(ActionError):
                known[ticket.assignee] = await self.email(ticket.assignee)
        is_agent = (known.get(ticket.assignee) or "").lower() == agent.strip().lower()
        return ticket.model_copy(update={"assignee": AI}) if is_agent else ticket

    async def send(  # noqa: PLR0913 # what a request has, by name
        self,
        method: Method,
        path: str,
        parse: Callable[[Any], T],
        *,
        json: Any = None,
        content: tuple[str, bytes] | None = None,
        query: Mapping[str, Any] | None = None,
        effect: bool | None = None,
    ) -> T:
        """Send a request and return what its answer says; `content` is a body and its media type.

        Raises:
            ActionError: see `Service.call`.
        """
        answer = await self.service.call(
            self.context,
            self.connection,
            method,
            path,
            json=json,
            content=content[1] if content else None,
            headers={"Content-Type": content[0]} if content else None,
            query=query,
            effect=effect,
        )
        if not answer.body.strip():
            raise self.service.unreadable(answer)
        return cast("T", self.service.object_of(answer, parse))

    async def read(self, path: str, parse: Callable[[Any], T], *, query: Mapping[str, Any] | None = None) -> T:
        """Read something.

        Raises:
            Refused: it cannot be read.
            Unavailable: it cannot be read for now.
        """
        with self.reading():
            return await self.send("GET", path, parse, query=query)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have no unknown outcome of what only reads, and no surprise of an answer's shape.

        Raises:
            Unavailable: instead.
        """
        try:
            yield
        except OutcomeUnknown as error:
            raise Unavailable(str(error), status=error.status) from None
        except UNREADABLE:
            raise Unavailable(f"{self.service.name} answered with something else than it should.") from None

    def patient(self) -> Context:
        """Return the surroundings of a request whose answer may be long, as a list of messages is."""
        from dataclasses import replace

        return replace(self.context, largest_answer=max(self.context.largest_answer, LARGEST_PICKED))


@contextmanager
def after(done: str) -> Iterator[None]:
    """Have nothing told as without effect that follows an effect.

    Raises:
        OutcomeUnknown: instead of `Refused` and `Unavailable`.
    """
    try:
        yield
    except (Refused, Unavailable, ResultTooLarge) as error:
        raise OutcomeUnknown(f"{done}, but then: {error}", status=error.status) from None


def error_inside(name: str) -> Callable[[Response], ActionError | None]:
    """Return what judges a success that holds an error instead of what was asked for."""

    def judge(answer: Response) -> ActionError | None:
        if answer.status not in SUCCESS or not answer.body.lstrip().startswith(b"{"):
            return None
        body = answer.json()
        code = body.get("error") or body.get("code")
        if not isinstance(code, str) or "id" in body or "ticket" in body:
            return None
        sentence = f"{name} answered {answer.status}, but with an error: {readable(reason_of(body)) or code}."
        kind = Refused if code.lower() in REFUSALS else OutcomeUnknown
        return kind(sentence, status=answer.status)

    return judge


def listed(names: Sequence[str]) -> str:
    """Return names for a sentence."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
