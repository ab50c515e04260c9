"""How each system is run: Trunkline, and what users would take instead."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
from temporalio.client import Client

from bench.hooks import FailedError
from bench.peers.environments import n8n_program, postgresql, python_with
from bench.peers.system import LAST_WORDS, Peer, Program, System
from bench.stage import port
from workers.local.temporal_server import DYNAMIC_CONFIG, local_environment
from workers.process.search_attributes import WORDS

PROGRAMS = Path(__file__).with_name("programs")

AUTOMATION = """
name: call-ended
trigger: {{event: call.ended, data: [contact, call]}}
conditions: {{all: [{{field: call.waiting_time, operator: greater_than, value: 60}}]}}
actions:{steps}
"""
STEP = """
  - label: Notify {step}
    actionType: http_request
    config:
      method: POST
      url: {receiver}{keyed}
      body: {{event: "{{{{event.id | split: ':' | last}}}}", customer: {{name: "{{{{contact.name}}}}"}}, waited: "{{{{call.waiting_time}}}}", step: {step}}}"""  # noqa: E501
KEYED = "\n      idempotent: true"

GATEWAY = """
sources:
  calls:
    verify: none
    event: {type: call.ended, id: "{{body.id}}", data: {contact: "{{body.data.contact}}", call: "{{body.data.call}}"}}
"""


@asynccontextmanager
async def trunkline(folder: Path, receiver: str, synced: bool, *, keyed: bool) -> AsyncIterator[System]:
    """A gateway, a worker, and Temporal's development server, which keeps its state in SQLite."""
    steps = "".join(STEP.format(step=n, receiver=receiver, keyed=KEYED if keyed else "") for n in range(3))
    (folder / "automations").mkdir()
    (folder / "automations" / "call-ended.yaml").write_text(AUTOMATION.format(steps=steps))
    (folder / "gateway.yaml").write_text(GATEWAY)
    temporal, hooks = port(), port()
    beside = Path(sys.executable).with_name("temporal")
    server = [str(beside), "server", "start-dev", "--headless", "--log-level", "error", "--port", str(temporal)]
    server += ["--db-filename", str(folder / "temporal.db"), "--sqlite-pragma", "journal_mode=wal"]
    server += ["--sqlite-pragma", f"synchronous={'full' if synced else 'normal'}"]
    server += [part for key, value in DYNAMIC_CONFIG.items() for part in ("--dynamic-config-value", f"{key}={value}")]
    server += [part for key, value in WORDS.items() for part in ("--search-attribute", f"{key}={value}")]
    address = f"127.0.0.1:{temporal}"
    environment = {**local_environment(address), "TRUNKLINE_ALLOW": "127.0.0.1"}
    ours = [sys.executable, "-m", "workers.cli"]
    programs = [
        Program(server, local_environment(), temporal),
        Program([*ours, "worker", str(folder / "automations")], environment),
        Program([*ours, "gateway", "--config", str(folder / "gateway.yaml"), "--port", str(hooks)], environment, hooks),
    ]

    async def reported() -> int:
        client = await Client.connect(address)
        return (await client.count_workflows("TrunklineOutcome = 'failed'")).count

    yield System(programs, f"http://127.0.0.1:{hooks}/hooks/calls", reported)


@asynccontextmanager
async def dbos(folder: Path, receiver: str, synced: bool, *, database: str) -> AsyncIterator[System]:
    """One process; its database is a file of SQLite, or PostgreSQL beside it."""
    python, hooks = _dbos(), port()
    url, programs = f"sqlite:///{folder / 'dbos.sqlite'}", []
    if database == "PostgreSQL":
        place, program = _database(folder, synced)
        url, programs = f"postgresql+psycopg://{place}", [program]
    environment = {"DBOS_SYSTEM_DATABASE_URL": url, "RECEIVER": receiver}
    programs.append(Program([str(python), str(PROGRAMS / "dbos_app.py"), str(hooks)], environment, hooks))
    yield System(programs, f"http://127.0.0.1:{hooks}/hooks/calls")


