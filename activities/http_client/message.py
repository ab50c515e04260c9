"""What a request says: method, target, headers and body, and how much of it may follow a redirect."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from activities.bounds import cut
from activities.errors import OutcomeUnknown, Refused, ResultTooLarge
from activities.http_client.addresses import Target
from activities.http_client.json_text import JsonAnswer, parsed
from activities.http_client.statuses import SUCCESS, unexpected

if TYPE_CHECKING:
    from activities.http_client.bodies import Room

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
MAX_HEADERS = 64 * 1024

OWN_HEADERS = frozenset(
    (
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate"),
        *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    )
)
"""Headers that belong to the connection: written by the client and by nobody else."""

PUBLIC_HEADERS = frozenset(("accept", "accept-language", "content-type", "user-agent"))
"""Headers that may follow a redirect to another origin; any other may be a credential."""

SEE_OTHER = 303
BECOME_GET = frozenset((301, 302))
"""Redirects after which browsers, and so everybody, turn a POST into a GET."""
REDIRECTS = frozenset((SEE_OTHER, *BECOME_GET, 307, 308))

WITHOUT_EFFECT = frozenset(("GET", "HEAD", "OPTIONS"))


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """One request, ready to be sent."""

    method: str
    target: Target
    headers: Mapping[str, str]
    content: bytes | None

    @classmethod
    def of(
        cls,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        content: bytes | None,
        auth: tuple[str, str] | None,
    ) -> HttpMessage:
        """Put a request together.

        Raises:
            Refused: the method or a header is not valid, or a header belongs to the connection.
        """
        if not TOKEN.fullmatch(method):
            raise Refused("The request's method is not a valid one.")
        for name, value in headers.items():
            check_header(name, value)
        if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADERS:
            raise Refused(f"The request's headers are larger than {MAX_HEADERS} characters.")
        if auth is not None:
            if any(name.lower() == "authorization" for name in headers):
                raise Refused("The request has both a header Authorization and a user with a password: give one.")
            headers = {**headers, "Authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"}
        return cls(method.upper(), target, headers, content)

    def location(self, status: int, location: str | None) -> Target | None:
        """Return where an answer redirects to, or None where it does not.

        Raises:
            Refused: the location is not a valid address.
        """
        return Target.linked(self.target.url, location) if status in REDIRECTS and location else None

    def redirected(self, status: int, target: Target) -> HttpMessage | None:
        """Return the request that follows a redirect, or None where nothing may follow.

        To another origin goes no header that could be a credential, and no body at all.
        """
        following = replace(self, target=target)
        if status == SEE_OTHER or (status in BECOME_GET and self.method == "POST"):
            following = replace(following, method="GET", content=None, headers=self.without("content-type"))
        if target.origin == self.target.origin:
            return following
        if following.content:
            return None
        return replace(following, headers={n: v for n, v in following.headers.items() if n.lower() in PUBLIC_HEADERS})

    def texts(self) -> list[str | bytes]:
        """Return all that the request carries."""
        return [self.target.url, *self.headers, *self.headers.values(), self.content or b""]

    def without(self, header: str) -> dict[str, str]:
        """Return the headers but one."""
        return {name: value for name, value in self.headers.items() if name.lower() != header}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers (names in lower case) and the body's bytes.

    `complete` is false where the body of an answer outside 2xx was longer than wanted or broke off. `room` is what the
    body takes of the process's; who keeps a large body beyond its answer keeps its room too. `reading` is what reading
    a large body as JSON gave.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    room: Room | None = field(default=None, repr=False, compare=False)
    reading: JsonAnswer | Exception | None = field(default=None, repr=False, compare=False)

    def require(self, *statuses: int) -> Self:
        """Return this answer if its status is one of these, by default any success (2xx).

        Raises:
            Refused: the status says that the request will never succeed.
            Unavailable: it says that the request was not taken up; `retry_after` is when the server says to come back.
            OutcomeUnknown: it says neither, or is another success than the one that was needed.
        """
        if self.status in (statuses or SUCCESS):
            return self
        raise unexpected(self.status, self.headers, self.body)

    def parsed(self) -> JsonAnswer:
        """Return the body's JSON value, and what is odd about it.

        Raises:
            ValueError: it is none.
            ResultTooLarge: it nests too deeply, or holds too many values.
        """
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading or parsed(self.headers, self.body)

    def json(self) -> Any:
        """Return the body's JSON value, read in the charset that the answer names.

        Raises:
            OutcomeUnknown: it is none, so that nobody knows what the server did.
            ResultTooLarge: it nests too deeply, or holds too many values.
        """
        try:
            return self.parsed().value
        except ValueError:
            raise OutcomeUnknown(
                f"The server answered with status {self.status}, but its answer is no JSON.", status=self.status
            ) from None

    def members(self) -> dict[str, Any]:
        """Return the members of the body's JSON object; empty where it is no object, or none that can be kept."""
        try:
            value = self.parsed().value
        except (ValueError, ResultTooLarge):
            return {}
        return value if isinstance(value, dict) else {}


def check_header(name: str, value: str) -> None:
    """Refuse a header that is not valid or not the author's to set.

    Raises:
        Refused: it is.
    """
    if not TOKEN.fullmatch(name):
        raise Refused(f"{cut(name, 40)!r} is not a valid name of a header.")
    if name.lower() in OWN_HEADERS:
        raise Refused(f"The header {name} is set by the connection itself and cannot be given.")
    if CONTROL.search(value):
        raise Refused(f"The value of the header {name} may not contain line breaks or other control characters.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(f"The value of the header {name} contains half of a character (a lone surrogate).") from None
