"""The codec server: it shows what is encrypted to those who may see it, and to nobody else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from tests.engine import Engine
from tests.starts import TEMPORAL, Processes
from tests.workers.command import Ended, address, surroundings, trunkline
from workers.cli.codec_server import _origin
from workers.errors import TrunklineError, UsageError
from workers.hosts import is_loopback
from workers.payloads.converter import data_converter
from workers.payloads.encryption import Encryption
from workers.process import codec_server
from workers.process.codec_server import LARGEST_REQUEST, CodecServer, listening
from workers.settings import ListenAddress

KEYS = tuple(f"{name}:{base64.b64encode(os.urandom(32)).decode()}" for name in ("ours", "older", "theirs"))
TOKEN = "token-of-this-test-0123456789"
WEB_UI = "https://temporal.example.com"
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"name": "Ada"}')

HELD = """
name: held
trigger: {event: test.fired, data: [contact]}
actions:
  - {id: danger, label: Ask about Ada-label, actionType: http_request, config: {method: POST, url: RECEIVER/danger, body: {name: "{{contact.name}}"}}, requireApproval: true}
  - {id: refused, actionType: http_request, config: {method: POST, url: RECEIVER/refused}, onFailure: continue}
"""


def spelt(*payloads: Payload) -> dict[str, Any]:
    return {"payloads": [json_format.MessageToDict(payload) for payload in payloads]}


@contextlib.asynccontextmanager
async def served(
    *, token: str | None = TOKEN, origin: str | None = WEB_UI, store: str | None = None
) -> AsyncIterator[str]:
    server = CodecServer(data_converter(KEYS[:2], store), token=token, origin=origin)
    async with listening(server, ListenAddress("127.0.0.1", 0)) as place:
        yield f"http://{place}"


async def asked(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
    data = None if body is None else io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.request(
        method, url, data=data, headers={"Content-Type": "application/json", **headers}
    ) as answer:
        text = await answer.text()
        return (
            answer.status,
            {name.lower(): value for name, value in answer.headers.items()},
            json.loads(text or "null"),
        )


def new_store(folder: Path) -> str:
    place = folder / "payloads"
    place.mkdir()
    return place.as_uri()


BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "10.0.0.7", "[::2]", "", "a b"]
)
async def test_a_name_that_somebody_else_pointed_here_is_not_answered(host: str) -> None:
    async with served() as url:
        for method, path in (("POST", "/decode"), ("OPTIONS", "/decode"), ("GET", "/")):
            status, headers, said = await asked(
                method, f"{url}{path}", spelt(PLAIN), Host=host, Origin=WEB_UI, **BEARER
            )
            assert (status, "This server is not" in said["message"]) == (421, True)
            assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8081", "codec.localhost", "127.0.0.1", "127.8.8.8:1", "[::1]:8081"]
)
async def test_this_machine_s_own_names_are_answered_with_and_without_a_web_ui(host: str) -> None:
    async with served() as url:
        status, headers, _ = await asked("OPTIONS", f"{url}/decode", Host=host, Origin=WEB_UI)
        assert (status, headers["access-control-allow-origin"]) == (204, WEB_UI)
        assert (await asked("POST", f"{url}/decode", spelt(PLAIN), Host=host, Origin=WEB_UI, **BEARER))[0] == 200
        assert (await asked("POST", f"{url}/decode", spelt(PLAIN), Host=host, **BEARER))[0] == 200


async def test_a_server_that_others_reach_is_asked_by_address_or_by_a_name_that_it_is_given() -> None:
    server = CodecServer(data_converter(KEYS[:2]), token=TOKEN, origin=None, hosts=["codec.example.com"], beyond=True)
    async with listening(server, ListenAddress("127.0.0.1", 0)) as place:
        found = {
            host: (await asked("POST", f"http://{place}/decode", spelt(PLAIN), Host=host, **BEARER))[0]
            for host in ("codec.example.com", "Codec.Example.com:443", "10.0.0.7", "evil.example")
        }
    assert found == {"codec.example.com": 200, "Codec.Example.com:443": 200, "10.0.0.7": 200, "evil.example": 421}


@pytest.mark.parametrize("prefix", ["", "/default", "/a%20namespace"])
async def test_what_is_encoded_is_decoded_with_any_of_the_keys(prefix: str) -> None:
    older, theirs = (Encryption.of([text]).seal(PLAIN) for text in KEYS[1:])
    async with served() as url:
        status, _, encoded = await asked("POST", f"{url}{prefix}/encode", spelt(PLAIN, PLAIN), **BEARER)
        assert status == 200
        assert [base64.b64decode(p["metadata"]["encryption-key-id"]) for p in encoded["payloads"]] == [b"ours"] * 2
        given = {"payloads": [*encoded["payloads"], *spelt(older, PLAIN, theirs)["payloads"]]}
        path = f"{url}{prefix}/decode?preserveStorageRefs=true"
        status, _, decoded = await asked("POST", path, given, X_Namespace="default", **BEARER)
        assert status == 200
        assert decoded == spelt(PLAIN, PLAIN, PLAIN, PLAIN, theirs), "what no key opens is shown as it is"
        assert await asked("POST", f"{url}/decode", {"payloads": []}, **BEARER) == (200, _any(), {"payloads": []})


class _any(dict[str, str]):  # noqa: N801 # reads as a word
    """Headers that do not matter."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None


