"""A transcription by a Whisper model in this process, in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import io
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from activities.bounds import cut
from activities.context import Context
from activities.errors import Refused, Unavailable
from activities.speech.recording import Recording
from activities.speech.transcript import Segment, Transcript

if TYPE_CHECKING:
    from activities.speech.provider import Transcription

HEARTBEAT_SECONDS = 2.0
RATE = 16000
LONGEST_SECONDS = 4 * 3600
STEREO = 2
VOICE = {"threshold": 0.3}
"""How sure the voice detection must be: below its usual 0.5, because a lost sentence is worse than a silence heard."""

ONE_AT_A_TIME = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper")


async def transcribe(model: str, config: Transcription, recording: Recording, context: Context) -> Transcript:
    """Transcribe a recording on this machine's processor; where several are asked for, one after another.

    Raises:
        Refused: the model, the language, the channels or the sound is not usable.
        Unavailable: the model is not on this machine and cannot be downloaded now.
    """
    stop = threading.Event()
    work = asyncio.get_running_loop().run_in_executor(ONE_AT_A_TIME, _transcribe, model, config, recording, stop)
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=HEARTBEAT_SECONDS)
            context.heartbeat(None)
    finally:
        stop.set()
        work.cancel()
    return work.result()


@functools.lru_cache(maxsize=2)
def load(model: str) -> WhisperModel:
    """Load a model once per process: from its folder, from this machine's cache, or from the hub."""
    options: dict[str, Any] = {"device": "cpu", "compute_type": "int8", "cpu_threads": min(os.cpu_count() or 1, 4)}
    folder = Path(model).expanduser()
    try:
        if folder.is_dir():
            return WhisperModel(str(folder), **options)
        if folder.is_absolute() or model.startswith((".", "~")):
            raise Refused(f"There is no speech model in {model}: no such folder on this worker.")
        try:
            return WhisperModel(model, local_files_only=True, **options)
        except LocalEntryNotFoundError:
            return WhisperModel(model, **options)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise Unavailable(
            f"The speech model {model} is not on this machine and cannot be downloaded now; a connection can name a "
            "folder with `model:`."
        ) from error
    except (RuntimeError, ValueError) as error:
        raise Refused(f"The speech model {model} cannot be used: {cut(str(error), 200).rstrip('. ')}.") from error


def _transcribe(model: str, config: Transcription, recording: Recording, stop: threading.Event) -> Transcript:
    whisper = load(model)
    language = config.language.partition("-")[0].lower()
    if language not in whisper.supported_languages:
        raise Refused(f"The speech model {model} does not know the language {config.language!r}.")
    segments: list[Segment] = []
    weights: list[float] = []
    tracks = _decode(recording, config.channels)
    for channel, track in enumerate(tracks, start=1):
        spoken, _ = whisper.transcribe(track, language=language, vad_filter=True, vad_parameters=VOICE)
        for part in spoken:
            if stop.is_set():
                break
            weights.append(part.end - part.start)
            segments.append(
                Segment(
                    start=round(part.start, 2),
                    end=round(part.end, 2),
                    text=part.text.strip(),
                    confidence=round(math.exp(min(part.avg_logprob, 0.0)), 4),
                    channel=channel if config.channels > 1 else None,
                )
            )
    total = sum(weights)
    sure = sum(weight * (segment.confidence or 0) for weight, segment in zip(weights, segments, strict=True))
    segments.sort(key=lambda segment: segment.start)
    return Transcript(
        text=" ".join(segment.text for segment in segments),
        segments=segments,
        confidence=round(sure / total, 4) if total else None,
        language=language,
        duration=round(len(tracks[0]) / RATE, 3),
        provider="local",
    )


def _decode(recording: Recording, channels: int) -> list[Any]:
    try:
        with av.open(io.BytesIO(recording.content), mode="r", metadata_errors="ignore") as container:
            present = container.streams.audio[0].codec_context.layout.nb_channels
            _check_length(container)
        if channels > 1 and (present, channels) != (STEREO, STEREO):
            raise Refused(
                f"The step says `channels: {channels}`, but the recording has {present}; the local model transcribes "
                "the two channels of a stereo recording apart, and mixes any others with `channels: 1`."
            )
        sound = decode_audio(io.BytesIO(recording.content), sampling_rate=RATE, split_stereo=channels == STEREO)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise Refused(
            f"The {recording.audio.format} recording cannot be decoded: it is damaged or holds no sound."
        ) from error
    return list(sound) if channels == STEREO else [sound]


def _check_length(container: Any) -> None:
    """Refuse a recording that is longer than it may be; its header may say nothing of that, or something else."""
    seconds, frames = 0.0, container.decode(audio=0)
    while seconds <= LONGEST_SECONDS:
        try:
            frame = next(frames)
        except StopIteration:
            return
        except av.error.InvalidDataError:  # as the decoder below, which skips what is damaged
            continue
        seconds += frame.samples / frame.sample_rate
    raise Refused(
        f"The recording is longer than {LONGEST_SECONDS / 3600:g} hours, which is all that a local model takes."
    )
