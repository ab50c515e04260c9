"""Holds a test file to its form: known keys, steps that there are, events, times, and answers that the actions give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.action import Action
from activities.errors import Refused
from trunkline.wire import nests_deeper
from workers.approvals.groups import Groups
from workers.definitions.model.steps import escape
from workers.definitions.problems import listed, nearest
from workers.definitions.runnable import Definition
from workers.rehearsal.answers import REQUEST, TIMES
from workers.rehearsal.receivers import FAILURES
from workers.rehearsal.results import completed, is_answered_over_http
from workers.rehearsal.suite.expected import check_expected
from workers.rehearsal.suite.files import TestFile
from workers.rehearsal.suite.forms import StepForm
from workers.rehearsal.suite.steps import every_step
from workers.settings import SettingsError
from workflows.event import EventError, read_event
from workflows.holds.hold import DECISIONS, OPERATIONS
from workflows.program import ActionStep

TOP = ("automation", "clock", "people", "secrets", "events", "answers", "excused", "cases")
CASE = ("name", "event", "forEach", "clock", "answers", "decisions", "until", "expect")
EVENT = ("extends", "specversion", "id", "source", "type", "time", "data", "actor", "subject", "datacontenttype")
FAILS = ("fails", "status", "headers", "message", TIMES)
DECISION = (
    *("hold", "decision", "by", "reason", "digest", "edits", "result", "approvers", "deadline", "proof"),
    *("after", "expect"),
)
EXCUSED = ("path", "change", "reason")
HOW_DECIDED = tuple(dict.fromkeys([*(name for names in DECISIONS.values() for name in names), *OPERATIONS]))
RECEIPTS = (
    *("accepted", "needs_more", "not_allowed", "invalid", "not_found", "already_decided", "duplicate", "expired"),
)


def check_file(file: TestFile, actions: Mapping[str, Action]) -> None:
    """Add every problem of a test file to it; its automation can run."""
    if file.automation is not None:
        _Check(file, file.automation, actions).whole()


class _Check(StepForm):
    def __init__(self, file: TestFile, automation: Definition, actions: Mapping[str, Action]) -> None:
        super().__init__(file, every_step(automation.plan))
        self.actions = actions
        self.events: dict[str, Any] = {}

    def whole(self) -> None:
        data = self.file.data
        self.keys(data, "", TOP, "A test file")
        self.instant(data.get("clock"), "/clock")
        if self.shape(data.get("people"), "/people", dict, "an object of groups with their members"):
            for name, members in data["people"].items():
                self.group(name, members, f"/people/{escape(name)}")
        if data.get("secrets") is not None:
            self.texts(data["secrets"], "/secrets")
        if self.shape(data.get("events"), "/events", dict, "an object of events by name"):
            self.events = data["events"]
            for name, event in data["events"].items():
                self.event(event, f"/events/{escape(name)}")
        self.answers(data.get("answers"), "/answers")
        self.excused(data.get("excused"))
        cases = data.get("cases")
        if "cases" not in data:
            self.add("missing-key", "", "A test file needs `cases`.")
        elif self.shape(cases, "/cases", list, "a list of cases"):
            self.cases(data["cases"])

    def group(self, name: str, members: Any, place: str) -> None:
        """Check a group of people as workers do."""
        try:
            Groups({name: members})
        except SettingsError as error:
            self.add("wrong-type", place, str(error).partition(": ")[2], key=True)

    def cases(self, cases: list[Any]) -> None:
        names: dict[str, str] = {}
        for number, case in enumerate(cases):
            place = f"/cases/{number}"
            if not self.shape(case, place, dict, "an object with `name`, `event` and `expect`"):
                continue
            self.case(case, place)
            name = case.get("name")
            if isinstance(name, str) and names.setdefault(name, place) != place:
                self.add("duplicate-name", f"{place}/name", f"Another case is called {name!r} already.", "rename one")

    def case(self, case: Mapping[str, Any], place: str) -> None:
        self.keys(case, place, CASE, "A case", needed=("name",))
        if "name" in case and not (isinstance(case["name"], str) and case["name"].strip()):
            self.add("wrong-type", f"{place}/name", "A case's `name` is a text that says what must hold.")
        if "event" not in case and "forEach" not in case:
            self.add("missing-key", place, "A case needs an `event`: a name from `events`, or an event.")
        if "event" in case:
            self.event(case["event"], f"{place}/event")
        if self.shape(case.get("forEach"), f"{place}/forEach", list, "a list of events"):
            for number, row in enumerate(case["forEach"]):
                self.event(row, f"{place}/forEach/{number}")
        self.instant(case.get("clock"), f"{place}/clock")
        self.moment(case.get("until"), f"{place}/until")
        self.answers(case.get("answers"), f"{place}/answers")
        if self.shape(case.get("decisions"), f"{place}/decisions", list, "a list of decisions"):
            for number, decision in enumerate(case["decisions"]):
                self.decision(decision, f"{place}/decisions/{number}")
        check_expected(self, case.get("expect"), f"{place}/expect")

    def event(self, event: Any, place: str) -> None:
        """Check an event, or the name of one."""
        if isinstance(event, str):
            self.known_event(event, place)
            return
        if not self.shape(event, place, dict, "the name of an event, or an event with `data`"):
            return
        for key in event:  # an event may have attributes of its own; one that is nearly another is misspelt
            if key not in EVENT and (near := nearest(key, EVENT)) is not None:
                self.add("unknown-key", f"{place}/{escape(key)}", f"An event has no key `{key}`.", near, key=True)
        if "extends" in event:
            self.known_event(event["extends"], f"{place}/extends")
        if "data" not in event or self.shape(
            event["data"], f"{place}/data", dict, "an object with the roots that templates see"
        ):
            self.attributes(event, place)

    def attributes(self, event: Mapping[str, Any], place: str) -> None:
        """Check that what an event says of itself is what events have."""
        try:
            read_event({"type": "any", "data": {}, **event}, default_id="any")
        except EventError as error:
            self.add("wrong-type", place, str(error))

    def known_event(self, name: Any, place: str) -> None:
        if isinstance(name, str) and name in self.events:
            chain, seen = name, {name}
            while isinstance(self.events.get(chain), dict) and isinstance(self.events[chain].get("extends"), str):
                chain = self.events[chain]["extends"]
                if chain in seen:
                    self.add("unknown-event", place, f"The event {name!r} extends itself.")
                    return
                seen.add(chain)
            return
        known = listed(self.events) or "none"
        self.add("unknown-event", place, f"There is no event {name!r:.80}; `events` has {known}.", self.near(name))

    def near(self, name: Any) -> str | None:
        return nearest(name, self.events)

    # Answers.

    def answers(self, answers: Any, place: str) -> None:
        if not self.shape(answers, place, dict, "an object of answers by step, or by method and address"):
            return
        for key, value in answers.items():
            self.answer(key, value, f"{place}/{escape(key)}")

    def answer(self, key: str, value: Any, place: str) -> None:
        step = self.steps.get(key)
        if step is None and REQUEST.fullmatch(key):
            action = self.actions["http_request"]
        elif isinstance(step, ActionStep):
            action = self.actions[step.action]
        else:
            self.step(key, place, "sends nothing" if step is not None else None)
            return
        for number, one in enumerate(value if isinstance(value, list) else [value]):
            self.one_answer(action, one, f"{place}/{number}" if isinstance(value, list) else place)

    def one_answer(self, action: Action, answer: Any, place: str) -> None:
        if nests_deeper(answer, 90):
            self.add("bad-answer", place, "An answer nests at most 90 levels deep.")
            return
        fields = answer if isinstance(answer, dict) else {}
        if TIMES in fields and (
            not isinstance(fields[TIMES], int) or isinstance(fields[TIMES], bool) or fields[TIMES] < 1
        ):
            self.add("wrong-type", f"{place}/{TIMES}", "`times` is a whole number from 1 on.")
            return
        if "fails" in fields:
            self.failure(fields, place)
            return
        result = {name: value for name, value in answer.items() if name != TIMES} if fields else answer
        try:
            made = completed(action, result)
        except Refused as refused:
            self.add("bad-answer", place, str(refused))
            return
        if is_answered_over_http(action) and not 100 <= made.status <= 599:  # noqa: PLR2004 # HTTP's statuses
            self.add("bad-answer", f"{place}/status", f"{made.status} is no HTTP status: those are 100 to 599.")

    def failure(self, answer: Mapping[str, Any], place: str) -> None:
        self.keys(answer, place, FAILS, "An answer that fails")
        if answer["fails"] not in FAILURES:
            self.one_of(answer["fails"], f"{place}/fails", FAILURES, "class of failure")
        status = answer.get("status")
        if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
            self.add("wrong-type", f"{place}/status", "`status` is an HTTP status, a number.")
        self.shape(answer.get("headers"), f"{place}/headers", dict, "an object of headers")
        if "message" in answer and not isinstance(answer["message"], str):
            self.add("wrong-type", f"{place}/message", "`message` is a text.")

    # Decisions.

    def decision(self, decision: Any, place: str) -> None:
        if not self.shape(decision, place, dict, "an object with `hold`, `decision` and `by`"):
            return
        self.keys(decision, place, DECISION, "A decision", needed=("hold", "decision", "by"))
        if "hold" in decision:
            self.hold(decision["hold"], f"{place}/hold")
        if "decision" in decision:
            self.one_of(decision["decision"], f"{place}/decision", HOW_DECIDED, "decision")
        if "expect" in decision:
            self.one_of(decision["expect"], f"{place}/expect", RECEIPTS, "receipt")
        self.duration(decision.get("after"), f"{place}/after")

    def excused(self, excused: Any) -> None:
        if not self.shape(excused, "/excused", list, "a list of mutants"):
            return
        for number, one in enumerate(excused):
            place = f"/excused/{number}"
            if not self.shape(one, place, dict, "an object with `path`, `change` and `reason`"):
                continue
            self.keys(one, place, EXCUSED, "An excused mutant", needed=EXCUSED)
            for key in EXCUSED:
                if key in one and not (isinstance(one[key], str) and one[key].strip()):
                    self.add("wrong-type", f"{place}/{key}", f"`{key}` is a text that is not empty.")
