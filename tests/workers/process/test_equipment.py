"""What a worker complains about before it begins, because it will make runs fail."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest

from workers.process.equipment import check_bindings, complaints, equip, unbound
from workers.process.watching import Watch
from workers.settings import Settings, SettingsError

APPROVED = """
name: approved
trigger: {event: order.paid, data: [order]}
actions:
  - label: Refund
    actionType: http_request
    config: {method: POST, url: "https://shop.example.com/refunds"}
    requireApproval: {approvers: ["group:finance", "group:sales"]}
"""
SIGNED = """
name: signed
trigger: {event: order.paid, data: [order]}
actions:
  - paths:
      - label: One
        actions:
          - label: Refund
            actionType: http_request
            config: {method: POST, url: "https://shop.example.com/refunds"}
            requireApproval:
              approvers: [lead@example.com]
              bands: [{when: {all: [{field: order.amount, operator: greater_than, value: 5}]}, verified: true}]
"""
KEYS = f"gateway: {{hmac: {base64.b64encode(bytes(32)).decode()}}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "approved.yaml").write_text(APPROVED)
    (tmp_path / "signed.yaml").write_text(SIGNED)
    return tmp_path


def complained(settings: Settings) -> list[str]:
    found = [line for line in complaints(equip(settings)) if "TRUNKLINE_GROUPS" in line or "SIGNING" in line]
    assert all(line.endswith(".") for line in found)
    return found


def test_groups_that_automations_use_and_nobody_defines_are_named(folder: Path) -> None:
    [sentence] = complained(Settings(automations=folder, groups="finance: [ann@example.com]", signing_keys=KEYS))
    assert "'sales'" in sentence
    assert "it has finance" in sentence


def test_so_are_automations_whose_decisions_nobody_can_sign(folder: Path) -> None:
    groups = "{finance: [ann@example.com], sales: [bob@example.com]}"
    [sentence] = complained(Settings(automations=folder, groups=groups))
    assert "(signed)" in sentence
    assert complained(Settings(automations=folder, groups=groups, signing_keys=KEYS)) == []


def test_groups_and_keys_that_cannot_be_read_end_the_worker(folder: Path) -> None:
    with pytest.raises(SettingsError, match="TRUNKLINE_GROUPS names nowhere"):
        equip(Settings(automations=folder, groups="nowhere.yaml"))
    with pytest.raises(SettingsError, match="TRUNKLINE_SIGNING_KEYS: 'ann'"):
        equip(Settings(automations=folder, signing_keys="ann: {}"))


SECRETIVE = """
name: secretive
trigger: {event: order.paid}
actions:
  - label: Ask
    actionType: http_request
    config: {method: GET, url: "https://shop.example.com", headers: {A: "{{secrets.shop_token}}", B: "{{secrets.other}}"}}
"""


def bound(tmp_path: Path, hosts: str) -> Settings:
    folder = tmp_path / "automations"
    folder.mkdir()
    (folder / "secretive.yaml").write_text(SECRETIVE)
    (tmp_path / "connections.yaml").write_text(hosts)
    return Settings(automations=folder, connections=tmp_path / "connections.yaml")


def test_secrets_that_may_go_anywhere_are_named_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_SECRET_UNUSED", "unused-value-1234")
    monkeypatch.setenv("TRUNKLINE_SECRET_SHOP_TOKEN", "value-0123456789")
    sentence = unbound(equip(bound(tmp_path, "secrets: {Shop_Token: {hosts: [shop.example.com]}}")))
    assert sentence is not None
    assert sentence.startswith("Definitions may send these secrets to any host: other, unused. ")
    assert "value" not in sentence


def test_where_all_are_bound_nothing_is_said(tmp_path: Path) -> None:
    hosts = "secrets: {shop_token: {hosts: [shop.example.com]}, other: {hosts: ['*.example.com']}}"
    assert unbound(equip(bound(tmp_path, hosts))) is None


def test_hosts_of_what_is_no_secret_end_the_worker(tmp_path: Path) -> None:
    settings = bound(tmp_path, "secrets: {shop_tokn: {hosts: [shop.example.com]}}")
    with pytest.raises(SettingsError, match=r"connections\.yaml, secrets\.shop_tokn: .*Did you mean shop_token\?"):
        check_bindings(settings, equip(settings))


TEXTING = """
name: texting
trigger: {event: order.paid}
actions:
  - label: Text them
    actionType: send_sms
    config: {from: "+15550100", to: "+15550123", text: Hi}
  - paths:
      - label: Beside
        actions:
          - {label: Text again, actionType: send_sms, config: {from: "+15550100", to: "+15550123", text: Hi}}
          - {label: Post, actionType: send_slack_message, config: {channel: "#ops", text: Hi, connectorId: NAMED}}
          - {label: Own, actionType: send_slack_message, config: {channel: "#ops", text: Hi, token: "{{secrets.bot}}"}}
"""
NOTICED = """
name: noticed
trigger: {event: order.paid}
approvals:
  approvers: [lead@example.com]
  notify: [{label: Tell ops, actionType: send_slack_message, config: {channel: "#ops", text: "{{hold.label}}"}}]
actions:
  - label: Refund
    actionType: http_request
    config: {method: POST, url: "https://shop.example.com/refunds"}
    requireApproval: true
