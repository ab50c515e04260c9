"""What a worker of `trunkline dev` is given: whose connections, and which hosts are live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from activities.action import Action
from activities.attempt.secrets import Secrets
from activities.catalog import catalog
from tests.activities.rest.rows import ACTIONS as ROWS
from workers.local.connection_names import connection_names
from workers.local.sandboxed_worker import SandboxConnections, connections_given, sandboxed_environment

SANDBOX = "http://127.0.0.1:8600"


FEW = {name: catalog()[name] for name in ("send_sms", "send_slack_message", "transcribe_recording")}
"""Actions whose connections are counted below, whichever others there are."""


def given(
    tmp_path: Path, *, own: str | None = None, bindings: str | None = None, **more: Any
) -> tuple[SandboxConnections, Any]:
    files: dict[str, Path | None] = {"own": None, "bindings": None}
    for name, text in (("own", own), ("bindings", bindings)):
        if text is not None:
            files[name] = tmp_path / f"{name}.yaml"
            (tmp_path / f"{name}.yaml").write_text(text)
    actions: dict[str, Action] = more.pop("actions", None) or catalog()
    options: dict[str, Any] = {"secrets": Secrets(None, {}), "live": (), "actions": actions, **files, **more}
    made = connections_given(SANDBOX, tmp_path / "written.yaml", **options)
    return made, yaml.safe_load(made.file.read_text())


def test_without_a_file_nothing_is_live_and_the_sandbox_stands_in_for_all(tmp_path: Path) -> None:
    made, entries = given(tmp_path, actions=FEW)
    assert made.live == made.named == ()
    for name, entry in entries.items():
        if name.startswith("sandbox-"):
            assert entry.get("baseUrl", f"{SANDBOX}/{entry['kind']}") == f"{SANDBOX}/{entry['kind']}"
    assert {"sandbox-slack", "sandbox-twilio", "sandbox-cloudtalk", "sandbox-whisper"} < entries.keys()
    assert (entries["sandbox-smtp"]["host"], entries["sandbox-smtp"]["port"]) == ("127.0.0.1", 8601)
    assert entries["defaults"]["send_sms"] == "sandbox-twilio"


@pytest.mark.parametrize(
    ("connection", "live", "named"),
    [
        ("kind: twilio, accountSid: AC1, authToken: t", ["api.twilio.com"], []),
        ("kind: slack, token: t", ["slack.com"], []),
        ("kind: slack, token: t, baseUrl: 'https://gateway.example.com/slack'", ["gateway.example.com"], None),
        ("kind: slack, token: t, baseUrl: 'http://127.0.0.1:9000/slack'", ["127.0.0.1:9000"], None),
        ("kind: slack, token: '${NOT_SET}'", [], []),
        ("kind: teams, channels: {alerts: 'https://flows.example.com/w?sig=s'}", ["flows.example.com"], None),
        (
            "kind: teams_graph, tenantId: t, clientId: c, clientSecret: s, refreshToken: r",
            ["graph.microsoft.com", "login.microsoftonline.com"],
            [],
        ),
        ("kind: smtp, host: mail.example.com, port: 2525, security: none", ["mail.example.com:2525"], None),
        (
            "kind: gmail, clientId: i, clientSecret: s, refreshToken: r",
            ["gmail.googleapis.com", "oauth2.googleapis.com"],
            [],
        ),
        (
            "kind: google, baseUrl: 'eu-speech.googleapis.com', storageUrl: 'https://gcs.example.com'",
            ["gcs.example.com", "eu-speech.googleapis.com"],
            None,
        ),
    ],
)
def test_what_a_file_names_and_its_vendors_are_live(
    tmp_path: Path, connection: str, live: list[str], named: list[str] | None
) -> None:
    made, entries = given(tmp_path, own=f"mine: {{{connection}}}", live=("crm.example.com",))
    assert made.live == ("crm.example.com", *live)
    assert made.named == ("crm.example.com", *(live if named is None else named))
    assert entries["mine"]["kind"] in connection
    environment = sandboxed_environment(SANDBOX, made, "10.0.0.0/8")
    assert environment["TRUNKLINE_LIVE"] == ",".join(made.live)
    assert environment["TRUNKLINE_ALLOW"].split(",")[:3] == ["10.0.0.0/8", "127.0.0.1:8600", "crm.example.com"]
    assert environment["HF_HUB_OFFLINE"] == "1"


def test_the_sandbox_stands_in_only_for_what_the_file_lacks(tmp_path: Path) -> None:
    _, entries = given(tmp_path, own="phone: {kind: cloudtalk, keyId: k, keySecret: s}\n# nothing more", actions=FEW)
    assert {name for name in entries if name.startswith("sandbox-")} == {"sandbox-slack", "sandbox-whisper"}
    assert entries["defaults"] == {}
    _, everything = given(tmp_path, own="# nothing at all\n")
    assert "sandbox-twilio" in everything


def test_rows_know_the_addresses_of_their_service_and_of_its_tokens(tmp_path: Path) -> None:
    rows = {row.name: row for row in ROWS}
    kind = next(iter(rows.values())).connections[0]
    fields = {info.alias or name: "value-0123" for name, info in kind.model_fields.items() if info.is_required()}
    made, _ = given(
        tmp_path, own=yaml.safe_dump({"mine": {"kind": kind.kind, **fields}}), actions={**catalog(), **rows}
    )
    assert any("value-0123" in host for host in made.live)


def test_without_a_file_connections_have_the_names_of_the_usual_one(tmp_path: Path) -> None:
    usual = """
