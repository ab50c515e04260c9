"""The sandbox's vendors answer the cases of actions as the vendors do: what ends so there ends so here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from activities.action import Action
from activities.catalog import catalog
from activities.context import LARGEST_ANSWER
from tests.activities.attempts import Ended, Marks, attempt, connected
from tests.activities.cases import VENDOR, Answer, Case, Exchange, cases
from tests.activities.matching import About
from tests.activities.playing import HANGING, is_rpc
from tests.together import together
from workers.sandbox import VENDORS, Sandbox
from workers.sandbox.vendor import NoStandIn

ACTIONS = catalog()
BROKEN_OFF: dict[str, dict[str, Any]] = {
    "drop": {"drop": "after"},
    "hang": {"delay": HANGING * 4},
    "too large": {"status": 200, "body": "x" * (LARGEST_ANSWER + 1)},
}


@pytest_asyncio.fixture(scope="module")
async def running() -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    running.clear()
    yield running
    running.clear()


def vendor_of(case: Case) -> str:
    """Return the kind of connection that a case uses; `http` stands for none."""
    kinds = ACTIONS[case.action].connections
    if not kinds:
        return "http"
    known, _ = connected(ACTIONS[case.action], case, lambda _kind: VENDOR)
    name = case.config.get("connection")
    named = ACTIONS[case.action].beside.get("connection", ()) if name else ()
    return known.pick((*kinds, *named), action=case.action, name=name).kind


def sent_there(case: Case) -> bool:
    """Say whether a case can be sent to the sandbox: something is sent to a vendor that it stands in for."""
    unanswerable = any(
        is_rpc(each)
        or each.answer == "unreachable"
        or (isinstance(each.answer, Answer) and each.answer.base64 is not None)
        for each in case.traffic
    )
    if case.sandbox is not None or not case.traffic or unanswerable:
        return False
    return not isinstance(VENDORS[vendor_of(case)], NoStandIn)


SENT = [case for case in cases() if sent_there(case)]


@pytest.mark.parametrize("name", sorted({case.action for case in SENT}))
async def test_the_sandbox_answers_as_the_cases_say(sandbox: Sandbox, name: str) -> None:
    @together("case", [case for case in SENT if case.action == name], ids=lambda case: case.title)
    async def answers(case: Case) -> None:
        await ends_alike(sandbox, case)

    await answers()


async def ends_alike(sandbox: Sandbox, case: Case) -> None:
    """Fail unless a case ends in the sandbox as it says, in one of its ways."""
    seen = []
    for way, faults in ways(case).items():
        sandbox.clear()
        for words in faults:
            sandbox.fail(vendor_of(case), **words)
        for each in case.traffic:
            stub(sandbox, each)
        ended = await played(sandbox, case)
        if same(case, ended):
            return
        seen.append(f"{way}: {ended}")
    pytest.fail("\n".join([f"{case.where}: {case.action}, {case.title!r} ends otherwise in the sandbox", *seen]))


@pytest.mark.parametrize("action", ACTIONS.values(), ids=list(ACTIONS))
def test_a_success_of_every_action_is_sent_to_each_of_its_vendors(action: Action) -> None:
    kinds = {kind.kind for kind in action.connections} or {"http"}
    known = {kind: VENDORS[kind] for kind in kinds}
    expected = {kind for kind, vendor in known.items() if not action.local and isinstance(vendor, type) and vendor.http}
    sent = {vendor_of(case) for case in SENT if case.action == action.name and case.error is None and not case.look}
    sent -= {kind.kind for kind in action.beside.get("connection", ())}
    assert sent == expected, f"write a successful case of {action.name} for {', '.join(sorted(expected - sent))}"


def ways(case: Case) -> dict[str, list[dict[str, Any]]]:
    """Return the ways in which the sandbox may come to the case's end, each with the faults that it needs.

    A success and a look-up it has to answer by itself. A failure too, where the request is what is wrong; what a
    vendor's server does in its worst hours, only a fault can bring about: in the vendor's words, or in the case's.
    """
    lost = [{**BROKEN_OFF[each.answer], **at(each)} for each in case.traffic if isinstance(each.answer, str)]
    answered = [(each, each.answer) for each in case.traffic if isinstance(each.answer, Answer)]
    failed = [(each, answer) for each, answer in answered if answer.status >= 400]
    if lost:
        return {"with its connection broken": [*(words(each, answer) for each, answer in failed), *lost]}
    if case.error is None and case.look == "after":
        return {"with an answer that hides its effect": [{**words(*one), "accept": True} for one in failed]}
    if case.error is None:
        return {"by itself": []}
    last = answered[-1]
    wait = case.error.retry_after.number if isinstance(case.error.retry_after, About) else case.error.retry_after
    advice = {} if wait is None else {"retry_after": int(wait)}
    told = [*(one for one in failed if one is not last), last]
    return {
        "by itself": [],
        "made to fail in the vendor's words": [{**words(*one), **advice} for one in failed or [last]],
        "made to fail in the case's words": [
            {**words(each, answer), **advice, "body": body_of(answer)} for each, answer in told
        ],
    }


def words(exchange: Exchange, answer: Answer) -> dict[str, Any]:
    """Return the fault that makes a request end as it does in the case."""
    return {"status": answer.status, **at(exchange)}


def at(exchange: Exchange) -> dict[str, Any]:
    """Return which request a fault is meant for: what is read before must succeed."""
    return {"method": exchange.request.method} if exchange.request else {}


def stub(sandbox: Sandbox, exchange: Exchange) -> None:
    """Have the plain receiver answer what the case answers: it is nobody's API, and has no answers of its own."""
    if isinstance(exchange.answer, Answer):
        path = exchange.request.path.partition("?")[0] if exchange.request else "/"
        headers = {name: str(value) for name, value in exchange.answer.headers.items()}
        sandbox.respond(path, body_of(exchange.answer), status=exchange.answer.status, headers=headers)


def body_of(answer: Answer) -> Any:
    """Return an answer's body: text as it stands, anything else as JSON."""
    if answer.text is not None:
        return answer.text * answer.times
    if answer.json_ is not None:
        return answer.json_
    return "null" if "json_" in answer.model_fields_set else ""


async def played(sandbox: Sandbox, case: Case) -> Ended:
    """Play a case, its look-up after what it looks for was sent."""
    action = ACTIONS[case.action]
    if any(each.answer == "hang" for each in case.traffic) and "timeout" not in case.model_fields_set:
        case = case.model_copy(update={"timeout": HANGING})
    known, _ = connected(action, case, lambda kind: f"{sandbox.url}/{kind}")
    if case.look is True and case.found:
        await attempt(action, case.model_copy(update={"look": False}), f"{sandbox.url}/http", known, Marks())
    return await attempt(action, case, f"{sandbox.url}/http", known, Marks())


def same(case: Case, ended: Ended) -> bool:
    """Say whether an end is of the case's kind: results have the same keys, errors the same type and advice."""
    if case.error is not None:
        waits = (case.error.retry_after is None) == (ended.retry_after is None)
        return ended.error == case.error.type and waits
    if ended.error is not None:
        return False
    if case.found is not None:
        return [keys(one) for one in ended.found or []] == [keys(one) for one in case.found]
    return keys(ended.result) >= keys(case.includes if case.includes is not None else case.result)


def keys(value: Any) -> set[str]:
    """Return the keys of an object."""
    return {*value} if isinstance(value, dict) else set()
