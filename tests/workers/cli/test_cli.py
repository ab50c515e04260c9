from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.engine import Engine, step
from tests.starts import Processes
from tests.workers.command import ROOT, on, trunkline
from tests.workers.definitions.documents import FAILS, GREET, HELD, OTHER, PARKS, PICKY

NOWHERE = "127.0.0.1:1"
COMMANDS = (
    *(
        "dev",
        "demo",
        "sandbox",
        "validate",
        "schema",
        "actions",
        "connectors",
        "run",
        "emit",
        "report",
        "holds",
        "hold",
    ),
    *("approve", "reject", "edit", "retry", "skip", "supply", "stop", "reassign", "extend", "decide"),
    *("worker", "codec-server", "signing-key"),
)


def write_event(engine: Engine, folder: Path, total: int = 10) -> tuple[Path, str]:
    event = engine.event({"order": {"total": total}}, type="order.paid")
    path = folder / "event.json"
    path.write_text(json.dumps(event))
    return path, event["id"]


async def test_the_overview_names_every_command_with_its_first_sentence() -> None:
    ended = await trunkline("--help")
    assert ended.code == 0
    for command in COMMANDS:
        assert f" {command} " in ended.out
    assert "Start every automation of the folder" in ended.out
    assert "Exit codes" in ended.out


async def test_the_version_is_told() -> None:
    ended = await trunkline("--version")
    assert (ended.code, len(ended.out.split())) in {(0, 1), (0, 3)}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bogus"], "bogus"),
        (["run", "greet"], "--event"),
        (["reject", "run", "hold"], "TRUNKLINE_USER"),
        (["holds", "--nope"], "--nope"),
        (["decide", "run", "hold", "perhaps"], "perhaps"),
        (["approve", "run"], "--all"),
        (["approve", "--all", "run", "hold"], "--all"),
        (["approve", "run", "hold", "--automation", "x"], "--automation goes with --all"),
        (["skip", "run", "hold", "--yes", "3"], "--yes goes with --all"),
        (["approve", "--all", "--digest", "0", "--by", "ann"], "--digest"),
        (["approve", "--all", "--older-than", "soon", "--by", "ann"], "--older-than"),
        (["holds", "--older-than", "90"], "no unit"),
        (["holds", "--approver", "group:finance"], "takes a person"),
        (["holds", "--kind", "both"], "--kind"),
        (["retry", "run", "hold", "--edit", "--edits", "{}"], "two ways"),
        (["retry", "--all", "--edit"], "without --all"),
        (["reassign", "run", "hold", "--by", "ann"], "trunkline reassign"),
        (["extend", "run", "hold", "tomorrow"], "no deadline"),
        (["extend", "run", "hold", "2027-13-01"], "no deadline"),
        (["edit", "run", "hold", "--edits", "[]", "--by", "ann"], "--edits"),
        (["edit", "run", "hold", "--edits", "{x", "--by", "ann"], "not valid JSON"),
        (["edit", "run", "hold", "--edits", '{"a": 1, "a": 2}', "--by", "ann"], "stands twice"),
        (["edit", "run", "hold"], "TRUNKLINE_USER"),
        (["supply", "run", "hold", '{"a": NaN}'], "NaN"),
        (["signing-key", "two words", "--people", "ann"], "id of a key"),
        (["hold", "show", "run"], "NAME"),
        (["approve", "run", "hold", "--by", "ann\u200b"], "--by holds U+200B"),
        (["approve", "--all", "--by", "\u202eann"], "--by holds U+202E"),
        (["holds", "--approver", "a\xadnn"], "--approver holds U+00AD"),
        (["reassign", "run", "hold", "ann", "ann\u2060", "--by", "bob"], "holds U+2060"),
        (["signing-key", "lead", "--people", "ann\u200b"], "holds U+200B"),
        (["aprove", "run", "hold"], "Did you mean `trunkline approve`?"),
        (
            ["nothing-like-it"],
            "extend, decide, deploy, schedules, rerun, release, replay, worker, gateway, talkdesk, codec-server, signing-key.",
        ),
        (["hold", "shw"], "There is no command 'shw' in `trunkline hold`. Did you mean `trunkline hold show`?"),
        (["runs", "--state", "held", "--outcome", "failed"], "say one of them"),
        (["rerun"], "`trunkline runs --outcome failed`"),
        (["rerun", "run", "--yes", "1"], "--yes goes with --all"),
        (["dev", "--in-memory", "--data", "x.db"], "--in-memory"),
        (["dev", "--port", "99999"], "--port"),
    ],
)
async def test_a_command_called_wrongly_is_one_sentence_and_exit_code_2(arguments: list[str], sentence: str) -> None:
    ended = await trunkline(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("trunkline: ")
    assert sentence in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["holds"],
        ["hold", "show", "x", "y"],
        ["skip", "--all", "--by", "ann"],
        ["report", "x"],
        ["approve", "x", "y", "--by", "ann"],
        ["emit", "EVENT"],
    ],
)
async def test_a_temporal_that_does_not_answer_is_exit_code_3(arguments: list[str], tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"type": "order.paid", "data": {}}')
    given = [str(event) if argument == "EVENT" else argument for argument in arguments]
    ended = await trunkline(*given, TEMPORAL_ADDRESS=NOWHERE, TRUNKLINE_AUTOMATIONS=str(tmp_path / "..") + "/.")
    assert (ended.code, ended.out) == (3, "")
    assert NOWHERE in ended.err
    assert "TEMPORAL_ADDRESS" in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        (None, 4, "There is no file"),
        ("{", 2, "line 1: this is not valid JSON"),
        ("[]", 2, "An event is a JSON object"),
        ('{"type": "x"}', 2, "`data`"),
        ("[" * 100_000, 2, "nested"),
    ],
)
async def test_an_event_that_is_none_is_said_to_be_none(
    tmp_path: Path, content: str | None, code: int, sentence: str
) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_text(content)
    ended = await trunkline("run", "greet", "--event", path, TEMPORAL_ADDRESS=NOWHERE)
    assert ended.code == code
    assert sentence in ended.err
    assert "Traceback" not in ended.err


