"""Signed decisions from the command line."""

from __future__ import annotations

import stat
from pathlib import Path

import yaml

from tests.engine import Engine
from tests.workers.command import on, trunkline
from tests.workers.definitions.documents import HELD

VERIFIED = HELD.replace("expiresAfter: 1h", "verified: true, allowEdit: true")


async def make_key(folder: Path, name: str = "lead", people: str = "lead@example.com") -> tuple[Path, str]:
    """Make a key pair; return the private key's file and the entry for the workers."""
    ended = await trunkline("signing-key", name, "--people", people, cwd=folder)
    assert ended.code == 0, ended.err
    return folder / f"{name}.pem", ended.out.splitlines()[-1]


async def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file, entry = await make_key(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    private = file.read_text()
    assert private.startswith("-----BEGIN PRIVATE KEY-----")
    assert yaml.safe_load(entry)["lead"]["people"] == ["lead@example.com"]
    again = await trunkline("signing-key", "lead", "--people", "eve@example.com", cwd=tmp_path)
    assert again.code == 1
    assert "exists and was left as it is" in again.err
    assert file.read_text() == private
    assert private.splitlines()[1] not in again.out + again.err
    nowhere = await trunkline("signing-key", "x", "--people", "ann", "--file", tmp_path / "no" / "x.pem")
    assert nowhere.code == 1
    assert "cannot be written" in nowhere.err


async def test_decisions_about_a_verified_hold_are_signed(engine: Engine, tmp_path: Path) -> None:
    file, entry = await make_key(tmp_path)
    eve, eves = await make_key(tmp_path, "eve", "eve@example.com")
    engine.signing_keys = {**yaml.safe_load(entry), **yaml.safe_load(eves)}
    engine.define(VERIFIED)
    handle = await engine.start("held", engine.event({"order": {"total": 12}}))
    await engine.held(handle)
    lead = {"TRUNKLINE_USER": "lead@example.com"}
    unsigned = await on(engine, "approve", handle.id, "refund", environment=lead)
    assert unsigned.code == 1
    assert "TRUNKLINE_SIGNING_KEY names the key" in unsigned.err
    forged = await on(
        engine, "approve", handle.id, "refund", "--json", environment=lead, TRUNKLINE_SIGNING_KEY=f"eve:{eve}"
    )
    assert (forged.code, forged.json["result"]) == (1, "not_allowed")
    missing = await on(
        engine, "approve", handle.id, "refund", environment=lead, TRUNKLINE_SIGNING_KEY="lead:/nowhere.pem"
    )
    assert missing.code == 2
    assert "/nowhere.pem" in missing.err
    assert len(await handle.query("holds")) == 1
    key = {**lead, "TRUNKLINE_SIGNING_KEY": f"lead:{file}"}
    edited = await on(engine, "edit", handle.id, "refund", "--edits", '{"/body/total": 3}', environment=key)
    assert edited.code == 0, edited.err
    assert (await engine.finish(handle))["outcome"] == "completed"
    assert [sent.body for sent in engine.receiver.to("/echo")] == [{"total": 3}]


async def test_many_are_signed_one_by_one(engine: Engine, tmp_path: Path) -> None:
    file, entry = await make_key(tmp_path)
    engine.signing_keys = yaml.safe_load(entry)
    engine.define(VERIFIED)
    handles = [await engine.start("held", engine.event({"order": {"total": total}})) for total in (1, 2)]
    for handle in handles:
        await engine.held(handle)
    key = {"TRUNKLINE_USER": "lead@example.com", "TRUNKLINE_SIGNING_KEY": f"lead:{file}"}
    while len((await on(engine, "holds", "--json")).json) < len(handles):
        pass
    ended = await on(engine, "approve", "--all", "--yes", "2", "--json", environment=key)
    assert ended.code == 0, ended.err
    assert [row["result"] for row in ended.json] == ["accepted"] * 2
    for handle in handles:
        assert (await engine.finish(handle))["outcome"] == "completed"
