"""Every row of Kustomer's document has its action, with the fields and outputs that the document names, and its proof."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from activities.action import Action, names
from activities.catalog import catalog
from scripts import kustomer_page
from tests.activities.cases import Request, cases
from tests.activities.kustomer.document import DocumentRow, calls, camel, rows
from tests.together import together

ROOT = Path(__file__).resolve().parents[3]
ACTIONS = catalog()
ROWS = rows()

TYPES: Mapping[str, frozenset[str]] = {
    "text": frozenset(("string",)),
    "number": frozenset(("number", "integer")),
    "boolean": frozenset(("boolean",)),
    "array": frozenset(("array",)),
    "object": frozenset(("object",)),
}
WHOLE: Mapping[str, Mapping[str, frozenset[str]]] = {
    "object": {"object": TYPES["object"]},
    "answer": {"data": frozenset(("array", "object")), "meta": TYPES["object"], "links": TYPES["object"]},
    "varies": {},
    "none": {},
}

every_row = together("row", ROWS, ids=lambda row: row.action)


def action_of(row: DocumentRow) -> Action:
    found = ACTIONS.get(row.action)
    assert found is not None, f"{row.section}, {row.name}: there is no action {row.action}"
    return found


def result_schema(action: Action) -> dict[str, Any]:
    assert action.result is not None, f"{action.name} has no result of its own"
    return action.result.model_json_schema(mode="serialization")


def types(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> set[str]:
    """Return the types that a field may have, null left out."""
    if "$ref" in schema:
        return types(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return set().union(*(types(each, definitions) for each in schema["anyOf"]))
    return {schema["type"]} - {"null"} if "type" in schema else set()


def test_there_are_as_many_actions_as_rows() -> None:
    assert len({row.action for row in ROWS}) == len(ROWS) == 73


@every_row
def test_every_required_field_is_one_of_the_config(row: DocumentRow) -> None:
    config = action_of(row).config
    known = {key: field for name, field in config.model_fields.items() for key in names(config, name)}
    for key in [*row.required, *row.optional]:
        assert key in known, f"{row.action} does not take {key}"
    for key in row.required:
        assert known[key].is_required(), f"{key} is required by the document"
    for key in row.optional:
        assert not known[key].is_required(), f"{key} may be left out"
    theirs = {id(known[key]) for key in row.required}
    more = [name for name, field in config.model_fields.items() if field.is_required() and id(field) not in theirs]
    assert not more, f"the document does not require {more}"


@every_row
def test_every_output_is_in_the_result_with_its_type(row: DocumentRow) -> None:
    action = action_of(row)
    named = {camel(name): TYPES[kind] for name, kind in row.outputs.items()} if isinstance(row.outputs, dict) else None
    expected = WHOLE[row.outputs] if isinstance(row.outputs, str) else named
    if not expected:
        return
    schema = result_schema(action)
    for key, kinds in expected.items():
        assert key in schema["properties"], f"{row.action} gives no {key}"
        found = types(schema["properties"][key], schema.get("$defs", {}))
        assert found, f"{key} may be anything"
        assert found <= kinds, f"{key} is {found}; the document says {sorted(kinds)}"


@pytest.mark.parametrize("row", [row for row in ROWS if row.confidence == "inferred"], ids=lambda row: row.action)
def test_what_is_inferred_says_so_on_its_page_and_in_its_result(row: DocumentRow) -> None:
    action = action_of(row)
    assert re.search(r"\b[Ii]nferred\b", action.description), "its description says that it is inferred"
    properties = result_schema(action)["properties"]
    said = [name for name in ("confidence", "basis") if properties.get(name, {}).get("const") == "inferred"]
    assert said, "its result says `confidence: inferred`, or `basis` where the document has a `Confidence` of its own"


@every_row
def test_every_row_has_its_proof(row: DocumentRow) -> None:
    good = [case for case in cases(row.action) if case.error is None and not case.look]
    assert good, f"write a successful case of {row.action}"
    sent = [each.request for case in good for each in case.traffic if isinstance(each.request, Request)]
    for endpoint in row.endpoints:
        proven = any(calls(endpoint, request.method, request.path) for request in sent)
        assert proven, f"no successful case of {row.action} calls {endpoint}"


def test_the_page_has_every_row() -> None:
    page = kustomer_page.pages()[kustomer_page.PAGE]
    listed = re.findall(r"^\| (\d+) \| .+ \| \[`([a-z0-9_.]+)`\]\(actions/\2\.md\) \|", page, re.MULTILINE)
    assert listed == [(str(number), row.action) for number, row in enumerate(ROWS, start=1)]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ConversationID", "conversationId"),
        ("CC", "cc"),
        ("ID", "id"),
        ("URI", "uri"),
        ("Email Signature", "emailSignature"),
        ("FirstEnterQueueAt", "firstEnterQueueAt"),
    ],
)
def test_a_run_of_capitals_is_one_word(name: str, key: str) -> None:
    assert camel(name) == key


@pytest.mark.parametrize(
    ("endpoint", "method", "path", "is_called"),
    [
        ("GET /v1/customers/{id}", "GET", "/v1/customers/c1?include=a", True),
        ("GET /v1/customers/{id}", "PATCH", "/v1/customers/c1", False),
        ("GET /v1/customers/{id}", "GET", "/v1/customers/c1/messages", False),
        ("GET /v2.1/chat", "GET", "/v201/chat", False),
        ("POST api.aircall.io/v1/contacts", "POST", "/v1/contacts", True),
    ],
)
def test_a_request_is_one_of_an_endpoint(endpoint: str, method: str, path: str, is_called: bool) -> None:
    assert calls(endpoint, method, path) is is_called


FIELD = re.compile(r"(?<![^\s.])(Email Signature|[A-Z][A-Za-z]*):(?=\s|$)")
UNNAMED = re.compile(r"^(Data) you'd like|An \"(Output)\" JSON object")
"""How the document names a field and an output without a colon."""


def written() -> Iterator[tuple[str, list[str]]]:
    """Yield section and cells of every row of the document, which stands beside some checkouts only."""
    found = [file for up in ROOT.parents[:2] for file in sorted((up / "shared" / "seeds").glob("*.txt"))]
    texts = [text for file in found if "\nAI actions\nName | " in (text := file.read_text(encoding="utf-8"))]
    if not texts:
        pytest.skip("Kustomer's document does not stand beside this checkout")
    section, held = "", ""
    for line in texts[0][texts[0].index("\nAI actions\nName | ") :].splitlines():
        if re.fullmatch(r"\w+ actions", line):
            section = line
        elif line.strip() and not line.startswith("Name | Description"):
            held = f"{held} {line}".strip()
            if held.endswith("|"):  # a cell may have several lines
                yield section, [cell.strip() for cell in held.removesuffix("|").split("|")]
                held = ""


def named(cell: str) -> list[str]:
    """Return the names in a cell."""
    return FIELD.findall(cell) or ["".join(found) for found in UNNAMED.findall(cell)]


def test_the_rows_are_the_documents() -> None:
    found = list(written())
    assert [(section, cells[0]) for section, cells in found] == [(row.section, row.name) for row in ROWS]
    for row, (_, cells) in zip(ROWS, found, strict=True):
        required, output = cells[1:3] if FIELD.match(cells[1]) else cells[2:4]  # one row has no description
        assert sorted([*row.required, *row.optional]) == sorted(named(required)), row.name
        outputs = [*row.outputs] if isinstance(row.outputs, dict) else []
        assert outputs == named(output), row.name
        assert (row.outputs == "answer") == ("GET API response" in output), row.name
        assert (row.outputs == "none") == (not output or output.startswith("No output")), row.name
