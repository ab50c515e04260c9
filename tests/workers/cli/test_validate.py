from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from jsonschema import Draft202012Validator

from activities.catalog import catalog
from tests.starts import Processes
from tests.workers import command
from tests.workers.actions_sample import SAMPLE
from tests.workers.command import Ended, call
from workers.cli.actions import describe
from workers.definitions.folder import definition_files
from workers.definitions.loading import UnreadableFileError, read
from workers.definitions.planning import check
from workers.definitions.problems import serious
from workers.definitions.schema import automation_schema, render

ROOT = Path(__file__).parents[3]
EXAMPLES = definition_files(ROOT / "examples")
BAD = ROOT / "tests/workers/definitions/bad"
HEAVY = ("temporalio", "httpx", "aiohttp", "slack_sdk", "twilio", "google.cloud", "grpc", "jsonschema", "rich.console")

SMS = {"actionType": "send_sms", "config": {"from": "+15550100", "to": "+15550101", "text": "Hi"}}
GOOD = "name: good\ntrigger: {event: call.ended}\nactions: [{stop: completed}]\n"


def trunkline(*arguments: str | Path) -> Ended:
    return call(*arguments, cwd=ROOT)


def test_all_examples_are_good() -> None:
    done = trunkline("validate", "examples")
    assert (done.code, done.out) == (0, f"all good ({len(EXAMPLES)} files)\n")


def test_problems_are_printed_with_their_place_and_counted() -> None:
    done = trunkline("validate", BAD / "unknown-key.yaml", BAD / "plain-http.yaml", BAD / "bad-syntax.yaml")
    *lines, last = done.out.splitlines()
    assert done.code == 1
    assert lines[0].startswith(f"{BAD / 'unknown-key.yaml'}:6:5: unknown-key: ")
    assert lines[0].endswith("(Did you mean saveAs?)")
    assert last == "3 problems and 1 warning in 2 files"


def test_warnings_alone_are_no_failure() -> None:
    done = trunkline("validate", BAD / "plain-http.yaml")
    assert done.code == 0
    assert done.out.endswith("all good (1 file, 1 warning)\n")


def test_json_for_machines() -> None:
    done = trunkline("validate", "--json", BAD / "unknown-action.yaml")
    (found,) = json.loads(done.out)
    assert done.code == 1
    assert list(found) == ["code", "severity", "file", "line", "column", "step", "message", "hint"]
    assert (found["code"], found["severity"], found["line"]) == ("unknown-action", "problem", 5)
    assert json.loads(trunkline("validate", "--json", EXAMPLES[0]).out) == []


def test_a_folder_means_its_files_and_names_are_its_own(tmp_path: Path) -> None:
    done = trunkline("validate", BAD / "duplicate-name")
    assert done.code == 1
    assert f"{BAD / 'duplicate-name/b.yaml'}:2:7: duplicate-name: " in done.out
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text(GOOD, encoding="utf-8")
    assert trunkline("validate", tmp_path / "a", tmp_path / "b").code == 0
    assert trunkline("validate", tmp_path / "a", tmp_path / "a" / "x.yaml").code == 0


def test_the_calls_of_a_folder_are_checked_together() -> None:
    done = trunkline("validate", BAD / "circular-call", BAD / "unknown-automation" / "a.yaml")
    assert done.code == 0
    first, second, unknown, _ = done.out.splitlines()
    assert first.endswith(
        "circular-call: `first` calls `second` calls `first`: a call that is 5 deep fails at the next."
    )
    assert second.startswith(f"{BAD / 'circular-call/b.yaml'}:6:26: warning: circular-call: `second` calls `first`")
    assert unknown.endswith("defines the automation 'tikket'. (Did you mean ticket?)"), "the file beside it counts"


def test_what_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    missing = trunkline("validate", tmp_path / "nothing.yaml")
    assert missing.code == 1
    assert "nothing.yaml: unreadable-file: The file cannot be read: No such file or directory." in missing.out
    for arguments in ((), (tmp_path,)):
        done = trunkline("validate", *arguments)
        assert done.code != 0
        assert "Traceback" not in done.err
        assert done.err.strip().endswith(".")


async def test_actions_of_a_users_own_are_known(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "own_actions.py").write_text(
        "from activities.action import Config, action\n"
        "class Greeting(Config):\n    name: str\n"
        "@action('greet', repeat='safe', example={'name': 'Ada'})\n"
        "async def greet(config: Greeting, context: object) -> None:\n    '''Greet somebody.'''\n"
        "ACTIONS = (greet,)\n",
        encoding="utf-8",
    )
    file = tmp_path / "a.yaml"
    file.write_text(GOOD.replace("{stop: completed}", "{actionType: greet, config: {name: Ada}}"), encoding="utf-8")
    own = {"TRUNKLINE_ACTIONS": "own_actions", "PYTHONPATH": str(tmp_path)}
    assert (
        await command.trunkline("validate", file, processes=processes, environment=own)
    ).out == "all good (1 file)\n"
    assert "greet " in (await command.trunkline("actions", processes=processes, environment=own)).out
    assert "unknown-action" in trunkline("validate", file).out
    assert "cannot be imported" in call("validate", file, TRUNKLINE_ACTIONS="no_such_module").err


