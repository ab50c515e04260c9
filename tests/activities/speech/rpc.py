"""Google Speech's gRPC as cases write it: `rpc: Recognize`, a message and an answer's message or code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.cloud import speech_v1 as speech

from tests.activities.cases import Answer, Exchange


@asynccontextmanager
async def serve(exchanges: list[Exchange], called: list[dict[str, Any]]) -> AsyncIterator[str]:
    """Answer calls as the exchanges say, in their order, and keep what was called; yields the address."""
    waiting = list(exchanges)

    async def recognize(request: bytes, context: Any) -> bytes:
        message = speech.RecognizeRequest.deserialize(request)
        fields = speech.RecognizeRequest.to_dict(message, use_integers_for_enums=False)
        called.append({"rpc": "Recognize", "message": fields})
        answer = waiting.pop(0).answer if waiting else Answer(code="UNIMPLEMENTED", text="Not in the case")
        assert isinstance(answer, Answer), "an rpc is answered with a message or a code"
        if answer.code is not None:
            await context.abort(grpc.StatusCode[answer.code], answer.text or "")
        written: bytes = speech.RecognizeResponse.serialize(
            speech.RecognizeResponse.from_json(json.dumps(answer.message))
        )
        return written

    server = grpc.aio.server()
    methods = {"Recognize": grpc.unary_unary_rpc_method_handler(recognize)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("google.cloud.speech.v1.Speech", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop(None)
