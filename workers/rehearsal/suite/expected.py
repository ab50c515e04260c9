"""The form of what a case expects (`expect`)."""

from __future__ import annotations

from typing import Any

from workers.definitions.model.steps import escape
from workers.rehearsal.suite.forms import StepForm
from workers.rehearsal.suite.matching import is_test
from workflows.language.comparison import OPERATORS

EXPECT = (
    "outcome",
    "steps",
    "requests",
    "only",
    "variables",
    "notices",
    "missing",
    "reason",
    "holds",
    "result",
    "remembered",
)
REQUESTS = ("step", "at", "times", "sameKey", "config", "exactly")
NOTICES = ("on", "hold", "at", "text", "config")
OUTCOMES = ("completed", "failed", "rejected", "canceled", "skipped", "held")
OCCASIONS = ("opened", "reminder", "escalated", "decided")
STATUSES: tuple[str, ...] = (
    *("pending", "running", "held", "succeeded", "failed", "unknown", "rejected", "expired", "superseded"),
    *("skipped", "canceled"),
)


def check_expected(form: StepForm, expect: Any, place: str) -> None:
    """Check what a case expects."""
    if not form.shape(expect, place, dict, "an object such as {outcome: completed}"):
        return
    form.keys(expect, place, EXPECT, "`expect`")
    if "outcome" in expect and not is_test(expect["outcome"]):
        form.one_of(expect["outcome"], f"{place}/outcome", OUTCOMES, "outcome")
    lists = {"requests": _request, "notices": _notice}
    for key, check in lists.items():
        if form.shape(expect.get(key), f"{place}/{key}", list, f"a list of {key}"):
            for number, wanted in enumerate(expect[key]):
                check(form, wanted, f"{place}/{key}/{number}")
    _objects(form, expect, place)
    if "only" in expect and not isinstance(expect["only"], bool):
        form.add("wrong-type", f"{place}/only", "`only` is true or false.")
    elif "only" in expect and "requests" not in expect:
        sentence = "`only` says that nothing but the `requests` beside it is sent, and there are none."
        form.add("missing-key", f"{place}/only", sentence, "write requests: [], if nothing is to be sent")
    if expect.get("missing") is not None and not is_test(expect["missing"]):
        form.texts(expect["missing"], f"{place}/missing")
    _tests(form, expect, place)


def _objects(form: StepForm, expect: dict[str, Any], place: str) -> None:
    form.shape(expect.get("variables"), f"{place}/variables", dict, "an object of variables")
    form.shape(expect.get("remembered"), f"{place}/remembered", dict, "an object of values by key")
    if form.shape(expect.get("steps"), f"{place}/steps", dict, "an object of statuses by step"):
        for name, wanted in expect["steps"].items():
            _step(form, name, wanted, f"{place}/steps/{escape(name)}")
    if form.shape(expect.get("holds"), f"{place}/holds", dict, "an object of holds"):
        for name in expect["holds"]:
            form.hold(name, f"{place}/holds/{escape(name)}")


def _step(form: StepForm, name: str, wanted: Any, place: str) -> None:
    form.step(name, place)
    if isinstance(wanted, dict) and not is_test(wanted):
        if "status" in wanted and not is_test(wanted["status"]):
            form.one_of(wanted["status"], f"{place}/status", STATUSES, "status")
        form.moment(wanted.get("at"), f"{place}/at")
    elif not is_test(wanted):
        form.one_of(wanted, place, STATUSES, "status")


def _request(form: StepForm, wanted: Any, place: str) -> None:
    if not form.shape(wanted, place, dict, "an object such as {step: charge, times: 2}"):
        return
    form.keys(wanted, place, REQUESTS, "A request", needed=("step",))
    if "step" in wanted:
        form.step(wanted["step"], f"{place}/step")
    times = wanted.get("times")
    if "times" in wanted and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        form.add("wrong-type", f"{place}/times", "`times` is a whole number from 1 on.")
    at = wanted.get("at")
    for number, one in enumerate(at if isinstance(at, list) else [at]):
        form.moment(one, f"{place}/at/{number}" if isinstance(at, list) else f"{place}/at")
    if "sameKey" in wanted and not isinstance(wanted["sameKey"], bool):
        form.add("wrong-type", f"{place}/sameKey", "`sameKey` is true or false.")
    for key in ("config", "exactly"):
        if not is_test(wanted.get(key)):
            form.shape(wanted.get(key), f"{place}/{key}", dict, "an object: a config, or a part of one")


def _notice(form: StepForm, wanted: Any, place: str) -> None:
    if not form.shape(wanted, place, dict, "an object such as {on: opened}"):
        return
    form.keys(wanted, place, NOTICES, "A notice")
    if "on" in wanted:
        form.one_of(wanted["on"], f"{place}/on", OCCASIONS, "occasion")
    if "hold" in wanted:
        form.hold(wanted["hold"], f"{place}/hold")
    form.moment(wanted.get("at"), f"{place}/at")


def _tests(form: StepForm, value: Any, place: str) -> None:
    """Check the operator of every test in a value."""
    if is_test(value):
        operator = OPERATORS.get(value["operator"]) if isinstance(value["operator"], str) else None
        if operator is None:
            form.one_of(value["operator"], f"{place}/operator", OPERATORS, "operator")
        elif operator.takes_value != ("value" in value):
            needs = "needs a" if operator.takes_value else "takes no"
            form.add("wrong-type", place, f"`{value['operator']}` {needs} `value`.")
    elif isinstance(value, dict):
        for key, one in value.items():
            _tests(form, one, f"{place}/{escape(key)}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            _tests(form, one, f"{place}/{number}")