async def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    ended = await trunkline("holds", TRUNKLINE_GRACE="soon")
    assert ended.code == 2
    assert "TRUNKLINE_GRACE" in ended.err


async def test_an_unexpected_error_is_a_sentence_too_and_its_traceback_can_be_had(
    processes: Processes, tmp_path: Path
) -> None:
    (tmp_path / "broken_actions.py").write_text("raise ZeroDivisionError('of all things')\n")
    (tmp_path / "event.json").write_text('{"type": "order.paid", "data": {}}')
    broken = {"TRUNKLINE_ACTIONS": "broken_actions", "TRUNKLINE_AUTOMATIONS": str(tmp_path)}
    ended = await trunkline("emit", "event.json", cwd=tmp_path, environment=broken, processes=processes)
    assert ended.code == 70
    assert "TRUNKLINE_DEBUG" in ended.err
    assert "Traceback" not in ended.err
    debugged = await trunkline(
        "emit", "event.json", cwd=tmp_path, TRUNKLINE_DEBUG="1", environment=broken, processes=processes
    )
    assert "Traceback" in debugged.err


async def test_a_run_is_followed_to_its_end(engine: Engine, tmp_path: Path) -> None:
    engine.define(GREET)
    await engine.serve()
    path, event_id = write_event(engine, tmp_path)
    ended = await on(engine, "run", "greet", "--event", path, "--wait")
    assert ended.code == 0, ended.err
    assert f"greet/{event_id}: completed" in ended.out
    assert "✓ Say hello" in ended.out


async def test_a_run_that_fails_is_exit_code_1_and_says_which_step(engine: Engine, tmp_path: Path) -> None:
    engine.define(FAILS)
    engine.receiver.answer("/missing", 404)
    await engine.serve()
    path, _ = write_event(engine, tmp_path)
    ended = await on(engine, "run", "fails", "--event", path, "--wait")
    assert ended.code == 1
    assert "✗ Ask the shop" in ended.out
    assert "Refused: " in ended.out


