from __future__ import annotations

import struct
import time
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.cloud import speech_v1 as speech

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.speech.google import Google
from tests.activities.speech.conftest import KEY, Surroundings, sound
from tests.activities.speech.google_server import Failure, FakeGoogle, FakeStorage, heard

Code = grpc.StatusCode
OBJECT = f"trunkline/{KEY}.wav"
COPY = f"gs://acme-recordings/{OBJECT}"


@pytest.fixture
def call(surroundings: Surroundings) -> dict[str, Any]:
    """A step that transcribes a short recording."""
    assert surroundings.files is not None
    (surroundings.files / "call.wav").write_bytes(sound(3))
    return {"recording": "file:call.wav"}


async def test_a_short_recording_is_transcribed_at_once(
    surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any]
) -> None:
    google.answer = heard("I want", " a refund")
    transcript = await surroundings.transcribe(call)
    assert transcript.model_dump(by_alias=True, exclude_none=True) == {
        "text": "I want a refund",
        "segments": [
            {"start": 0.0, "end": 1.0, "text": "I want", "confidence": 0.9},
            {"start": 1.0, "end": 2.0, "text": "a refund", "confidence": 0.9},
        ],
        "confidence": 0.9,
        "language": "en-us",
        "duration": 3.0,
        "provider": "google",
        "billedSeconds": 15.0,
    }
    assert google.recognized[0].audio.content == sound(3)
    assert "authorization" not in google.metadata[0]


async def test_silence_is_an_empty_transcript(
    surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any]
) -> None:
    google.answer = speech.RecognizeResponse()
    transcript = await surroundings.transcribe(call | {"language": "cs-CZ"})
    assert (transcript.text, transcript.segments, transcript.confidence) == ("", [], None)
    assert (transcript.language, transcript.duration, transcript.billed_seconds) == ("cs-CZ", 3.0, None)


async def test_the_step_says_how_to_transcribe(
    surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any]
) -> None:
    await surroundings.transcribe(call | {"Language": "cs-CZ", "Model": "phone_call", "Enhanced": True})
    await surroundings.transcribe(call | {"punctuation": False})
    first, second = (request.config for request in google.recognized)
    assert (first.language_code, first.model, first.use_enhanced) == ("cs-CZ", "phone_call", True)
    assert first.enable_automatic_punctuation
    assert (first.encoding, first.sample_rate_hertz, first.audio_channel_count) == (0, 0, 1)
    assert (second.language_code, second.model, second.use_enhanced) == ("en-US", "", False)
    assert not second.enable_automatic_punctuation
    assert not second.enable_separate_recognition_per_channel
    assert not second.diarization_config.enable_speaker_diarization


async def test_channels_are_transcribed_apart(surroundings: Surroundings, google: FakeGoogle) -> None:
    assert surroundings.files is not None
    (surroundings.files / "stereo.wav").write_bytes(sound(3, channels=2))
    answer = heard("hello, how can I help", "hi I want a refund")
    for result, channel, word in zip(answer.results, (1, 2), (1, 0), strict=True):
        result.channel_tag = channel
        result.alternatives[0].words[0].start_time = timedelta(seconds=word)
    google.answer = answer
    transcript = await surroundings.transcribe({"recording": "file:stereo.wav", "channels": 2})
    asked = google.recognized[0].config
    assert (asked.audio_channel_count, asked.enable_separate_recognition_per_channel) == (2, True)
    assert [(segment.channel, segment.start) for segment in transcript.segments] == [(2, 0.0), (1, 1.0)]
    assert transcript.text == "hello, how can I help hi I want a refund"


