"""Paths of which the first that succeeds ends the others."""

from __future__ import annotations

from datetime import timedelta

from tests.workflows.scripted import Scripted, get, post

RACE = f"""
- id: race
  first: true
  paths:
    - label: slow
      actions:
        - {{id: ask, {get("slow", saveAs="offer")}}}
        - {{id: tell, {post("tell")}}}
    - label: quick
      actions:
        - {{id: rest, wait: 1m}}
        - {{id: other, {get("quick", saveAs="offer")}}}
    - label: asked
      actions:
        - {{id: held, {post("held", requireApproval="{approvers: [ann]}", saveAs="mine")}}}
- {{id: after, {post("after")}}}
"""


async def test_the_first_that_succeeds_ends_the_others() -> None:
    async with Scripted(RACE, {}, {"slow": [(90, {"from": "slow"})], "quick": [{"from": "quick"}]}) as run:
        assert run.statuses["held"] == "held"
        await run.continue_as_new()
        assert run.asked == ["slow", "slow"]  # a simulation forgets what was in flight
        await run.advance(timedelta(minutes=3))
        assert run.asked == ["slow", "slow", "quick", "after"]
        assert "slow" in run.canceled
        assert run.task.result() == "done"
        assert run.statuses == {
            "race": "succeeded",
            "race.slow": "canceled",
            "ask": "canceled",
            "tell": "skipped",
            "race.quick": "succeeded",
            "rest": "succeeded",
            "other": "succeeded",
            "race.asked": "canceled",
            "held": "canceled",
            "after": "succeeded",
        }
        assert run.walk.state.holds.open() == []
        assert {name: value["body"] for name, value in run.walk.state.variables.items()} == {
            "offer": {"from": "quick"}
        }, "what the others have saved is dropped"
        assert [place for place in run.walk.state._sizes if "#" in place] == []
        assert run.walk.state.report.failure() is None


async def test_a_path_that_fails_is_out_and_does_not_count() -> None:
    async with Scripted(RACE, {}, {"slow": [None], "quick": [{"from": "quick"}]}) as run:
        assert run.statuses["race.slow"] == "failed"
        assert run.statuses["race"] == "running"
        await run.advance(timedelta(minutes=1))
        assert (run.statuses["race"], run.statuses["after"]) == ("succeeded", "succeeded")
        assert run.walk.state.report.causes() == []


async def test_where_all_are_out_it_has_failed() -> None:
    async with Scripted(RACE, {}, {"slow": [None], "quick": [None]}) as run:
        await run.advance(timedelta(minutes=1))
        assert run.statuses["race"] == "running"
        assert await run.decide({"hold": "held", "decision": "reject", "by": "ann"}) == "accepted"
        assert run.statuses["race"] == "failed"
        assert run.task.result() == "failed"
        assert run.statuses["after"] == "skipped"


async def test_where_people_refused_all_it_is_rejected() -> None:
    text = f"""
    - id: race
      first: true
      onFailure: continue
      paths:
        - actions: [{{id: a, {post("a", requireApproval="{approvers: [ann]}")}}}]
        - actions: [{{id: b, {post("b", requireApproval="{approvers: [ann]}")}}}]
    """
    async with Scripted(text, {}) as run:
        for hold in ("a", "b"):
            await run.decide({"hold": hold, "decision": "reject", "by": "ann"})
        assert run.statuses["race"] == "rejected"
        assert run.task.result() == "done"
        assert run.walk.state.memory == {}


async def test_two_that_succeed_at_once_save_only_what_the_earlier_one_did() -> None:
    text = """
    - id: race
      first: true
      paths:
        - actions: [{set: {x: 1}}]
        - actions: [{set: {x: 2, y: 2}}]
    """
    async with Scripted(text, {}) as run:
        assert run.walk.state.variables == {"x": 1}


async def test_nothing_more_of_a_loser_is_sent_even_where_its_request_ends_with_the_race() -> None:
    text = f"""
    - id: race
      first: true
      paths:
        - actions: [{{id: rest, wait: 1m}}]
        - actions:
            - id: each
              forEach: "{{{{items}}}}"
              actions: [{{id: one, {post("one")}}}, {{id: two, {post("two")}}}]
    - {{id: after, {post("after")}}}
    """
    async with Scripted(text, {"items": [1, 2, 3]}, {"one": [(60, {})]}) as run:
        await run.advance(timedelta(minutes=10))
        assert run.asked in (["one", "after"], ["one", "two", "after"])
        assert run.statuses["each"] == "canceled"
        assert run.statuses["after"] == "succeeded"


async def test_what_a_loser_left_behind_is_canceled_too() -> None:
    text = f"""
    - id: race
      first: true
      paths:
        - actions: [{{id: rest, wait: 1m}}]
        - actions:
            - {{id: behind, {post("behind").replace("url", "parseResponse: false, url")}}}
            - {{id: longer, wait: 1h}}
    - {{id: after, {post("after")}}}
    """
    async with Scripted(text, {}, {"behind": [(600, {})]}) as run:
        await run.advance(timedelta(minutes=1))
        assert run.canceled == ["behind"]
        assert run.task.result() == "done"
        assert (run.statuses["behind"], run.statuses["longer"]) == ("canceled", "canceled")
