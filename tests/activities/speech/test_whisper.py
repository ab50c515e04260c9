from __future__ import annotations

import asyncio
import io
import re
import shutil
import sys
import time
import wave
from pathlib import Path
from typing import Any

import av
import pytest

from activities.errors import Refused, Unavailable
from activities.speech import local_model
from tests.activities.speech.conftest import DEMO, Surroundings, sound

TELEPHONE = 8000


@pytest.fixture
def local(surroundings: Surroundings, weights: Path) -> Surroundings:
    """A worker whose only connection is the model of this machine."""
    surroundings.connections["offline"] = {"kind": "whisper", "model": str(weights)}
    surroundings.files = DEMO.parent
    return surroundings


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("mr.", "mister").replace("-", " "))


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """Return how many words must be put in, left out or changed, per word said."""
    costs = list(range(len(heard) + 1))
    for row, word in enumerate(said, start=1):
        diagonal, costs[0] = costs[0], row
        for column, other in enumerate(heard, start=1):
            best = min(costs[column] + 1, costs[column - 1] + 1, diagonal + (word != other))
            diagonal, costs[column] = costs[column], best
    return costs[-1] / len(said)


def joined(folder: Path, rate: int) -> bytes:
    """Return one WAV file with the folder's, half a second of silence after each, at this many samples a second."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    content = io.BytesIO()
    with wave.open(content, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        for path in sorted(folder.glob("*.wav")):
            with av.open(str(path), mode="r") as container:
                for frame in container.decode(audio=0):
                    for part in resampler.resample(frame):
                        out.writeframes(part.to_ndarray().tobytes())
            out.writeframes(bytes(rate))
    return content.getvalue()


async def test_the_demo_is_understood(local: Surroundings) -> None:
    transcript = await local.transcribe(
        {"recording": "file:unhappy-caller.wav", "model": "phone_call", "enhanced": True}
    )
    text = transcript.text.lower()
    for phrase in ("waiting for over an hour", "order number", "unacceptable", "very unhappy", "refund"):
        assert phrase in text
    assert (transcript.provider, transcript.language, transcript.billed_seconds) == ("local", "en", None)
    assert transcript.duration == pytest.approx(15.925)
    assert transcript.confidence is not None
    assert 0.5 < transcript.confidence <= 1
    assert " ".join(segment.text for segment in transcript.segments) == transcript.text
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts)
    assert 12 < transcript.segments[-1].end <= 16


@pytest.mark.parametrize("rate", [16000, TELEPHONE])
async def test_human_speech_is_understood(local: Surroundings, human_speech: Path, tmp_path: Path, rate: int) -> None:
    local.files = tmp_path
    (tmp_path / "speech.wav").write_bytes(joined(human_speech, rate))
    said = words(re.sub(r"</?s>|\(.*\)", "", (human_speech / "transcription").read_text()))
    transcript = await local.transcribe({"recording": "file:speech.wav"})
    assert len(said) > 60
    assert word_error_rate(said, words(transcript.text)) < 0.15


async def test_channels_are_transcribed_apart(local: Surroundings, tmp_path: Path) -> None:
    with wave.open(str(DEMO), "rb") as demo:
        mono = demo.readframes(demo.getnframes())
    local.files = tmp_path
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(TELEPHONE)
        # The caller is on the second channel; the first is silent.
        out.writeframes(b"".join(b"\0\0" + mono[n : n + 2] for n in range(0, len(mono), 2)))
    transcript = await local.transcribe({"recording": "file:stereo.wav", "channels": 2})
    assert {segment.channel for segment in transcript.segments} == {2}
    assert "refund" in transcript.text


async def test_silence_is_an_empty_transcript(local: Surroundings, tmp_path: Path) -> None:
    local.files = tmp_path
    (tmp_path / "silence.wav").write_bytes(sound(5))
    transcript = await local.transcribe({"recording": "file:silence.wav"})
    assert (transcript.text, transcript.segments, transcript.confidence, transcript.duration) == ("", [], None, 5.0)


async def test_heartbeats_while_it_works_and_stops_when_canceled(
    local: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_model, "HEARTBEAT_SECONDS", 0.05)
    working = asyncio.create_task(local.transcribe({"recording": "file:unhappy-caller.wav"}))
    while len(local.kept) < 3:
        assert not working.done()
        await asyncio.sleep(0.02)
    began = time.monotonic()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"diarization": True}, "cannot tell speakers apart"),
        ({"recording": "gs://acme/call.wav"}, "kind google"),
        ({"language": "tlh"}, "does not know the language 'tlh'"),
        ({"channels": 2}, "says `channels: 2`, but the recording has 1"),
        ({"channels": 3}, "says `channels: 3`, but the recording has 1"),
    ],
)
async def test_what_the_local_model_cannot_do_is_refused(
    local: Surroundings, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        await local.transcribe({"recording": "file:unhappy-caller.wav"} | more)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfb\x90\x00" + b"not really music" * 9,
        b"OggS" + b"not really speech" * 9,
        b"\x1a\x45\xdf\xa3" + bytes(64),
        b"\0\0\0\x20ftypM4A " + bytes(64),
    ],
)
async def test_a_damaged_recording_is_refused(local: Surroundings, tmp_path: Path, content: bytes) -> None:
    local.files = tmp_path
    (tmp_path / "call").write_bytes(content)
    with pytest.raises(Refused, match="damaged or holds no sound"):
        await local.transcribe({"recording": "file:call"})


@pytest.mark.parametrize("kind", ["adts", "ogg"])
async def test_a_recording_that_is_too_long_is_refused_whatever_its_header_says(
    local: Surroundings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    """Raw AAC has no length at all, and compressed silence is small."""
    file = tmp_path / f"long.{kind}"
    with av.open(str(file), mode="w", format=kind) as out:
        stream = out.add_stream({"adts": "aac", "ogg": "libopus"}[kind], rate=48_000)
        assert isinstance(stream, av.AudioStream)
        for _ in range(40):
            frame = av.AudioFrame(format="s16", layout="stereo", samples=4_800)
            frame.sample_rate = 48_000
            frame.planes[0].update(bytes(4_800 * 4))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    local.files = tmp_path
    monkeypatch.setattr(local_model, "LONGEST_SECONDS", 3)
    with pytest.raises(Refused, match="longer than"):
        await local.transcribe({"recording": f"file:{file.name}"})
    monkeypatch.setattr(local_model, "LONGEST_SECONDS", 5)
    assert (await local.transcribe({"recording": f"file:{file.name}"})).duration == pytest.approx(4, abs=0.2)


async def test_a_model_that_is_not_there(local: Surroundings, tmp_path: Path) -> None:
    local.connections["offline"] = {"kind": "whisper", "model": str(tmp_path / "nothing")}
    with pytest.raises(Refused, match="no such folder"):
        await local.transcribe({"recording": "file:unhappy-caller.wav"})


async def test_a_damaged_model(local: Surroundings, weights: Path, tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        shutil.copy(weights / name, tmp_path / name)
    (tmp_path / "model.bin").write_bytes(b"damaged")
    local.connections["offline"] = {"kind": "whisper", "model": str(tmp_path)}
    with pytest.raises(Refused, match="cannot be used"):
        await local.transcribe({"recording": "file:unhappy-caller.wav"})


async def test_a_model_that_can_be_had_from_nowhere(local: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    local.connections["offline"] = {"kind": "whisper", "model": "acme/no-such-model"}
    with pytest.raises(Unavailable, match="a connection can name a folder"):
        await local.transcribe({"recording": "file:unhappy-caller.wav"})


async def test_an_installation_without_the_extra_says_what_to_install(
    local: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    monkeypatch.delitem(sys.modules, "activities.speech.local_model")
    with pytest.raises(Refused, match=r"pip install 'trunkline\[whisper\]'"):
        await local.transcribe({"recording": "file:unhappy-caller.wav"})
