from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web

from activities.errors import Refused, Unavailable
from activities.http_client.client import Client
from activities.speech import recording
from activities.speech.recording import fetch
from tests.activities.speech.conftest import Serve, Surroundings, sound


def put(surroundings: Surroundings, name: str, content: bytes) -> Path:
    assert surroundings.files is not None
    path = surroundings.files / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "spelling", ["file:calls/{name}", "file:{folder}/{name}", "file://{folder}/{name}", "FILE:./calls/{name}"]
)
async def test_files_below_the_folder_are_read(surroundings: Surroundings, spelling: str) -> None:
    path = put(surroundings, "calls/Dana's call #1 100%.wav", sound(2))
    address = spelling.format(folder=quote(str(path.parent)), name=quote(path.name))
    found = await fetch(address, surroundings.context())
    assert found.audio.duration == 2.0
    assert found.content == path.read_bytes()


async def test_no_file_is_read_where_no_folder_is_allowed(surroundings: Surroundings) -> None:
    path = put(surroundings, "1.wav", sound())
    surroundings.files = None
    with pytest.raises(Refused, match="TRUNKLINE_ALLOW_FILES"):
        await fetch(f"file:{path}", surroundings.context())


@pytest.mark.parametrize(
    "address",
    [
        "file:/etc/hostname",
        "file:///etc/hostname",
        "file:../outside.wav",
        "file:calls/../../outside.wav",
        "file:%2e%2e/outside.wav",
        "file:..%2foutside.wav",
        "file:link.wav",
        "file:linked/outside.wav",
        "file:../recordings-of-others/1.wav",
    ],
)
async def test_nothing_outside_the_folder_is_read(surroundings: Surroundings, address: str) -> None:
    assert surroundings.files is not None
    put(surroundings, "calls/1.wav", sound())
    outside = put(surroundings, "../outside.wav", sound()).resolve()
    put(surroundings, "../recordings-of-others/1.wav", sound())
    (surroundings.files / "link.wav").symlink_to(outside)
    (surroundings.files / "linked").symlink_to(outside.parent)
    with pytest.raises(Refused, match="is not below the folder"):
        await fetch(address, surroundings.context())


async def test_links_within_the_folder_are_followed(surroundings: Surroundings) -> None:
    assert surroundings.files is not None
    path = put(surroundings, "calls/1.wav", sound(2))
    (surroundings.files / "latest.wav").symlink_to(path)
    found = await fetch("file:latest.wav", surroundings.context())
    assert found.audio.duration == 2.0


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("file:missing.wav", "There is no recording 'missing.wav'"),
        ("file:calls", "There is no recording 'calls'"),
        ("file:pipe", "There is no recording 'pipe'"),
        ("file:", "needs a path"),
        ("file:a%00b.wav", "needs a path"),
        ("file:" + "a" * 300, "cannot be read"),
        ("file:loop", "cannot be read|There is no recording"),
        ("file://other-host/1.wav", "not on 'other-host'"),
        ("calls/1.wav", "https://, gs:// or file:"),
        ("{{recording.url}}", "https://, gs:// or file:"),
        ("ftp://example.com/1.wav", "https://, gs:// or file:"),
        ("gs://bucket/1.wav", "kind google"),
    ],
)
async def test_other_addresses_are_refused_in_a_sentence(
    surroundings: Surroundings, address: str, sentence: str
) -> None:
    assert surroundings.files is not None
    put(surroundings, "calls/1.wav", sound())
    os.mkfifo(surroundings.files / "pipe")
    (surroundings.files / "loop").symlink_to("loop")
    with pytest.raises(Refused, match=sentence):
        await fetch(address, surroundings.context())


async def test_too_large_a_file_is_refused_unread(surroundings: Surroundings) -> None:
    path = put(surroundings, "long.wav", sound())
    os.truncate(path, recording.MAX_BYTES + 1)
    with pytest.raises(Refused, match="larger than 100 MB"):
        await fetch("file:long.wav", surroundings.context())


async def test_recordings_come_from_the_web(surroundings: Surroundings, serve: Serve) -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/signed":
            raise web.HTTPFound("/stored.wav")
        return web.Response(body=sound(2))

    address = await serve(answer)
    found = await fetch(f"{address}/signed?token=t", surroundings.context())
    assert found.audio.duration == 2.0


async def test_too_large_an_answer_is_refused(
    surroundings: Surroundings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MAX_BYTES", 10_000)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=sound(2))

    with pytest.raises(Refused, match=r"The recording on 127\.0\.0\.1 is larger than 100 MB"):
        await fetch(await serve(answer), surroundings.context())


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, Refused), (403, Refused), (204, Refused), (429, Unavailable), (503, Unavailable), (500, Unavailable)],
)
async def test_an_answer_without_the_recording(
    surroundings: Surroundings, serve: Serve, status: int, kind: type[Exception]
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    with pytest.raises(kind, match=f"127.0.0.1 answered {status} instead of the recording") as caught:
        await fetch(f"{await serve(answer)}/1.wav?token=hush", surroundings.context())
    assert "hush" not in str(caught.value)
    if isinstance(caught.value, Unavailable):
        assert caught.value.retry_after == 7


async def test_private_addresses_are_guarded(surroundings: Surroundings, serve: Serve) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=sound())

    address = await serve(answer)
    surroundings.http = Client()
    with pytest.raises(Refused):
        await fetch(address, surroundings.context())
    await surroundings.http.close()