async def test_speakers_are_told_apart(surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any]) -> None:
    said = [("where", 0, "1"), ("is", 1, "1"), ("soon", 2, "2"), ("no", 3, "1")]
    answer = heard("where is soon", " no", "")
    answer.results[-1].alternatives[0].words = [
        {"word": word, "start_time": {"seconds": n}, "end_time": {"seconds": n + 1}, "speaker_label": who}
        for word, n, who in said
    ]
    google.answer = answer
    transcript = await surroundings.transcribe(call | {"diarization": {"min": 2, "max": 3}})
    expected = google.recognized[0].config.diarization_config
    assert (expected.enable_speaker_diarization, expected.min_speaker_count, expected.max_speaker_count) == (True, 2, 3)
    assert transcript.text == "where is soon no"
    assert [(s.speaker, s.text, s.start, s.end) for s in transcript.segments] == [
        ("1", "where is", 0.0, 2.0),
        ("2", "soon", 2.0, 3.0),
        ("1", "no", 3.0, 4.0),
    ]


OPUS = b"OggS" + bytes(24) + b"OpusHead\x01\x01\0\0"


@pytest.mark.parametrize(
    ("content", "encoding", "rate"),
    [
        (b"#!AMR\n" + bytes(99), "AMR", 8000),
        (b"#!AMR-WB\n" + bytes(99), "AMR_WB", 16000),
        (b"\xff\xf3\x48\x00" + bytes(400), "MP3", 16000),
        (OPUS + struct.pack("<I", 16000), "OGG_OPUS", 16000),
        (OPUS + struct.pack("<I", 44100), "OGG_OPUS", 48000),
        (b"\x1a\x45\xdf\xa3" + bytes(99), "WEBM_OPUS", 48000),
    ],
)
async def test_formats_without_a_header_that_google_reads_are_named(
    surroundings: Surroundings, google: FakeGoogle, content: bytes, encoding: str, rate: int
) -> None:
    assert surroundings.files is not None
    (surroundings.files / "call").write_bytes(content)
    await surroundings.transcribe({"recording": "file:call"})
    asked = google.recognized[0].config
    assert (asked.encoding.name, asked.sample_rate_hertz) == (encoding, rate)


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        (b"no audio at all", {}, "no known audio format"),
        (sound(5)[:-100], {}, "cut off"),
        (sound(61), {}, "give the connection a `bucket`"),
        (sound(59, 48000, 2), {}, "give the connection a `bucket`"),
        (sound(1, 4000), {}, "8000 to 48000 samples a second; this recording has 4000"),
        (sound(1, width=1), {}, "16-bit linear or with mu-law"),
        (b"\0\0\0\x20ftypM4A " + bytes(32), {}, "cannot transcribe m4a"),
        (b"OggS" + bytes(99), {}, "cannot transcribe ogg"),
        (b"ID3\x04\0\0\0\0\0\0" + bytes(99), {}, "damaged MP3"),
        (sound(1), {"channels": 2}, "says `channels: 2`, but the recording has 1"),
    ],
)
async def test_nothing_is_paid_for_a_recording_that_cannot_be_transcribed(
    surroundings: Surroundings, google: FakeGoogle, content: bytes, more: dict[str, Any], sentence: str
) -> None:
    assert surroundings.files is not None
    (surroundings.files / "call").write_bytes(content)
    with pytest.raises(Refused, match=sentence):
        await surroundings.transcribe({"recording": "file:call", **more})
    assert not google.calls


