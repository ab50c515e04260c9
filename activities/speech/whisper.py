"""The connection to a speech model on the worker's own machine."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from activities.context import Context
from activities.errors import Refused
from activities.speech.provider import SpeechProvider, Transcription
from activities.speech.recording import fetch

if TYPE_CHECKING:
    from activities.speech.transcript import Transcript


class Whisper(SpeechProvider):
    """A Whisper model that runs on the worker's own processor; no recording leaves the machine."""

    kind: ClassVar[str] = "whisper"

    model: str = Field(
        default="base",
        min_length=1,
        description="Folder with a converted model, or the name of one (`base`, `small`, …), which is then taken from "
        "the machine's own cache or, where it is not there, downloaded once.",
    )

    def credentials(self) -> Iterable[str]:
        """Return nothing: a local model has no credentials."""
        return []

    async def transcribe(self, config: Transcription, context: Context) -> Transcript:
        """Transcribe a recording here (see `local_model`)."""
        if config.diarization is not False:
            raise Refused("The local model cannot tell speakers apart: leave `diarization` out, or use Google.")
        recording = await fetch(config.recording, context)
        try:
            local = await asyncio.to_thread(importlib.import_module, "activities.speech.local_model")
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.startswith("activities"):
                raise
            raise Refused(
                "Transcribing on this machine needs faster-whisper, which this worker does not have: "
                "pip install 'trunkline[whisper]'"
            ) from error
        transcript: Transcript = await local.transcribe(self.model, config, recording, context)
        return transcript
