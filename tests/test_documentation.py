"""What the documentation shows is true of the code: definitions, links, commands, settings and names."""

from __future__ import annotations

import ast
import base64
import contextlib
import functools
import inspect
import io
import itertools
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from scripts.sources import source
from tests.starts import Processes
from tests.together import together
from workers.approvals.groups import Groups
from workers.approvals.signing import SigningKeys
from workers.cli import COMMANDS, app
from workers.definitions.environments import Environment, Environments
from workers.definitions.loading import parse
from workers.definitions.planning import check
from workers.gateway.config import load_config
from workers.settings import VARIABLES
from workflows import automation
from workflows.event import KNOWN
from workflows.language.comparison import OPERATORS
from workflows.language.filters import FILTERS
from workflows.steps import act, holding, send

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
INLINE = re.compile(r"`(trunkline [^`]+)`")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every fenced block of a page in one of the languages."""
    text = page.read_text()
    for block in FENCE.finditer(text):
        if block[1] in languages:
            yield text.count("\n", 0, block.start()) + 2, block[2]


def automations() -> Iterator[object]:
    for page in PAGES:
        for line, text in blocks(page, "yaml"):
            data = yaml.load(text, yaml.CSafeLoader)
            if isinstance(data, dict) and {"name", "trigger"} <= data.keys():
                yield pytest.param(text, id=f"{name(page)}:{line}")


@pytest.mark.parametrize("text", list(automations()))
def test_every_automation_that_is_shown_is_valid(text: str) -> None:
    data, source = parse(text.encode(), "shown.yaml")
    shown_values = [text for page in PAGES for _, text in blocks(page, "yaml") if text.startswith("# environments/dev")]
    dev = Environment(
        "environments/dev.yaml", {name: value for one in shown_values for name, value in yaml.safe_load(one).items()}
    )
    automation, problems = check(data, source, catalog(()), environments=Environments(known={"dev": dev}))
    assert automation is not None, problems
    assert problems == []


LANGUAGES = {"yaml", "json", "jsonl", "sh", "text", "python", "typescript"}


@together("page", PAGES, ids=name)
def test_every_block_says_what_it_is(page: Path) -> None:
    """So that each is run or held to something: see also tests/end_to_end/test_pages.py."""
    assert {block[1] for block in FENCE.finditer(page.read_text())} <= LANGUAGES


def shown(*languages: str) -> list[object]:
    return [pytest.param(text, id=f"{name(page)}:{line}") for page in PAGES for line, text in blocks(page, *languages)]


@pytest.mark.parametrize("text", shown("python"))
def test_every_python_block_compiles_alone(text: str) -> None:
    compile(text, "shown.py", "exec")


@pytest.mark.parametrize("text", shown("json"))
def test_every_json_block_is_json(text: str) -> None:
    json.loads(text)


@pytest.mark.parametrize("text", shown("jsonl"))
def test_every_line_of_json_is_json(text: str) -> None:
    assert [json.loads(line) for line in text.splitlines()]


@together("text", shown("sh"))
def test_every_shell_block_is_valid_and_decides_as_somebody(text: str, processes: Processes) -> None:
    shell = shutil.which("sh")
    assert shell
    processes.run([shell, "-n"], input=text, text=True, check=True)
    for line in re.findall(r"^trunkline (?:approve|reject|skip|retry|edit|stop|supply) .*", text, re.MULTILINE):
        assert "--by " in line or "TRUNKLINE_USER=" in text, line


@pytest.mark.parametrize("text", [*shown("typescript")])
def test_typescript_compiles_against_temporals_client(text: str, processes: Processes, tmp_path: Path) -> None:
    """Under CI, where npm may install what that needs."""
    npm = shutil.which("npm")
    if npm is None or not os.environ.get("CI"):
        pytest.skip("TypeScript is compiled under CI, with npm.")
    (tmp_path / "shown.ts").write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    packages = ["typescript@5", "@temporalio/client@1", "@types/node@20"]
    processes.run([npm, "install", "--no-audit", "--no-fund", *packages], cwd=tmp_path, check=True)
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "shown.ts"]
    processes.run([str(tmp_path / "node_modules/.bin/tsc"), *options], cwd=tmp_path, check=True)


def test_what_is_shown_of_docker_is_what_compose_has() -> None:
    """Services, and the files and folders that are to be made before it starts."""
    compose = (ROOT / "docker-compose.yml").read_text()
    services = yaml.safe_load(compose)["services"]
    page = (ROOT / "docs/operating.md").read_text()
    started = re.findall(r"docker compose up([^`\n]*)", page + (ROOT / ".env.example").read_text())
    assert started
    for line in started:
        words = [word for word in shlex.split(line) if not word.startswith("--")]
        assert {word.partition("=")[0] for word in words} <= services.keys(), line
    [text] = [text for _, text in blocks(ROOT / "docs/operating.md", "sh") if "cp .env.example .env" in text]
    made = {word for line in re.findall(r"^mkdir -p (.*)$", text, re.MULTILINE) for word in re.split(r"[ &]+", line)}
    mounted = re.findall(r"\$\{TRUNKLINE_\w+:-\./([\w.]+)\}", compose)
    assert mounted
    assert set(mounted) <= made


def test_the_day_of_a_support_team_is_the_example() -> None:
    example = (ROOT / "examples/support-day.yaml").read_text()
    shown = [text for _, text in blocks(ROOT / "docs/helpdesk.md", "yaml")]
    assert "".join(line for line in example.splitlines(keepends=True) if not line.startswith("# ")) in shown


def test_the_readme_shows_an_automation() -> None:
    assert any("name:" in text for _, text in blocks(ROOT / "README.md", "yaml"))


def test_connections_that_are_shown_are_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text for _, text in blocks(ROOT / "docs" / "operating.md", "yaml")]
    shown = [yaml.safe_load(text) for text in texts if not text.startswith("# TRUNKLINE_")]
    assert shown
    kinds = connection_kinds(catalog(()))
    for entries in shown:
        names = set(re.findall(r"\$\{(\w+)\}", str(entries)))
        connections = Connections(entries, kinds, dict.fromkeys(names, "https://value.example.com"))
        assert connections.problems() == []
        assert {entry["kind"] for entry in connections.entries.values()} == {kind.kind for kind in kinds}


def test_groups_and_keys_that_are_shown_can_be_read() -> None:
    [groups, keys] = [
        text for _, text in blocks(ROOT / "docs" / "operating.md", "yaml") if text.startswith("# TRUNKLINE_")
    ]
    assert Groups(groups).names() == ["finance", "ops"]
    assert SigningKeys(keys, {"GATEWAY_KEY": base64.b64encode(bytes(32)).decode()})


def test_the_gateway_s_file_that_is_shown_is_one(tmp_path: Path) -> None:
    shown = [text for _, text in blocks(ROOT / "docs" / "gateway.md", "yaml") if "trigger:" not in text]
    assert shown
    key = base64.b64encode(bytes(32)).decode()
    for text in shown:
        (tmp_path / "gateway.yaml").write_text(text)
        load_config(tmp_path / "gateway.yaml", dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), key))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    prose = FENCE.sub("", page.read_text())
    return {re.sub(r"[^\w\- ]", "", found.lower()).replace(" ", "-") for found in HEADING.findall(prose)}


@together("page", PAGES, ids=name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def commands(*, fenced: bool) -> list[str]:
    """Return the commands of all pages: whole lines of fenced blocks, or mentions within sentences."""
    found: list[str] = []
    for page in PAGES:
        if fenced:
            joined = "\n".join(text.replace("\\\n", " ") for _, text in blocks(page, "", "sh", "console"))
            found += re.findall(r"^(?:\.venv/bin/)?(trunkline .*)$", joined, re.MULTILINE)
        else:
            found += INLINE.findall(FENCE.sub("", page.read_text()))
    return sorted(set(found))


@together("written", commands(fenced=True))
def test_every_command_that_is_shown_can_be_called(written: str) -> None:
    words = list(itertools.takewhile(lambda word: word != ">", shlex.split(written, comments=True)[1:]))
    _, _, left = app.parse_known_args(words)[:3]
    assert left == []


@functools.cache
def help_of(command: str) -> str:
    page = io.StringIO()
    with contextlib.redirect_stdout(page):
        app(f"{command} --help")
    return page.getvalue()


@together("written", commands(fenced=False))
def test_every_command_that_is_mentioned_has_its_options(written: str) -> None:
    command, *rest = shlex.split(written)[1:]
    assert command in {one for names in COMMANDS.values() for one in names}
    shown = help_of(command)
    for option in (word.partition("=")[0] for word in rest if word.startswith("--")):
        assert re.search(rf"{option}\b", shown), f"{command} has no option {option}"


def test_every_setting_is_explained() -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    explained = set(re.findall(r"^\| `(TRUNKLINE_\w+)`", page, re.MULTILINE))
    assert explained == {*VARIABLES.values(), "TRUNKLINE_SECRET_NAME", "TRUNKLINE_DEBUG"}


def test_every_filter_operator_and_event_field_is_listed() -> None:
    page = (ROOT / "docs" / "language.md").read_text()
    section = page[page.index("### Filters and tags") : page.index("`date` takes a format")]
    listed = {
        word.strip() for row in re.findall(r"^\| [\w ]+ \| (.+) \|$", section, re.MULTILINE) for word in row.split(",")
    }
    assert listed - {"filters"} == FILTERS.keys()
    operators = page[page.index("| operator | holds where |") : page.index("How values compare")]
    rows = re.findall(r"^\| (`.+?) \|", operators, re.MULTILINE)
    assert {word for row in rows for word in re.findall(r"`(\w+)`", row)} - {"value"} == OPERATORS.keys()
    events = page[page.index("| event type | roots") : page.index("## Steps")]
    for roots in KNOWN.values():
        for root, fields in roots.items():
            row = re.search(rf"`{root}`: (.+?) \|$", events, re.MULTILINE)
            assert row is not None, root
            assert not fields or set(row[1].split(", ")) == fields.keys(), root


GLOSSARY = re.findall(
    r"^\| (.+?) \| .+? \| `(\w+)` \| `(.+?)` \|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE
)


@functools.cache
def names_defined_in(place: Path) -> set[str]:
    """Return the names of the classes, functions, constants and attributes that a file, or a folder's files, define."""
    found: set[str] = set()
    for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.ClassDef(name=word) | ast.FunctionDef(name=word) | ast.AsyncFunctionDef(name=word):
                    found.add(word)
                case ast.Name(id=word, ctx=ast.Store()) | ast.Attribute(attr=word, ctx=ast.Store()):
                    found.add(word)
    return found


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    words = [word for word, _, _ in GLOSSARY]
    assert words == sorted(set(words))
    rows = (ROOT / "docs/glossary.md").read_text().count("\n| ") - 2  # its head takes two lines
    assert len(words) == rows, "a row has the word, its meaning, its name in the code and the file that defines it"


