"""Hostile files and recordings: a worker reads no more than its limits, and its other runs go on meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import resource
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from activities.attempt.secrets import Secrets
from activities.errors import Refused, ResultTooLarge
from activities.exchange.answer import succeeded
from activities.http_client.message import Response
from activities.speech.recording import fetch
from tests.activities.conftest import MakeContext, client, make_context  # noqa: F401 - fixtures
from tests.lag import loop_lag
from tests.workers.actions_sample import SAMPLE
from workers.approvals.groups import Groups
from workers.definitions.automations import Automations
from workers.process.connections_file import load_connections
from workers.settings import SettingsError

MIB = 1024 * 1024
MOST_LAG = 1.5
"""Seconds, on a machine that is busy with other things; what is hostile here takes several where nothing guards it."""

GOOD = "name: good\ntrigger: {event: call.ended}\nactions: [{stop: completed}]\n"


def hostile(folder: Path) -> None:
    """Fill a folder with what is no definition, beside one that is."""
    (folder / "good.yaml").write_text(GOOD)
    os.mkfifo(folder / "pipe.yaml")
    (folder / "endless.yaml").symlink_to("/dev/zero")
    (folder / "circle.yaml").symlink_to(folder / "circle.yaml")
    (folder / "one.json").symlink_to(folder / "two.json")
    (folder / "two.json").symlink_to(folder / "one.json")
    (folder / "through.yml").symlink_to(folder / "good.yaml" / "x.yml")
    with (folder / "huge.yaml").open("wb") as huge:
        huge.truncate(1500 * MIB)
    (folder / "dense.yaml").write_text(
        "name: dense\ntrigger: {event: a}\nactions:\n" + "- {stop: completed}\n" * 40_000
    )


async def test_nothing_in_the_folder_holds_a_worker_up_or_is_read_beyond_the_limit(tmp_path: Path) -> None:
    hostile(tmp_path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    automations = Automations(tmp_path, SAMPLE)
    async with loop_lag() as lag:
        names = await asyncio.wait_for(automations.aside(automations.names), 60)
        problems = await asyncio.wait_for(automations.aside(automations.problems), 60)
    assert "good" in names
    assert [one.code for one in problems if one.file == str(tmp_path / "huge.yaml")] == ["too-large"]
    assert {Path(one.file or "").name for one in problems} <= {"huge.yaml", "dense.yaml"}
    assert lag.most < MOST_LAG
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 * 1024, "KiB"


async def test_a_question_that_takes_long_holds_up_no_other_work(tmp_path: Path) -> None:
    members = ", ".join(f"a{n}: {{type: string}}" for n in range(300))
    (tmp_path / "a.yaml").write_text(
        f"name: a\ntrigger: {{event: x, data: {{properties: {{list: {{items: {{properties: {{{members}}}}}}}}}}}}}\n"
        "actions: [{stop: completed}]\n"
    )
    automations = Automations(tmp_path, SAMPLE)
    event = {"type": "x", "id": "1", "source": "s", "data": {"list": [{f"a{n}": "" for n in range(300)}] * 700}}
    async with loop_lag() as lag:
        found = await automations.aside(lambda: [*automations.matching(event)])
    assert len(found) == 1
    assert lag.most < MOST_LAG


@pytest.mark.parametrize("kind", ["pipe", "device", "circle", "huge"])
def test_connections_and_groups_are_files_of_a_bounded_size(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it.yaml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "huge":
        with path.open("wb") as huge:
            huge.truncate(1500 * MIB)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    with pytest.raises(SettingsError, match=r"it\.yaml"):
        load_connections(path, ())
    with pytest.raises(SettingsError, match=r"it\.yaml"):
        Groups(str(path))


def test_a_secret_is_a_small_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "huge").write_bytes(b"x" * 70_000)
    (tmp_path / "bytes").write_bytes(b"\xff")
    secrets = Secrets(tmp_path, {})
    for name in ("pipe", "endless", "huge", "bytes"):
        with pytest.raises(Refused, match=name):
            secrets.get(name)


@pytest.mark.parametrize(
    "content",
    [
        lambda: b"RIFF\xff\xff\xff\xffWAVE" + b"JUNK\0\0\0\0" * (99 * MIB // 8),
        lambda: b"RIFF\xff\xff\xff\xffWAVE" + b"fmt \x10\0\0\0" + bytes(16) + b"LIST\x01\0\0\0x" * (99 * MIB // 9),
        lambda: b" " * 99 * MIB,
        lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + b"\xff" * 99 * MIB,
    ],
    ids=["empty chunks", "odd chunks", "blanks", "endless tag"],
)
async def test_a_recording_made_of_parts_holds_up_no_other_work(
    make_context: MakeContext,  # noqa: F811 - the fixture
    tmp_path: Path,
    content: Callable[[], bytes],
) -> None:
    recording = content()
    (tmp_path / "call").write_bytes(recording)
    async with loop_lag() as lag:
        found = await asyncio.gather(
            *(fetch("file:call", make_context(files=tmp_path)) for _ in range(2)), return_exceptions=True
        )
    assert lag.most < MOST_LAG
    assert all(isinstance(one, Refused) for one in found) or recording.startswith(b"ID3")


@pytest.mark.parametrize(
    "body",
    [
        lambda: b"[" + b"[]," * (8 * MIB // 3 - 9) + b"[]]",
        lambda: b"[" + b"9" * 4299 + (b"," + b"9" * 4299) * 1_900 + b"]",
        lambda: b"[" * (4 * MIB) + b"]" * (4 * MIB),
        lambda: b'["' + b"\\ud800" * (8 * MIB // 6 - 9) + b'"]',
        lambda: json.dumps([{str(n): 1.5} for n in range(200_000)]).encode(),
    ],
    ids=["lists", "digits", "depth", "halves", "numbers"],
)
async def test_an_answer_made_of_parts_holds_up_no_other_work(body: Callable[[], bytes]) -> None:
    answer = Response(200, {"content-type": "application/json"}, body())
    async with loop_lag() as lag:
        with suppress(ResultTooLarge):  # what becomes of it is told elsewhere
            await succeeded(answer, (), read=True)
    assert lag.most < MOST_LAG