"""


def connected(tmp_path: Path, connections: str, **automations: str) -> list[str]:
    (tmp_path / "automations").mkdir()
    for name, text in automations.items():
        (tmp_path / "automations" / f"{name}.yaml").write_text(text)
    (tmp_path / "connections.yaml").write_text(connections)
    settings = Settings(automations=tmp_path / "automations", connections=tmp_path / "connections.yaml")
    return [line for line in complaints(equip(settings)) if "onnection" in line]


def test_steps_without_a_connection_are_named_with_the_kinds_that_fit(tmp_path: Path) -> None:
    [block] = connected(tmp_path, "", texting=TEXTING.replace("NAMED", "team"), noticed=NOTICED)
    head, *lines = block.splitlines()
    assert "will fail" in head
    assert sorted(lines) == [
        "  There is no connection 'team'; connections.yaml has none. Needed by: texting (Post).",
        (
            "  send_slack_message needs a connection of kind slack; connections.yaml has none: add one. "
            "Needed by: noticed (notice Tell ops)."
        ),
        (
            "  send_sms needs a connection of kind twilio or cloudtalk; connections.yaml has none: add one. "
            "Needed by: texting (Text them) and texting (Text again)."
        ),
    ]


RECORDED = """
name: recorded
trigger: {event: order.paid}
actions:
  - label: Write
    actionType: postmark.message_send
    config: {customer: c1, conversation: cv1, from: support@example.com, to: ada@example.com, KustomerConnection: NAMED}
"""


def test_a_second_connection_is_needed_too(tmp_path: Path) -> None:
    mail = "mail: {kind: postmark, serverToken: token-12345678}\n"
    [block] = connected(tmp_path, f"{mail}crm: {{kind: kustomer, org: acme, apiKey: key-12345678}}", recorded=RECORDED)
    assert "There is no connection 'NAMED'; connections.yaml has crm, mail. Needed by: recorded (Write)." in block


def test_a_connection_of_another_kind_and_unset_variables_are_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TWILIO_SID", "TWILIO_TOKEN", "SPARE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    connections = """
phone: {kind: twilio, accountSid: "${TWILIO_SID}", authToken: "x-${TWILIO_TOKEN}"}
spare: {kind: slack, token: "${SPARE_TOKEN}"}
defaults: {transcribe_recording: speech}
"""
    block, *others = connected(tmp_path, connections, texting=TEXTING.replace("NAMED", "phone"))
    unset = "Connection 'phone' needs the environment variables TWILIO_SID, TWILIO_TOKEN: set them on this worker."
    assert block.count(unset) == 1
    assert "texting (Text them)" in block
    assert others == [
        "Connection 'spare' needs the environment variable SPARE_TOKEN: set it on this worker.",
        "`defaults` gives transcribe_recording the connection 'speech'; connections.yaml has phone, spare.",
    ]


def test_steps_that_have_their_connection_are_not_named(tmp_path: Path) -> None:
    connections = "phone: {kind: twilio, accountSid: AC1, authToken: secret-token}\nteam: {kind: slack, token: xoxb-1}"
    assert connected(tmp_path, connections, texting=TEXTING.replace("NAMED", "team"), noticed=NOTICED) == []


def test_a_reload_says_what_the_changed_file_makes_fail_and_only_that(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, groups = tmp_path / "automations", tmp_path / "groups.yaml"
    folder.mkdir()
    (folder / "texting.yaml").write_text(TEXTING.replace("NAMED", "team"))
    groups.write_text("finance: [ann@example.com]\nsales: [bob@example.com]\n")
    equipment = equip(Settings(automations=folder, groups=str(groups)))
    watch = Watch(equipment, complaints(equipment), speaks=True)
    with caplog.at_level(logging.WARNING):
        watch.look()
        assert caplog.messages == []
        (folder / "approved.yaml").write_text(APPROVED)
        watch.look()
        assert caplog.messages == []
        groups.write_text("finance: [ann@example.com]\n")
        watch.look()
        [sentence] = caplog.messages
        assert "'sales'" in sentence
        caplog.clear()
        (folder / "noticed.yaml").write_text(NOTICED)
        watch.look()
        [block] = caplog.messages
        assert "noticed (notice Tell ops)" in block
        caplog.clear()
        groups.write_text("finance: 3\n")
        watch.look()
        [sentence] = caplog.messages
        assert "TRUNKLINE_GROUPS names" in sentence
        assert "stays in use" in sentence


REACTING = """
name: reacting
trigger: {event: order.paid}
actions:
  - label: Refund
    actionType: http_request
    config: {method: POST, url: "https://shop.example.com/refunds"}
    requireApproval: {approvers: [lead@example.com]}
    onFailure:
      - when: any
        actions: [{label: After a failure, SMS}]
    onRejected: {actions: [{label: After a refusal, SMS}]}
onFailure: {actions: [{label: After all, SMS, requireApproval: {approvers: [lead@example.com], verified: true}}]}
""".replace("SMS", 'actionType: send_sms, config: {from: "+15550100", to: "+15550123", text: Hi}')


def test_actions_that_follow_an_end_count_as_steps(tmp_path: Path) -> None:
    [block] = connected(tmp_path, "", reacting=REACTING)
    assert "reacting (After a failure), reacting (After a refusal) and reacting (After all)" in block
    assert any("reacting" in line for line in complained(Settings(automations=tmp_path / "automations")))
