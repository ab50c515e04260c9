"""How clients reach Temporal."""

from __future__ import annotations

from typing import cast

import pytest
from temporalio.client import ClientConnectConfig, GrpcCompression

from workers.client.connecting import connect_to


@pytest.mark.parametrize(
    ("options", "compression"),
    [
        ({}, GrpcCompression.NONE),
        ({"tls": False, "api_key": "key-1234567890"}, GrpcCompression.NONE),
        ({"tls": True}, GrpcCompression.GZIP),
        ({"api_key": "key-1234567890"}, GrpcCompression.GZIP),
    ],
)
async def test_only_what_goes_far_is_compressed(options: dict[str, object], compression: GrpcCompression) -> None:
    given = cast("ClientConnectConfig", {"target_host": "127.0.0.1:7233", **options})
    client = await connect_to(given, lazy=True)
    assert client.service_client.config.grpc_compression == compression
