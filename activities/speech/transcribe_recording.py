"""transcribe_recording: turn the recording of a call into text."""

from __future__ import annotations

from datetime import timedelta

from activities.action import action
from activities.context import Context
from activities.speech.google import Google
from activities.speech.provider import RECORDING, SpeechProvider, Transcription
from activities.speech.transcript import Transcript
from activities.speech.whisper import Whisper

PROVIDERS: tuple[type[SpeechProvider], ...] = (Google, Whisper)


@action(
    "transcribe_recording",
    repeat="safe",
    timeout=timedelta(minutes=10),
    triggers=("recording.uploaded",),
    connections=PROVIDERS,
    example={"recording": RECORDING, "language": "en-US", "model": "phone_call", "enhanced": True},
)
async def transcribe_recording(config: Transcription, context: Context) -> Transcript:
    """Turn the recording of a call into text.

    A connection of kind `google` uses Google Speech-to-Text; one of kind `whisper` a model on the worker's own machine,
    so that nothing leaves it. Google bills by length; a job that Google has already begun is waited for, not begun
    again, when the step is repeated.
    """
    provider = context.connection(config.connection, *PROVIDERS)
    return await provider.transcribe(config, context)
