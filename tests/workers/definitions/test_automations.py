from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.workers.actions_sample import SAMPLE
from workers.definitions import loading
from workers.definitions.automations import Automations, UnknownAutomationError
from workers.definitions.matching import Match
from workers.definitions.roster import BadAutomationError
from workflows.event import read_event

GOOD = "name: {name}\ntrigger: {{event: call.ended}}\nactions: [{{stop: completed, reason: '{reason}'}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(path.stat().st_atime_ns, write.clock))  # type: ignore[attr-defined] # a clock that always moves
    write.clock += 1_000_000  # type: ignore[attr-defined] # same


write.clock = 1_000_000_000_000  # type: ignore[attr-defined] # same


def good(path: Path, name: str, reason: str = "one") -> None:
    write(path, GOOD.format(name=name, reason=reason))


def reason(automations: Automations, name: str) -> Any:
    return automations.plan(name)["block"][0]["reason"]


def event(**attributes: Any) -> dict[str, Any]:
    return read_event({"type": "call.ended", "data": {}, **attributes}, default_id="e1")


def test_every_definition_file_is_served_and_nothing_else(folder: Path) -> None:
    good(folder / "a.yaml", "first")
    good(folder / "b.yml", "second")
    write(folder / "c.json", '{"name": "third", "trigger": {"event": "x"}, "actions": [{"stop": "failed"}]}')
    good(folder / ".hidden.yaml", "hidden")
    good(folder / "note.txt", "note")
    (folder / "inside.yaml").mkdir()
    (folder / "gone.yaml").symlink_to(folder / "nowhere")
    automations = Automations(folder, SAMPLE)
    assert automations.names() == ["first", "second", "third"]
    assert automations.problems() == []
    assert [one.event for one in automations.loaded()] == ["call.ended", "call.ended", "x"]


def test_a_change_is_seen_at_the_next_look_and_by_who_asks_for_that_file(folder: Path) -> None:
    good(folder / "a.yaml", "first")
    automations = Automations(folder, SAMPLE)
    before = automations.plan("first")
    assert automations.plan("first") is before
    good(folder / "a.yaml", "first", "two")
    good(folder / "b.yaml", "second")
    assert automations.names() == ["first"]
    assert reason(automations, "first") == "two"
    good(folder / "c.yaml", "third")
    assert reason(automations, "third") == "one"
    assert automations.names() == ["first", "second", "third"]
    (folder / "a.yaml").unlink()
    automations.look()
    assert automations.names() == ["second", "third"]


def test_no_question_about_what_runs_looks_at_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        good(folder / f"{name}.yaml", name)
    automations = Automations(folder, SAMPLE)
    automations.look()
    scanned: list[Path] = []
    monkeypatch.setattr("workers.definitions.folder.os.scandir", scanned.append)
    assert reason(automations, "a") == "one"
    assert [match.automation for match in automations.matching(event())] == ["a", "b"]
    assert automations.names() == ["a", "b"]
    assert automations.problems() == []
    assert automations.groups() == automations.secrets() == set()
    assert automations.identity("a", event()) is None
    assert scanned == []


