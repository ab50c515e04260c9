"""The gateway's own description: of everything that it serves, and true of whatever it is asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.client import Client

from tests.starts import examples
from tests.workers.gateway.doors import Answer, Served, served
from workers.gateway.openapi import description

KEY = "a" * 43 + "="
CONFIG = f"""\
baseUrl: http://hooks.example.com
events: {{verify: none}}
sources:
  plain: {{verify: none, event: {{type: "{{{{body.kind}}}}", data: {{body: "{{{{body}}}}"}}}}}}
  secret: {{verify: {{bearer: t}}, event: {{type: x, data: {{}}}}}}
  chat: {{verify: {{slack: s}}, event: {{type: x, data: {{}}}}}}
  sms: {{verify: {{twilio: s}}, event: {{type: x, data: {{}}}}}}
talkdesk:
  create-case: {{auth: none}}
  list-agents: {{kind: agents, auth: {{token: t}}, response: {{agents: []}}}}
pages:
  oidc: {{issuer: "http://127.0.0.1:1", clientId: a, clientSecret: b}}
  people: ["*"]
  sessionKey: {KEY}
"""
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
EVENT = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "type": st.just("a.b"), "data": st.dictionaries(TEXTS, JSON, max_size=2)},
    optional={"id": TEXTS, "source": TEXTS, "time": JSON, "subject": TEXTS, "specversion ": JSON},
)
BRIDGED = st.fixed_dictionaries({}, optional={"auth": JSON, "data": JSON, "meta": JSON})
MEDIA = st.sampled_from(
    [
        *(
            "application/json",
            "application/json; charset=utf-8",
            "application/cloudevents+json",
            "text/plain",
            "a/b",
            "",
        ),
        *(
            "application/cloudevents-batch+json",
            "application/x-www-form-urlencoded",
            "APPLICATION/JSON",
            "multipart/form-data",
        ),
    ]
)
BODIES = st.one_of(
    st.binary(max_size=30),
    JSON.map(lambda value: json.dumps(value).encode()),
    EVENT.map(lambda value: json.dumps(value).encode()),
    st.lists(EVENT, max_size=3).map(lambda value: json.dumps(value).encode()),
    BRIDGED.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["run", "hold", "csrf", "decision", "Body", "x"]), TEXTS, max_size=4).map(
        lambda value: urlencode(value, errors="replace").encode()
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["ce-id", "ce-source", "ce-type", "ce-specversion", "ce-x-y", "Authorization", "Content-Encoding", "Cookie"]),
    st.sampled_from(["1", "1.0", "/a", "a%20b", "%FF", "Bearer t", "gzip", "trunkline-session=a.b"]),
    max_size=5,
)  # fmt: skip


@asynccontextmanager
async def gateway_of(folder: Path) -> AsyncIterator[Served]:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    async with served(client, folder, CONFIG) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, Served]]:
    """A loop and the gateway that it serves: Hypothesis knows nothing of loops."""
    with asyncio.Runner() as runner:
        context = gateway_of(tmp_path_factory.mktemp("gateway"))
        gateway = runner.run(context.__aenter__())
        yield runner, gateway
        runner.run(context.__aexit__(None, None, None))


def operations(gateway: Served) -> list[tuple[str, str, Any]]:
    paths = description(gateway.gateway.config)["paths"]
    return [(path, method, one) for path, found in paths.items() for method, one in found.items()]


def holds(document: Any, operation: Any, answer: Answer) -> None:
    """Assert that an answer is one that the description names, with a body of the kind that it names."""
    described = operation["responses"].get(str(answer.status))
    assert described is not None, answer
    content = described.get("content", {})
    media = answer.headers.get("content-type", "").partition(";")[0]
    assert media in content if content else answer.text == "" or answer.status < 300, (content, answer)
    if media == "application/json" and "schema" in content[media]:
        schema = {**content[media]["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer.json)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"] or media == "text/css"


def test_everything_that_is_served_is_described(running: tuple[asyncio.Runner, Served]) -> None:
    _, gateway = running
    config = gateway.gateway.config
    names = {"{name}": [*config.sources], "{automation}": [*config.talkdesk]}
    wanted = set()
    for route in gateway.gateway.application().router.routes():
        path = route.resource.canonical if route.resource else ""
        found = [path.replace(part, name) for part, known in names.items() if part in path for name in known]
        wanted |= {(one, route.method.lower()) for one in found or [path] if route.method != "HEAD"}
    assert {(path, method) for path, method, _ in operations(gateway)} == wanted


def test_its_description_is_one(running: tuple[asyncio.Runner, Served]) -> None:
    runner, gateway = running
    answer = runner.run(gateway.send("GET", "/openapi.json"))
    assert (answer.status, answer.json) == (200, description(gateway.gateway.config))
    assert answer.json["openapi"] == "3.1.0"
    for path, method, operation in operations(gateway):
        assert operation["summary"].endswith("."), (method, path)
        assert all(one["description"] for one in operation["responses"].values())
        for scheme in (name for one in operation.get("security", ()) for name in one):
            assert scheme in answer.json["components"]["securitySchemes"]


@settings(max_examples=examples(2), suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_it_is_true_whatever_is_asked(running: tuple[asyncio.Runner, Served], data: st.DataObject) -> None:
    runner, gateway = running
    document = description(gateway.gateway.config)
    path, method, operation = data.draw(st.sampled_from(operations(gateway)))
    fields = {one["name"]: data.draw(TEXTS) for one in operation.get("parameters", ()) if data.draw(st.booleans())}
    query = urlencode(fields, quote_via=quote)
    body = data.draw(BODIES) if method == "post" else b""
    headers = data.draw(HEADERS)
    answer = runner.run(
        gateway.send(
            method.upper(),
            f"{path}?{query}" if query else path,
            body,
            media=data.draw(MEDIA),
            **{name.replace("-", "_"): value for name, value in headers.items()},
        )
    )
    holds(document, operation, answer)


def test_a_page_for_somebody_who_has_signed_in_is_described_too(running: tuple[asyncio.Runner, Served]) -> None:
    runner, gateway = running
    door = next(one for one in gateway.gateway.doors() if hasattr(one, "sessions"))
    sealed = door.sessions.seal("session", {"person": "ann@example.com", "id": "a", "until": 9_999_999_999})
    document = description(gateway.gateway.config)
    for path, method, operation in operations(gateway):
        if operation.get("security") == [{"session": []}]:
            forms = ["csrf=a&run=a", "", "run=%FF"] if method == "post" else [""]
            for query in ("", "?page=0", "?older=x", "?run=a&hold=b"):
                for form in forms:
                    answer = runner.run(
                        gateway.send(
                            method.upper(), f"{path}{query}", form, Cookie=f"trunkline-session={sealed}",
                            media="application/x-www-form-urlencoded",
                        )
                    )  # fmt: skip
                    holds(document, operation, answer)
                    assert answer.status != 303, "it is shown"
                    assert "<html" in answer.text
