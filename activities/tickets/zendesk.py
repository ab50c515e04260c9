"""Zendesk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from activities.attachments import FetchedFile
from activities.errors import ActionError, Refused, Unavailable
from activities.rest.answers import RateHeaders, reason_of
from activities.rest.paging import Paging
from activities.rest.paging import listed as all_pages
from activities.rest.service import Service
from activities.tickets.connection import Assignee
from activities.tickets.helpdesk import Helpdesk, HelpdeskMessage, PostedMessage, after, error_inside, listed
from activities.tickets.helpdesks import Zendesk
from activities.tickets.messages import ours
from activities.tickets.ticket import TicketState

if TYPE_CHECKING:
    from activities.http_client.message import Response

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = {"low": "low", "medium": "normal", "high": "high", "urgent": "urgent"}
WORDS = {theirs: word for word, theirs in PRIORITIES.items()}
MARK = "trunkline"
"""Key of an update's metadata that holds the step's key."""

GROUPS = Paging(items=lambda body: body["groups"], link=lambda body: body.get("next_page"), size=("per_page", 100))
COMMENTS = Paging(
    items=lambda body: body["comments"], link=lambda body: body.get("next_page"), size=("per_page", 100), most=3
)


def judge(answer: Response) -> ActionError | None:
    """Return the error of a success that holds one, and of an update that met another."""
    if answer.status != HTTPStatus.CONFLICT:
        return error_inside("Zendesk")(answer)
    return Unavailable(
        "Zendesk did not take the update: somebody changed the ticket at the same time.", status=answer.status
    )


def reason(body: Any) -> str | None:
    """Return why a request was refused: the fields' own reasons say more than that there are some."""
    return reason_of([body.get("details")]) or reason_of(body)


