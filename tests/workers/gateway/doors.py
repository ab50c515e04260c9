"""A gateway within this process, and what tests send to it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from temporalio.client import Client
from yarl import URL

from workers.gateway.config import load_config
from workers.gateway.listening import listening
from workers.gateway.server import Gateway
from workers.settings import ListenAddress, Settings
from workers.tracing.tracing import Tracing


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Served:
    url: str
    gateway: Gateway

    async def send(
        self, method: str, path: str, body: Any = b"", *, media: str = "application/json", **headers: str
    ) -> Answer:
        """Send a request, its headers with `_` for `-`."""
        content = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if media:
            given = {"Content-Type": media, **given}
        async with (
            aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=("Content-Type",)) as session,
            session.request(
                method,
                URL(f"{self.url}{path}", encoded=True),
                data=io.BytesIO(content),
                headers=given,
                allow_redirects=False,
            ) as answer,
        ):
            return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, await answer.text())

    async def post(self, path: str, body: Any = b"", **options: Any) -> Answer:
        return await self.send("POST", path, body, **options)

    async def raw(self, content: bytes) -> bytes:
        """Send bytes, and return the first line of what comes back."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(content)
            return await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def served(
    client: Client,
    folder: Path,
    config: str,
    *,
    task_queue: str = "unused",
    environment: Mapping[str, str] | None = None,
    tracing: Tracing | None = None,
    **settings: Any,
) -> AsyncIterator[Served]:
    file = folder / "gateway.yaml"
    file.write_text(config, encoding="utf-8")
    known = Settings(**{"task_queue": task_queue, "grace": 0, **settings})
    gateway = Gateway(load_config(file, environment or {}), known, client, tracing=tracing)
    async with listening(gateway, ListenAddress("127.0.0.1", 0)) as place:
        yield Served(f"http://{place}", gateway)


def hex_hmac(secret: str, content: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), content, algorithm).hexdigest()


def base64_hmac(secret: str, content: bytes, algorithm: str = "sha256") -> str:
    return base64.b64encode(hmac.new(secret.encode(), content, algorithm).digest()).decode()


def slack_headers(secret: str, body: bytes, sent: str | None = None) -> dict[str, str]:
    sent = sent or str(int(time.time()))
    return {
        "X_Slack_Request_Timestamp": sent,
        "X_Slack_Signature": f"v0={hex_hmac(secret, f'v0:{sent}:'.encode() + body)}",
    }


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