async def test_a_name_that_no_worker_knows_fails_at_once(engine: Engine, tmp_path: Path) -> None:
    engine.define(GREET)
    await engine.serve()
    path, _ = write_event(engine, tmp_path)
    ended = await on(engine, "run", "gret", "--event", path)
    assert ended.code == 1
    assert "greet" in ended.err


async def test_a_repeated_run_is_told_the_outcome_and_again_runs_it(engine: Engine, tmp_path: Path) -> None:
    engine.define(GREET)
    await engine.serve()
    path, event_id = write_event(engine, tmp_path)
    await on(engine, "run", "greet", "--event", path, "--wait")
    repeated = await on(engine, "run", "greet", "--event", path, "--json")
    assert repeated.code == 0
    assert repeated.json["started"] is False
    assert "completed" in repeated.json["reason"]
    again = await on(engine, "run", "greet", "--event", path, "--again", "--wait", "--json")
    assert again.json["outcome"] == "completed"
    assert again.json["event"]["id"] == event_id
    assert len(engine.receiver.to("/echo")) == 2


async def test_a_run_of_an_old_version_says_so_at_once(engine: Engine, tmp_path: Path) -> None:
    engine.define(GREET)
    await engine.serve()
    path, _ = write_event(engine, tmp_path)
    assert "last good" not in (await on(engine, "run", "greet", "--event", path, "--wait")).err
    (engine.folder / "greet.yaml").write_text("name: greet\nactions: 3\n")
    for options in ([], ["--wait"], ["--wait", "--json"]):
        ended = await on(engine, "run", "greet", "--event", path, "--again", *options)
        assert ended.code == 0, ended.err
        assert (ended.out + ended.err).count("The last good version of 'greet' runs") == 1 + ("--json" in options)
        assert "greet.yaml" in ended.out + ended.err


async def test_a_run_that_waits_for_its_file_says_so_at_once(engine: Engine, tmp_path: Path) -> None:
    (engine.folder / "greet.yaml").write_text("name: greet\nactions: 3\n")
    await engine.serve()
    path, event_id = write_event(engine, tmp_path)
    ended = await on(engine, "run", "greet", "--event", path)
    assert ended.code == 0
    assert "cannot run before its file is right" in ended.err
    engine.define(GREET)
    assert (await engine.client.get_workflow_handle(f"greet/{event_id}").result())["outcome"] == "completed"


async def test_an_event_without_an_id_comes_from_standard_input(engine: Engine) -> None:
    engine.define(GREET)
    await engine.serve()
    event = json.dumps({"type": "order.paid", "data": {"order": {"total": 1}}}).encode()
    ended = await on(engine, "run", "greet", "--event", "-", "--wait", "--json", stdin=event)
    assert ended.code == 0, ended.err
    assert ended.json["event"]["source"] == "manual"
    emitted = await on(engine, "emit", "-", "--json", stdin=event)
    assert [row["started"] for row in emitted.json] == [True]


