"""How tests cover an automation, on its picture."""

from __future__ import annotations

from tests.workers.graph.pictures import EVERYTHING, picture, plan_of
from workers.graph.building import Mark
from workers.graph.coverage import marks_of_coverage, path_of

MISSING = [
    {"kind": "steps", "path": "actions[0].onRejected.actions[0]"},
    {"kind": "holds", "path": "actions[0].requireApproval"},
    {"kind": "failures", "path": "actions[1].onFailure[0]"},
    {"kind": "failures", "path": "actions[1].onFailure[2]"},
    {"kind": "tests", "path": "actions[4].branch[1].conditions"},
    {"kind": "steps", "path": "actions[5].actions[0]"},
    {"kind": "tests", "path": "conditions.all[0]"},
]


def test_each_step_is_covered_partly_or_missed() -> None:
    _, data = plan_of(EVERYTHING)
    found = marks_of_coverage(data, MISSING)
    assert found["refused"] == Mark(name="missed")
    assert found["ask"] == Mark(name="partly", facts=("unseen: 1 hold",))
    assert found["tried"] == Mark(name="partly", facts=("unseen: 2 failures",))
    assert found["choose"] == Mark(name="partly", facts=("unseen: 1 test",))
    assert found["put"] == Mark(name="missed")
    assert found["each"].name == "partly"
    assert {name for name, mark in found.items() if mark.name == "covered"} >= {"undo", "calm", "high", "low", "keep"}
    boxes = {item.box.id: item.box.classes for item in picture(EVERYTHING, found).items()}
    assert boxes["ask"] == ("hold", "partly")
    assert boxes["trigger"] == ()


def test_what_has_everything_seen_is_covered_with_all_around_it() -> None:
    _, data = plan_of(EVERYTHING)
    assert {mark.name for mark in marks_of_coverage(data, []).values()} == {"covered"}


def test_what_holds_only_missed_steps_is_missed() -> None:
    _, data = plan_of(EVERYTHING)
    inside = ["actions[0]", "actions[1].paths[0].actions[0]", "actions[1].paths[1].actions[0]"]
    found = marks_of_coverage(data, [{"kind": "steps", "path": f"actions[5].{path}"} for path in inside])
    assert (found["each"].name, found["both"].name) == ("missed", "missed")


def test_paths_as_tests_write_them() -> None:
    assert path_of("/actions/0/branch/1/actions/12") == "actions[0].branch[1].actions[12]"
    assert path_of("/onFailure/actions/0") == "onFailure.actions[0]"
