"""Fetching a recording: from the web, or from the folder that the worker allows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from activities.bounds import cut
from activities.context import Context
from activities.errors import Refused, ResultTooLarge, Unavailable
from activities.http_client.retry_after import retry_after
from activities.speech.formats import Audio, recognise

MEGABYTES = 100
MAX_BYTES = MEGABYTES * 1024 * 1024
WANTED = {"Accept": "audio/*, */*;q=0.5"}


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in memory, its format known."""

    content: bytes
    audio: Audio


async def fetch(address: str, context: Context) -> Recording:
    """Bring a recording into memory and say what format it is.

    Raises:
        Refused: the address is not allowed, nothing is there, it is too large, or it is no usable audio.
        Unavailable: the server cannot be reached or asks to wait.
    """
    scheme = urlsplit(address).scheme.lower()
    if scheme == "file":
        content = await asyncio.to_thread(read, address, context.files)
    elif scheme in {"https", "http"}:
        content = await download(address, context)
    elif scheme == "gs":
        raise Refused("A gs:// recording can only be transcribed by a connection of kind google.")
    else:
        raise Refused(
            f"A recording is an address that begins with https://, gs:// or file:; {cut(address, 80)!r} does not."
        )
    return Recording(content, recognise(content))


async def download(address: str, context: Context) -> bytes:
    """Load a recording from the web through the guarded client."""
    host = urlsplit(address).hostname
    try:
        response = await context.request(
            "GET", address, headers=WANTED, max_bytes=MAX_BYTES, redirects=3, effect=False, derived=False
        )
    except ResultTooLarge:
        raise Refused(f"The recording on {host} is larger than {MEGABYTES} MB.") from None
    if response.status == 200:  # noqa: PLR2004 - HTTP's OK
        return response.body
    if response.status in {408, 425, 429} or response.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        raise Unavailable(
            f"{host} answered {response.status} instead of the recording.",
            retry_after=retry_after(response.headers),
            status=response.status,
        )
    raise Refused(f"{host} answered {response.status} instead of the recording.", status=response.status)


def read(address: str, folder: Path | None) -> bytes:
    """Read a `file:` recording, which must lie in `folder` once every link is followed."""
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
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise outside
        if not path.is_file():
            raise Refused(f"There is no recording {name!r}: no such file below the folder of TRUNKLINE_ALLOW_FILES.")
        if path.stat().st_size > MAX_BYTES:
            raise Refused(f"The recording {name!r} is larger than {MEGABYTES} MB.")
        return path.read_bytes()
    except (OSError, RuntimeError) as error:
        raise Refused(f"The recording {name!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
