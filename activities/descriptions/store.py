"""Descriptions as this machine has them: each indexed once, by a process of its own, and found again by its hash.

The folder is shared by all processes of a machine. It holds `copies/` (descriptions that came from addresses, each with
its ETag), `stamps/` (size, time and hash of each file as it was when it was last read) and `indexes/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from activities.bounds import cut, regular
from activities.descriptions.index import Index
from activities.descriptions.source import BadDescriptionError, DescriptionSource, NotAtHandError

LARGEST = 64 * 1024 * 1024
"""Bytes that a description may have."""

INDEXING = 60.0
"""Seconds that indexing may take."""

KEPT_OPEN = 32
PIECE = 1024 * 1024
LONGEST_REASON = 500


class Store:
    """The descriptions of one machine.

    Args:
        folder: where copies and indexes are kept; it is made where there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: OrderedDict[tuple[str, str, int, int], Index] = OrderedDict()
        self._lock = threading.RLock()
        self._sources: set[DescriptionSource] = set()

    def at_hand(self, source: DescriptionSource) -> Index:
        """Return the index of a description; one that has changed is indexed anew.

        Raises:
            NotAtHandError: it is at an address, and there is no copy yet.
            BadDescriptionError: it cannot be read or indexed.
        """
        if source.remote:
            self._sources.add(source)
        path = self.copy(source) if source.remote else Path(source.place).expanduser()
        try:
            status = path.stat()
        except OSError as error:
            if source.remote:
                raise NotAtHandError(source) from None
            raise _unreadable(source, error) from None
        key = (source.format.prefix, str(path), status.st_size, status.st_mtime_ns)
        with self._lock:
            if key not in self._open:
                self._open[key] = Index(self._index(source, path, status.st_size, status.st_mtime_ns))
            self._open.move_to_end(key)
            if len(self._open) > KEPT_OPEN:
                self._open.popitem(last=False)  # whoever still reads it keeps it open
            return self._open[key]

    def sources(self) -> list[DescriptionSource]:
        """Return the descriptions at addresses that this process has asked for."""
        return [*self._sources]

    def keep(self, source: DescriptionSource, content: bytes) -> None:
        """Keep what was fetched from an address, if it is a description: else the copy before stays.

        Raises:
            BadDescriptionError: it is none, or cannot be written.
        """
        copy = self.copy(source)
        arrived = copy.with_name(f"{copy.name}.{threading.get_native_id()}.arrived")
        write(arrived, content)
        try:
            self._made(source, arrived, _digest(arrived), len(content))
            arrived.replace(copy)
        finally:
            arrived.unlink(missing_ok=True)

    def copy(self, source: DescriptionSource) -> Path:
        """Return where the copy of a description is kept that is at an address."""
        return self.folder / "copies" / _name(f"{source.place}\n{source.account}" if source.account else source.place)

    def _index(self, source: DescriptionSource, path: Path, size: int, modified: int) -> Path:
        """Return the index of a file as it is now; an unchanged file is not read."""
        stamp = self.folder / "stamps" / f"{_name(str(path.absolute()))}.json"
        known = _read(stamp)
        if known.get("size") == size and known.get("modified") == modified:
            return self._made(source, path, known["digest"], size)
        try:
            digest = _digest(path)
        except OSError as error:
            raise _unreadable(source, error) from None
        target = self._made(source, path, digest, size)
        write(stamp, json.dumps({"size": size, "modified": modified, "digest": digest}).encode())
        return target

    def _made(self, source: DescriptionSource, path: Path, digest: str, size: int) -> Path:
        """Return the index of a file of this hash, which is made where there is none."""
        if size > LARGEST:
            raise BadDescriptionError(
                f"The description {source.place} has {size:,} bytes; {LARGEST:,} is the most that is read."
            )
        target = self.folder / "indexes" / f"{source.format.prefix}-{digest}.sqlite"
        if not target.is_file():
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise BadDescriptionError(_no_folder(self.folder, error)) from None
            _run(source, path, target)
        return target


@lru_cache(maxsize=1)
def usual_store() -> Store:
    """Return the descriptions that are kept where nobody says where: in the folder of caches of this user."""
    return Store(usual_folder())


def usual_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of caches that this user has for Trunkline."""
    base = environment.get("XDG_CACHE_HOME", "").strip()
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "trunkline"


def write(path: Path, content: bytes) -> None:
    """Write a file of the folder; it is there as a whole or not at all.

    Raises:
        BadDescriptionError: it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.{threading.get_native_id()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise BadDescriptionError(_no_folder(path.parent, error)) from None


def _run(source: DescriptionSource, path: Path, target: Path) -> None:
    """Have a process of its own write an index, so that this one never holds a whole description."""
    command = [sys.executable, "-P", "-m", source.format.module, str(path), str(target)]
    try:
        done = subprocess.run(  # noqa: S603 # the module is one of ours
            command, capture_output=True, text=True, errors="replace", timeout=INDEXING, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadDescriptionError(
            f"The description {source.place} could not be indexed within {INDEXING:.0f} s."
        ) from None
    if done.returncode != 0:
        reason = cut((done.stderr.strip().splitlines() or ["it ended without a word"])[-1], LONGEST_REASON)
        raise BadDescriptionError(f"The description {source.place} cannot be used: {reason}")


def _read(stamp: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        known = json.loads(stamp.read_bytes())
        if isinstance(known, dict) and isinstance(known.get("digest"), str):
            return known
    return {}


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with regular(path) as file:
        while piece := file.read(PIECE):
            found.update(piece)
    return found.hexdigest()


def _name(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()[:40]


def _unreadable(source: DescriptionSource, error: OSError) -> BadDescriptionError:
    return BadDescriptionError(f"The description {source.place} cannot be read: {error.strerror or error}.")


def _no_folder(folder: Path, error: OSError) -> str:
    return (
        f"The folder {folder} of descriptions cannot be written: {error.strerror or error}. "
        "TRUNKLINE_CACHE names another one."
    )
