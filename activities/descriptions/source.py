"""Where a description comes from: a file, or an address whose copy is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Source:
    """Where a description is.

    Attributes:
        format: its language.
        place: path of a file, or an address.
        connection: whose service describes itself there to who signs in, where nobody names a description.
    """

    format: Format
    place: str
    connection: str | None = None

    @property
    def remote(self) -> bool:
        """Say whether it has to be fetched."""
        return ADDRESS.match(self.place) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """The request by which a service is asked to describe itself.

    Attributes:
        address: where it goes.
        headers: its headers, with what signs it in.
        content: its body.
    """

    address: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes


class BadDescriptionError(Exception):
    """A description cannot be read or indexed; the message is a sentence that says why and where."""


Ask = Callable[[str], Inquiry]
"""Returns what asks the service of a connection to describe itself; raises `Refused` where that cannot be used."""


class NotAtHandError(Exception):
    """A description has to be fetched first; the message is a sentence.

    Args:
        source: where it is.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(f"The description at {source.place} is not at hand yet: a worker fetches it.")
        self.source = source
