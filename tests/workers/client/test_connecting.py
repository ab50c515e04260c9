"""How clients reach Temporal."""

from __future__ import annotations

import pytest
from temporalio.client import GrpcCompression

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
    client = await connect_to({"target_host": "127.0.0.1:7233", **options}, lazy=True)  # type: ignore[typeddict-item]
    assert client.service_client.config.grpc_compression == compression
