"""Adding is local: a made-up action and a made-up vendor, in a copy of the repository, are known everywhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.starts import Processes

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("activities", "examples", "workflows", "workers", "trunkline", "tests", "scripts", "schema", "pyproject.toml")

ACTION = '''
"""Letters on paper."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from activities.action import Config, Result, Static
from activities.connections import Connection
from activities.rest.endpoint import endpoint
from activities.rest.service import Service


class Postbox(Connection):
    """An account for letters."""

    kind: ClassVar[str] = "postbox"

    key: str = Field(description="API key.")


class Letter(Config):
    """A letter."""

    address: str = Field(description="Where it goes.")
    text: str = Field(description="What it says.")
    connection: Annotated[str | None, Static()] = Field(default=None, description="Which account.")


class Posted(Result):
    """What became of it."""

    id: str = Field(description="Number of the letter.")


POSTBOX = Service(
    name="Postbox",
    connection=Postbox,
    address="https://api.postbox.example",
    sign_in=lambda account: {"Authorization": f"Bearer {account.key}"},
)

send_letter = endpoint(
    POSTBOX,
    "send_letter",
    "Send a letter on paper.",
    "POST /letters",
    Letter,
    Posted,
    key="Idempotency-Key",
    example={"address": "1 High Street", "text": "Sorry for the wait!"},
)
'''

VENDOR = '''
"""Postbox, which posts letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Vendor


class PostboxVendor(Vendor):
    """Posts every letter that has an address."""

    title: ClassVar[str] = "Postbox"
    connection: ClassVar[Mapping[str, Any]] = {"key": "sandbox-postbox-key"}
    host: ClassVar[str] = "api.postbox.example"

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Post a letter."""
        if (request.method, request.path) != ("POST", "/letters"):
            return VendorAnswer(404, {"error": "no such page"})
        if not request.body.get("address"):
            return VendorAnswer(422, {"error": "address is missing"})
        return VendorAnswer(201, {"id": "letter-1"}, accepted=True)

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as any web server would."""
        return VendorAnswer(status, {"error": "no"}, {} if retry_after is None else {"Retry-After": str(retry_after)})

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return address and text."""
        return request.body.get("address", ""), request.body.get("text", "")
