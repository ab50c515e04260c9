"""A server of this machine that answers like Google Speech and Cloud Storage."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from aiohttp import web
from google.cloud import speech_v1 as speech
from google.longrunning import operations_pb2, operations_pb2_grpc

Answer = speech.RecognizeResponse | speech.LongRunningRecognizeResponse


def heard(*sentences: str, cls: Any = speech.RecognizeResponse, **more: Any) -> Any:
    """An answer of Google in which these sentences were heard, a second each."""
    results = [
        {
            "alternatives": [
                {
                    "transcript": sentence,
                    "confidence": 0.9,
                    "words": [{"word": word, "start_time": {"seconds": n}} for word in sentence.split()],
                }
            ],
            "result_end_time": {"seconds": n + 1},
            "language_code": "en-us",
        }
        for n, sentence in enumerate(sentences)
    ]
    return cls({"results": results, "total_billed_time": {"seconds": 15}, **more})


@dataclass
class Failure:
    """What a method answers next instead."""

    code: grpc.StatusCode
    message: str = "told to"
    after: bool = False
    """Whether it fails only after it did what it was asked."""


@dataclass
class FakeGoogle(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # gRPC's servicers have no types
    """Remembers what it was asked, and answers as told."""

    address: str = ""
    answer: Any = field(default_factory=lambda: heard("hello"))
    polls: int = 0
    """How often a job is still running when asked."""
    job_error: tuple[int, str] | None = None
    lists_jobs: bool = True
    delay: float = 0
    failures: dict[str, list[Failure]] = field(default_factory=lambda: defaultdict(list))
    recognized: list[Any] = field(default_factory=list)
    begun: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    jobs: dict[str, Any] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    metadata: list[dict[str, Any]] = field(default_factory=list)

    async def begin(self, method: str, context: Any, *, done: bool) -> None:
        """Count a call, and fail where this was asked for."""
        if not done:
            self.calls[method] += 1
        planned = self.failures[method]
        if planned and planned[0].after == done:
            failure = planned.pop(0)
            await context.abort(failure.code, failure.message)

    async def recognize(self, request: bytes, context: Any) -> bytes:
        self.metadata.append(dict(context.invocation_metadata()))
        await asyncio.sleep(self.delay)
        await self.begin("recognize", context, done=False)
        self.recognized.append(speech.RecognizeRequest.deserialize(request))
        await self.begin("recognize", context, done=True)
        answer: bytes = speech.RecognizeResponse.serialize(self.answer)
        return answer

    async def long_running(self, request: bytes, context: Any) -> operations_pb2.Operation:
        await self.begin("start", context, done=False)
        asked = speech.LongRunningRecognizeRequest.deserialize(request)
        self.begun.append(asked)
        name = str(7_000_000 + len(self.jobs))
        self.jobs[name] = self.operation(name, asked.audio.uri)
        await self.begin("start", context, done=True)
        return self.jobs[name]

    def operation(self, name: str, uri: str) -> operations_pb2.Operation:
        about = speech.LongRunningRecognizeMetadata(uri=uri, start_time={"seconds": int(time.time())})
        operation = operations_pb2.Operation(name=name)
        operation.metadata.Pack(type(about).pb(about))
        return operation

    async def GetOperation(self, request: Any, context: Any) -> operations_pb2.Operation:  # noqa: N802 - gRPC's name
        await self.begin("get", context, done=False)
        self.asked.append(request.name)
        if request.name not in self.jobs:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Operation not found: {request.name}")
        operation = self.jobs[request.name]
        if self.asked.count(request.name) > self.polls:
            self.finish(operation)
        return operation

    async def ListOperations(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        await self.begin("list", context, done=False)
        if not self.lists_jobs:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found.")
        names = sorted(self.jobs)
        start = int(request.page_token or 0)
        more = str(start + 1) if start + 1 < len(names) else ""
        found = [self.jobs[name] for name in names[start : start + 1]]
        return operations_pb2.ListOperationsResponse(operations=found, next_page_token=more)

    def finish(self, operation: operations_pb2.Operation) -> None:
        operation.done = True
        if self.job_error is not None:
            operation.error.code, operation.error.message = self.job_error
        else:
            answer = self.answer
            if not isinstance(answer, speech.LongRunningRecognizeResponse):
                answer = speech.LongRunningRecognizeResponse(
                    results=answer.results, total_billed_time=answer.total_billed_time
                )
            operation.response.Pack(type(answer).pb(answer))


async def serve_speech(fake: FakeGoogle) -> Callable[[], Awaitable[None]]:
    """Serve it over plain gRPC on a free port; the result stops it."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    methods = {
        "Recognize": grpc.unary_unary_rpc_method_handler(fake.recognize),
        "LongRunningRecognize": grpc.unary_unary_rpc_method_handler(
            fake.long_running, response_serializer=operations_pb2.Operation.SerializeToString
        ),
    }
    handler = grpc.method_handlers_generic_handler("google.cloud.speech.v1.Speech", methods)
    server.add_generic_rpc_handlers((handler,))
    operations_pb2_grpc.add_OperationsServicer_to_server(fake, server)
    fake.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()

    async def stop() -> None:
        await server.stop(None)

    return stop


@dataclass
class FakeStorage:
    """Cloud Storage's JSON API as far as recordings need it."""

    address: str = ""
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    status: int | None = None
    uploads: int = 0
    ranges: list[str | None] = field(default_factory=list)

    async def upload(self, request: web.Request) -> web.Response:
        self.uploads += 1
        if self.status is not None:
            return web.json_response({"error": {"code": self.status}}, status=self.status)
        place = (request.match_info["bucket"], request.query["name"])
        if request.query.get("ifGenerationMatch") == "0" and place in self.objects:
            return web.json_response({"error": {"code": 412}}, status=412)
        self.objects[place] = await request.read()
        return web.json_response({"bucket": place[0], "name": place[1]})

    async def download(self, request: web.Request) -> web.Response:
        self.ranges.append(request.headers.get("Range"))
        content = self.objects.get((request.match_info["bucket"], request.match_info["name"]))
        if content is None:
            return web.json_response({"error": {"code": 404}}, status=404)
        last = int(request.headers["Range"].rpartition("-")[2])
        return web.Response(body=content[: last + 1], status=206)


async def serve_storage(fake: FakeStorage) -> Callable[[], Awaitable[None]]:
    """Serve it on a free port; the result stops it."""
    app = web.Application(client_max_size=200 * 1024 * 1024)
    app.router.add_post("/upload/storage/v1/b/{bucket}/o", fake.upload)
    app.router.add_get("/storage/v1/b/{bucket}/o/{name}", fake.download)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner.cleanup