phone: {kind: twilio, accountSid: "${NOT_SET}", authToken: t}
other: {kind: cloudtalk, keyId: k, keySecret: s}
speech: {kind: google}
defaults: {send_sms: other, transcribe_recording: speech}
"""
    made, entries = given(tmp_path, bindings=usual, actions=FEW)
    assert made.live == ()
    assert entries["phone"]["baseUrl"] == f"{SANDBOX}/twilio"
    assert entries["speech"]["kind"] == "whisper"
    assert entries["defaults"].items() >= {"send_sms": "other", "transcribe_recording": "speech"}.items()
    assert "sandbox-slack" in entries
    assert not {"sandbox-twilio", "sandbox-cloudtalk", "sandbox-google", "sandbox-whisper"} & entries.keys()


DEFINITION = """
name: notices
trigger: {event: ticket.escalated}
actions:
  - paths:
      - actions:
          - {actionType: send_teams_message, config: {connectorId: our-teams, channel: alerts, message: Hi}}
          - {actionType: send_sms, config: {connection: our-phone, from: "+15550100", to: "+15550101", text: Hi}}
          - {actionType: send_sms, config: {connection: sandbox-cloudtalk, from: "+15550100", to: "+15550101", text: Hi}}
          - {actionType: gmail.message_send, config: {connection: our-mail, kustomerConnection: our-crm, customer: c1}}
"""


def test_without_a_file_connections_have_the_names_that_definitions_give_them(tmp_path: Path) -> None:
    folder = tmp_path / "automations"
    folder.mkdir()
    (folder / "notices.yaml").write_text(DEFINITION)
    (folder / "broken.yaml").write_text("name: [")
    found = connection_names(folder, catalog())
    _, entries = given(tmp_path, names=found)
    assert entries["our-teams"] == entries["sandbox-teams"]
    assert entries["our-phone"] == entries["sandbox-twilio"]
    assert entries["defaults"]["send_teams_message"] == "sandbox-teams"
    assert entries["sandbox-cloudtalk"]["kind"] == "cloudtalk"
    assert entries["our-mail"] == entries["sandbox-gmail"]
    assert entries["our-crm"] == entries["sandbox-kustomer"]
    assert entries["defaults"]["gmail.message_send.kustomerConnection"] == "sandbox-kustomer"
    assert entries["defaults"]["send_sms"] == "sandbox-twilio"
    _, entries = given(tmp_path, names=found, bindings="phone: {kind: twilio, accountSid: a, authToken: t}")
    assert "our-phone" not in entries
    _, entries = given(tmp_path, names=found, own="phone: {kind: twilio, accountSid: a, authToken: t}")
    assert "our-phone" not in entries


def test_a_connection_may_be_named_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/dev.yaml").write_text("phone: test-phone")
    (tmp_path / "environments/live.yaml").write_text("phone: our-phone")
    text = DEFINITION.replace("connection: our-phone", 'connection: "{{env.phone}}"').replace(
        "actions", "environment: [phone]\nactions", 1
    )
    (tmp_path / "notices.yaml").write_text(text)
    assert "test-phone" in connection_names(tmp_path, catalog())
    assert "our-phone" in connection_names(tmp_path, catalog(), "live")


def test_connections_keep_their_descriptions_and_aliases(tmp_path: Path) -> None:
    """Which operations there are decides the description, whoever answers for the host."""
    _, entries = given(
        tmp_path,
        bindings="shop: {kind: openapi, description: shop.yaml, baseUrl: 'https://a.example', auth: {bearer: t}, "
        "aliases: {a: b}}\nhub: {kind: github, token: t}\nchat: {kind: slack, token: t, description: 'https://a.example/s'}",
    )
    assert entries["shop"] == {
        "kind": "openapi",
        "description": str(tmp_path / "shop.yaml"),
        "baseUrl": f"{SANDBOX}/openapi",
        "auth": {"bearer": "sandbox-shop-token"},
        "aliases": {"a": "b"},
    }
    assert "description" not in entries["hub"]
    assert entries["chat"]["description"] == "https://a.example/s"
