"""What every speech provider takes and offers to `transcribe_recording`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, Field, model_validator

from activities.action import Config, Doubt, Raw, Static, names
from activities.connections import Connection
from activities.context import Context
from activities.speech.languages import LANGUAGES, lack
from activities.speech.recording import MEGABYTES
from activities.speech.transcript import Transcript

RECORDING = "{{recording.url}}"


class Speakers(Config):
    """How many people speak, where speakers are told apart."""

    fewest: int = Field(default=2, alias="min", ge=1, le=20, description="Fewest speakers to expect.")
    most: int = Field(default=6, alias="max", ge=1, le=20, description="Most speakers to expect.")

    @model_validator(mode="after")
    def _ordered(self) -> Speakers:
        if self.fewest > self.most:
            raise ValueError(f"diarization expects at least {self.fewest} and at most {self.most} speakers; swap them.")
        return self


class Transcription(Config):
    """Which recording to transcribe, and how."""

    defaults: ClassVar[dict[str, Any]] = {"recording": RECORDING}
    languages: ClassVar[Mapping[str, tuple[str, ...]]] = LANGUAGES

    recording: str = Field(
        default=RECORDING,
        min_length=1,
        description=f"Where the recording is: `https://…`, `gs://bucket/object` (Google only), or `file:…` below the "
        f"folder that the worker allows. At most {MEGABYTES} MB, except for `gs://`.",
    )
    language: str = Field(
        default="en-US",
        validation_alias=AliasChoices("language", "Language"),
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language that is spoken, as a BCP-47 code such as `en-US`.",
    )
    model: str | None = Field(
        default=None,
        validation_alias=AliasChoices("model", "Model"),
        description="Google's model, such as `phone_call` or `telephony`; `trunkline actions transcribe_recording "
        "--languages` lists those of each language. The local model takes no notice.",
    )
    enhanced: bool = Field(
        default=False,
        validation_alias=AliasChoices("enhanced", "Enhanced"),
        description="Use Google's enhanced, dearer version of the model, which `phone_call` and `video` have. The "
        "local model takes no notice.",
    )
    punctuation: bool = Field(
        default=True,
        description="Let Google put in full stops and commas. The local model always does.",
    )
    diarization: bool | Speakers = Field(
        default=False,
        description="Tell speakers apart (Google only); `{min: 2, max: 3}` says how many to expect.",
    )
    channels: int = Field(
        default=1,
        ge=1,
        le=8,
        description="How many channels to transcribe, each on its own; Google bills each. With 1, Google hears the "
        "first channel and the local model all of them mixed.",
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection of kind `google` or `whisper`, where several would fit."
    )

    @classmethod
    def doubts(cls, raw: Raw) -> Iterable[Doubt]:
        """Return whether the language has no such model."""
        fields = {name: _value(cls, raw, name) for name in ("language", "model", "enhanced")}
        if any(isinstance(value, str) and "{" in value for value in fields.values()):
            return
        language = fields["language"] if isinstance(fields["language"], str) else "en-US"
        model = fields["model"] if isinstance(fields["model"], str) else None
        enhanced = str(fields["enhanced"]).lower() in ENHANCED_WORDS
        if (found := lack(language, model, enhanced=enhanced)) is not None:
            key = next(key for name in ("model", "enhanced") for key in names(cls, name) if key in raw)
            yield Doubt(key, "unknown-model", f"{found.sentence}.", found.hint)


ENHANCED_WORDS = ("true", "1", "yes", "on", "y", "t")


def _value(model: type[Config], raw: Raw, name: str) -> Any:
    return next((raw[key] for key in names(model, name) if key in raw), None)


class SpeechProvider(Connection):
    """A connection that recordings can be transcribed with."""

    @abstractmethod
    async def transcribe(self, config: Transcription, context: Context) -> Transcript:
        """Transcribe a recording."""
