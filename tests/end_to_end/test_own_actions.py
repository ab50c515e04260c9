"""Actions of a user's own: the module that the guide shows, outside the repository, in a real run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.catalog import CatalogError, catalog
from tests.engine import Engine, step
from tests.starts import Processes
from trunkline.__main__ import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "adding-an-action.md"


def shown(name: str) -> str:
    """Return a module that the guide shows."""
    (code,) = re.findall(rf"```python\n(# {name}\n.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The guide's module in a folder of its own."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "acme_actions.py").write_text(shown("acme_actions.py"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("acme_actions", None)


DEFINITION = """
name: remember
trigger: {event: test.fired, data: [contact]}
actions:
  - label: Remember
    actionType: create_contact
    config: {name: "{{contact.name}}", phone: "+15550100"}
    saveAs: added
  - label: Tell
    actionType: http_request
    config: {method: POST, url: RECEIVER/tell, body: {id: "{{variables.added.contactId}}"}}
"""


@pytest.mark.parametrize("names", ["acme_actions", "{folder}/acme_actions.py"])
async def test_the_guides_action_runs(engine: Engine, module: Path, names: str) -> None:
    engine.actions = catalog([names.format(folder=module)])
    engine.connections["book"] = {"kind": "addressbook", "token": "book-token-123456", "baseUrl": engine.receiver.url}
    engine.receiver.answer("/contacts", 429)
    engine.receiver.answer("/contacts", 201, {"id": "c7"})
    engine.define(DEFINITION)
    report = await engine.run("remember", engine.event({"contact": {"name": "Ada"}}))
    assert report["outcome"] == "completed"
    assert step(report, "Remember")["attempts"] == 2
    assert engine.receiver.to("/contacts")[-1].body == {"name": "Ada", "phone": "+15550100"}
    assert engine.receiver.to("/contacts")[-1].headers["authorization"] == "Bearer book-token-123456"
    assert engine.receiver.to("/tell")[0].body == {"id": "c7"}


CONSOLE = Path(sys.executable).with_name("trunkline")


def run(processes: Processes, *words: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", **variables}
    return processes.run(list(map(str, words)), env=environment, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONPATH": "elsewhere", "TRUNKLINE_ACTIONS": "acme_actions"},
        {"TRUNKLINE_ACTIONS": "elsewhere/acme_actions.py"},
        {"TRUNKLINE_ACTIONS": "./elsewhere/acme_actions.py"},
    ],
)
def test_the_command_line_knows_it(
    processes: Processes, module: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    def trunkline(*words: str) -> subprocess.CompletedProcess[str]:
        return run(processes, CONSOLE, *words, cwd=tmp_path, **variables)

    known = trunkline("actions", "create_contact")
    assert known.returncode == 0, known.stderr
    assert "Add a contact to the address book." in known.stdout
    file = tmp_path / "remember.yaml"
    file.write_text(DEFINITION.replace("RECEIVER", "https://example.com").replace("phone:", "phonne:"))
    judged = trunkline("validate", str(file))
    assert judged.returncode == 1
    assert "phonne" in judged.stdout
    assert "phone" in judged.stdout.replace("phonne", "")


async def test_a_files_neighbours_can_be_imported_and_errors_name_it(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("NAME = 'own.thing'\n")
    text = "from beside_it import NAME\nfrom tests.activities.own_actions import ACTIONS as A\n"
    text += "from dataclasses import replace\nACTIONS = (replace(A[0], name=NAME),)\n"
    file = tmp_path / "mine.py"
    file.write_text(text)
    assert "own.thing" in catalog([str(file)])
    for name, content, words in (
        ("none.py", None, "no file of Python"),
        ("odd.py", "def (:", "cannot be imported: invalid syntax"),
        ("bare.py", "X = 1", "no tuple ACTIONS"),
        ("one.py", "ACTIONS = 5", "no tuple ACTIONS"),
        ("wrong.py", "ACTIONS = (5,)", "must hold only"),
        (
            "named.py",
            "from trunkline.actions import action\naction('Bad Name', repeat='safe', example={})",
            "lower case",
        ),
    ):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(CatalogError, match=words) as raised:
            catalog([str(tmp_path / name)])
        assert name in str(raised.value)


@pytest.mark.parametrize("name", PACKAGES)
@pytest.mark.parametrize("form", ["package", "module"])
@pytest.mark.parametrize("start", [[CONSOLE], [sys.executable, "-m", "trunkline"]], ids=["console", "-m"])
def test_a_package_that_hides_one_of_ours_is_told_in_one_sentence(
    processes: Processes, tmp_path: Path, name: str, form: str, start: list[Path | str]
) -> None:
    other = tmp_path / name / "__init__.py" if form == "package" else tmp_path / f"{name}.py"
    other.parent.mkdir(exist_ok=True)
    other.write_text("raise RuntimeError('imported')\n")
    place = other.parent if form == "package" else other
    elsewhere = tmp_path / "cwd"
    elsewhere.mkdir()
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    ended = run(processes, *start, "actions", cwd=elsewhere, PYTHONPATH=paths)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"trunkline: {place} hides Trunkline's own package {name}: rename it")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


def test_a_folder_that_is_no_package_hides_nothing(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "activities").mkdir()
    ended = run(processes, CONSOLE, "actions", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_commands_start_loads_the_standard_library_alone(processes: Processes) -> None:
    code = "import sys; import trunkline.__main__; print(*{m.partition('.')[0] for m in sys.modules})"
    loaded = set(run(processes, sys.executable, "-c", code, cwd=ROOT).stdout.split())
    bare = set(run(processes, sys.executable, "-c", "import sys; print(*sys.modules)", cwd=ROOT).stdout.split())
    assert {name for name in loaded - bare if name not in sys.stdlib_module_names} == {"trunkline"}


def test_the_public_face_is_typed_for_those_outside(processes: Processes, tmp_path: Path) -> None:
    for name in ("acme_actions.py", "book_rows.py"):
        (tmp_path / name).write_text(shown(name), encoding="utf-8")
    wrong = shown("acme_actions.py").replace("config.name,", "config.nam,").replace("book.token", "book.tokn")
    (tmp_path / "wrong.py").write_text(wrong, encoding="utf-8")
    ended = run(
        processes, sys.executable, "-m", "mypy", "--strict", "acme_actions.py", "book_rows.py", "wrong.py", cwd=tmp_path
    )
    problems = [line for line in ended.stdout.splitlines() if ": error:" in line]
    assert [line.partition(":")[0] for line in problems] == ["wrong.py", "wrong.py"], ended.stdout + ended.stderr


def test_the_guides_rows_join(tmp_path: Path) -> None:
    (tmp_path / "book_rows.py").write_text(shown("book_rows.py"), encoding="utf-8")
    assert catalog([str(tmp_path / "book_rows.py")])["book.person_find"].repeat == "safe"


def test_what_is_public_is_all_that_it_names() -> None:
    import trunkline.actions as face

    named = {name for name in vars(face) if not name.startswith("_") and name != "annotations"}
    assert named == set(face.__all__)
