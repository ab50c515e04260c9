"""Where a description comes from: a file, or an address whose copy is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from activities.http_client.client import Client

ADDRESS = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Format:
    """A language of descriptions.

    Attributes:
        name: what it is called, in sentences.
        version: counts changes of what its index holds: indexes of other versions are made anew.
        module: is run as `python -m MODULE SOURCE TARGET`, and writes the index of a description.
    """

    name: str
    version: int
    module: str

    @property
    def prefix(self) -> str:
        """What the names of its indexes begin with."""
        return f"{self.name.lower()}-{self.version}"


Conceal = Callable[[object, Collection[str]], None]
"""Scrubs values that came at run time; see `Context.conceal`."""


class DescriptionReader(Protocol):
    """Asks a service for its description, where that takes more than a GET without a sign-in."""

    async def __call__(self, http: Client, conceal: Conceal) -> bytes:
        """Return the description.

        Args:
            http: the guarded client.
            conceal: scrubs tokens that are asked for on the way.

        Raises:
            ActionError: it cannot be had, for now or at all.
        """


@dataclass(frozen=True, slots=True)
class DescriptionSource:
    """Where a description is.

    Attributes:
        format: its language.
        place: path of a file, or an address.
        account: the connection that it is read with, where what it says depends on who asks.
        reading: how it is asked for, where a GET will not do.
        daily: whether it is asked for once a day alone, because the service sends all of it each time, and counts that.
    """

    format: Format
    place: str
    account: str = ""
    reading: DescriptionReader | None = field(default=None, compare=False, repr=False)
    daily: bool = field(default=False, compare=False)

    @property
    def remote(self) -> bool:
        """Say whether it has to be fetched."""
        return self.reading is not None or ADDRESS.match(self.place) is not None


class BadDescriptionError(Exception):
    """A description cannot be read or indexed; the message is a sentence that says why and where."""


class NotAtHandError(Exception):
    """A description has to be fetched first; the message is a sentence.

    Args:
        source: where it is.
    """

    def __init__(self, source: DescriptionSource) -> None:
        super().__init__(f"The description at {source.place} is not at hand yet: a worker fetches it.")
        self.source = source
