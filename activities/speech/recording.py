"""Fetching a recording: from the web, or from the folder that the worker allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from activities.bounds import cut, regular
from activities.context import Context
from activities.errors import Refused, ResultTooLarge, Unavailable
from activities.http_client.retry_after import retry_after
from activities.speech.formats import Audio, readable

if TYPE_CHECKING:
    from activities.http_client.bodies import Room
    from activities.http_client.message import Response

MEGABYTES = 100
MAX_BYTES = MEGABYTES * 1024 * 1024
WANTED = {"Accept": "audio/*, */*;q=0.5"}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in memory, its format known.

    Attributes:
        content: its bytes, as every reader understands them.
        audio: its format.
        room: what the bytes take of the process's room for bodies.
    """

    content: bytes
    audio: Audio
    room: Room | None = field(default=None, repr=False, compare=False)


async def fetch(address: str, context: Context) -> Recording:
    """Bring a recording into memory and say what format it is.

    Raises:
        Refused: the address is not allowed, nothing is there, it is too large, or it is no usable audio.
        Unavailable: the server cannot be reached or asks to wait.
    """
    scheme = urlsplit(address).scheme.lower()
    if scheme == "file":
        file = await asyncio.to_thread(find, address, context.files)
        room: Room | None = await context.http.room(file.size, f"the recording {file.name!r}")
        content = await asyncio.to_thread(file.read)
    elif scheme in {"https", "http"}:
        response = await download(address, context)
        content, room = response.body, response.room
    elif scheme == "gs":
        raise Refused("A gs:// recording can only be transcribed by a connection of kind google.")
    else:
        raise Refused(
            f"A recording is an address that begins with https://, gs:// or file:; {cut(address, 80)!r} does not."
        )
    try:
        audio, content = await asyncio.to_thread(readable, content)
    except BaseException:
        if room is not None:
            room.shrink(0)  # whoever keeps the error keeps this frame
        raise
    return Recording(content, audio, room)


async def download(address: str, context: Context) -> Response:
    """Load a recording from the web through the guarded client."""
    host = urlsplit(address).hostname
    try:
        response = await context.request(
            "GET", address, headers=WANTED, max_bytes=MAX_BYTES, redirects=3, effect=False, derived=False
        )
    except ResultTooLarge as error:
        if f"{MAX_BYTES:,}" in str(error):
            raise Refused(f"The recording on {host} is larger than {MEGABYTES} MB.") from None
        raise Refused(f"The recording on {host} cannot be taken. {error}") from None
    if response.status == 200:  # noqa: PLR2004 - HTTP's OK
        return response
    if response.status in {408, 425, 429} or response.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        raise Unavailable(
            f"{host} answered {response.status} instead of the recording.",
            retry_after=retry_after(response.headers),
            status=response.status,
        )
    raise Refused(f"{host} answered {response.status} instead of the recording.", status=response.status)


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A `file:` recording that may be read: how its address names it, where it is, and how large it is."""

    name: str
    path: Path
    size: int

    def read(self) -> bytes:
        """Return its bytes; no more than it had when it was found."""
        with _readable(self.name), regular(self.path) as file:
            return file.read(self.size)


def find(address: str, folder: Path | None) -> RecordingFile:
    """Find a `file:` recording, which must lie in `folder` once every link is followed."""
    if folder is None:
        raise Refused(
            "This worker takes no file: recordings; TRUNKLINE_ALLOW_FILES names the folder they may come from."
        )
    parts = urlsplit(address)
    if parts.netloc not in {"", "localhost"}:
        raise Refused(f"A file: recording lies on the worker's own machine, not on {parts.netloc!r}: write file:/….")
    name = unquote(parts.path)
    outside = Refused(f"The recording {name!r} is not below the folder that TRUNKLINE_ALLOW_FILES names.")
    if not name or "\0" in name:
        raise Refused("A file: recording needs a path: file:calls/1.wav, or file:/srv/recordings/calls/1.wav.")
    root = folder.resolve()
    with _readable(name):
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise outside
        if not path.is_file():
            raise Refused(f"There is no recording {name!r}: no such file below the folder of TRUNKLINE_ALLOW_FILES.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise Refused(f"The recording {name!r} is larger than {MEGABYTES} MB.")
        return RecordingFile(name, path, size)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise Refused(f"The recording {name!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