'''

CASES = """
every: {config: {address: 1 High Street, text: Sorry}, answer: {status: 201, json: {id: letter-9}}, result: {id: letter-9}}

a letter is posted once, whatever happens:
  request:
    path: /letters
    headers: {Authorization: Bearer sandbox-postbox-key, Idempotency-Key: 0c9a4f5e-6a0e-5d8a-9d43-1d2f6f1f7c11}
    json: {address: 1 High Street, text: Sorry}
failures are sorted:
  each:
    - {config: {address: ""}, answer: {status: 422, json: {error: address is missing}}, error: {type: Refused, says: address is missing}}
    - {answer: {status: 429, headers: {Retry-After: 7}}, error: {type: Unavailable, retryAfter: 7}}
    - {answer: {status: 500}, error: OutcomeUnknown}
    - {answer: too large, error: ResultTooLarge}
"""

DEFINITION = """
name: letters
trigger: {event: call.ended}
actions:
  - label: Write
    actionType: send_letter
    config: {address: 1 High Street, text: Sorry}
"""

SHOWN = """
import asyncio, json
import aiohttp
from scripts.reference import pages
from workers.sandbox import Sandbox, connections

async def main():
    async with Sandbox(0) as sandbox, aiohttp.ClientSession() as browser:
        async with browser.get(f"{sandbox.url}/") as page:
            html = await page.text()
        async with browser.get(f"{sandbox.url}/_/page.css") as page:
            css = await page.text()
        async with browser.post(f"{sandbox.url}/_/faults", json={"vendor": "postbox", "status": 500}) as taken:
            fault = taken.status
        async with browser.post(f"{sandbox.url}/postbox/letters", json={"address": "1 High Street"}) as failed:
            status = failed.status
    made = pages()
    print(json.dumps({
        "connections": connections("http://sandbox"), "page": html, "css": css, "fault": fault, "status": status,
        "reference": made["docs/actions/send_letter.md"], "list": made["docs/actions/README.md"],
    }))

asyncio.run(main())
"""


def added(folder: Path, file: str, text: str) -> None:
    path = folder / file
    assert not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.lstrip(), encoding="utf-8")


def changed(folder: Path, file: str, *changes: tuple[str, str]) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{file} has no one {old!r}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy to which an action was added: a file, its line in the family, and its cases."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, tmp_path / part)
    added(tmp_path, "activities/sms/send_letter.py", ACTION)
    changed(
        tmp_path,
        "activities/sms/__init__.py",
        (
            "from activities.sms.twilio",
            "from activities.sms.send_letter import send_letter\nfrom activities.sms.twilio",
        ),
        ("ACTIONS = (send_sms,)", "ACTIONS = (send_sms, send_letter)"),
    )
    return tmp_path


@pytest.fixture
def vendor(repository: Path) -> None:
    """The vendor that the sandbox has for it: a file, and its entry."""
    added(repository, "workers/sandbox/vendors/postbox.py", VENDOR)
    changed(
        repository,
        "workers/sandbox/vendors/__init__.py",
        ("import HttpVendor\n", "import HttpVendor\nfrom workers.sandbox.vendors.postbox import PostboxVendor\n"),
        ('    "http": HttpVendor', '    "postbox": PostboxVendor,\n    "http": HttpVendor'),
    )


class Copy:
    """Runs Python in the copy."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder = folder
        self.processes = processes

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return self.processes.run(command, check=False, cwd=self.folder, capture_output=True, text=True)

    def test(self, *arguments: str) -> tuple[int, str]:
        done = self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(repository: Path, processes: Processes) -> Copy:
    return Copy(repository, processes)


TESTS = (
    "tests/activities/test_cases.py",
    "tests/activities/test_catalog.py",
    "tests/workers/sandbox/test_cases.py",
    "tests/workers/sandbox/test_sandbox.py",
    "-k",
    "send_letter or kind_of_connection or connections_point or vendor_that or makes_no_sense or every_action_in",
)


@pytest.mark.usefixtures("vendor")
def test_an_action_and_its_vendor_are_known_everywhere(copy: Copy, tmp_path: Path) -> None:
    added(tmp_path, "tests/activities/sms/cases/send_letter.yml", CASES)
    added(tmp_path, "automations/letters.yaml", DEFINITION)
    added(tmp_path, "automations/misspelt.yaml", DEFINITION.replace("text:", "txt:").replace("letters", "misspelt"))

    good = copy.run("-m", "workers.cli", "validate", "automations/letters.yaml")
    assert good.returncode == 0, good.stdout + good.stderr
    bad = copy.run("-m", "workers.cli", "validate", "automations/misspelt.yaml")
    assert (bad.returncode, "text" in bad.stdout) == (1, True)

    shown: dict[str, Any] = json.loads(copy.run("-c", SHOWN).stdout)
    assert shown["connections"]["sandbox-postbox"] == {
        "kind": "postbox",
        "key": "sandbox-postbox-key",
        "baseUrl": "http://sandbox/postbox",
        "standsFor": "api.postbox.example",
    }
    assert "Postbox <b>0</b>" in shown["page"]
    assert "\n.postbox {" in shown["css"]
    assert (shown["fault"], shown["status"]) == (201, 500)
    assert "[activities/sms/send_letter.py]" in shown["reference"]
    assert "A letter is posted once, whatever happens:" in shown["reference"]
    assert "send_letter.md" in shown["list"].partition("## sms")[2]

    code, said = copy.test(*TESTS)
    assert code == 0, said
    assert "postbox" in copy.run("-m", "workers.cli", "actions", "send_letter").stdout


@pytest.mark.usefixtures("vendor")
def test_an_action_without_cases_fails(copy: Copy) -> None:
    code, said = copy.test("tests/activities/test_cases.py", "-k", "send_letter")
    assert code == 1
    for kind in ("success", "Refused", "Unavailable", "OutcomeUnknown", "ResultTooLarge"):
        assert f"write a case of kind {kind} in tests/activities/sms/cases/send_letter.yml" in said


def test_an_action_without_its_vendor_fails(copy: Copy, tmp_path: Path) -> None:
    added(tmp_path, "tests/activities/sms/cases/send_letter.yml", CASES)
    code, said = copy.test("tests/workers/sandbox/test_sandbox.py", "-k", "kind_of_connection")
    assert code == 1
    assert "write workers/sandbox/vendors/postbox.py and enter it under 'postbox' in VENDORS" in said
