"""`trunkline graph`: files without a server, and runs from their history, wherever their worker is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.engine import Engine
from tests.workers.command import call, on
from tests.workers.graph.pictures import EVERYTHING

NOBODY = {"TEMPORAL_ADDRESS": "127.0.0.1:1"}
RUN = """
name: drawn
trigger: {event: test.fired, data: [order]}
actions:
  - {id: refund, actionType: http_request, config: {method: POST, url: RECEIVER/refund}, requireApproval: {approvers: [ann@example.com]}}
  - id: each
    forEach: "{{order.lines}}"
    actions: [{id: put, actionType: http_request, config: {method: PUT, url: RECEIVER/put}}]
  - {id: end, actionType: http_request, config: {method: POST, url: RECEIVER/broken}, onFailure: continue}
"""


def test_a_definition_is_drawn_in_three_formats_without_a_server(tmp_path: Path) -> None:
    file = tmp_path / "everything.yaml"
    file.write_text(EVERYTHING)
    by_itself = call("graph", file, environment=NOBODY)
    assert (by_itself.code, by_itself.err) == (0, "")
    assert by_itself.out.startswith("flowchart TD\n")
    assert by_itself.out == call("graph", file, "--format", "mermaid", environment=NOBODY).out
    assert call("graph", file, "--format", "dot", environment=NOBODY).out.startswith('digraph "everything" {\n')
    drawn = call("graph", file, "--format", "svg", environment={**NOBODY, "PATH": ""})
    assert drawn.code == 0
    assert ET.fromstring(drawn.out).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 # our own text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("name: bad\ntrigger: {event: a.b}\nactions: [{actionType: nothing_such, config: {}}]\n", "unknown-action"),
        ("name: [", "bad-syntax"),
        ("", "not-an-automation"),
    ],
)
def test_a_bad_file_is_answered_with_its_problems(tmp_path: Path, content: str, code: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(content)
    ended = call("graph", file, environment=NOBODY)
    assert (ended.code, ended.out) == (1, "")
    assert "bad.yaml:" in ended.err
    assert code in ended.err


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "refund.yaml").write_text(EVERYTHING)
    missing = call("graph", "refnd.yaml", cwd=tmp_path, environment=NOBODY)
    assert (missing.code, missing.out) == (2, "")
    assert missing.err == "trunkline: There is no file refnd.yaml. Did you mean refund.yaml?\n"
    elsewhere = call("graph", "no/such.yaml", cwd=tmp_path, environment=NOBODY)
    assert (elsewhere.code, elsewhere.err) == (2, "trunkline: There is no file no/such.yaml.\n")
    folder = call("graph", tmp_path, environment=NOBODY)
    assert folder.code == 2
    assert "is a folder" in folder.err
    assert call("graph", "refund.yaml", "--format", "png", cwd=tmp_path, environment=NOBODY).code == 2


TESTED = """
name: tested
trigger: {event: ticket.created, data: [ticket]}
actions:
  - branch:
      - conditions: {field: ticket.priority, operator: equals, value: high}
        actions: [{id: high, set: {n: 1}}]
    id: choose
  - {id: last, set: {n: 2}}
"""
TESTS = """
events: {low: {type: ticket.created, data: {ticket: {priority: low}}}}
cases: [{name: nothing to do, event: low, expect: {outcome: completed}}]
"""


def test_what_tests_have_seen_is_coloured(tmp_path: Path) -> None:
    file, tests = tmp_path / "tested.yaml", tmp_path / "tested.test.yaml"
    file.write_text(TESTED)
    untested = call("graph", file, "--coverage", environment=NOBODY)
    assert (untested.code, untested.out) == (2, "")
    assert "There is no test" in untested.err
    tests.write_text(TESTS)
    drawn = call("graph", file, "--coverage", environment=NOBODY)
    assert (drawn.code, drawn.err) == (0, "")
    assert {"  class last covered", "  class choose partly", "  class high missed"} <= {*drawn.out.splitlines()}
    assert "unseen: 1 test, 1 way" in drawn.out
    tests.write_text(TESTS.replace("completed", "failed"))
    failing = call("graph", file, "--coverage", environment=NOBODY)
    assert (failing.code, failing.err) == (0, "trunkline: 1 of its cases fail (`trunkline test` says why).\n")
    tests.write_text("nonsense: 1\n")
    wrong = call("graph", file, "--coverage", environment=NOBODY)
    assert (wrong.code, wrong.out) == (2, "")
    assert "tested.test.yaml" in wrong.err
    assert call("graph", "tested/evt_1", "--coverage", cwd=tmp_path, environment=NOBODY).code == 2


async def test_a_run_is_drawn_while_it_waits_without_its_worker_and_once_it_has_ended(engine: Engine) -> None:
    engine.define(RUN)
    engine.receiver.answer("/broken", 422)
    await engine.serve()
    handle = await engine.start("drawn", engine.event({"order": {"lines": [1, 2, 3]}}))
    [hold] = await engine.held(handle, 1)
    waiting = await on(engine, "graph", handle.id)
    assert (waiting.code, waiting.err) == (0, "")
    assert 'trigger(["▶ test.fired' in waiting.out
    assert {"  class refund hold", "  class refund held", "  class each,put,end_ pending"} <= {
        *waiting.out.splitlines()
    }
    await engine.stop()
    (engine.folder / "drawn.yaml").unlink()  # what it executes is in its history
    away = await on(engine, "graph", handle.id)
    assert away.code == 3
    assert "The picture does not show how far the run came." in away.err
    assert "  class refund hold" in away.out
    assert "held" not in away.out.replace("class refund hold", "")
    engine.define(RUN)
    await engine.serve()
    await handle.signal("approve", {"hold": hold["hold"], "by": "ann@example.com"})
    await engine.finish(handle)
    await engine.stop()
    ended = await on(engine, "graph", handle.id)
    assert (ended.code, ended.err) == (0, "")
    assert {"  class refund,each,put succeeded", "  class end_ failed"} <= {*ended.out.splitlines()}
    assert "3 times: 3 succeeded" in ended.out
    drawn = await on(engine, "graph", handle.id, "--format", "svg")
    assert 'class="box hold hold succeeded"' in drawn.out or 'class="box hold succeeded"' in drawn.out
    nobody = await on(engine, "graph", "drawn/nobody")
    assert (nobody.code, nobody.out) == (2, "")
    assert "There is neither a file nor a run 'drawn/nobody'." in nobody.err