@pytest.mark.parametrize(
    "sent", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": TOKEN}, {"Authorization": "Bearer é"}]
)  # fmt: skip
async def test_without_the_token_nobody_reads_anything(sent: dict[str, str]) -> None:
    sealed = Encryption.of(KEYS).seal(PLAIN)
    async with served() as url:
        status, headers, said = await asked("POST", f"{url}/decode", spelt(sealed), **sent)
    assert status == 401
    assert headers["www-authenticate"] == "Bearer"
    assert said == {"message": "Send `Authorization: Bearer …` with TRUNKLINE_CODEC_TOKEN."}


async def test_where_no_token_is_set_none_is_needed() -> None:
    sealed = Encryption.of(KEYS).seal(PLAIN)
    async with served(token=None) as url:
        assert (await asked("POST", f"{url}/decode", spelt(sealed)))[2] == spelt(PLAIN)


async def test_the_browser_of_the_web_ui_may_ask_and_that_of_another_page_may_not() -> None:
    sealed = Encryption.of(KEYS).seal(PLAIN)
    wanted = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization,content-type"}
    async with served() as url:
        status, headers, _ = await asked("OPTIONS", f"{url}/default/decode", Origin=WEB_UI, **wanted)
        assert status == 204
        assert headers["access-control-allow-origin"] == WEB_UI
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["access-control-allow-methods"] == "POST,OPTIONS"
        assert set(headers["access-control-allow-headers"].split(",")) == {
            "content-type",
            "x-namespace",
            "authorization",
            "authorization-extras",
        }
        assert headers["vary"] == "Origin"
        status, headers, said = await asked("POST", f"{url}/decode", spelt(sealed), Origin=WEB_UI, **BEARER)
        assert (status, headers["access-control-allow-origin"], said) == (200, WEB_UI, spelt(PLAIN))
        status, headers, _ = await asked("POST", f"{url}/decode", spelt(sealed), Origin=WEB_UI)
        assert (status, headers["access-control-allow-origin"]) == (401, WEB_UI), "its page may read why"
        for other in (f"{WEB_UI}.evil.example", "http://temporal.example.com", f"{WEB_UI}:8443", "null"):
            for method in ("OPTIONS", "POST"):
                status, headers, said = await asked(method, f"{url}/decode", spelt(sealed), Origin=other, **BEARER)
                assert status == 403
                assert "access-control-allow-origin" not in headers
                assert "--web-ui-origin names the web UI that may" in said["message"]
    async with served(origin=None) as url:
        assert (await asked("POST", f"{url}/decode", spelt(sealed), Origin=WEB_UI, **BEARER))[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "sentence"),
    [
        ("POST", "/decode", b"{", 400, "The body must be JSON"),
        ("POST", "/decode", b"\xff", 400, "The body must be JSON"),
        ("POST", "/decode", b"[]", 400, "The body must be JSON"),
        ("POST", "/decode", b"{}", 400, "The body must be JSON"),
        ("POST", "/encode", b'{"payloads": [{"data": 3}]}', 400, "its bytes in base64"),
        ("POST", "/decode", b'{"payloads":' * 3000, 400, "The body must be JSON"),
        ("POST", "/download", b"{}", 400, "The body must be JSON"),
        ("POST", "/upload", b"{}", 404, "There are POST /decode, POST /encode and POST /download"),
        ("POST", "/a/b/decode", b"{}", 404, "There are POST /decode, POST /encode and POST /download"),
        ("GET", "/download", None, 405, "There are POST /decode, POST /encode and POST /download"),
        ("POST", "/decode", b" " * (LARGEST_REQUEST + 1), 413, "16,777,216 bytes are the most"),
    ],
)
async def test_what_is_wrong_with_a_request_is_said(
    method: str, path: str, body: bytes | None, status: int, sentence: str
) -> None:
    async with served() as url:
        found, _, said = await asked(method, url + path, body, **BEARER)
    assert found == status
    assert sentence in said["message"]


LARGE = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps("Ada" * 100_000).encode())


