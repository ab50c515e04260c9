"""The connection to Google Speech-to-Text."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from activities.context import Context
from activities.speech.provider import SpeechProvider, Transcription

if TYPE_CHECKING:
    from activities.speech.transcript import Transcript

SECRETS = ("private_key", "private_key_id", "client_secret", "refresh_token")


class Google(SpeechProvider):
    """Google Speech-to-Text, version 1.

    `baseUrl` is a regional endpoint (`https://eu-speech.googleapis.com`) or a gateway; over plain http:// no
    credentials are sent.
    """

    kind: ClassVar[str] = "google"
    hosts: ClassVar[tuple[str, ...]] = ("speech.googleapis.com", "oauth2.googleapis.com")

    key: str | None = Field(
        default=None,
        alias="credentials",
        description="Path of a credentials file, or its JSON text; without it the machine's application default "
        "credentials are used.",
    )
    bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$",
        description="Cloud Storage bucket to which recordings are copied, so that they may be longer than a minute; "
        "give it a lifecycle rule that removes them.",
    )
    storage_url: str = Field(
        default="https://storage.googleapis.com", description="Address of Cloud Storage or of a gateway to it."
    )

    def credentials(self) -> Iterable[str]:
        """Return what of the credentials must never be seen; a path may be."""
        if self.key is None or not self.key.lstrip().startswith("{"):
            return []
        try:
            parts = json.loads(self.key)
        except ValueError:
            return [self.key]
        return [self.key, *(str(parts[name]) for name in SECRETS if parts.get(name))]

    async def transcribe(self, config: Transcription, context: Context) -> Transcript:
        """Have Google transcribe a recording (see `google_jobs`)."""
        if context.progress is not None:
            # An attempt that dies before it comes to the job must not lose the job's name.
            context.heartbeat(context.progress)
        jobs = await asyncio.to_thread(importlib.import_module, "activities.speech.google_jobs")
        transcript: Transcript = await jobs.transcribe(self, config, context)
        return transcript
