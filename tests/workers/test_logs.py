import io
import json
import logging
import sys
import uuid
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.starts import Processes
from workers import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def json_lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_elsewhere_than_on_a_terminal_each_line_is_one_json_object() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream, process=2)
    logging.getLogger("trunkline.test").info("first\nsecond %s", "ü")
    [line] = json_lines(stream)
    assert line["message"] == "first\nsecond ü"
    assert line["level"] == "info"
    assert line["logger"] == "trunkline.test"
    assert line["process"] == 2
    assert datetime.fromisoformat(line["time"]).tzinfo is not None
    assert not {"run", "step", "attempt"} & set(line)


def test_on_a_terminal_lines_are_for_people() -> None:
    stream = Terminal()
    logs.configure(stream=stream, environ={})
    logging.getLogger("x").warning("Slow.", extra={"run": "a/1", "step": "send"})
    line = stream.getvalue()
    assert "WARNING: Slow." in line
    assert "[a/1 · send]" in line
    assert "\x1b[33m" in line
    assert "{" not in line


def test_no_color_is_honoured() -> None:
    stream = Terminal()
    logs.configure(stream=stream, environ={"NO_COLOR": "1"})
    logging.getLogger("x").error("Wrong.")
    assert "\x1b" not in stream.getvalue()


def test_a_customers_text_cannot_steer_the_terminal() -> None:
    stream = Terminal()
    logs.configure(stream=stream, environ={"NO_COLOR": "1"})
    logging.getLogger("x").info("name: \x1b]0;owned\x07 \x9b2J")
    assert not {"\x1b", "\x07", "\x9b"} & set(stream.getvalue())


async def test_a_line_written_during_an_activity_says_run_step_and_attempt() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)

    @activity.defn
    async def send() -> None:
        logging.getLogger("a.vendor").warning("Rate limited.")

    environment = ActivityEnvironment()
    await environment.run(send)
    [line] = json_lines(stream)
    info = environment.info
    assert (line["run"], line["step"], line["attempt"]) == (info.workflow_id, info.activity_id, info.attempt)


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_secrets_are_scrubbed_from_messages_places_and_tracebacks(stream: io.StringIO) -> None:
    value = 'can"ary'
    logs.configure(stream=stream)
    logs.scrub_with(lambda text: text.replace(value, "***"))
    try:
        int(value)
    except ValueError:
        logging.getLogger("x").exception("token %s", value, extra={"run": f"r/{value}"})
    written = stream.getvalue()
    assert "ary" not in written
    assert written.count("***") == 3
    assert "Traceback" in written


def test_libraries_that_write_a_line_per_request_stay_silent() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    logging.getLogger("httpx").info("GET https://example.com/?token=x")
    logging.getLogger("httpx").warning("worth reading")
    assert [line["message"] for line in json_lines(stream)] == ["worth reading"]


def test_python_warnings_are_lines_too() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("outdated", stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "outdated" in json_lines(stream)[0]["message"]


def test_logging_loads_nothing_of_temporal(processes: Processes) -> None:
    code = "import logging, sys; from workers import logs; logs.configure(); logging.warning('x'); print(*sys.modules)"
    done = processes.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "temporalio" not in done.stdout.split()
    assert json.loads(done.stderr)["message"] == "x"


@workflow.defn
class Talkative:
    @workflow.run
    async def run(self) -> None:
        logging.getLogger("a.library").warning("Odd.")


async def test_a_line_written_by_a_run_says_which(temporal: WorkflowEnvironment) -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    queue = f"logs-{uuid.uuid4()}"
    async with Worker(
        temporal.client, task_queue=queue, workflows=[Talkative], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        await temporal.client.execute_workflow(Talkative.run, id=queue, task_queue=queue)
    [line] = [line for line in json_lines(stream) if line["message"] == "Odd."]
    assert line["run"] == queue