ERRORS: dict[grpc.StatusCode, tuple[type[ActionError], type[ActionError]]] = {
    # what it means while asking, and while asking for what is billed
    Code.INVALID_ARGUMENT: (Refused, Refused),
    Code.FAILED_PRECONDITION: (Refused, Refused),
    Code.OUT_OF_RANGE: (Refused, Refused),
    Code.UNAUTHENTICATED: (Refused, Refused),
    Code.PERMISSION_DENIED: (Refused, Refused),
    Code.NOT_FOUND: (Refused, Refused),
    Code.UNIMPLEMENTED: (Refused, Refused),
    Code.RESOURCE_EXHAUSTED: (Unavailable, Unavailable),
    Code.ABORTED: (Unavailable, OutcomeUnknown),
    Code.CANCELLED: (Unavailable, OutcomeUnknown),
    Code.DEADLINE_EXCEEDED: (Unavailable, OutcomeUnknown),
    Code.UNAVAILABLE: (Unavailable, OutcomeUnknown),
    Code.INTERNAL: (Unavailable, OutcomeUnknown),
    Code.UNKNOWN: (Unavailable, OutcomeUnknown),
    Code.DATA_LOSS: (Unavailable, OutcomeUnknown),
}


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("method", ["recognize", "start", "get"])
async def test_errors_are_sorted_and_nothing_is_asked_twice(
    surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any], method: str, code: grpc.StatusCode
) -> None:
    asking, billed = ERRORS[code]
    kind = asking if method == "get" else billed
    google.failures[method] = [Failure(code, "the vendor's own words")] * 3
    config = call if method == "recognize" else {"recording": "gs://acme/call.wav"}
    with pytest.raises(kind, match="the vendor's own words") as caught:
        await surroundings.transcribe(config)
    assert type(caught.value) is kind
    assert google.calls[method] == 1


async def test_a_server_that_is_not_there_was_not_asked(
    surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any]
) -> None:
    surroundings.connections["speech"]["baseUrl"] = "http://127.0.0.1:9"
    for config in (call, {"recording": "gs://acme/call.wav"}):
        with pytest.raises(Unavailable):
            await surroundings.transcribe(config)


async def test_a_job_is_waited_for(surroundings: Surroundings, google: FakeGoogle) -> None:
    google.polls = 2
    transcript = await surroundings.transcribe({"recording": "gs://acme/call.wav", "model": "telephony"})
    assert (transcript.text, transcript.duration, transcript.billed_seconds) == ("hello", 1.0, 15.0)
    assert google.begun[0].audio.uri == "gs://acme/call.wav"
    assert google.begun[0].config.model == "telephony"
    assert google.asked == ["7000000"] * 3
    assert surroundings.kept == [{"operation": "7000000", "duration": None}] * 3


async def test_a_job_goes_on_by_name_after_a_crash(surroundings: Surroundings, google: FakeGoogle) -> None:
    google.polls = 1_000
    with pytest.raises(Unavailable, match="the next one goes on"):
        await surroundings.transcribe({"recording": "gs://acme/call.wav"}, timeout=1)
    google.polls = 0
    kept = surroundings.kept.pop()
    assert kept == {"operation": "7000000", "duration": None}
    surroundings.kept.clear()
    surroundings.connections["speech"]["baseUrl"] = "http://127.0.0.1:9"
    with pytest.raises(Unavailable):
        await surroundings.transcribe({"recording": "gs://acme/call.wav"}, progress=kept, attempt=2)
    assert surroundings.kept[0] == kept
    surroundings.connections["speech"]["baseUrl"] = google.address
    transcript = await surroundings.transcribe(
        {"recording": "gs://acme/call.wav"}, progress=surroundings.kept[-1], attempt=3
    )
    assert transcript.text == "hello"
    assert (len(google.begun), google.calls["list"]) == (1, 0)


async def test_a_job_that_was_begun_without_an_answer_is_found_again(
    surroundings: Surroundings, google: FakeGoogle
) -> None:
    config = {"recording": "gs://acme/call.wav"}
    await surroundings.transcribe({"recording": "gs://acme/another.wav"})
    google.failures["start"] = [Failure(Code.UNAVAILABLE, "connection lost", after=True)]
    with pytest.raises(OutcomeUnknown):
        await surroundings.transcribe(config)
    transcript = await surroundings.transcribe(config, progress=surroundings.kept[-1], attempt=2)
    assert transcript.text == "hello"
    assert [job.audio.uri for job in google.begun] == ["gs://acme/another.wav", "gs://acme/call.wav"]
    assert google.asked[-1] == "7000001"


