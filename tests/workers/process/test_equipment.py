"""What a worker complains about before it begins, because it will make runs fail."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from workers.process.equipment import check_bindings, complaints, equip, unbound
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
