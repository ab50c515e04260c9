"""The clients of buckets that hold large payloads: opened for one call each, which is rare and large.

Credentials and regions are those that the vendors' own libraries find (environment, profile, instance).
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio.contrib.aws.s3driver import S3StorageDriverClient
from temporalio.contrib.gcp.gcsdriver import GCSStorageDriverClient

CONNECT_SECONDS = 3
READ_SECONDS = 10
ATTEMPTS = 2
"""A workflow task lasts ten seconds at most, and is repeated by Temporal."""


class S3(S3StorageDriverClient):
    """Amazon S3, and what speaks its language (`AWS_ENDPOINT_URL_S3`).

    Args:
        prefix: what every key begins with.

    Raises:
        ImportError: aioboto3 is not installed.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._session: Any = importlib.import_module("aioboto3").Session()
        self._adapter: Any = importlib.import_module("temporalio.contrib.aws.s3driver.aioboto3")
        self._config: Any = importlib.import_module("aiobotocore.config").AioConfig(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        )

    async def put_object(self, *, bucket: str, key: str, data: bytes) -> None:
        """Write an object."""
        async with self._client() as client:
            await client.put_object(bucket=bucket, key=_under(self.prefix, key), data=data)

    async def object_exists(self, *, bucket: str, key: str) -> bool:
        """Say whether there is an object."""
        async with self._client() as client:
            return bool(await client.object_exists(bucket=bucket, key=_under(self.prefix, key)))

    async def get_object(self, *, bucket: str, key: str) -> bytes:
        """Read an object."""
        async with self._client() as client:
            return bytes(await client.get_object(bucket=bucket, key=_under(self.prefix, key)))

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[S3StorageDriverClient]:
        async with self._session.client("s3", config=self._config) as client:
            yield self._adapter.new_aioboto3_client(client)


class GoogleStorage(GCSStorageDriverClient):
    """Google Cloud Storage.

    Args:
        prefix: what every name begins with.

    Raises:
        ImportError: gcloud-aio-storage is not installed.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._storage: Any = importlib.import_module("gcloud.aio.storage").Storage
        self._adapter: Any = importlib.import_module("temporalio.contrib.gcp.gcsdriver.gcloud_aio")

    async def put_object(self, *, bucket: str, object_name: str, data: bytes) -> None:
        """Write an object that is not there yet."""
        async with self._client() as client:
            await client.put_object(bucket=bucket, object_name=_under(self.prefix, object_name), data=data)

    async def object_exists(self, *, bucket: str, object_name: str) -> bool:
        """Say whether there is an object."""
        async with self._client() as client:
            return bool(await client.object_exists(bucket=bucket, object_name=_under(self.prefix, object_name)))

    async def get_object(self, *, bucket: str, object_name: str) -> bytes:
        """Read an object."""
        async with self._client() as client:
            return bytes(await client.get_object(bucket=bucket, object_name=_under(self.prefix, object_name)))

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[GCSStorageDriverClient]:
        async with self._storage() as storage:
            yield self._adapter.new_gcloud_aio_client(storage)


def _under(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name