class ZendeskHelpdesk(Helpdesk[Zendesk]):
    """A Zendesk account as one attempt uses it."""

    service: ClassVar[Service[Zendesk]] = Service(
        name="Zendesk",
        connection=Zendesk,
        address=lambda account: account.root,
        sign_in=lambda account: account.signed_in(),
        reason=reason,
        judge=judge,
        rates=RateHeaders(reset="ratelimit-reset"),
    )

    async def ticket(self, ticket_id: str) -> TicketState:
        """Read a ticket."""
        return await self.read(f"/api/v2/tickets/{ticket_id}", self._ticket)

    async def set_status(self, ticket_id: str, status: str, until: datetime) -> TicketState:  # noqa: ARG002 # it has no time
        """Change the status; one of the account's own is found by its name."""
        word = status.strip().lower()
        if word not in STATUSES:
            label, number = await self._custom_status(status)
            ticket = await self._update(ticket_id, {"custom_status_id": number})
            return ticket.model_copy(update={"status": label})
        try:
            return await self._update(ticket_id, {"status": word})
        except Refused as refused:
            if word != "closed" or refused.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            ticket = await self.ticket(ticket_id)  # a closed ticket refuses also what it is already
            if ticket.status != word:
                raise
            return ticket

    async def set_priority(self, ticket_id: str, priority: str) -> TicketState:
        """Change the priority."""
        theirs = PRIORITIES.get(priority.strip().lower()) or priority.strip().lower()
        if theirs not in WORDS:
            raise Refused(f"Zendesk has no priority {priority!r}: give {listed([*PRIORITIES])}.")
        return await self._update(ticket_id, {"priority": theirs})

    async def assign(self, ticket_id: str, to: Assignee) -> TicketState:
        """Assign it."""
        match to.kind:
            case "nobody":
                change: dict[str, Any] = {"assignee_id": None}
            case "email":
                change = {"assignee_email": to.name}
            case "group":
                change = {"group_id": await self._group(to.name), "assignee_id": None}
            case "user":
                if not to.name.isdecimal():
                    raise Refused(f"Zendesk knows users by number or email address; {to.name!r} is neither.")
                change = {"assignee_id": int(to.name)}
        return await self._update(ticket_id, change)

    async def add_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Add tags, which Zendesk does in one step."""
        await self.send("PUT", f"/api/v2/tickets/{ticket_id}/tags", _tags, json={"tags": checked(tags)})
        with after("The tags were added"):
            return await self.ticket(ticket_id)

    async def remove_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Remove tags, which Zendesk does in one step."""
        await self.send("DELETE", f"/api/v2/tickets/{ticket_id}/tags", _tags, json={"tags": checked(tags)})
        with after("The tags were removed"):
            return await self.ticket(ticket_id)

    async def post(self, ticket_id: str, message: HelpdeskMessage) -> tuple[TicketState, str]:
        """Add a comment, whose update carries the step's key; a conflict proves nothing before the comments are read.

        The stamp has whole seconds, so that it only helps: the mark and the look-up are what holds.
        """
        stamp = (await self.ticket(ticket_id)).updated_at
        uploads = [await self._upload(file) for file in message.files]
        comment = {"html_body": message.html, "public": message.public, **({"uploads": uploads} if uploads else {})}
        change = {
            "comment": comment,
            "metadata": {MARK: self.context.key},
            **({"email_ccs": [{"user_email": cc, "action": "put"} for cc in message.cc]} if message.cc else {}),
            **({"safe_update": True, "updated_stamp": stamp} if stamp else {}),
        }
        began = datetime.now().astimezone()
        try:
            ticket, made = await self.send(
                "PUT", f"/api/v2/tickets/{ticket_id}", self._commented, json={"ticket": change}
            )
        except Unavailable as conflict:
            if conflict.status != HTTPStatus.CONFLICT:
                raise
            with after("Zendesk answered 409"):
                found = ours(await self.posted(ticket_id), message, self.context.key, began)
                if found:
                    return await self.ticket(ticket_id), found[0].id
            raise
        if made is None:
            with after("The comment was added"):
                found = ours(await self.posted(ticket_id), message, self.context.key, began)
                if not found:
                    raise Unavailable("Zendesk does not list it.")
                made = found[0].id
        return ticket, made

    async def posted(self, ticket_id: str) -> list[PostedMessage]:
        """Return the latest comments, the newest first."""
        patient = self.patient()
        with self.reading():
            comments, _ = await all_pages(
                self.service,
                patient,
                self.connection,
                f"/api/v2/tickets/{ticket_id}/comments",
                COMMENTS,
                query={"sort_order": "desc"},
            )
            return [_comment(comment) for comment in comments]

    async def email(self, user_id: str) -> str | None:
        """Return a user's email address."""
        return await self.read(f"/api/v2/users/{user_id}", lambda body: str(body["user"]["email"] or ""))

    async def _update(self, ticket_id: str, change: Mapping[str, Any]) -> TicketState:
        return await self.send("PUT", f"/api/v2/tickets/{ticket_id}", self._ticket, json={"ticket": change})

    async def _upload(self, file: FetchedFile) -> str:
        """Hand a file over, which nobody sees before a comment names it."""
        with self.reading():
            return await self.send(
                "POST",
                "/api/v2/uploads",
                lambda body: str(body["upload"]["token"]),
                query={"filename": file.name},
                content=(file.media_type, file.content),
                effect=False,
            )

    async def _custom_status(self, name: str) -> tuple[str, int]:
        wanted = name.strip().casefold()
        statuses = await self.read("/api/v2/custom_statuses", _statuses)
        found = next(((label, number) for label, number in statuses.items() if label.casefold() == wanted), None)
        if found is None:
            raise Refused(f"Zendesk has no status {name!r}: give {listed([*STATUSES, *statuses])}.")
        return found

    async def _group(self, name: str) -> int:
        if name.isdecimal():
            return int(name)
        with self.reading():
            groups, _ = await all_pages(self.service, self.context, self.connection, "/api/v2/groups", GROUPS)
            names = {str(group["name"]): int(group["id"]) for group in groups}
        found = next((number for own, number in names.items() if own.casefold() == name.casefold()), None)
        if found is None:
            raise Refused(f"Zendesk has no group {name!r}; it has {listed([*names])}.")
        return found

    def _ticket(self, body: Any) -> TicketState:
        ticket = body["ticket"]
        priority = ticket.get("priority")
        return TicketState(
            ticket_id=str(ticket["id"]),
            status=ticket["status"],
            priority=WORDS.get(priority, priority),
            assignee=self.connection.shown(ticket.get("assignee_id")),
            tags=ticket.get("tags") or [],
            updated_at=ticket.get("updated_at"),
            url=f"{self.connection.web}/agent/tickets/{ticket['id']}",
        )

    def _commented(self, body: Any) -> tuple[TicketState, str | None]:
        events = (body.get("audit") or {}).get("events") or []
        made = next((str(event["id"]) for event in events if event.get("type") == "Comment"), None)
        return self._ticket(body), made


def checked(tags: Sequence[str]) -> list[str]:
    """Return tags that Zendesk keeps as they are.

    Raises:
        Refused: one of them has a space, at which Zendesk would make two of it.
    """
    split = next((tag for tag in tags if any(character.isspace() for character in tag)), None)
    if split is not None:
        raise Refused(f"A tag of Zendesk's has no spaces: write {'_'.join(split.split())!r} instead of {split!r}.")
    return [*tags]


def _statuses(body: Any) -> dict[str, int]:
    return {str(one["agent_label"]): int(one["id"]) for one in body["custom_statuses"] if one.get("active", True)}


def _tags(body: Any) -> list[str]:
    return list(body["tags"])


def _comment(comment: Any) -> PostedMessage:
    custom = (comment.get("metadata") or {}).get("custom")
    return PostedMessage(
        id=str(comment["id"]),
        html=str(comment.get("html_body") or comment.get("body") or ""),
        public=comment.get("public") is not False,
        at=datetime.fromisoformat(comment["created_at"]),
        key=str(custom.get(MARK) or "") if isinstance(custom, dict) else None,
    )