@asynccontextmanager
async def prefect(folder: Path, receiver: str, synced: bool) -> AsyncIterator[System]:
    """A server on PostgreSQL, an application that delays tasks, and a process that runs them."""
    python, api, hooks = _prefect(), port(), port()
    place, database = _database(folder, synced)
    url = f"http://127.0.0.1:{api}/api"
    environment = {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": url,
        "PYTHONPATH": str(PROGRAMS),
        "RECEIVER": receiver,
    }
    server = {**environment, "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"postgresql+asyncpg://{place}"}
    command = [str(python), "-m", "prefect"]
    yield System(
        [
            database,
            Program([*command, "server", "start", "--no-ui", "--host", "127.0.0.1", "--port", str(api)], server, api),
            Program([*command, "task", "serve", "--module", "prefect_tasks"], environment),
            Program([str(python), str(PROGRAMS / "prefect_app.py"), str(hooks)], environment, hooks),
        ],
        f"http://127.0.0.1:{hooks}/hooks/calls",
        partial(_prefect_failed, url),
    )


@asynccontextmanager
async def n8n(folder: Path, receiver: str, _synced: bool) -> AsyncIterator[System]:
    """One process with a database in SQLite, and the process that runs its scripts."""
    program, hooks = n8n_program(), port()
    environment = {
        "N8N_USER_FOLDER": str(folder),
        "N8N_PORT": str(hooks),
        "N8N_LISTEN_ADDRESS": "127.0.0.1",
        "N8N_RUNNERS_BROKER_PORT": str(port()),
        "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
        "N8N_TEMPLATES_ENABLED": "false",
    }
    described = (PROGRAMS / "n8n_workflow.json").read_text().replace("RECEIVER", receiver)
    (folder / "workflow.json").write_text(described)
    for command in (["import:workflow", f"--input={folder / 'workflow.json'}"], ["publish:workflow", "--id=callended"]):
        done = await asyncio.create_subprocess_exec(
            str(program), *command, env={**os.environ, **environment}, stdout=PIPE, stderr=STDOUT
        )
        said, _ = await done.communicate()
        if done.returncode:
            raise FailedError(f"n8n {command[0]} ended with {done.returncode}: {said.decode()[-LAST_WORDS:]}")

    async def reported() -> int:
        with sqlite3.connect(folder / ".n8n" / "database.sqlite") as database:
            [count] = database.execute(
                "SELECT count(*) FROM execution_entity WHERE status IN ('crashed', 'error')"
            ).fetchone()
        return int(count)

    yield System(
        [Program([str(program), "start"], environment, hooks, f"http://127.0.0.1:{hooks}/healthz/readiness")],
        f"http://127.0.0.1:{hooks}/webhook/calls",
        reported,
    )


def _database(folder: Path, synced: bool) -> tuple[str, Program]:
    """Return a new PostgreSQL with its own settings: what follows the scheme in its address, and its process."""
    programs, place, user = postgresql(), folder / "postgresql", None
    place.mkdir()
    if os.geteuid() == 0:  # whom it refuses to serve
        user = "postgres"
        shutil.chown(place, user)
        folder.chmod(0o755)
    initdb = [str(programs / "initdb"), "--pgdata", str(place), "--username", "peers", "--auth", "trust"]
    subprocess.run(initdb, check=True, capture_output=True, user=user, cwd=place)  # noqa: S603 # our own command
    number = port()
    command = [str(programs / "postgres"), "-D", str(place), "-p", str(number), "-h", "127.0.0.1", "-k", str(place)]
    command += [] if synced else ["-c", "synchronous_commit=off"]
    return f"peers@127.0.0.1:{number}/postgres", Program(command, port=number, user=user, kept=True)


async def _prefect_failed(url: str) -> int:
    wanted = {"task_runs": {"name": {"like_": "call_ended"}, "state": {"type": {"any_": ["FAILED", "CRASHED"]}}}}
    async with aiohttp.ClientSession() as session, session.post(f"{url}/task_runs/count", json=wanted) as answer:
        return int(await answer.text())


def _dbos() -> Path:
    return python_with("dbos", "dbos", "fastapi", "uvicorn", "httpx")


def _prefect() -> Path:
    return python_with("prefect", "prefect", "fastapi", "uvicorn", "httpx")


def _with_postgresql(install: Callable[[], object]) -> None:
    postgresql()
    install()


PEERS = (
    Peer("Trunkline, `idempotent: true`", lambda: None, partial(trunkline, keyed=True)),
    Peer("Trunkline", lambda: None, partial(trunkline, keyed=False)),
    Peer("DBOS on SQLite", _dbos, partial(dbos, database="SQLite")),
    Peer("DBOS on PostgreSQL", partial(_with_postgresql, _dbos), partial(dbos, database="PostgreSQL")),
    Peer("Prefect on PostgreSQL", partial(_with_postgresql, _prefect), prefect),
    Peer("n8n", n8n_program, n8n),
)
"""The first is what the others are compared with."""
