"""What every helpdesk's connection has."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from activities.connections import Connection
from activities.errors import Refused

AI = "ai"
UNASSIGNED = "unassigned"
GROUP = "group:"
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who a ticket goes to; nobody has no name."""

    kind: Literal["user", "email", "group", "nobody"]
    name: str = ""


class HelpdeskConnection(Connection):
    """A helpdesk that the ticket actions work in."""

    secret: ClassVar[tuple[str, ...]]
    """The fields that are credentials."""

    ai_agent: str | None = Field(
        default=None,
        description="Who `ai` is: a user's id or email address, or `group:NAME`, as `assign_to` takes it.",
    )
    signature: str | None = Field(
        default=None, description="Markdown below replies of which the step says `includeSignature`."
    )
    web_url: str | None = Field(
        default=None, description="Where agents work, if elsewhere: results have links that begin with it."
    )

    @field_validator("ai_agent")
    @classmethod
    def _somebody(cls, value: str | None) -> str | None:
        if value is not None and value.strip().lower() in {"", AI}:
            raise ValueError("`aiAgent` names a user's id, an email address or `group:NAME`")
        return value

    @property
    @abstractmethod
    def root(self) -> str:
        """The helpdesk's own address, where `base_url` names no other."""

    @property
    def web(self) -> str:
        """Where links to tickets begin."""
        return (self.web_url or self.base_url or self.root).rstrip("/")

    def addresses(self) -> Iterable[str]:
        """Return the API's address; `web_url` is never called."""
        return [self.base_url or self.root]

    def credentials(self) -> Iterable[str]:
        """Return what must never be seen: the rest are names that results show."""
        return [value for name, value in self if name in self.secret and isinstance(value, str)]

    def assignee(self, written: str) -> Assignee:
        """Return who is meant by what a step says.

        Raises:
            Refused: it names nobody.
        """
        text = written.strip()
        if text.lower() == UNASSIGNED:
            return Assignee("nobody")
        if text.lower() == AI:
            if self.ai_agent is None:
                raise Refused(f"The connection of kind {self.kind} does not say who `ai` is: give it `aiAgent`.")
            return self.assignee(self.ai_agent)
        if text.lower().startswith(GROUP):
            name = text[len(GROUP) :].strip()
            if not name:
                raise Refused("`group:` needs the name of a group, as in `group:billing`.")
            return Assignee("group", name)
        return Assignee("email" if EMAIL.fullmatch(text) else "user", text)

    def shown(self, *names: object) -> str:
        """Return an assignee as results have it, from all that the helpdesk says of the person, the best first."""
        known = [str(name) for name in names if name not in (None, "")]
        if not known:
            return UNASSIGNED
        agent = (self.ai_agent or "").strip().lower()
        return AI if agent in {name.lower() for name in known} else known[0]
