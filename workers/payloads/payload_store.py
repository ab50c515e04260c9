"""Where large payloads go instead of Temporal: a folder that all share, or a bucket. The SDK calls it a claim check.

What is stored has been encrypted before, where encryption is on. Nothing is ever deleted from here: the owner of the
folder or bucket lets objects expire, not before the namespace's retention and the longest run have passed.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ExternalStorage,
    StorageDriver,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
)

from workers.errors import TrunklineError

FOLDER = "trunkline.files"
"""Name of the folder's driver, which histories keep; where the folder is, they do not."""

LARGE = 128 * 1024
"""Bytes from which a payload is stored elsewhere."""

DIGEST = "sha256"


LONGEST_NOTE = 400


class PayloadStoreError(TrunklineError):
    """The payload store does not take or give a payload; whoever needs it waits until it does."""


class FolderStore(StorageDriver):
    """A folder that every worker and client sees; a file is named by the hash of what it holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name(self) -> str:
        """Return the driver's name."""
        return FOLDER

    async def store(
        self,
        context: StorageDriverStoreContext,  # noqa: ARG002 # the SDK's signature
        payloads: Sequence[Payload],
    ) -> list[StorageDriverClaim]:
        """Write payloads, each whole or not at all, and return by what they are found.

        Raises:
            PayloadStoreError: the folder does not take one.
        """
        try:
            return [await asyncio.to_thread(self._write, payload.SerializeToString()) for payload in payloads]
        except OSError as error:
            if not self.folder.is_dir():
                raise PayloadStoreError(_gone(self.folder)) from None
            raise PayloadStoreError(
                f"The payload store {self.folder} (TRUNKLINE_PAYLOAD_STORE) does not take a payload: {error.strerror}."
            ) from None

    async def retrieve(
        self,
        context: StorageDriverRetrieveContext,  # noqa: ARG002 # the SDK's signature
        claims: Sequence[StorageDriverClaim],
    ) -> list[Payload]:
        """Read payloads.

        Raises:
            PayloadStoreError: one is not there, or is not what was written.
        """
        return [await asyncio.to_thread(self._read, claim.claim_data.get(DIGEST, "")) for claim in claims]

    def _write(self, data: bytes) -> StorageDriverClaim:
        digest = hashlib.sha256(data).hexdigest()
        place = self._place(digest)
        if not place.is_file():
            place.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".", delete=False) as file:
                try:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(place)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        else:
            os.utime(place)  # who lets old files expire goes by their time
        return StorageDriverClaim(claim_data={DIGEST: digest})

    def _read(self, digest: str) -> Payload:
        if len(digest) != len(hashlib.sha256().hexdigest()) or not digest.isalnum():
            raise PayloadStoreError(f"A payload's reference is none of this payload store: {digest!r:.100}.")
        try:
            data = self._place(digest).read_bytes()
        except OSError as error:
            if not self.folder.is_dir():
                raise PayloadStoreError(_gone(self.folder)) from None
            raise PayloadStoreError(
                f"The payload {digest} is not in the payload store {self.folder} (TRUNKLINE_PAYLOAD_STORE): "
                f"{error.strerror}."
            ) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise PayloadStoreError(f"The payload {digest} in the payload store {self.folder} has been changed.")
        return Payload.FromString(data)

    def _place(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest


class Bucket(StorageDriver):
    """A bucket, through the SDK's own driver; what goes wrong is said in a sentence that names the bucket.

    Args:
        driver: the SDK's driver; its name stands in histories.
        bucket: the bucket's name.
        address: the store as the setting spells it.
    """

    def __init__(self, driver: StorageDriver, bucket: str, address: str) -> None:
        self.driver = driver
        self.bucket = bucket
        self.address = address

    def name(self) -> str:
        """Return the driver's name."""
        return self.driver.name()

    def type(self) -> str:
        """Return the driver's kind."""
        return self.driver.type()

    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Write payloads that are not there yet, and return by what they are found.

        Raises:
            PayloadStoreError: the bucket does not take one.
        """
        try:
            return await self.driver.store(context, payloads)
        except Exception as error:
            raise PayloadStoreError(f"{self} does not take a payload: {_why(error)}") from error

    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """Read payloads.

        Raises:
            PayloadStoreError: the bucket does not give one, or it is not what was written.
        """
        return [await self._read(context, claim) for claim in claims]

    async def _read(self, context: StorageDriverRetrieveContext, claim: StorageDriverClaim) -> Payload:
        names = claim.claim_data
        name = names.get("key") or names.get("object_name") or "without a name"
        if names.get("bucket") != self.bucket:
            raise PayloadStoreError(
                f"{self} is not where the payload {name:.{LONGEST_NOTE}} lies: that is another bucket."
            )
        try:
            [payload] = await self.driver.retrieve(context, [claim])
        except Exception as error:
            raise PayloadStoreError(
                f"{self} does not give the payload {name:.{LONGEST_NOTE}}: {_why(error)}"
            ) from error
        return payload

    def __str__(self) -> str:
        return f"The payload store {self.address} (TRUNKLINE_PAYLOAD_STORE)"


def _why(error: BaseException) -> str:
    """Return what the bucket's own library says, or else what its driver does."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    sentence = f"{type(cause).__name__}: {cause}" if cause is not error and str(cause) else str(cause) or repr(cause)
    return f"{sentence[:LONGEST_NOTE].rstrip('.')}."


def payload_store(address: str) -> ExternalStorage:
    """Return what keeps large payloads at an address.

    Args:
        address: `file:///folder`, `s3://bucket/prefix` or `gs://bucket/prefix`.

    Raises:
        TrunklineError: what talks to that kind of bucket is not installed, or the folder cannot be used.
    """
    parts = urlsplit(address)
    if parts.scheme == "file":
        return ExternalStorage(drivers=[_folder(Path(parts.path))], payload_size_threshold=LARGE)
    driver = _bucket(parts.scheme, parts.netloc, parts.path.strip("/"))
    return ExternalStorage(drivers=[Bucket(driver, parts.netloc, address)], payload_size_threshold=LARGE)


def _folder(folder: Path) -> FolderStore:
    if not folder.is_dir():
        raise TrunklineError(_gone(folder))
    return FolderStore(folder)


def _gone(folder: Path) -> str:
    """Return what to do about a folder that is not there: an empty one in its place would hide what was stored."""
    return (
        f"The payload store {folder} (TRUNKLINE_PAYLOAD_STORE) is not there: mount it, or, for a new one, create it "
        f"(`mkdir -p {shlex.quote(str(folder))}`). Nothing creates it by itself."
    )


def _bucket(scheme: str, bucket: str, prefix: str) -> StorageDriver:
    try:
        if scheme == "s3":
            from temporalio.contrib.aws.s3driver import S3StorageDriver

            from workers.payloads.buckets import S3

            return S3StorageDriver(client=S3(prefix), bucket=bucket)
        from temporalio.contrib.gcp.gcsdriver import GCSStorageDriver

        from workers.payloads.buckets import GoogleStorage

        return GCSStorageDriver(client=GoogleStorage(prefix), bucket=bucket)
    except ImportError as error:
        _missing(scheme, error)


def _missing(scheme: str, error: ImportError) -> NoReturn:
    package = {"s3": "aioboto3", "gs": "gcloud-aio-storage"}[scheme]
    raise TrunklineError(
        f"TRUNKLINE_PAYLOAD_STORE is a {scheme}:// bucket, and what talks to it is not installed ({error.name}): "
        f"`pip install temporalio[{package}]`."
    ) from None