async def test_a_start_that_certainly_did_nothing_is_made_again(surroundings: Surroundings, google: FakeGoogle) -> None:
    config = {"recording": "gs://acme/call.wav"}
    google.failures["start"] = [Failure(Code.UNAVAILABLE), Failure(Code.RESOURCE_EXHAUSTED)]
    with pytest.raises(OutcomeUnknown):
        await surroundings.transcribe(config)
    with pytest.raises(Unavailable):
        await surroundings.transcribe(config, progress=surroundings.kept[-1], attempt=2)
    assert surroundings.kept[-1] is None
    await surroundings.transcribe(config, progress=None, attempt=3)
    assert (len(google.begun), google.calls["list"]) == (1, 1)


async def test_a_job_of_another_run_is_not_taken_for_ours(surroundings: Surroundings, google: FakeGoogle) -> None:
    config = {"recording": "gs://acme/call.wav"}
    await surroundings.transcribe(config)
    long_after = {"starting": time.time() + 3600}
    await surroundings.transcribe(config, progress=long_after, attempt=2)
    assert len(google.begun) == 2


async def test_what_may_be_billed_twice_is_not_begun_blindly(surroundings: Surroundings, google: FakeGoogle) -> None:
    google.lists_jobs = False
    with pytest.raises(Refused, match="not known whether Google began"):
        await surroundings.transcribe(
            {"recording": "gs://acme/call.wav"}, progress={"starting": time.time()}, attempt=2
        )
    google.failures["list"] = [Failure(Code.UNAVAILABLE)]
    with pytest.raises(Unavailable):
        await surroundings.transcribe(
            {"recording": "gs://acme/call.wav"}, progress={"starting": time.time()}, attempt=3
        )
    assert not google.begun


async def test_a_job_that_fails_for_good_fails_the_step(surroundings: Surroundings, google: FakeGoogle) -> None:
    google.job_error = (3, "bad audio")
    with pytest.raises(Refused, match="bad audio"):
        await surroundings.transcribe({"recording": "gs://acme/call.wav"})


async def test_a_job_that_failed_in_passing_is_begun_anew(surroundings: Surroundings, google: FakeGoogle) -> None:
    google.job_error = (13, "internal error")
    with pytest.raises(Unavailable, match="internal error"):
        await surroundings.transcribe({"recording": "gs://acme/call.wav"})
    assert surroundings.kept[-1] is None
    google.job_error = None
    late = {"operation": "7000000", "duration": None}
    google.jobs["7000000"].error.code = 13
    transcript = await surroundings.transcribe({"recording": "gs://acme/call.wav"}, progress=None, attempt=2)
    assert transcript.text == "hello"
    google.job_error = (13, "internal error")
    with pytest.raises(Unavailable):
        # Where the note that the job is over was lost, it is begun anew all the same.
        await surroundings.transcribe({"recording": "gs://acme/call.wav"}, progress=late, attempt=2)
    assert len(google.begun) == 3


async def test_a_job_that_google_forgot_is_not_begun_again(surroundings: Surroundings, google: FakeGoogle) -> None:
    with pytest.raises(Refused, match="Operation not found"):
        await surroundings.transcribe(
            {"recording": "gs://acme/call.wav"}, progress={"operation": "99", "duration": None}, attempt=2
        )
    assert not google.begun


async def test_a_bucket_takes_recordings_of_any_length(
    surroundings: Surroundings, google: FakeGoogle, storage: FakeStorage
) -> None:
    assert surroundings.files is not None
    (surroundings.files / "call.wav").write_bytes(sound(600))
    transcript = await surroundings.transcribe({"recording": "file:call.wav"})
    assert transcript.duration == 600.0
    assert storage.objects == {("acme-recordings", OBJECT): sound(600)}
    assert google.begun[0].audio.uri == COPY
    assert not google.recognized