async def test_a_file_runs_without_a_folder_that_has_it(engine: Engine, tmp_path: Path) -> None:
    await engine.serve()
    file = tmp_path / "greet.yaml"
    file.write_text(GREET.replace("RECEIVER", engine.receiver.url))
    path, event_id = write_event(engine, tmp_path)
    ended = await on(engine, "run", file, "--event", path, "--wait", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["automation"] == "greet"
    assert f"greet/{event_id}" in ended.err


async def test_a_file_with_problems_does_not_run(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: bad\ntrigger: {event: order.paid}\nactions:\n  - actionType: send_smoke\n")
    path, _ = write_event(engine, tmp_path)
    ended = await on(engine, "run", file, "--event", path)
    assert ended.code == 1
    assert "bad.yaml:4" in ended.err
    assert "send_smoke" in ended.err
    missing = await on(engine, "run", tmp_path / "none.yaml", "--event", path)
    assert missing.code == 4


async def test_emit_starts_what_matches_and_explains_the_rest(engine: Engine, tmp_path: Path) -> None:
    engine.define(GREET)
    engine.define(PICKY)
    await engine.serve()
    path, event_id = write_event(engine, tmp_path)
    ended = await on(engine, "emit", path, "--json")
    assert ended.code == 0, ended.err
    assert [(row["automation"], row["started"]) for row in ended.json] == [("greet", True), ("picky", False)]
    again = await on(engine, "emit", path)
    assert f"greet/{event_id}" in again.out
    assert "picky: " in again.out
    assert "60" in again.out


async def test_emit_lists_what_concerns_the_type_of_the_event_and_the_rest_when_asked(
    engine: Engine, tmp_path: Path
) -> None:
    engine.define(GREET)
    engine.define(OTHER)
    await engine.serve()
    path, _ = write_event(engine, tmp_path)
    ended = await on(engine, "emit", path)
    assert "greet: " in ended.out
    assert "other: " not in ended.out
    assert "1 with other triggers: --all lists them." in ended.out
    every = await on(engine, "emit", path, "--all", "--json")
    assert [(row["automation"], "trigger" in row.get("reason", "")) for row in every.json] == [
        ("greet", False),
        ("other", True),
    ]


async def test_emit_without_a_folder_says_so_and_starts_nothing(tmp_path: Path, processes: Processes) -> None:
    (tmp_path / "event.json").write_text('{"type": "order.paid", "data": {}}')
    ended = await trunkline("emit", "event.json", cwd=tmp_path, processes=processes)
    assert ended.code == 4
    assert "there is no folder `automations` here" in ended.err
    assert "TRUNKLINE_AUTOMATIONS=" in ended.err


async def test_emit_says_when_a_definition_is_bad(engine: Engine, tmp_path: Path) -> None:
    engine.define(GREET)
    (engine.folder / "bad.yaml").write_text("name: bad\nactions: 3\n")
    path, _ = write_event(engine, tmp_path)
    ended = await on(engine, "emit", path, "--json")
    assert ended.code == 1
    assert ended.json[0]["started"] is True
    assert "bad.yaml" in ended.err
    nowhere = await on(engine, "emit", path, TRUNKLINE_AUTOMATIONS=str(tmp_path / "nowhere"))
    assert nowhere.code == 4
    assert "TRUNKLINE_AUTOMATIONS" in nowhere.err


async def test_holds_are_shown_and_approved(engine: Engine) -> None:
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 12}}))
    await engine.held(handle)
    holds = await on(engine, "holds", "--json")
    assert [(hold["run"], hold["hold"]) for hold in holds.json] == [(handle.id, "refund")]
    shown = await on(engine, "holds")
    assert "Refund the order" in shown.out
    assert "lead@example.com" in shown.out
    assert f"trunkline approve {handle.id} refund" in shown.out
    nobody = await on(engine, "approve", handle.id, "refund")
    assert nobody.code == 2
    assert "TRUNKLINE_USER" in nobody.err
    stranger = await on(engine, "approve", handle.id, "refund", "--by", "bob")
    assert stranger.code == 1
    assert "may not decide" in stranger.err
    scripted = await on(engine, "approve", handle.id, "refund", "--by", "bob", "--json")
    assert (scripted.code, scripted.json["result"]) == (1, "not_allowed")
    stale = await on(engine, "approve", handle.id, "refund", "--digest", "0" * 64, TRUNKLINE_USER="lead@example.com")
    assert stale.code == 1
    lead = await on(
        engine,
        *("approve", handle.id, "refund", "--digest", holds.json[0]["digest"]),
        TRUNKLINE_USER="lead@example.com",
    )
    assert lead.code == 0, lead.err
    assert (await engine.finish(handle))["outcome"] == "completed"
    assert "Nothing waits" in (await on(engine, "holds")).out


