"""Cloud Storage: where recordings lie that Google is to transcribe."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from activities.bounds import cut
from activities.context import Context
from activities.errors import Refused, Unavailable
from activities.http_client.message import Response
from activities.http_client.retry_after import retry_after
from activities.speech.formats import Audio, recognise
from activities.speech.google import Google
from activities.speech.google_client import SpeechSession
from activities.speech.recording import Recording

BEGINNING = 65536
FROM_NAME = {"wav": Audio("wav"), "flac": Audio("flac"), "amr": Audio("amr", 8000, 1), "awb": Audio("amr-wb", 16000, 1)}
FROM_BEGINNING = {"mp3", "ogg", "oga", "opus", "webm"}


async def store(recording: Recording, connection: Google, session: SpeechSession, context: Context) -> str:
    """Copy a recording into the connection's bucket and return its gs:// address, the same for every attempt."""
    name = f"trunkline/{context.key}.{recording.audio.format}"
    response = await context.request(
        "POST",
        f"{connection.storage_url.rstrip('/')}/upload/storage/v1/b/{quote(connection.bucket or '', safe='')}/o",
        params={"uploadType": "media", "name": name, "ifGenerationMatch": "0"},
        headers={"Content-Type": "application/octet-stream", **_authority(session)},
        content=recording.content,
        effect=False,
        derived=False,
    )
    already_there = response.status == 412  # noqa: PLR2004 - the precondition that no such object exists
    if not already_there:
        _expect(response, f"take the recording into the bucket {connection.bucket}")
    return f"gs://{connection.bucket}/{name}"


async def look(address: str, connection: Google, session: SpeechSession, context: Context) -> Audio:
    """Say what format a gs:// recording has: from its name where that suffices, else from its first bytes."""
    parts = urlsplit(address)
    name = parts.path.lstrip("/")
    if not parts.netloc or not name:
        raise Refused(f"A Cloud Storage address is gs://bucket/object; {cut(address, 80)!r} is not.")
    ending = name.rpartition(".")[2].lower()
    if ending in FROM_NAME:
        return FROM_NAME[ending]
    if ending not in FROM_BEGINNING:
        known = ", ".join(sorted({*FROM_NAME, *FROM_BEGINNING}))
        raise Refused(f"Google needs to know the format of gs:// recordings: the name must end with one of {known}.")
    response = await context.request(
        "GET",
        f"{connection.storage_url.rstrip('/')}/storage/v1/b/{quote(parts.netloc, safe='')}/o/{quote(name, safe='')}",
        params={"alt": "media"},
        headers={"Range": f"bytes=0-{BEGINNING - 1}", **_authority(session)},
        effect=False,
        derived=False,
    )
    _expect(response, f"read the recording {address}")
    return recognise(response.body)


def _authority(session: SpeechSession) -> dict[str, str]:
    return {"Authorization": f"Bearer {session.token}"} if session.token else {}


def _expect(response: Response, doing: str) -> None:
    if response.status in {200, 206}:
        return
    sentence = f"Cloud Storage could not {doing}: it answered {response.status}."
    if response.status in {408, 429} or response.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        raise Unavailable(sentence, retry_after=retry_after(response.headers), status=response.status)
    raise Refused(sentence, status=response.status)