@together(("word", "name_in_code", "place"), GLOSSARY, ids=[word for word, _, _ in GLOSSARY])
def test_the_file_that_the_glossary_names_defines_the_word(word: str, name_in_code: str, place: str) -> None:
    assert name_in_code in names_defined_in(ROOT / place), f"{place} defines no {name_in_code}, which {word!r} is there"


def test_no_two_classes_have_one_name() -> None:
    """What begins with an underscore is a file's own affair."""
    places: dict[str, list[str]] = {}
    for island in ("trunkline", "workflows", "activities", "workers"):
        for file in sorted((ROOT / island).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


FIVE = ("README.md", "workflows/automation.py", "workflows/plan.py", "workers/definitions/planning.py")
"""What a stranger reads first, with one action."""
WAY = re.compile(r"`(\w+)`(?: \(`([\w/.]+)`\))?")


def test_what_a_stranger_reads_first_is_short() -> None:
    def lines(file: Path) -> int:
        return len(file.read_text(encoding="utf-8").splitlines())

    actions = {ROOT / source(action) for action in catalog(()).values()}
    assert sum(lines(ROOT / name) for name in FIVE) + max(map(lines, actions)) < 1_000


def test_the_way_of_a_run_names_what_there_is() -> None:
    """Each function stands in the file that is named beside it, else in the module itself."""
    text = " ".join((automation.__doc__ or "").split())
    named = WAY.findall(text)
    assert {"walk_whole", "act", "send", "_attempt", "hold_for_approval"} <= {word for word, _ in named}
    for word, file in named:
        assert word in names_defined_in(ROOT / "workflows" / (file or "automation.py")), (word, file)
    for file in re.findall(r"`([\w/-]+\.(?:py|md))`", text):
        assert (ROOT / file).is_file() or (ROOT / "workflows" / file).is_file(), file


def test_the_lines_that_the_way_leads_to_are_there() -> None:
    assert "host.start_activity(" in inspect.getsource(send._attempt)
    assert "await _attempt(" in inspect.getsource(send)
    assert "await send(" in inspect.getsource(act.act)
    assert "hold_for_approval(" in inspect.getsource(act)
    assert "Hold(" in inspect.getsource(holding)


INDEX = ROOT / "docs" / "README.md"


def links(page: Path) -> set[Path]:
    """Return the pages of docs/ that a page links to."""
    found = {
        (page.parent / link.partition("#")[0]).resolve()
        for link in LINK.findall(FENCE.sub("", page.read_text()))
        if "://" not in link and not link.startswith("#")
    }
    return {target for target in found if target.suffix == ".md" and target.is_relative_to(ROOT / "docs")}


def test_every_page_is_reached_from_the_index() -> None:
    """The pages of actions are reached by their own index, all others at once."""
    actions = ROOT / "docs" / "actions"
    pages = set((ROOT / "docs").rglob("*.md")) - {INDEX}
    assert pages - links(INDEX) == {page for page in pages if page.parent == actions and page.name != "README.md"}
    assert pages <= links(INDEX) | links(actions / "README.md")