async def test_a_rejection_ends_the_path_with_its_reason(engine: Engine) -> None:
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 12}}))
    await engine.held(handle)
    ended = await on(engine, "reject", handle.id, "refund", "--reason", "too much", "--by", "lead@example.com")
    assert ended.code == 0, ended.err
    report = await engine.finish(handle)
    assert report["outcome"] == "rejected"
    assert step(report, "refund")["decision"]["reason"] == "too much"
    late = await on(engine, "approve", handle.id, "refund", "--by", "lead@example.com")
    assert late.code == 1
    assert "has ended as rejected, so this decision changed nothing." in late.err


async def test_a_failure_that_is_held_is_retried(engine: Engine) -> None:
    engine.define(PARKS)
    engine.receiver.answer("/missing", 404)
    engine.receiver.answer("/missing", 200)
    handle = await engine.start("parks", engine.event({"order": {}}))
    await engine.held(handle)
    ended = await on(engine, "decide", handle.id, "ask", "retry", "--by", "ann")
    assert ended.code == 0, ended.err
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_a_report_is_for_people_and_for_scripts(engine: Engine) -> None:
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 12}}))
    await engine.held(handle)
    shown = await on(engine, "report", handle.id)
    assert shown.code == 0, shown.err
    assert "‖ Refund the order" in shown.out
    assert f"trunkline approve {handle.id} refund" in shown.out
    data = await on(engine, "report", handle.id, "--json")
    assert step(data.json, "refund")["status"] == "held"
    await engine.decide(handle, hold="refund", decision="approve", by="lead@example.com")
    await engine.finish(handle)
    ended = await on(engine, "report", handle.id)
    assert f"{handle.id} completed" in ended.out
    assert "✓ Refund the order" in ended.out
    assert "approve refund by lead@example.com: accepted" in ended.out
    missing = await on(engine, "report", "nope")
    assert missing.code == 4
    assert "There is no run 'nope'" in missing.err


async def test_an_outcome_says_what_was_tolerated(engine: Engine, tmp_path: Path) -> None:
    engine.define("""
        name: tolerant
        trigger: {event: test.fired}
        actions:
          - label: Pay
            actionType: http_request
            config: {method: POST, url: RECEIVER/pay}
            onFailure: [{when: unknown, actions: [{label: Note it, wait: 0}], do: continue}]
    """)
    engine.receiver.drop("/pay")
    await engine.serve()
    path, event_id = write_event(engine, tmp_path)
    ended = await on(engine, "run", "tolerant", "--event", path, "--wait")
    assert ended.code == 0, ended.err
    assert f"tolerant/{event_id}: completed, 1 step unknown, tolerated" in ended.out
    shown = await on(engine, "report", f"tolerant/{event_id}")
    assert f"tolerant/{event_id} completed, 1 step unknown, tolerated" in shown.out
    assert "? Pay" in shown.out
    assert "  ✓ Note it" in shown.out, "what followed stands below its step"


async def test_a_reader_that_stops_reading_is_no_error(processes: Processes) -> None:
    import asyncio

    from tests.workers.command import surroundings

    process = await processes.shell(
        f"{sys.executable} -m workers.cli actions | true",
        cwd=ROOT,
        env=surroundings(),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert err == b""


@pytest.mark.parametrize("attempt", range(5))
async def test_a_short_client_process_ends_cleanly(engine: Engine, processes: Processes, attempt: int) -> None:
    ended = await on(engine, "holds", processes=processes)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize("wait", [True, False])
async def test_a_definition_from_a_file_says_why_the_worker_does_not_run_it(
    engine: Engine, tmp_path: Path, wait: bool
) -> None:
    engine.inline = False
    await engine.serve()
    (tmp_path / "mine.yaml").write_text("name: mine\ntrigger: {event: test.fired}\nactions: [{stop: completed}]\n")
    (tmp_path / "event.json").write_text(json.dumps(engine.event()))
    ended = await on(
        engine, "run", tmp_path / "mine.yaml", "--event", tmp_path / "event.json", *(["--wait"] if wait else [])
    )
    assert ended.code == 1
    assert "This worker runs no inline definitions" in ended.err
    assert "TRUNKLINE_INLINE=on" in ended.err
    assert "Traceback" not in ended.err
