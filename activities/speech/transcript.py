"""What a transcription gives, whoever made it."""

from __future__ import annotations

from pydantic import Field

from activities.action import Result


class Segment(Result):
    """A stretch of speech."""

    start: float = Field(description="Seconds from the beginning of the recording.")
    end: float = Field(description="Seconds from the beginning of the recording.")
    text: str = Field(description="What was said.")
    confidence: float | None = Field(default=None, description="From 0 to 1, where the provider gives one.")
    speaker: str | None = Field(default=None, description="Who spoke, where speakers were told apart.")
    channel: int | None = Field(default=None, description="Channel, from 1, where channels were transcribed apart.")


class Transcript(Result):
    """A recording as text."""

    text: str = Field(description="Everything that was said.")
    segments: list[Segment] = Field(description="The text by stretches of speech, in the order of time.")
    confidence: float | None = Field(description="From 0 to 1, over the whole recording, where the provider gives one.")
    language: str = Field(description="Language of the text, as the provider names it.")
    duration: float | None = Field(description="Length of the recording in seconds, where known.")
    provider: str = Field(description="Who transcribed: `google` or `local`.")
    billed_seconds: float | None = Field(default=None, description="Seconds that the provider bills, where it says so.")