def test_no_question_about_what_runs_waits_for_a_look(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good(folder / "a.yaml", "first")
    automations = Automations(folder, SAMPLE)
    automations.look()
    good(folder / "b.yaml", "second")
    begun, goes_on = threading.Event(), threading.Event()

    def slowly(path: Path) -> Any:
        begun.set()
        assert goes_on.wait(60)
        return loading.read(path)

    monkeypatch.setattr("workers.definitions.folder.read", slowly)
    with ThreadPoolExecutor() as aside:
        look = aside.submit(automations.look)
        assert begun.wait(60)
        assert reason(automations, "first") == "one"
        assert [match.automation for match in automations.matching(event())] == ["first"]
        goes_on.set()
        assert look.result(60)
    assert automations.names() == ["first", "second"]


def test_a_file_that_turns_bad_keeps_its_last_good_version_and_says_so_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good(folder / "a.yaml", "first")
    automations = Automations(folder, SAMPLE)
    assert reason(automations, "first") == "one"
    with caplog.at_level(logging.INFO):
        write(folder / "a.yaml", "name: first\nactions: [\n")
        for _ in range(3):
            automations.look()
            assert reason(automations, "first") == "one"
    (record,) = (one for one in caplog.records if one.levelname == "ERROR")
    assert "Its last good version (first) stays in use." in record.message
    assert "bad-syntax" in record.message
    assert [one.code for one in automations.problems()] == ["bad-syntax"]
    good(folder / "a.yaml", "first", "two")
    assert reason(automations, "first") == "two"
    assert automations.problems() == []


@pytest.mark.parametrize(
    "text",
    [
        "name: first\ntrigger: {event: call.ended}\nactions: [{stop: never}]\n",
        "name: first\nactions: [\n",
        '"name": "first"\nactions: {{',
        "just text",
    ],
)
def test_a_file_that_was_never_good_is_told_from_no_file(folder: Path, text: str) -> None:
    write(folder / "first.yaml", text)
    good(folder / "b.yaml", "second")
    automations = Automations(folder, SAMPLE)
    assert automations.names() == ["second"]
    with pytest.raises(
        BadAutomationError, match=r"'first' cannot run before its file is right: .*first\.yaml"
    ) as error:
        automations.plan("first")
    assert error.value.problems
    good(folder / "first.yaml", "first")
    assert reason(automations, "first") == "one"


def test_an_unknown_name_is_told_with_the_nearest_and_all_there_are(folder: Path) -> None:
    good(folder / "a.yaml", "unhappy-caller")
    good(folder / "b.yaml", "missed-call")
    automations = Automations(folder, SAMPLE)
    with pytest.raises(UnknownAutomationError) as error:
        automations.plan("unhapy-caller")
    assert str(error.value) == (
        "There is no automation 'unhapy-caller'. Did you mean unhappy-caller? This worker has missed-call and unhappy-caller."
    )
    with pytest.raises(UnknownAutomationError, match="This worker has none at all"):
        Automations(folder / "..", SAMPLE).plan("x")


def test_of_two_files_of_one_name_neither_is_served(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    good(folder / "b.yaml", "same", "from b")
    running = Automations(folder, SAMPLE)
    assert reason(running, "same") == "from b"
    good(folder / "a.yaml", "same", "from a")
    running.look()
    assert reason(running, "same") == "from b"
    outdated = running.outdated("same") or ""
    both = f"{folder / 'a.yaml'} and {folder / 'b.yaml'}"
    assert both in outdated
    assert [(one.code, one.file) for one in running.problems()] == [("duplicate-name", str(folder / "b.yaml"))]
    assert "is defined in" in caplog.text
    good(folder / "b.yaml", "same", "from b again")
    assert reason(running, "same") == "from b"
    started_later = Automations(folder, SAMPLE)
    with pytest.raises(BadAutomationError, match="one file alone defines it") as parked:
        started_later.plan("same")
    assert both in str(parked.value)
    assert started_later.names() == []
    (match,) = started_later.matching(event())
    assert not match.matches
    assert both in (match.reason or "")
    (folder / "b.yaml").unlink()
    for worker in (running, started_later):
        worker.look()
        assert reason(worker, "same") == "from a"
        assert worker.problems() == []
        assert worker.outdated("same") is None


def test_a_bad_file_does_not_contest_the_name_of_a_good_one(folder: Path) -> None:
    good(folder / "b.yaml", "same", "from b")
    running = Automations(folder, SAMPLE)
    assert running.names() == ["same"]
    write(folder / "a.yaml", "name: same\nactions: [\n")
    good(folder / "b.yaml", "same", "from b again")
    for worker in (running, Automations(folder, SAMPLE)):
        assert reason(worker, "same") == "from b again"
        assert [one.code for one in worker.problems()] == ["bad-syntax"]


def test_a_renamed_automation_leaves_its_old_name(folder: Path) -> None:
    good(folder / "a.yaml", "old")
    automations = Automations(folder, SAMPLE)
    assert automations.names() == ["old"]
    good(folder / "a.yaml", "new")
    automations.look()
    assert automations.names() == ["new"]


def test_a_folder_that_goes_away_changes_nothing_and_is_a_problem(folder: Path) -> None:
    inside = folder / "automations"
    inside.mkdir()
    good(inside / "a.yaml", "first")
    automations = Automations(inside, SAMPLE)
    assert automations.names() == ["first"]
    inside.rename(folder / "elsewhere")
    automations.look()
    assert automations.names() == ["first"]
    assert [one.code for one in automations.problems()] == ["unreadable-file"]
    (folder / "elsewhere").rename(inside)
    automations.look()
    assert automations.problems() == []


def test_inline_definitions(folder: Path) -> None:
    automations = Automations(folder, SAMPLE)
    plan = automations.inline({"name": "here", "trigger": {"event": "x"}, "actions": [{"stop": "failed"}]})
    assert plan["automation"] == "here"
    with pytest.raises(BadAutomationError, match="step wait: bad-duration: 'soon' is no duration"):
        automations.inline({"name": "here", "trigger": {"event": "x"}, "actions": [{"wait": "soon"}]})
    wrongs: list[Any] = [None, [], "x", 5, {}]
    for wrong in wrongs:
        with pytest.raises(BadAutomationError):
            automations.inline(wrong)


def test_secrets_that_definitions_name(folder: Path) -> None:
    write(
        folder / "a.yaml",
        """
name: a
trigger: {event: call.ended}
actions:
  - actionType: http_request
    config:
      method: GET
      url: https://example.com
      headers: {Authorization: "{{secrets.user | basic: secrets.password}}", X-Api-Key: "{{secrets.key}}"}
""",
    )
    assert Automations(folder, SAMPLE).secrets() == {"user", "password", "key"}


def test_matching_says_for_each_automation_of_the_type_why_not(folder: Path) -> None:
    good(folder / "a.yaml", "any-call")
    write(
        folder / "b.yaml",
        "name: long-wait\ntrigger: {event: call.*}\nactions: [{stop: completed}]\nconditions:\n"
        "  all: [{field: call.waiting_time, operator: greater_than, value: 60}]\n",
    )
    write(
        folder / "c.yaml",
        "name: declared\ntrigger:\n  event: call.ended\n  data: {required: [order], properties: {order: {properties: "
        "{nr: {type: string, pattern: '^[0-9]+$'}}}}}\nactions: [{stop: completed}]\n",
    )
    write(folder / "d.yaml", "name: tickets\ntrigger: {event: ticket.created}\nactions: [{stop: completed}]\n")
    automations = Automations(folder, SAMPLE)
    found = {match.automation: match for match in automations.matching(event(data={"call": {"waiting_time": 5}}))}
    assert found["any-call"] == Match("any-call", matches=True)
    assert not found["long-wait"].matches
    assert found["long-wait"].reason == "`call.waiting_time` is 5, not greater than 60."
    assert found["declared"].reason == (
        "The event's data is not what the trigger declares: 'order' is a required property."
    )
    assert "tickets" not in found
    assert [*automations.others("call.ended")] == [
        Match("tickets", matches=False, reason="Its trigger is ticket.created; the event is call.ended.")
    ]
    good_data = {"call": {"waiting_time": "75"}, "order": {"nr": "5"}}
    assert [m.automation for m in automations.matching(event(data=good_data)) if m.matches] == [
        "any-call",
        "declared",
        "long-wait",
    ]
    (declared,) = (m for m in automations.matching(event(data={"order": {"nr": "x"}})) if m.automation == "declared")
    assert (
        declared.reason
        == "The event's data.order.nr is not what the trigger declares: \"x\" does not match '^[0-9]+$'."
    )


@pytest.mark.parametrize(
    ("kind", "concerned"),
    [
        ("order.paid", ["all-orders", "paid"]),
        ("order.paid.late", ["all-orders", "all-paid"]),
        ("order.", ["all-orders"]),
        ("order", []),
        ("orders.paid", []),
        ("order.paidx", ["all-orders"]),
        ("schedule.fired", ["each-day"]),
    ],
)
def test_events_are_looked_up_by_what_triggers_take(folder: Path, kind: str, concerned: list[str]) -> None:
    triggers = {"paid": "event: order.paid", "all-orders": "event: order.*", "all-paid": "event: order.paid.*"}
    triggers |= {"each-day": "schedule: {every: 24h}", "else": "event: ticket.created"}
    for name, trigger in triggers.items():
        write(folder / f"{name}.yaml", f"name: {name}\ntrigger: {{{trigger}}}\nactions: [{{stop: completed}}]\n")
    automations = Automations(folder, SAMPLE)
    found = [match.automation for match in automations.matching(event(type=kind))]
    assert found == concerned
    assert sorted([*found, *(match.automation for match in automations.others(kind))]) == sorted(triggers)


def test_what_an_event_concerns_follows_the_files(folder: Path) -> None:
    write(folder / "a.yaml", "name: a\ntrigger: {event: x}\nactions: [{stop: completed}]\n")
    automations = Automations(folder, SAMPLE)

    def concerned(kind: str) -> list[tuple[str, bool]]:
        automations.look()
        return [(match.automation, match.matches) for match in automations.matching(event(type=kind))]

    assert (concerned("x"), concerned("y")) == ([("a", True)], [])
    write(folder / "a.yaml", "name: a\ntrigger: {event: y}\nactions: [{stop: completed}]\n")
    assert (concerned("x"), concerned("y")) == ([], [("a", True)])
    write(folder / "a.yaml", "name: a\ntrigger: {event: x}\nactions: 3\n")
    assert (concerned("x"), concerned("y")) == ([], [("a", True)]), "the last good version runs"
    for file, kind in (("b", "x"), ("c", "y")):
        write(folder / f"{file}.yaml", f"name: twice\ntrigger: {{event: {kind}}}\nactions: [{{stop: completed}}]\n")
    assert concerned("x") == [("twice", False)]
    assert concerned("y") == [("a", True), ("twice", False)]
    (folder / "a.yaml").unlink()
    (folder / "b.yaml").unlink()
    assert (concerned("x"), concerned("y")) == ([], [("twice", True)])


def test_conditions_see_the_event_and_the_run(folder: Path) -> None:
    write(
        folder / "a.yaml",
        "name: a\ntrigger: {event: call.ended}\nactions: [{stop: completed}]\nconditions:\n  all:\n"
        "    - {field: event.source, operator: equals, value: manual}\n"
        "    - {field: run.id, operator: equals, value: a/e1}\n"
        "    - {field: call.uuid, operator: equals, value: '{{call.agent_id}}'}\n",
    )
    (match,) = Automations(folder, SAMPLE).matching(event(data={"call": {"uuid": 1, "agent_id": 1}, "event": "no"}))
    assert match == Match("a", matches=True)


def test_conditions_see_the_constants(folder: Path) -> None:
    write(
        folder / "a.yaml",
        "name: a\ntrigger: {event: call.ended}\nconstants: {longest: {vip: 60}}\npriority: 2\n"
        "fairness: '{{constants.longest[contact.type]}}'\nactions: [{stop: completed}]\nconditions:\n"
        "  {field: call.waiting_time, operator: less_than, value: '{{constants.longest[contact.type]}}'}\n",
    )
    automations = Automations(folder, SAMPLE)
    (match,) = automations.matching(event(data={"call": {"waiting_time": 5}, "contact": {"type": "vip"}}))
    assert match == Match("a", matches=True, priority={"priority_key": 2, "fairness_key": "60"})
    (other,) = automations.matching(event(data={"call": {"waiting_time": 5}, "contact": {"type": "other"}}))
    assert not other.matches


def test_asking_again_reads_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        good(folder / f"{number}.yaml", f"a{number}")
    automations = Automations(folder, SAMPLE)
    first = automations.plan("a7")
    opened: list[Path] = []
    monkeypatch.setattr("workers.definitions.folder.read", opened.append)
    for _ in range(50):
        assert automations.plan("a7") is first
    assert opened == []


def test_groups_that_definitions_name(folder: Path) -> None:
    for name, group in (("a", "ops"), ("b", "finance")):
        write(
            folder / f"{name}.yaml",
            f"""
name: {name}
trigger: {{event: call.ended}}
approvals: {{approvers: [group:{group}, ada@example.com], operators: [group:night]}}
actions:
  - actionType: send_sms
    config: {{from: "+15550100", to: "+15550101", text: Hi}}
    requireApproval: true
""",
        )
    automations = Automations(folder, SAMPLE)
    assert automations.groups() == {"ops", "finance", "night"}
    assert [one.groups for one in automations.loaded()] == [{"ops", "night"}, {"finance", "night"}]