def test_validating_loads_neither_temporal_nor_a_vendor(processes: Processes) -> None:
    code = (
        "import sys\nfrom workers.cli import execute\n"
        f"assert execute(['validate', {str(EXAMPLES[0])!r}]) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = processes.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


LIBRARIES = "import cyclopts, liquid, pydantic, rich, yaml"
"""What no validation can do without."""


def test_validating_a_file_is_quick(processes: Processes) -> None:
    """Counted is the processor's time, against that of merely loading the libraries: both grow on a busy machine.

    The contracts of all actions are loaded, each for a few milliseconds.
    """

    def seconds(*command: str | Path) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        processes.run([sys.executable, *command], cwd=ROOT, capture_output=True, check=True, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)

    rounds = [(seconds("-m", "workers.cli", "validate", EXAMPLES[0]), seconds("-c", LIBRARIES)) for _ in range(5)]
    assert min(ours for ours, _ in rounds) < 3 * min(libraries for _, libraries in rounds), rounds


def test_the_schema_is_committed_as_it_is() -> None:
    committed = (ROOT / "schema/automation.schema.json").read_text(encoding="utf-8")
    assert committed == render(automation_schema(catalog())), "Run `make docs`."
    assert trunkline("schema").out == committed


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    made = automation_schema(catalog())
    jsonschema_rs.meta.validate(made)
    return Draft202012Validator(made)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_fit_the_schema(path: Path, schema: Draft202012Validator) -> None:
    assert [error.message for error in schema.iter_errors(read(path)[0])] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"actionType": "send_smss"},
        {"actionType": "send_sms", "config": {"from": "+1", "to": "+1", "text": "x", "txt": "y"}},
        {"actionType": "send_sms", "config": {"from": "+1", "text": "x"}},
        {"actionType": "send_sms"},
        {"actionType": "http_request", "config": {"method": "FETCH", "url": "https://x"}},
        {"wait": "1m", "colour": "red"},
        {"stop": "done"},
        {"wait": "1m", "conditions": {"field": "x", "operator": "is"}},
        {**SMS, "requireApproval": {"approvers": "ada@example.com"}},
        {**SMS, "requireApproval": {"bands": [{"when": {"field": "x", "operator": "is"}, "quorum": 2}]}},
        {**SMS, "requireApproval": {"notify": [{**SMS, "config": {"from": "+1"}}]}},
        {**SMS, "requireApproval": {"businessHours": {"start": "09:00"}}},
        {**SMS, "onFailure": [{"when": "timeout"}]},
        {**SMS, "onFailure": [{"when": ["never"], "do": "hold"}]},
        {**SMS, "onFailure": [{"when": "any", "do": "retry", "actions": [SMS]}]},
        {**SMS, "onFailure": [{"when": "any", "actions": []}]},
        {**SMS, "onFailure": [{"when": "any", "actions": [{"actionType": "send_smss"}]}]},
        {**SMS, "onRejected": {"actions": [SMS], "do": "continue"}},
        {**SMS, "onRejected": [SMS]},
    ],
)
def test_the_schema_refuses_what_is_misspelt(wrong: Any, schema: Draft202012Validator) -> None:
    data = {"name": "a", "trigger": {"event": "x"}, "actions": [wrong]}
    assert not schema.is_valid(data)


@pytest.mark.parametrize(
    "more",
    [
        {"requireApproval": {"notify": [{**SMS, "on": ["opened"]}], "businessHours": {"timeZone": "UTC"}}},
        {"requireApproval": {"bands": [{"when": {"all": []}, "allowEdit": "needsApproval"}], "expiresAfter": "3d"}},
        {"onFailure": [{"when": ["timeout", "http_429"], "do": "retry"}, {"when": "any", "do": "hold"}]},
        {"onFailure": [{"when": "any", "actions": [SMS]}, {"when": "unknown", "actions": [SMS], "do": "hold"}]},
        {"requireApproval": True, "onRejected": {"actions": [SMS]}},
    ],
)
def test_the_schema_takes_policies_and_rules(more: Any, schema: Draft202012Validator) -> None:
    data = {"name": "a", "trigger": {"event": "x"}, "approvals": {"quorum": 2}, "actions": [{**SMS, **more}]}
    assert [error.message for error in schema.iter_errors(data)] == []


