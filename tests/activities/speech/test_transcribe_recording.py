from __future__ import annotations

import sys
from typing import Any

import pytest
from pydantic import ValidationError

from activities.errors import Refused
from activities.speech import ACTIONS
from activities.speech.provider import Transcription
from activities.speech.transcribe_recording import transcribe_recording
from tests.activities.speech.conftest import Surroundings
from tests.starts import Processes

HEAVY = ("temporalio", "httpx", "aiohttp", "google", "grpc", "faster_whisper", "ctranslate2", "numpy", "av")


def test_contract() -> None:
    assert list(ACTIONS) == [transcribe_recording]
    assert transcribe_recording.name == "transcribe_recording"
    assert transcribe_recording.triggers == ("recording.uploaded",)
    assert transcribe_recording.repeats({}) == "safe"
    assert transcribe_recording.timeout.total_seconds() == 600
    assert Transcription.model_validate(transcribe_recording.example)


def test_the_recording_is_by_default_the_events() -> None:
    assert Transcription.defaults == {"recording": "{{recording.url}}"}


def test_the_documents_spelling_is_taken() -> None:
    config = Transcription.model_validate({"Language": "cs-CZ", "Model": "phone_call", "Enhanced": "true"})
    assert (config.language, config.model, config.enhanced) == ("cs-CZ", "phone_call", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lenguage": "en-US"},
        {"language": "English, please"},
        {"recording": ""},
        {"channels": 0},
        {"channels": 9},
        {"diarization": {"min": 3, "max": 2}},
        {"diarization": {"speakers": 2}},
        {"diarization": "who knows"},
    ],
)
def test_what_is_no_transcription_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Transcription.model_validate(wrong)


async def test_a_worker_without_a_provider_says_what_to_add(surroundings: Surroundings) -> None:
    with pytest.raises(Refused, match="a connection of kind google or whisper"):
        await surroundings.transcribe({"recording": "file:1.wav"})


def test_the_contract_loads_nothing_heavy(processes: Processes) -> None:
    script = f"import sys, activities.speech; print([name for name in {HEAVY} if name in sys.modules])"
    done = processes.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
