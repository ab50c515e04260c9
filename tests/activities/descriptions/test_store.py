"""Descriptions as a machine has them: indexed once by a process of its own, seen when they change, fetched by ETag."""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from activities.descriptions import command, fetching, store
from activities.descriptions.fetching import Fetcher, conceal_nothing, fetch
from activities.descriptions.source import BadDescriptionError, DescriptionSource, Format, NotAtHandError
from activities.descriptions.store import Store
from activities.errors import Refused, Unavailable
from activities.http_client.client import Client
from activities.openapi.profile import OPENAPI
from tests.activities.http_client.wire import Wire, ok
from tests.descriptions import indexed_here
from tests.starts import Processes

SMALL = '{"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "%s"}}}}'


def small(path: Path, name: str) -> DescriptionSource:
    path.write_text(SMALL % name)
    return DescriptionSource(OPENAPI, str(path))


def test_a_process_of_its_own_indexes(tmp_path: Path, processes: Processes) -> None:
    at = Store(tmp_path / "cache")
    index = at.at_hand(small(tmp_path / "a.json", "first"))
    assert index.ids() == ["first"]
    assert at.at_hand(DescriptionSource(OPENAPI, str(tmp_path / "a.json"))) is index
    (tmp_path / "bad.yaml").write_text("swagger: '1.2'")
    with pytest.raises(BadDescriptionError, match=r"bad\.yaml cannot be used: it is no OpenAPI"):
        at.at_hand(DescriptionSource(OPENAPI, str(tmp_path / "bad.yaml")))
    assert [path.suffix for path in (tmp_path / "cache" / "indexes").iterdir()] == [".sqlite"], (
        "nothing half-made is left"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1]", "it is no object"),
        ("{", "it is no JSON"),
        ("a: [", "it is no YAML"),
        ("\xff", "it is no object|no UTF-8"),
        ('{"openapi": "2"}', "it is no OpenAPI"),
        ('{"openapi": "3.0.0", "paths": []}', "`paths` is no object"),
    ],
)
def test_what_is_no_description_is_refused(tmp_path: Path, text: str, says: str) -> None:
    from activities.descriptions.command import UnreadableError
    from activities.openapi.indexing import index

    with pytest.raises(UnreadableError, match=says):
        index(text.encode(), tmp_path / "x.sqlite")
    assert not list(tmp_path.iterdir())


def test_a_compressed_one_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gzip.compress((SMALL % "first").encode())
    (tmp_path / "a.json.gz").write_bytes(whole)
    source = DescriptionSource(OPENAPI, str(tmp_path / "a.json.gz"))
    with indexed_here():
        assert Store(tmp_path / "cache").at_hand(source).ids() == ["first"]
        (tmp_path / "a.json.gz").write_bytes(whole[:-20])
        with pytest.raises(BadDescriptionError, match="compressed by gzip and cannot be unpacked"):
            Store(tmp_path / "cache").at_hand(source)
        monkeypatch.setattr(command, "LARGEST", 20)
        (tmp_path / "a.json.gz").write_bytes(whole + b" ")
        with pytest.raises(BadDescriptionError, match="more than 20 bytes unpacked"):
            Store(tmp_path / "cache").at_hand(source)


def test_a_changed_file_is_seen_and_an_unchanged_one_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = small(tmp_path / "a.json", "first")
    with indexed_here():
        assert Store(tmp_path / "cache").at_hand(source).ids() == ["first"]
    monkeypatch.setattr(store, "_digest", lambda _path: pytest.fail("an unchanged file is read"))
    at = Store(tmp_path / "cache")
    assert at.at_hand(source).ids() == ["first"]
    monkeypatch.undo()
    small(tmp_path / "a.json", "other")
    os.utime(tmp_path / "a.json", ns=(1, 1))
    with indexed_here():
        assert at.at_hand(source).ids() == ["other"]


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadDescriptionError, match=r"none\.json cannot be read: No such file"):
        Store(tmp_path).at_hand(DescriptionSource(OPENAPI, str(tmp_path / "none.json")))
    source = small(tmp_path / "a.json", "first")
    (tmp_path / "file").write_text("")
    with indexed_here(), pytest.raises(BadDescriptionError, match="TRUNKLINE_CACHE names another one"):
        Store(tmp_path / "file").at_hand(source)
    monkeypatch.setattr(store, "LARGEST", 10)
    with pytest.raises(BadDescriptionError, match="10 is the most that is read"):
        Store(tmp_path / "cache").at_hand(source)


def test_an_index_of_another_version_is_made_anew(tmp_path: Path) -> None:
    source = small(tmp_path / "a.json", "first")
    at = Store(tmp_path / "cache")
    with indexed_here():
        at.at_hand(source)
        at.at_hand(DescriptionSource(Format(OPENAPI.name, OPENAPI.version + 1, OPENAPI.module), source.place))
    assert len(list((tmp_path / "cache" / "indexes").iterdir())) == 2


async def test_a_copy_is_kept_and_asked_for_by_its_etag(tmp_path: Path, wire: Wire, client: Client) -> None:
    at, source = Store(tmp_path), DescriptionSource(OPENAPI, f"{wire.url}/openapi.json")
    with pytest.raises(NotAtHandError):
        at.at_hand(source)
    wire.reply(
        ok((SMALL % "first").encode(), 'ETag: "v1"'),
        ok(b"", status="304 Not Modified"),
        ok(b"<html>", 'ETag: "v2"'),
        ok(b"", status="503 Oh"),
        ok((SMALL % "third").encode(), 'ETag: "v3"'),
    )
    with indexed_here():
        await fetch(source, at, client)
        assert at.at_hand(source).ids() == ["first"]
        await fetch(source, at, client)
        assert wire.requests[1].headers["if-none-match"] == '"v1"'
        with pytest.raises(Unavailable, match="cannot be used: it is no object"):
            await fetch(source, at, client)
        assert at.at_hand(source).ids() == ["first"], "what is no description replaces none"
        with pytest.raises(Unavailable):
            await fetch(source, at, client)
        await fetch(source, at, client)
        assert wire.requests[4].headers["if-none-match"] == '"v1"'
        assert at.at_hand(source).ids() == ["third"]


async def test_the_guard_holds_for_descriptions(tmp_path: Path, wire: Wire) -> None:
    guarded = Client()
    with pytest.raises(Refused):
        await fetch(DescriptionSource(OPENAPI, f"{wire.url}/openapi.json"), Store(tmp_path), guarded)
    assert wire.requests == []
    await guarded.close()


async def test_what_was_asked_for_is_fetched_in_the_background(
    tmp_path: Path, wire: Wire, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "EVERY", 0.01)
    monkeypatch.setattr(fetching, "AGAIN", 0.05)
    at, source = Store(tmp_path), DescriptionSource(OPENAPI, f"{wire.url}/openapi.json")
    wire.reply(ok(b"", status="500 Oh"), ok((SMALL % "first").encode()))
    with indexed_here():
        async with Fetcher(at, client, conceal_nothing).running():
            await until(lambda: wire.requests == [])
            with pytest.raises(NotAtHandError):
                at.at_hand(source)
            await until(lambda: at.copy(source).is_file())
        assert at.at_hand(source).ids() == ["first"]
    assert len(wire.requests) == 2, "a fresh copy is not asked for"


async def until(holds: Callable[[], Any]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)