def test_the_schema_takes_what_a_failed_run_does(schema: Draft202012Validator) -> None:
    data = {"name": "a", "trigger": {"event": "x"}, "actions": [SMS]}
    assert schema.is_valid({**data, "onFailure": {"actions": [SMS]}})
    assert not schema.is_valid({**data, "onFailure": "continue"})
    assert not schema.is_valid({**data, "onFailure": {"actions": []}})


def test_the_schema_takes_templates_wherever_a_value_is_no_text(schema: Draft202012Validator) -> None:
    config = {"method": "{{x}}", "url": "{{x}}", "accept": "{{x}}", "headers": "{{x}}", "followRedirects": "{{x}}"}
    step = {"actionType": "http_request", "config": config}
    assert schema.is_valid({"name": "a", "trigger": {"event": "x"}, "actions": [step]})


def test_every_key_of_the_language_is_described() -> None:
    definitions = automation_schema(SAMPLE)["$defs"]
    for name in (
        "ActionDefinition",
        "PathsDefinition",
        "BranchDefinition",
        "WaitDefinition",
        "ForEachDefinition",
        "StopDefinition",
        "Trigger",
        "RetryDefinition",
        "ApprovalDefinition",
        "BandDefinition",
        "BusinessHoursDefinition",
        "NoticeDefinition",
        "RuleDefinition",
        "ReactionDefinition",
    ):
        for key, value in definitions[name]["properties"].items():
            assert value.get("description"), f"{name}.{key}"


def test_the_catalogue_names_every_action_with_its_sentence() -> None:
    done = trunkline("actions")
    assert [line.split()[0] for line in done.out.splitlines()] == sorted(catalog())
    assert all(action.summary in done.out for action in catalog().values())


def test_one_action_is_shown_with_its_fields_and_an_example_that_is_yaml() -> None:
    done = trunkline("actions", "send_sms")
    for part in (
        "from: text, required",
        "connection: text, optional",
        "never repeated",
        "30s for one attempt",
        "connection:  twilio or cloudtalk",
    ):
        assert part in done.out
    example = yaml.safe_load(done.out.partition("example:\n")[2])
    assert example[0]["config"] == catalog()["send_sms"].example
    described = json.loads(trunkline("actions", "send_sms", "--json").out)
    assert described == json.loads(json.dumps(describe(catalog()["send_sms"])))
    assert [one["name"] for one in json.loads(trunkline("actions", "--json").out)] == sorted(catalog())


def test_an_unknown_action_is_told_with_the_nearest() -> None:
    done = trunkline("actions", "send_smss")
    assert done.code != 0
    assert "Did you mean send_sms?" in done.err


def test_every_bad_definition_that_has_problems_is_refused_by_the_command() -> None:
    for path in BAD.glob("*.yaml"):
        try:
            data, source = read(path)
        except UnreadableFileError:
            continue
        made, found = check(data, source, SAMPLE)
        assert (made is None) == bool(serious(found)), path


PARCEL = """
name: NAME
trigger: {event: order.shipped, data: [order]}
environment: [carrier]
actions:
  - label: Forget the parcel
    actionType: http_request
    config: {method: DELETE, url: "{{env.carrier}}/{{order.id}}", headers: {Authorization: "Bearer {{secrets.carrier}}"}}
"""


def test_environments_lie_beside_the_files_and_are_told_of_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(PARCEL.replace("NAME", name), encoding="utf-8")
    values = tmp_path / "environments"
    values.mkdir()
    (values / "dev.yaml").write_text("carrier: https://carrier.example.com", encoding="utf-8")
    good = call("validate", tmp_path, "--no-advice")
    assert (good.code, good.out) == (0, "all good (2 files)\n")
    missing = call("validate", tmp_path, "--json", "--no-advice", TRUNKLINE_ENVIRONMENT="production")
    assert (missing.code, [one["code"] for one in json.loads(missing.out)]) == (1, ["missing-environment-value"] * 2)
    (values / "dev.yaml").write_text("carrier: [", encoding="utf-8")
    bad = call("validate", tmp_path, "--json", "--no-advice")
    assert (bad.code, [one["file"] for one in json.loads(bad.out)]) == (1, [str(values / "dev.yaml")])
    assert "must be a name" in call("validate", tmp_path, TRUNKLINE_ENVIRONMENT="a b").err


def test_advice_changes_no_exit_code_and_can_be_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        PARCEL.replace("NAME", "a").replace("{{env.carrier}}", "https://carrier.example.com"), encoding="utf-8"
    )
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/dev.yaml").write_text("carrier: x", encoding="utf-8")
    told = call("validate", file)
    assert told.code == 0
    assert ": advice: unasked-harm: 'Forget the parcel' deletes something, and nobody is asked before." in told.out
    assert told.out.endswith("all good (1 file, 1 piece of advice)\n")
    assert [one["severity"] for one in json.loads(call("validate", file, "--json").out)] == ["advice"]
    assert call("validate", file, "--no-advice").out == "all good (1 file)\n"
