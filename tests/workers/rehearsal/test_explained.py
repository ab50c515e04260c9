"""What an automation would do is told before it does it; what nobody knows is said, and each way is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.engine import JSON
from tests.workers.rehearsal.stage import ACTIONS, CLOCK, GET, POST, definition
from workers.definitions.loading import Source
from workers.definitions.runnable import load
from workers.rehearsal.explained.explaining import Knowledge, clock_of, explained
from workers.rehearsal.explained.telling import lines
from workflows.event import read_event

LOOK: JSON = {**GET, "saveAs": "look"}
OPEN: JSON = {"field": "variables.look.body.open", "operator": "equals", "value": True}


def told(
    *actions: JSON, data: JSON | None = None, answers: JSON | None = None, people: JSON | None = None, **more: Any
) -> JSON:
    """Explain an event for a definition."""
    made, problems = load(definition(*actions, **more), Source(), ACTIONS)
    assert made is not None, problems
    event = read_event({"type": "d.happened", "id": "e", "data": {"d": data or {}}}, default_id="e")
    return explained(made, event, Knowledge(actions=ACTIONS, answers=answers or {}, people=people or {}), CLOCK)


def ids(steps: list[JSON]) -> list[Any]:
    """Return the ids of steps; of a fork what it hangs on, and the ids on each way."""
    return [
        (one["fork"]["on"], [ids(way["steps"]) for way in one["fork"]["ways"]]) if "fork" in one else one["id"]
        for one in steps
    ]


def test_the_verdict_has_both_sides_of_every_test() -> None:
    small = {"field": "d.total", "operator": "less_than", "value": "{{d.limit}}"}
    vip = {"field": "d.vip", "operator": "equals", "value": True}
    found = told(POST, data={"total": 5, "limit": 3}, conditions={"all": [{"not": vip}, {"any": [small, vip]}]})
    assert (found["runs"], found["steps"], found["trigger"]["holds"]) == (False, [], True)
    no = {**vip, "seen": None, "holds": False}
    tests = [{**small, "value": 3, "seen": 5, "holds": False}, no]
    assert found["conditions"] == {"all": [{"not": no, "holds": True}, {"any": tests, "holds": False}], "holds": False}
    assert "`d.total` is 5, not less than 3." in found["reason"]
    assert told(POST)["conditions"] is None


def test_every_step_is_told_with_its_request_and_where_secrets_go() -> None:
    config = {
        "method": "POST",
        "url": "https://b.example.com/",
        "headers": {"X": "{{secrets.token}}"},
        "body": {"n": "{{d.n}}"},
    }
    found = told({"wait": "30m"}, {**POST, "config": config}, data={"n": 7})
    wait, pay = found["steps"]
    assert (found["outcome"], wait["until"], pay["at"]) == (
        "completed",
        "2026-11-23T09:30:00.000Z",
        "2026-11-23T09:30:00.000Z",
    )
    assert pay["request"]["config"] == {**config, "body": {"n": 7}}
    assert [(one["path"], one["name"]) for one in pay["request"]["secrets"]] == [("/headers/X", "token")]
    missing = told({**POST, "config": config})["steps"][0]
    assert missing["missing"] == ["d.n"]


def test_a_text_that_needs_an_unknown_answer_stays_as_it_is_written() -> None:
    body = {
        "was": "{{variables.look.body.state}}",
        "is": "{{d.n}}",
        "key": "{{secrets.token}}-{{variables.look.status}}",
    }
    pay = {
        **POST,
        "config": {"method": "POST", "url": "https://b.example.com/{{variables.look.body.id}}", "body": body},
    }
    _, found = told(LOOK, pay, data={"n": 7})["steps"]
    assert found["request"]["config"]["body"] == {**body, "is": 7}
    assert found["request"]["config"]["url"].endswith("/{{variables.look.body.id}}")
    assert sorted(found["unknown"]) == ["variables.look.body.id", "variables.look.body.state", "variables.look.status"]
    assert found["request"]["secrets"] == [{"path": "/body/key", "name": "token"}]
    answered = told(LOOK, pay, data={"n": 7}, answers={"look": {"status": 200, "body": {"id": 1, "state": "x"}}})[
        "steps"
    ][1]
    assert (answered["unknown"], answered["request"]["config"]["url"]) == ([], "https://b.example.com/1")


def test_a_condition_that_needs_an_unknown_answer_forks() -> None:
    found = told(LOOK, {**POST, "conditions": OPEN}, {"label": "End", "stop": "rejected"})
    look, fork = found["steps"]
    assert (look["id"], found["outcome"], fork["fork"]["step"]) == ("look", None, "pay")
    yes, no = fork["fork"]["ways"]
    assert [(way["holds"], way["outcome"]) for way in (yes, no)] == [(True, "rejected"), (False, "rejected")]
    assert [[(step["id"], step["runs"]) for step in way["steps"]] for way in (yes, no)] == [
        [("pay", True), ("end", True)],
        [("pay", False), ("end", True)],
    ]
    known = told(
        LOOK,
        {**POST, "conditions": {"any": [{"not": OPEN}, {"field": "d.n", "operator": "equals", "value": 1}]}},
        data={"n": 1},
    )
    assert [step["id"] for step in known["steps"]] == ["look", "pay"]  # whatever the answer is
    assert known["steps"][1]["conditions"]["any"][0]["holds"] is None


def test_a_branch_forks_once_into_the_ways_that_are_left() -> None:
    def way(value: Any, name: str) -> JSON:
        field = "d.n" if isinstance(value, int) else "variables.look.body.s"
        return {
            "conditions": {"field": field, "operator": "equals", "value": value},
            "actions": [{**POST, "label": name}],
        }

    step: JSON = {
        "branch": [way("a", "One"), way(2, "Two"), way("b", "Three")],
        "otherwise": [{**POST, "label": "Else"}],
    }
    [_, fork] = told(LOOK, step, data={"n": 1})["steps"]
    assert [(one["way"], ids(one["steps"])) for one in fork["fork"]["ways"]] == [
        (0, ["branch", "one"]),
        (2, ["branch", "three"]),
        ("otherwise", ["branch", "else"]),
    ]
    [_, fork] = told(LOOK, step, data={"n": 2})["steps"]
    assert [one["way"] for one in fork["fork"]["ways"]] == [0, 1]
    _, branch, three = told(LOOK, step, data={"n": 1}, answers={"look": {"status": 200, "body": {"s": "b"}}})["steps"]
    assert (branch["way"], [one["conditions"]["holds"] for one in branch["ways"]], three["id"]) == (
        2,
        [False, False, True],
        "three",
    )


def test_at_most_32_ways_are_shown() -> None:
    forks = [{**POST, "label": f"S{n}", "conditions": {**OPEN, "field": f"variables.look.body.n{n}"}} for n in range(6)]

    def ends(steps: list[JSON]) -> int:
        fork = steps[-1].get("fork")
        return 1 if fork is None else sum(ends(way["steps"]) for way in fork["ways"])

    found = told(LOOK, *forks)
    assert (ends(found["steps"]), found["more"]) == (32, True)
    assert ends(told(LOOK, *forks[:5])["steps"]) == 32
    assert "more" not in told(LOOK, *forks[:5])
    assert any("more ways" in line for line in lines({"automations": [found]}))


def test_known_items_are_told_each_and_an_unknown_list_once() -> None:
    config: JSON = POST["config"]  # type: ignore[assignment] # an object
    put = {**POST, "label": "Put", "config": {**config, "body": {"id": "{{item.id}}", "n": "{{loop.index}}"}}}
    each = {"label": "Each", "forEach": "{{d.items}}", "actions": [put]}
    found = told(each, data={"items": [{"id": 1}, {"id": 2}]})["steps"]
    assert ids(found) == ["each", "each[0].put", "each[1].put"]
    assert [step["request"]["config"]["body"]["id"] for step in found[1:]] == [1, 2]
    each["forEach"] = "{{variables.look.body.items}}"
    _, loop, once = told(LOOK, each)["steps"]
    assert (loop["unknown"], once["id"]) == (["variables.look.body.items"], "each[*].put")
    assert once["unknown"] == ["item.id", "loop.index"]


def test_what_is_computed_from_an_unknown_answer_is_unknown() -> None:
    add = {"set": {"late": "{{variables.look.body.late}}", "n": "{{d.n}}"}}
    field = {"field": "variables.late", "operator": "equals", "value": True}
    steps = told(
        LOOK,
        add,
        {**POST, "conditions": field},
        {**POST, "label": "Other", "conditions": {**field, "field": "variables.n"}},
    )["steps"]
    assert ids(steps) == ["look", "set", (["variables.late"], [["pay", "other"], ["pay", "other"]])]
    delayed = told(LOOK, {"wait": "{{variables.look.body.delay}}"}, POST)["steps"]
    assert (delayed[1]["unknown"], delayed[2]["at"]) == (["variables.look.body.delay"], "2026-11-23T09:00:00.000Z")
    status = {"field": "steps.look.status", "operator": "equals", "value": "failed"}
    assert ids(told({**LOOK, "onFailure": "continue"}, {**POST, "conditions": status})["steps"])[1][0] == [
        "steps.look.status"
    ]


def test_waits_for_events_and_repeated_blocks_go_both_ways() -> None:
    where = {"field": "wanted.id", "operator": "equals", "value": "{{d.id}}"}
    wait = {"label": "Wait", "wait": {"event": "d.answered", "where": where, "atMost": "1d"}, "saveAs": "answer"}
    came = {"field": "variables.answer", "operator": "exists"}
    steps = told(wait, {**POST, "conditions": came}, data={"id": 1})["steps"]
    assert ids(steps)[:1] == ["wait"]
    yes, no = steps[1]["fork"]["ways"]
    assert [(step["runs"], step["at"]) for step in no["steps"]] == [(False, "2026-11-24T09:00:00.000Z")]
    assert (yes["holds"], no["holds"]) == (True, False)
    poll = {"label": "Poll", "repeat": [LOOK], "until": OPEN, "every": "1m", "atMost": "1h"}
    steps = told(poll, POST)["steps"]
    assert ids(steps) == ["poll", "poll[0].look", (["variables.look.body.open"], [["pay"], []])]
    assert [way["outcome"] for way in steps[2]["fork"]["ways"]] == ["completed", "failed"]


def test_approvals_count_as_given_and_who_is_asked_is_told() -> None:
    policy = {"approvers": ["group:finance", "{{variables.look.body.owner}}"], "quorum": 2, "expiresAfter": "1d"}
    found = told(LOOK, {**POST, "requireApproval": policy})
    hold = found["steps"][1]["hold"]
    assert (found["outcome"], hold["quorum"]) == ("completed", 2)
    assert hold["approvers"] == ["group:finance", "{{variables.look.body.owner}}"]
    known = told({**POST, "requireApproval": {"approvers": ["group:finance"]}}, people={"finance": ["ann", "bob"]})
    assert known["steps"][0]["hold"]["approvers"] == ["ann", "bob"]


def test_answers_count_as_given_failures_too() -> None:
    rule = [{"when": "refused", "actions": [{**POST, "label": "Undo"}]}]
    found = told({**LOOK, "onFailure": rule}, answers={"look": {"fails": "refused", "message": "No."}})
    assert (found["outcome"], ids(found["steps"]), found["steps"][0]["error"]["message"]) == (
        "failed",
        ["look", "undo"],
        "No.",
    )
    busy = told(LOOK, POST, answers={"look": [{"status": 429, "headers": {"Retry-After": "60"}}, {"status": 200}]})
    assert (busy["steps"][0]["attempts"], busy["steps"][1]["at"]) == (2, "2026-11-23T09:01:00.000Z")
    bad = told({**POST, "config": {"method": "POST", "url": "{{d.url}}"}}, data={"url": "ftp://b.example.com/"})
    assert (bad["outcome"], "https://" in bad["steps"][0]["error"]["message"]) == ("failed", True)


def test_a_called_automation_and_kept_values_are_unknown_until_they_are_said() -> None:
    call = {
        "label": "Call",
        "actionType": "run_automation",
        "config": {"automation": "other", "data": {}},
        "saveAs": "called",
    }
    count = {"label": "Count", "actionType": "remember", "config": {"key": "k", "add": 1}, "saveAs": "count"}
    more = {**POST, "conditions": {"field": "variables.count.value", "operator": "greater_than", "value": 2}}
    config: JSON = POST["config"]  # type: ignore[assignment] # an object
    text = {**POST, "label": "Say", "config": {**config, "body": "{{variables.called.outcome}}"}}
    steps = told(call, text, count, more)["steps"]
    assert (ids(steps)[:3], steps[1]["unknown"]) == (["call", "say", "count"], ["variables.called.outcome"])
    assert ids(steps)[3][0] == ["variables.count.value"]
    said = told(call, text, answers={"call": {"outcome": "rejected", "result": None}})["steps"]
    assert said[1]["request"]["config"]["body"] == "rejected"


def test_people_read_the_same() -> None:
    found = told(
        LOOK, {**POST, "conditions": OPEN}, conditions={"field": "d.n", "operator": "equals", "value": 1}, data={"n": 1}
    )
    text = "\n".join(lines({"automations": [found]}))
    for part in (
        "would run",
        "✓ d.n equals 1",
        "1 Look  [http_request]",
        "? pay hangs on variables.look.body.open:",
        "if so  = completed",
    ):
        assert part in text


def test_the_events_time_is_the_clock() -> None:
    assert clock_of({"time": "2026-11-23T09:00:00Z"}) == CLOCK
    assert abs((clock_of({}) - datetime.now(UTC)).total_seconds()) < 60


def test_bands_fork_where_the_request_needs_an_unknown_answer() -> None:
    when = {"field": "request.config.body.amount", "operator": "greater_than", "value": 100}
    pay = {
        **POST,
        "config": {
            "method": "POST",
            "url": "https://b.example.com/",
            "body": {"amount": "{{variables.look.body.sum}}"},
        },
        "requireApproval": {"approvers": ["ann", "bob"], "bands": [{"when": when, "quorum": 2}]},
    }
    look, fork = told(LOOK, pay)["steps"][:1] + told(LOOK, pay)["steps"][-1:]
    assert (look["id"], fork["fork"]["step"], fork["fork"]["on"]) == ("look", "pay", ["request.config.body.amount"])
    known = {"look": {"status": 200, "body": {"sum": 500}}}
    assert told(LOOK, pay, answers=known)["steps"][1]["hold"]["quorum"] == 2
    small = {"look": {"status": 200, "body": {"sum": 5}}}
    assert told(LOOK, pay, answers=small)["steps"][1]["hold"]["quorum"] == 1
    by_event = {**pay, "requireApproval": {"approvers": ["ann", "bob"], "bands": [{"when": OPEN, "quorum": 2}]}}
    assert told(LOOK, by_event)["steps"][-1]["fork"]["on"] == ["variables.look.body.open"]


def test_a_step_of_which_nobody_knows_how_it_ends_forks_into_its_rules() -> None:
    tell = {**POST, "label": "Tell"}
    ask = {**POST, "label": "Ask"}
    rules = [
        {"when": "refused", "actions": [tell], "do": "continue"},
        {"when": ["unknown", "timeout"], "actions": [ask], "do": "stop"},
        {"when": "http_429", "actions": [{**POST, "label": "Later"}], "do": "continue"},
        {"when": "unavailable", "do": "hold"},
    ]
    pay, fork, *rest = told({**POST, "onFailure": rules}, {"label": "End", "stop": "completed"})["steps"]
    assert (pay["id"], fork["fork"]["step"], fork["fork"]["on"], rest) == ("pay", "pay", ["steps.pay.status"], [])
    ways = fork["fork"]["ways"]
    assert [(way["way"], way["failure"], way["outcome"], ids(way["steps"])) for way in ways] == [
        ("otherwise", None, "completed", ["end"]),
        (0, "refused", "completed", ["tell", "end"]),
        (1, "unknown", "failed", ["ask"]),
        (2, "http_429", "completed", ["later", "end"]),
        (3, "unavailable", "held", []),
    ]
    answered = told({**POST, "onFailure": rules}, answers={"pay": {"fails": "refused"}, "tell": {"status": 200}})
    assert ids(answered["steps"]) == ["pay", "tell"]
    for plain in ("continue", "hold", [{"when": "any", "do": "continue"}]):
        assert ids(told({**POST, "onFailure": plain})["steps"]) == ["pay"]
    text = "\n".join(lines({"automations": [told({**POST, "onFailure": rules})]}))
    assert "if it fails (refused)  = completed" in text
    assert "if it succeeds  = completed" in text


def test_all_iterations_of_a_step_fail_alike() -> None:
    rules = [{"when": "any", "actions": [{**POST, "label": "Tell"}], "do": "continue"}]
    each: JSON = {"label": "Each", "forEach": "{{d.list}}", "actions": [{**POST, "label": "Put", "onFailure": rules}]}
    found = told(each, data={"list": [1, 2, 3]})["steps"]
    [fork] = [one["fork"] for one in found if "fork" in one]
    assert [(way["way"], ids(way["steps"])) for way in fork["ways"]] == [
        ("otherwise", ["each[1].put", "each[2].put"]),
        (0, ["each[0].tell", "each[1].put", "each[1].tell", "each[2].put", "each[2].tell"]),
    ]