@pytest.mark.parametrize("prefix", ["", "/default"])
async def test_what_lies_in_the_store_is_shown_and_downloaded(tmp_path: Path, prefix: str) -> None:
    """What the web UI asks: it decodes with references as they are, and downloads one of them at a time."""
    store = new_store(tmp_path)
    async with served(store=store) as url:
        status, _, encoded = await asked("POST", f"{url}{prefix}/encode", spelt(LARGE, PLAIN), **BEARER)
        assert status == 200
        reference, small = encoded["payloads"]
        assert base64.b64decode(reference["metadata"]["messageType"]).endswith(b"ExternalStorageReference")
        assert int(reference["externalPayloads"][0]["sizeBytes"]) > len(LARGE.data)
        assert all(b"AdaAdaAda" not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()), (
            "it is encrypted"
        )
        query = "?preserveStorageRefs=true"
        given = {"payloads": [reference, small]}
        _, _, decoded = await asked("POST", f"{url}{prefix}/decode{query}", given, **BEARER)
        assert decoded == {"payloads": [reference, *spelt(PLAIN)["payloads"]]}
        _, _, decoded = await asked("POST", f"{url}{prefix}/decode", given, **BEARER)
        assert decoded == spelt(LARGE, PLAIN), "as the command line asks, which has nothing to download with"
        status, _, said = await asked("POST", f"{url}{prefix}/download{query}", {"payloads": [reference]}, **BEARER)
        assert (status, said) == (200, spelt(LARGE))
        assert (await asked("POST", f"{url}{prefix}/download{query}", {"payloads": [reference]}))[0] == 401
        status, _, said = await asked("POST", f"{url}/download", given, **BEARER)
        assert (status, "Only references" in said["message"]) == (400, True)


async def test_what_the_store_does_not_give_is_said_and_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path)
    async with served(store=store) as url:
        _, _, encoded = await asked("POST", f"{url}/encode", spelt(LARGE, PLAIN), **BEARER)
        only = {"payloads": encoded["payloads"][:1]}
        async with served() as storeless:
            status, _, said = await asked("POST", f"{storeless}/download", only, **BEARER)
            assert (status, "TRUNKLINE_PAYLOAD_STORE must be" in said["message"]) == (404, True)
            _, _, decoded = await asked("POST", f"{storeless}/decode", encoded, **BEARER)
            assert decoded == {"payloads": [encoded["payloads"][0], *spelt(PLAIN)["payloads"]]}
        monkeypatch.setattr(codec_server, "LARGEST_ANSWER", 100_000)
        status, _, said = await asked("POST", f"{url}/download", only, **BEARER)
        assert (status, "100,000 bytes" in said["message"]) == (413, True)
        _, _, decoded = await asked("POST", f"{url}/decode", {"payloads": only["payloads"] * 2}, **BEARER)
        assert decoded == {"payloads": [*spelt(LARGE)["payloads"], *only["payloads"]]}
        for path in tmp_path.rglob("*"):
            if path.is_file():
                path.unlink()
        status, _, said = await asked("POST", f"{url}/download", only, **BEARER)
        assert (status, "is not in the payload store" in said["message"]) == (502, True)
        _, _, decoded = await asked("POST", f"{url}/decode", encoded, **BEARER)
        assert decoded == {"payloads": [encoded["payloads"][0], *spelt(PLAIN)["payloads"]]}
        shutil.rmtree(tmp_path / "payloads")
        (tmp_path / "payloads").write_text("in its way")
        status, _, said = await asked("POST", f"{url}/encode", spelt(LARGE), **BEARER)
        assert (status, "is not there" in said["message"]) == (502, True)


async def test_a_place_that_is_taken_is_named() -> None:
    async with served() as url:
        taken = ListenAddress("127.0.0.1", int(url.rpartition(":")[2]))
        with pytest.raises(
            TrunklineError, match=rf"^Nothing can listen at {re.escape(str(taken))} \(.+\); --port and --host"
        ):
            async with listening(CodecServer(data_converter(KEYS), token=None, origin=None), taken):
                pass


def test_hosts_and_origins_are_read() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.8.9.1")] == [True] * 4
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "codec.internal")] == [False] * 4  # noqa: S104 - judged, not used
    assert _origin("https://Temporal.example.com:443/namespaces/default") == WEB_UI
    assert _origin("http://localhost:8233/") == "http://localhost:8233"
    for wrong in ("temporal.example.com", "ftp://x", "https://", "https://a@b"):
        with pytest.raises(UsageError, match="--web-ui-origin must be an address"):
            _origin(wrong)


