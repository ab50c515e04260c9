"""A transcription by Google: at once for short recordings, else a job that is begun once and waited for by name."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions
from google.cloud import speech_v1 as speech
from google.longrunning import operations_pb2

from activities.bounds import cut
from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.speech import google_storage
from activities.speech.google import Google
from activities.speech.google_client import SpeechSession, address_of, judged, opened
from activities.speech.google_wire import recognition_config, transcript_of
from activities.speech.recording import fetch
from activities.speech.transcript import Transcript

if TYPE_CHECKING:
    from activities.speech.provider import Transcription

INLINE_BYTES = 10 * 1024 * 1024
INLINE_SECONDS = 60.0
CALL_SECONDS = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
CLOCK_SKEW = 60.0
PASSING = {1, 2, 4, 8, 10, 13, 14}
"""google.rpc codes of a job that failed for a reason that may pass: cancelled, unknown, late, exhausted, aborted, …"""


class JobFailedError(Unavailable):
    """A job ended without a transcript for a reason that may pass."""


@dataclass(frozen=True, slots=True)
class GoogleAttempt:
    """One attempt at a transcription by Google."""

    connection: Google
    config: Transcription
    context: Context
    session: SpeechSession
    deadline: float

    def left(self, at_most: float) -> float:
        """Return how many seconds a call may take.

        Raises:
            Unavailable: none are left; nothing was begun that the next attempt would not find.
        """
        seconds = min(at_most, self.deadline - time.monotonic())
        if seconds <= 0:
            raise Unavailable("The attempt's time is over before Google was done; the next one goes on from here.")
        return seconds


async def transcribe(connection: Google, config: Transcription, context: Context) -> Transcript:
    """Have Google transcribe a recording.

    Raises:
        Refused: the recording or the request is not right, or a job was perhaps begun and cannot be found again.
        Unavailable: Google cannot do it now, or the attempt ended while the job was still running.
        OutcomeUnknown: Google may have begun what it bills.
    """
    deadline = time.monotonic() + context.timeout
    progress = context.progress if isinstance(context.progress, dict) else {}
    async with opened(connection) as session:
        attempt = GoogleAttempt(connection, config, context, session, deadline)
        if "operation" in progress:
            try:
                return await _wait(attempt, progress)
            except JobFailedError:
                progress = {}
        if config.recording.lower().startswith("gs://"):
            audio = await google_storage.look(config.recording, connection, session, context)
            return await _job(attempt, recognition_config(config, audio), config.recording, None, progress)
        recording = await fetch(config.recording, context)
        request, duration = recognition_config(config, recording.audio), recording.audio.duration
        if connection.bucket is not None:
            address = await google_storage.store(recording, connection, session, context)
            return await _job(attempt, request, address, duration, progress)
        if len(recording.content) > INLINE_BYTES or (duration or 0) > INLINE_SECONDS:
            raise Refused(
                "The recording is longer than a minute or larger than 10 MB, which Google takes only from Cloud "
                "Storage: give the connection a `bucket`, and the recording is copied there first."
            )
        return await _at_once(attempt, request, recording.content, duration)


async def _at_once(
    attempt: GoogleAttempt, request: speech.RecognitionConfig, content: bytes, duration: float | None
) -> Transcript:
    attempt.context.admit(address_of(attempt.connection), request.model, request.language_code)
    await attempt.context.sending()
    audio = speech.RecognitionAudio(content=content)
    try:
        answer = await attempt.session.client.recognize(
            config=request, audio=audio, retry=None, timeout=attempt.left(attempt.context.timeout)
        )
    except exceptions.GoogleAPICallError as error:
        raise judged(error, "transcribe the recording", paid=True) from error
    return transcript_of(answer, attempt.config, duration)


async def _job(
    attempt: GoogleAttempt,
    request: speech.RecognitionConfig,
    address: str,
    duration: float | None,
    progress: dict[str, Any],
) -> Transcript:
    name = await _begun_before(attempt, address, progress) or await _begin(attempt, request, address)
    return await _wait(attempt, {"operation": name, "duration": duration})


async def _begun_before(attempt: GoogleAttempt, address: str, progress: dict[str, Any]) -> str | None:
    """Find the job that an earlier attempt may have begun without learning its name."""
    tried = progress.get("starting")
    copied = address != attempt.config.recording
    if tried is None and not (copied and attempt.context.attempt > 1):
        return None
    try:
        return await _search(attempt, address, since=(tried or 0.0) - CLOCK_SKEW)
    except exceptions.GoogleAPICallError as error:
        failure = judged(error, "list its jobs", paid=False)
        if isinstance(failure, Unavailable):
            raise failure from error
        if tried is None:
            return None
        raise Refused(
            "It is not known whether Google began to transcribe the recording, and Google does not list its jobs; it "
            "is not asked again because it could bill twice. Retry the step by hand."
        ) from error


async def _search(attempt: GoogleAttempt, address: str, since: float) -> str | None:
    page = ""
    while True:
        listed = await attempt.session.client.list_operations(
            operations_pb2.ListOperationsRequest(page_size=100, page_token=page),
            retry=None,
            timeout=attempt.left(CALL_SECONDS),
        )
        for operation in listed.operations:
            about = speech.LongRunningRecognizeMetadata()
            if not operation.metadata.Unpack(type(about).pb(about)) or operation.HasField("error"):
                continue
            begun: Any = about.start_time
            if about.uri == address and begun and begun.timestamp() >= since:
                return str(operation.name)
        page = listed.next_page_token
        if not page:
            return None


async def _begin(attempt: GoogleAttempt, request: speech.RecognitionConfig, address: str) -> str:
    attempt.context.admit(address_of(attempt.connection), request.model, request.language_code, address)
    await attempt.context.sending()
    asked_at = time.time()
    audio = speech.RecognitionAudio(uri=address)
    try:
        job = await attempt.session.client.long_running_recognize(
            config=request, audio=audio, retry=None, timeout=attempt.left(CALL_SECONDS)
        )
    except exceptions.GoogleAPICallError as error:
        failure = judged(error, "begin to transcribe the recording", paid=True)
        attempt.context.heartbeat({"starting": asked_at} if isinstance(failure, OutcomeUnknown) else None)
        raise failure from error
    return str(job.operation.name)


async def _wait(attempt: GoogleAttempt, progress: dict[str, Any]) -> Transcript:
    pause = FIRST_PAUSE
    while True:
        attempt.context.heartbeat(progress)
        try:
            operation = await attempt.session.client.get_operation(
                operations_pb2.GetOperationRequest(name=progress["operation"]),
                retry=None,
                timeout=attempt.left(CALL_SECONDS),
            )
        except exceptions.GoogleAPICallError as error:
            raise judged(error, f"say how far job {progress['operation']} is", paid=False) from error
        if operation.done:
            return _ended(attempt, operation, progress.get("duration"))
        await asyncio.sleep(min(pause, attempt.left(pause)))
        pause = min(pause * 1.6, LONGEST_PAUSE)


def _ended(attempt: GoogleAttempt, operation: operations_pb2.Operation, duration: float | None) -> Transcript:
    if operation.HasField("error"):
        sentence = f"Google could not transcribe the recording: {cut(operation.error.message, 300).rstrip('. ')}."
        if operation.error.code not in PASSING:
            raise Refused(sentence)
        # The next attempt begins a new job: this one has ended, and what fails is not billed.
        attempt.context.heartbeat(None)
        raise JobFailedError(sentence)
    answer = speech.LongRunningRecognizeResponse()
    operation.response.Unpack(type(answer).pb(answer))
    return transcript_of(answer, attempt.config, duration)
