"""What the tests of transcription share."""

from __future__ import annotations

import io
import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from activities.connections import Connections
from activities.context import Context
from activities.http_client.client import Client
from activities.speech import CONNECTIONS
from activities.speech.provider import Transcription
from activities.speech.transcribe_recording import transcribe_recording
from activities.speech.transcript import Transcript
from tests.activities.attempts import DayBudgets, KnownRuns, OwnValues, ProcessPauses
from tests.activities.speech.google_server import FakeGoogle, FakeStorage, serve_speech, serve_storage
from tests.starts import Processes

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "examples" / "recordings" / "unhappy-caller.wav"
KEY = "5f6d0f5e-8f5b-5c36-9a4e-0d0c36a0c5c1"


def sound(seconds: float = 1.0, rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    """Return a WAV file with silence."""
    content = io.BytesIO()
    with wave.open(content, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(bytes(int(seconds * rate) * channels * width))
    return content.getvalue()


@dataclass
class Surroundings:
    """Makes the surroundings of attempts, and remembers what they kept for the next one."""

    http: Client
    files: Path | None
    connections: dict[str, Any] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)

    def context(self, *, progress: Any = None, attempt: int = 1, timeout: float = 30) -> Context:
        async def sending() -> None:
            return None

        return Context(
            action="transcribe_recording",
            key=KEY,
            run="unhappy-caller/evt_1",
            automation="unhappy-caller",
            attempt=attempt,
            timeout=timeout,
            http=self.http,
            connections=Connections(self.connections, CONNECTIONS),
            files=self.files,
            progress=progress,
            heartbeat=self.kept.append,
            sending=sending,
            conceal=lambda _owner, _values: None,
            budgets=DayBudgets(),
            pauses=ProcessPauses(),
            runs=KnownRuns(),
            kept_values=OwnValues(),
        )

    async def transcribe(self, config: dict[str, Any], **context: Any) -> Transcript:
        """Make one attempt."""
        made = Transcription.model_validate(config)
        result = await transcribe_recording.function(made, self.context(**context))
        assert isinstance(result, Transcript)
        return result


@pytest_asyncio.fixture
async def surroundings(tmp_path: Path) -> AsyncIterator[Surroundings]:
    http = Client(allow=["127.0.0.1"])
    folder = tmp_path / "recordings"
    folder.mkdir()
    yield Surroundings(http, folder)
    await http.close()


@pytest_asyncio.fixture
async def google(surroundings: Surroundings) -> AsyncIterator[FakeGoogle]:
    """A fresh Google Speech, which the only connection points at."""
    fake = FakeGoogle()
    stop = await serve_speech(fake)
    surroundings.connections["speech"] = {"kind": "google", "baseUrl": fake.address}
    yield fake
    await stop()


@pytest_asyncio.fixture
async def storage(surroundings: Surroundings, google: FakeGoogle) -> AsyncIterator[FakeStorage]:
    """A fresh Cloud Storage; the connection names a bucket of it."""
    fake = FakeStorage()
    stop = await serve_storage(fake)
    surroundings.connections["speech"] |= {"bucket": "acme-recordings", "storageUrl": fake.address}
    yield fake
    await stop()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve a handler of this machine, and return its address."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        app = web.Application()
        app.router.add_get("/{tail:.*}", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


def made(processes: Processes, script: str) -> Path:
    """Run a script of the set-up, which is quick where its folder is there already, and return the folder."""
    processes.run([sys.executable, str(ROOT / "scripts" / script)], check=True)
    folder = {"whisper_weights.py": "whisper-base", "human_speech.py": "human-speech"}[script]
    return ROOT / ".cache" / folder


@pytest.fixture(scope="session")
def weights(processes: Processes) -> Path:
    return made(processes, "whisper_weights.py")


@pytest.fixture(scope="session")
def human_speech(processes: Processes) -> Path:
    return made(processes, "human_speech.py")
