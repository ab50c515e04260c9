"""The generated pages are those of the code, and complete: every action with its fields, every command with its options."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from activities.action import Action
from activities.catalog import catalog
from scripts import action_pages, command_page, kustomer_page, pictures, reference
from tests.activities.cases import examples
from tests.together import together
from workers.cli import COMMANDS, EXIT_CODES, app
from workers.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[1]
ACTIONS = catalog()
PAGES = [
    f"{action_pages.FOLDER}/README.md",
    *(f"{action_pages.FOLDER}/{name}.md" for name in ACTIONS),
    command_page.PAGE,
    kustomer_page.PAGE,
    pictures.PAGE,
    *(f"{pictures.FOLDER}/{path.stem}.svg" for path in pictures.examples()),
]
GROUPED = {
    "hold": ["hold show"],
    "talkdesk": ["talkdesk manifest"],
    "connections": ["connections check"],
    "import": ["import keep", "import zendesk"],
    "connectors": ["connectors list", "connectors actions", "connectors show"],
}
WORDS = [words for names in COMMANDS.values() for name in names for words in GROUPED.get(name, [name])]


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """The text of every generated page by its path."""
    return reference.pages()


@together("path", PAGES)
def test_the_generated_pages_are_committed_as_they_are(path: str, pages: dict[str, str]) -> None:
    assert (ROOT / path).is_file(), "Run `make docs`."
    assert (ROOT / path).read_text(encoding="utf-8") == pages[path], "Run `make docs`."


def test_every_generated_page_is_held_to_the_code(pages: dict[str, str]) -> None:
    assert sorted(pages) == sorted(PAGES)


def test_there_is_no_page_of_an_action_that_is_no_more() -> None:
    found = {str(page.relative_to(ROOT)) for page in (ROOT / action_pages.FOLDER).rglob("*")}
    assert found == {path for path in PAGES if path.startswith(action_pages.FOLDER)}, "Run `make docs`."


def test_there_is_a_picture_of_each_example_and_no_other() -> None:
    found = {page.name for page in (ROOT / pictures.FOLDER).iterdir()}
    assert found == {f"{path.stem}.svg" for path in pictures.examples()}, "Run `make docs`."


def action_page(name: str) -> str:
    return (ROOT / action_pages.FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("action", ACTIONS.values(), ids=list(ACTIONS))
def test_an_actions_page_has_its_whole_contract(action: Action) -> None:
    page = action_page(action.name)
    assert page.startswith(f"# {action.name}\n")
    assert action.summary in page
    config, _, rest = page.partition("## Result")
    for name, field in action.config.model_json_schema()["properties"].items():
        assert re.search(
            rf"^\| `{re.escape(name)}` \| .+ \| .+ \| {re.escape(field['description'])}", config, re.MULTILINE
        )
    if action.result is not None:
        for name in action.result.model_json_schema(mode="serialization")["properties"]:
            assert f"\n| `{name}` |" in rest
    for kind in action.connections:
        assert f"\n## Connection of kind {kind.kind}\n" in page
    for word in ("safe", "keyed", "never"):
        if action.repeat == word and not action.calls:
            assert re.findall(r"^- `(\w+)`:", page, re.MULTILINE) == [word]
    assert ("| `unknown` |" in page) == (action.repeat != "safe" and not action.calls)
    assert ("the vendor is asked" in page) == (action.look is not None)
    assert f"actionType: {action.name}" in page.partition("## Example")[2]
    for example in examples(action.name):
        _, title, shown = page.partition(f"\n{example.title[:1].upper()}{example.title[1:]}:\n\n```yaml\n")
        assert title, f"the page lacks the case {example.title!r}"
        case = yaml.safe_load(shown.partition("\n```")[0])
        assert [*case] == ["config", *([] if action.local else ["sent"]), "result"]
        assert [*case["config"]] == [*example.config]


def test_a_page_says_which_config_decides_about_repeating() -> None:
    lines = action_page("http_request").splitlines()
    found = {line.split("`")[1]: re.findall(r"`(\w+: \w+)`", line) for line in lines if line.startswith("- `")}
    assert found == {
        "never": ["method: POST", "method: PATCH"],
        "safe": ["method: GET", "method: PUT", "method: DELETE"],
        "keyed": ["idempotent: true"],
    }


def section(words: str) -> str:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    return page.partition(f"\n### {words}\n")[2].partition("\n##")[0]


@pytest.mark.parametrize("words", WORDS)
def test_a_command_has_its_options_and_exit_codes(words: str) -> None:
    shown = io.StringIO()
    app([*words.split(), "--help"], console=Console(file=shown, width=300))  # no line of the help is broken
    words_shown = re.findall(r"^│ \*? *((?:--[a-z-]+)|[A-Z][A-Z|]*) ", shown.getvalue(), re.MULTILINE)
    rows = re.findall(r"^\| `(.+?)` \|", section(words), re.MULTILINE)
    assert sorted(row.replace("\\", "") for row in rows) == sorted(words_shown)
    codes = re.search(r"^Exit code: (.+?)\. \[All codes\]", section(words), re.MULTILINE)
    assert codes is not None


def test_a_command_that_can_answer_with_a_failure_says_when() -> None:
    for words in WORDS:
        command = app
        for word in words.split():
            command = command[word]
        function = command.default_command
        assert function is not None
        if function.__annotations__.get("return") == "int" or function.__module__ == "workers.cli.decide":
            assert "Returns:\n" in (function.__doc__ or ""), words


def test_every_exit_code_and_setting_is_listed() -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", page, re.MULTILINE) == [str(code) for code in EXIT_CODES]
    assert re.findall(r"^\| `(TRUNKLINE_\w+)` \|", page, re.MULTILINE) == list(VARIABLES.values())