@contextlib.asynccontextmanager
async def command(processes: Processes, *arguments: str, **variables: str) -> AsyncIterator[list[str]]:
    """`trunkline codec-server` as a process, and the lines it has printed once it listens."""
    process = await processes.start(
        sys.executable, "-m", "workers.cli", "codec-server", "--port", "0", *arguments,
        env=surroundings(TRUNKLINE_ENCRYPTION_KEYS=",".join(KEYS[:2]), **variables), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    try:
        while not lines or not lines[-1].startswith("codec server: "):
            line = await asyncio.wait_for(process.stdout.readline(), 30)
            assert line, lines
            lines.append(line.decode().rstrip())
        yield lines
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_command_says_who_may_ask(processes: Processes) -> None:
    async with command(processes) as lines:
        assert lines[:2] == [
            "No TRUNKLINE_CODEC_TOKEN: it listens on 127.0.0.1 only, and whoever is here may ask.",
            "No web UI may ask: name one with --web-ui-origin.",
        ]
    everywhere = "0.0.0.0"  # noqa: S104 - with a token it may
    async with command(
        processes, "--host", everywhere, TRUNKLINE_CODEC_TOKEN=TOKEN, TRUNKLINE_WEB_UI=f"{WEB_UI}/"
    ) as lines:
        assert re.fullmatch(rf"codec server: http://0\.0\.0\.0:\d+ for {WEB_UI}", lines[0])


async def test_the_command_refuses_to_start_where_it_makes_no_sense() -> None:
    keys = {"TRUNKLINE_ENCRYPTION_KEYS": KEYS[0]}
    open_to_all = await trunkline("codec-server", "--host", "0.0.0.0", environment=keys)  # noqa: S104 - it is refused
    assert open_to_all.code == 2
    assert "TRUNKLINE_CODEC_TOKEN must be set" in open_to_all.err
    keyless = await trunkline("codec-server")
    assert keyless.code == 2
    assert "TRUNKLINE_ENCRYPTION_KEYS must hold the workers' keys, or TRUNKLINE_PAYLOAD_STORE" in keyless.err


async def test_the_temporal_command_line_shows_a_run(engine: Engine, processes: Processes) -> None:
    engine.hold_keys(KEYS[0])
    engine.define(HELD)
    engine.receiver.answer("/refused", 400, {"error": "not for Ada-refused"})
    event = engine.event({"contact": {"name": "Ada-event"}})
    handle = await engine.start("held", event, memo={"note": "Ada-memo"}, static_summary="Ada-summary")
    (hold,) = await engine.held(handle)
    await engine.decide(handle, hold=hold["hold"], decision="approve", by="Ada-approver")
    await engine.finish(handle)
    planted = {f"Ada-{what}" for what in ("event", "memo", "summary", "label", "approver", "refused")}

    async def shown(*arguments: str, ways: Sequence[Sequence[str]] = SHOWN) -> set[str]:
        texts = [await temporal(processes, engine, "workflow", *way, "-w", handle.id, *arguments) for way in ways]
        return {word for word in planted for text in texts if word in _readable(text.out)}

    assert await shown(ways=SHOWN[:1]) == set()
    async with command(processes, TRUNKLINE_CODEC_TOKEN=TOKEN) as lines:
        url = re.findall(r"http://\S+", lines[-1])[0]
        bearer = ("--codec-auth", f"Bearer {TOKEN}")
        assert await shown("--codec-endpoint", url, *bearer) == planted
        assert "Ada-event" in await shown("--codec-endpoint", url + "/{namespace}", *bearer, ways=SHOWN[:1])
        assert await shown("--codec-endpoint", url, "--codec-auth", "Bearer another-token-01", ways=SHOWN[:1]) == set()


async def test_the_temporal_command_line_shows_what_lies_in_the_store(
    engine: Engine, processes: Processes, tmp_path: Path
) -> None:
    store = new_store(tmp_path)
    options = engine.client.config()
    options["data_converter"] = data_converter(KEYS[:1], store)
    engine.client = Client(**options)
    engine.define("{name: large, trigger: {event: test.fired, data: [pad]}, actions: [{wait: 1ms}]}", name="large")
    handle = await engine.start("large", engine.event({"pad": "Ada-event" + "x" * 200_000}))
    await engine.finish(handle)
    show = ("workflow", "show", "--output", "json", "-w", handle.id)
    assert "Ada-event" not in _readable((await temporal(processes, engine, *show)).out)
    async with command(processes, TRUNKLINE_PAYLOAD_STORE=store) as lines:
        url = re.findall(r"http://\S+", lines[-1])[0]
        assert "Ada-event" in _readable((await temporal(processes, engine, *show, "--codec-endpoint", url)).out)


SHOWN = (("show", "--output", "json"), ("show", "--detailed"), ("describe", "--output", "json"))


def _readable(text: str) -> str:
    """A text, and what stands in base64 in it."""
    encoded = re.findall(r"(?:[A-Za-z0-9+/]{4}){4,}", text)
    return text + "".join(base64.b64decode(found).decode("utf-8", "replace") for found in encoded)


async def temporal(processes: Processes, engine: Engine, *arguments: str) -> Ended:
    process = await processes.start(
        TEMPORAL, *arguments, "--address", address(engine),
        env=surroundings(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return Ended(process.returncode or 0, out.decode(), err.decode())
