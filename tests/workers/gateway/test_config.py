"""`gateway.yaml`: what is wrong with it is said with its place, before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import Client

from tests.workers.command import call
from workers.gateway.config import load_config
from workers.gateway.server import Gateway
from workers.settings import Settings, SettingsError

GOOD = """\
baseUrl: https://hooks.example.com/trunkline/
events: {verify: {bearer: ["${NEW}", "old-${OLD}"]}}
sources:
  calls:
    verify: {basic: {user: cloudtalk, password: "${NEW}"}}
    event: {type: call.ended, id: "{{body.call.uuid}}", data: {call: "{{body.call}}", at: "{{now}}", from: "{{headers['user-agent']}} {{query.x}}"}}
  open: {verify: none, event: {type: "{{body.kind}}", data: {}}}
"""


def test_variables_are_filled_in_and_secrets_may_be_lists(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(GOOD)
    config = load_config(file, {"NEW": "n", "OLD": "o"})
    assert config.events is not None
    assert config.base_url == "https://hooks.example.com/trunkline"
    assert config.events.verify.bearer == ("n", "old-o")
    assert [source.verify.kind for source in config.sources.values()] == ["basic", "none"]


EVENT = "event: {type: a, data: {}}"

BAD = [
    ("events: {verify: {bearer: '${NEW}'}}", "line 1: The environment variable NEW is not set"),
    ("sources:\n  a:\n    verify: {bearer: x}\n    event: {type: '${EMPTY}', data: {}}", "line 4: The environment variable EMPTY is empty"),
    ("event: {verify: none}", "line 1: `event`: there is no such key here"),
    ("events: {}", "line 1: `events.verify`: this key is missing"),
    ("events: {verify: }", "`events.verify`: it says one way"),
    ("events: {verify: {}}", "`events.verify`: it says one way"),
    ("events: {verify: {bearer: x, github: y}}", "`events.verify`: it says one way"),
    ("events: {verify: {hmac: x}}", "one of bearer, basic, header, standardWebhooks, slack, twilio, stripe, github, zendesk, zammad, kustomer"),
    ("events: {verify: {bearer: }}", "`bearer` has no value"),
    ("events: {verify: {bearer: ''}}", "at least 1 characters"),
    ("events: {verify: {bearer: []}}", "at least 1"),
    ("events: {verify: {bearer: 5}}", "must be a list"),
    ("events: {verify: {standardWebhooks: whsec_c2hvcnQ=}}", "the base64 of at least 24 bytes"),
    ("events: {verify: {header: {name: 'a b', value: x}}}", "must match the pattern"),
    ("events: {verify: {twilio: x}}", "`baseUrl` is missing: Twilio signs"),
    ("sources: {a: {verify: none}}", "`sources.a.event`: this key is missing"),
    ("sources: {a: {event: {type: a, data: {}}}}", "`sources.a.verify`: this key is missing"),
    ("sources: {a/b: {verify: none, " + EVENT + "}}", "'a/b' is no name"),
    ("sources: {a: {verify: none, event: {type: '{{body.x', data: {}}}}", "`sources.a.event.type`: this is no template"),
    ("sources: {a: {verify: none, event: {type: a, id: '{{call.id}}', data: {}}}}", "there is no 'call' here: a template sees body, headers, query"),
    ("sources: {a: {verify: none, event: {type: a, data: {x: '{{secrets.a}}'}}}}", "`sources.a.event.data`: this is no template"),
    ("sources: {a: {verify: none, event: {type: a, data: [1]}}}", "must be an object"),
    ("sources: {a: {verify: none, event: {type: 5, data: {}}}}", "must be a text"),
    ("baseUrl: hooks.example.com", "`baseUrl`: this is the address"),
    ("baseUrl: https://u:p@hooks.example.com", "`baseUrl`: this is the address"),
    ("baseUrl: https://a.example:x", "`baseUrl`: this is the address"),
    ("slack: {signingSecret: s}", "`slack.connection`: this key is missing"),
    ("slack: {connection: team}", "`slack.signingSecret`: this key is missing"),
    ("slack: {connection: team, signingSecret: []}", "at least 1"),
    ("slack: {connection: team, signingSecret: s, channel: c}", "`slack.channel`: there is no such key here"),
    ("[1]", "must map what the gateway serves"),
    ("a: [", "This is no YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_config(file, {"EMPTY": ""})
    assert sentence in str(error.value)
    assert str(error.value).startswith(str(file))


def test_a_bad_file_ends_the_command_at_once(tmp_path: Path) -> None:
    ended = call("gateway", cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "gateway.yaml: The file cannot be read" in ended.err
    (tmp_path / "gateway.yaml").write_text("events: {verify: {bearer: '${TRUNKLINE_NO_SUCH}'}}")
    ended = call("gateway", cwd=tmp_path)
    assert ended.code == 2
    assert "TRUNKLINE_NO_SUCH is not set" in ended.err


SECRET = "slack: {connection: team, signingSecret: s3cret}"


@pytest.mark.parametrize(
    ("connections", "sentence"),
    [
        ("{}", "There is no connection 'team'"),
        ("team: {kind: twilio, accountSid: AC1, authToken: x}", "'team' is of kind twilio; it must be of kind slack."),
        ("team: {kind: slack, token: '${TRUNKLINE_NO_SUCH}'}", "needs the environment variable TRUNKLINE_NO_SUCH"),
        ("team: {kind: slack}", "token"),
    ],
)
async def test_the_app_whose_buttons_are_taken_must_be_known(tmp_path: Path, connections: str, sentence: str) -> None:
    file = tmp_path / "connections.yaml"
    file.write_text(connections, encoding="utf-8")
    (tmp_path / "gateway.yaml").write_text(SECRET, encoding="utf-8")
    config = load_config(tmp_path / "gateway.yaml", {})
    client = await Client.connect("127.0.0.1:1", lazy=True)
    with pytest.raises(SettingsError) as error:
        Gateway(config, Settings(connections=file), client).application()
    assert "`slack.connection`: " in str(error.value)
    assert sentence in str(error.value)
