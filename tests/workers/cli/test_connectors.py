"""`trunkline connectors`, and what `trunkline validate` knows of connectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.descriptions import AWKWARD, AWKWARD_SCHEMA, indexed_here
from tests.mcp_server import McpServer
from workers.cli import execute


@pytest.fixture(autouse=True)
def connections(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "connections.yaml"
    (tmp_path / "shop.yaml").write_bytes(AWKWARD.read_bytes())
    file.write_text("""
shop: {kind: openapi, description: shop.yaml, baseUrl: "https://a.example.com", auth: {bearer: "${UNSET}"}, aliases: {refund_order: refundOrder}}
far: {kind: github, token: "${UNSET}", description: "https://127.0.0.1:1/openapi.json"}
phone: {kind: cloudtalk, keyId: a, keySecret: b}
bad: {kind: openapi, description: nothing.yaml, baseUrl: "https://a.example.com"}
incomplete: {kind: openapi, baseUrl: "https://a.example.com"}
""")
    with file.open("a") as more:
        more.write(
            f"by-uri: {{kind: openapi, description: '{(tmp_path / 'shop.yaml').as_uri()}', baseUrl: 'https://a'}}"
        )
    monkeypatch.setenv("TRUNKLINE_CONNECTIONS", str(file))
    monkeypatch.setenv("TRUNKLINE_CACHE", str(cache / "trunkline"))
    return file


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with indexed_here():
        code = execute(["connectors", *words])
    return code, *capsys.readouterr()


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list", "--json")
    rows = {row["connection"]: row for row in json.loads(out)}
    assert code == 0
    assert (rows["shop"]["operations"], rows["far"]["operations"], rows["bad"]["operations"]) == (19, None, None)
    assert "nothing.yaml cannot be read" in rows["bad"]["problem"]
    assert "phone" not in rows
    assert rows["by-uri"]["operations"] == rows["shop"]["operations"]
    assert "'incomplete' must say `description`" in rows["incomplete"]["problem"]
    assert "far         github    not at hand" in run(capsys, "list")[1]
    code, _, err = run(capsys, "actions", "incomplete")
    assert (code, "must say `description`" in err) == (1, True)


def test_actions(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "actions", "shop", "POST refund", "--json")
    assert (code, [(one["id"], one["aliases"]) for one in json.loads(out)]) == (0, [("refundOrder", ["refund_order"])])
    _, out, _ = run(capsys, "actions", "shop")
    assert "GET /search" in out
    assert "(deprecated)" in out
    code, _, err = run(capsys, "actions", "shp")
    assert (code, "Did you mean shop?" in err) == (4, True)
    code, _, err = run(capsys, "actions", "far")
    assert (code, "cannot be fetched" in err) == (3, True)
    assert "cannot be read" in run(capsys, "actions", "bad")[2]


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", "shop", "refund_order", "--json")
    shown = json.loads(out)
    assert code == 0
    assert (shown["id"], shown["method"], shown["path"], shown["repeat"]) == (
        "refundOrder",
        "POST",
        "/orders/{orderId}/refund",
        "never",
    )
    assert shown["params"]["required"] == ["orderId"]
    assert shown["params"]["properties"].keys() == {"orderId", "amount", "note", "body"}
    _, out, _ = run(capsys, "show", "shop", "subscribe")
    assert "  customer: a text, required\n      Who subscribes: an id.\n" in out
    assert "    quantity: a whole number\n        How many of it" in out
    assert out.count("…") == len(["cut", "params: {…}"])
    assert "of which there are" not in out
    assert "of it, of which there are" in run(capsys, "show", "shop", "subscribe", "--json")[1]
    _, out, _ = run(capsys, "show", "shop", "renamePet")
    assert "  seen: a text, in answers only\n" in out
    code, _, err = run(capsys, "show", "shop", "refundOrdr")
    assert (code, "Did you mean refundOrder?" in err) == (4, True)
    code, _, err = run(capsys, "show", "shop", "outside")
    assert (code, "outside of the document" in err) == (1, True)


def test_validate_needs_no_credential(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("""
name: a
trigger: {event: call.ended}
actions:
  - actionType: execute_connector_action
    config:
      connectorId: shop
      actionId: refund_order
      params: {orderId: "{{call.uuid}}", amont: 5}
""")
    with indexed_here():
        code = execute(["validate", str(file)])
    out, _ = capsys.readouterr()
    assert (code, f"{file}:9:" in out, "unknown-param" in out, "Did you mean amount?" in out) == (1, True, True, True)


def test_no_file_of_connections(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRUNKLINE_CONNECTIONS")
    monkeypatch.chdir(tmp_path / "..")
    code, _, err = run(capsys, "list")
    assert (code, "TRUNKLINE_CONNECTIONS" in err) == (4, True)


def test_graphql_is_explored_in_the_same_way(connections: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connections.write_text(f"""
orders: {{kind: graphql, description: {AWKWARD_SCHEMA}, baseUrl: "https://a.example.com/graphql", aliases: {{refund_order: refundCreate}}}}
webshop: {{kind: shopify, shop: acme, accessToken: "${{UNSET}}"}}
""")
    code, out, _ = run(capsys, "list")
    assert (code, "webshop  shopify   not at hand" in out) == (0, True)
    _, out, _ = run(capsys, "actions", "orders", "mutation refund")
    assert out == "refundCreate  POST mutation refundCreate(input: RefundInput!) [refund_order]  Refund an order.\n"
    _, out, _ = run(capsys, "show", "orders", "refund_order")
    assert "repeat:   keyed, by @idempotent\n" in out
    assert "  orderId: a text, required\n      The order that is refunded.\n" in out
    assert "  method: an object or null\n    card: a text\n    credit: an object …\n" in out
    code, _, err = run(capsys, "actions", "webshop")
    assert (code, "needs the environment variable UNSET" in err) == (3, True)


def test_tools_are_listed_by_their_server(
    capsys: pytest.CaptureFixture[str], connections: Path, mcp_server: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_ALLOW", "127.0.0.1")
    entry = mcp_server.entry(auth={"bearer": "${MCP_TOKEN}"}, aliases={"refund_order": "refund"})
    connections.write_text(json.dumps({"tools": entry}))
    code, _, err = run(capsys, "actions", "tools")
    assert (code, "needs the environment variable MCP_TOKEN" in err) == (3, True)
    monkeypatch.setenv("MCP_TOKEN", "mcp-token-1234567")
    code, out, _ = run(capsys, "actions", "tools", "refund", "--json")
    [refund] = json.loads(out)
    assert (code, refund["id"], refund["summary"], refund["aliases"]) == (
        0,
        "refund",
        "Refund an order.",
        ["refund_order"],
    )
    monkeypatch.delenv("MCP_TOKEN")
    _, out, _ = run(capsys, "show", "tools", "refund_order", "--json")
    shown = json.loads(out)
    assert (shown["method"], shown["path"], shown["repeat"]) == ("POST", "tools/call", "never")
    assert shown["params"]["required"] == ["amount", "order"]
    _, out, _ = run(capsys, "show", "tools", "refund_order")
    assert "approval: people are asked unless the step says `requireApproval: false`" in out
    assert "  amount: a whole number, required" in out
    assert "tools  mcp       6 operations" in run(capsys, "list")[1]