async def test_a_crash_after_the_copy_repeats_neither_copy_nor_job(
    surroundings: Surroundings, google: FakeGoogle, storage: FakeStorage, call: dict[str, Any]
) -> None:
    await surroundings.transcribe(call)
    # The second attempt knows nothing of the first, as when the worker died before its name was kept.
    transcript = await surroundings.transcribe(call, progress=None, attempt=2)
    assert transcript.text == "hello"
    assert (len(google.begun), len(storage.objects)) == (1, 1)


@pytest.mark.parametrize("status", [403, 404, 429, 503])
async def test_a_bucket_that_takes_nothing(
    surroundings: Surroundings, google: FakeGoogle, storage: FakeStorage, call: dict[str, Any], status: int
) -> None:
    storage.status = status
    kind = Refused if status < 429 else Unavailable
    with pytest.raises(kind, match=f"bucket acme-recordings: it answered {status}"):
        await surroundings.transcribe(call)
    assert not google.calls


async def test_the_format_of_a_stored_recording_is_looked_up_where_its_name_does_not_suffice(
    surroundings: Surroundings, google: FakeGoogle, storage: FakeStorage
) -> None:
    storage.objects["acme", "calls/1.mp3"] = b"\xff\xf3\x48\x00" + bytes(200_000)
    await surroundings.transcribe({"recording": "gs://acme/calls/1.mp3"})
    asked = google.begun[0].config
    assert (asked.encoding.name, asked.sample_rate_hertz) == ("MP3", 16000)
    assert storage.ranges == ["bytes=0-65535"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("gs://acme/calls/1.mp3", "could not read the recording gs://acme/calls/1.mp3: it answered 404"),
        ("gs://acme/calls/1.m4a", "name must end with one of"),
        ("gs://acme/calls", "name must end with one of"),
        ("gs://acme", "gs://bucket/object"),
        ("gs:///1.wav", "gs://bucket/object"),
    ],
)
async def test_a_stored_recording_that_cannot_be_used(
    surroundings: Surroundings, google: FakeGoogle, storage: FakeStorage, address: str, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence):
        await surroundings.transcribe({"recording": address})
    assert not google.calls


@pytest.mark.parametrize(
    "credentials",
    [
        "/nowhere/key.json",
        "{not json",
        '{"type": "service_account", "private_key": "hush-hush"}',
        '{"type": "magic"}',
        "{}",
        "[1]",
    ],
)
async def test_unusable_credentials_are_refused_and_not_quoted(
    surroundings: Surroundings, call: dict[str, Any], credentials: str
) -> None:
    surroundings.connections["speech"] = {"kind": "google", "credentials": credentials}
    with pytest.raises(Refused, match="credentials") as caught:
        await surroundings.transcribe(call)
    assert "hush-hush" not in str(caught.value)


async def test_a_machine_without_credentials_says_so(
    surroundings: Surroundings, call: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    surroundings.connections["speech"] = {"kind": "google"}
    with pytest.raises(Refused, match="application default credentials"):
        await surroundings.transcribe(call)


def test_secrets_of_a_key_are_known_and_its_path_is_none() -> None:
    text = '{"type": "service_account", "private_key": "hush-hush", "client_email": "a@example.com"}'
    made = Google.model_validate
    assert list(made({"credentials": text}).credentials()) == [text, "hush-hush"]
    assert list(made({"credentials": "/srv/key.json", "bucket": "acme"}).credentials()) == []
    assert list(made({"credentials": "{broken"}).credentials()) == ["{broken"]
    assert list(made({}).credentials()) == []


async def test_an_attempt_without_time_asks_nothing(
    surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any]
) -> None:
    with pytest.raises(Unavailable, match="time is over"):
        await surroundings.transcribe(call, timeout=0)
    assert not google.calls


async def test_a_slow_answer_ends_with_the_attempt(
    surroundings: Surroundings, google: FakeGoogle, call: dict[str, Any]
) -> None:
    google.delay = 5
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        await surroundings.transcribe(call, timeout=0.5)
    assert time.monotonic() - began < 3
