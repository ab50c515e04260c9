"""Stand-ins for Amazon S3 and Google Cloud Storage: the few operations that payload stores need, answered as they do."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Self
from urllib.parse import unquote

from aiohttp import web

BUCKET = "acme"
ACCESS_KEY = "AKIDTESTS"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stand:
    """A bucket on this machine, which can refuse whoever asks, and go away and come back at the same address."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.refuses = False
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        raise NotImplementedError

    @property
    def address(self) -> str:
        raise NotImplementedError

    def written(self) -> int:
        """Return how many objects were written, the same ones included."""
        return sum(method in {"PUT", "POST"} for method, _ in self.asked)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.raw_path))
        return await self.answer(request)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError


class S3(Stand):
    """Amazon S3 with path-style addresses; it knows one bucket and one access key."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: dict[int, bytes] = {}

    @property
    def address(self) -> str:
        return f"s3://{BUCKET}/runs/eu"

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        bucket, _, key = request.path.lstrip("/").partition("/")
        who = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization", ""))
        if self.refuses or who is None or who[1] != ACCESS_KEY:
            return self._error(request, 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist.")
        if bucket != BUCKET:
            return self._error(request, 404, "NoSuchBucket", "The specified bucket does not exist")
        if request.method in {"PUT", "POST"}:
            return await self._write(request, key)
        if key not in self.objects:
            return self._error(request, 404, "NoSuchKey", "The specified key does not exist.")
        return web.Response(body=self.objects[key], content_type="application/octet-stream")

    async def _write(self, request: web.Request, key: str) -> web.StreamResponse:
        data = _unchunked(await request.read(), request.headers)
        if request.method == "PUT" and "partNumber" in request.query:
            self.parts[int(request.query["partNumber"])] = data
        elif request.method == "PUT":
            self.objects[key] = data
        elif "uploads" in request.query:
            return _xml("InitiateMultipartUploadResult", UploadId="one")
        else:
            self.objects[key] = b"".join(self.parts[number] for number in sorted(self.parts))
            return _xml("CompleteMultipartUploadResult", ETag="one")
        return web.Response(headers={"ETag": '"one"'})

    def _error(self, request: web.Request, status: int, code: str, message: str) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(status=status)
        return _xml("Error", status, Code=code, Message=message)


def _unchunked(body: bytes, headers: Any) -> bytes:
    """Return what was sent in signed chunks, as newer clients do."""
    if "aws-chunked" not in headers.get("Content-Encoding", ""):
        return body
    data = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size.partition(b";")[0] or b"0", 16)
        if count == 0:
            break
        data, body = data + body[:count], body[count + 2 :]
    return data


def _xml(name: str, status: int = 200, **fields: str) -> web.Response:
    inside = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return web.Response(status=status, text=f"<{name}>{inside}</{name}>", content_type="application/xml")


class Google(Stand):
    """Google Cloud Storage's JSON interface; it knows one bucket."""

    @property
    def address(self) -> str:
        return f"gs://{BUCKET}/runs/eu"

    def environment(self) -> dict[str, str]:
        return {"STORAGE_EMULATOR_HOST": self.url}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        found = re.fullmatch(r"(/upload)?/storage/v1/b/([^/]+)/o(?:/([^/?]+))?", request.raw_path.partition("?")[0])
        if self.refuses or found is None:
            return web.json_response({"error": {"code": 401, "message": "Invalid Credentials"}}, status=401)
        upload, bucket, name = found.groups()
        if bucket != BUCKET:
            return web.json_response({"error": {"message": "The specified bucket does not exist."}}, status=404)
        if upload:
            return await self._write(request, request.query["name"])
        key = unquote(name or "")
        if key not in self.objects:
            return web.json_response({"error": {"message": f"No such object: {bucket}/{key}"}}, status=404)
        if request.query.get("alt") == "json":
            return web.json_response({"name": key, "size": str(len(self.objects[key]))})
        return web.Response(body=self.objects[key], content_type="application/octet-stream")

    async def _write(self, request: web.Request, key: str) -> web.StreamResponse:
        if request.query.get("ifGenerationMatch") == "0" and key in self.objects:
            return web.json_response({"error": {"message": "conditionNotMet"}}, status=412)
        self.objects[key] = await request.read()
        return web.json_response({"name": key})
