"""What Google Speech is asked, and what it answers, in our words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from google.cloud import speech_v1 as speech

from activities.errors import Refused
from activities.speech.formats import Audio
from activities.speech.transcript import Segment, Transcript
from activities.speech.wave import MU_LAW, PCM

if TYPE_CHECKING:
    from activities.speech.provider import Transcription

Encoding = speech.RecognitionConfig.AudioEncoding
ENCODINGS = {
    "wav": Encoding.ENCODING_UNSPECIFIED,
    "flac": Encoding.ENCODING_UNSPECIFIED,
    "mp3": Encoding.MP3,
    "opus": Encoding.OGG_OPUS,
    "amr": Encoding.AMR,
    "amr-wb": Encoding.AMR_WB,
    "webm": Encoding.WEBM_OPUS,
}
IN_HEADER = {"wav", "flac"}
OPUS_RATES = {8000, 12000, 16000, 24000, 48000}
SLOWEST, FASTEST = 8000, 48000
LINEAR_BITS = 16


def recognition_config(config: Transcription, audio: Audio) -> speech.RecognitionConfig:
    """Say in Google's words how to transcribe such audio.

    Raises:
        Refused: Google cannot transcribe such audio, or it has other channels than the step says.
    """
    _check(audio, config.channels)
    rate = audio.rate
    if audio.format in {"opus", "webm"} and rate not in OPUS_RATES:
        rate = FASTEST
    request = speech.RecognitionConfig(
        language_code=config.language,
        model=config.model or "",
        use_enhanced=config.enhanced,
        enable_automatic_punctuation=config.punctuation,
        enable_word_time_offsets=True,
        encoding=ENCODINGS[audio.format],
        audio_channel_count=audio.channels or config.channels,
        enable_separate_recognition_per_channel=config.channels > 1,
    )
    if audio.format not in IN_HEADER:
        request.sample_rate_hertz = rate or 0
    if config.diarization is not False:
        expected = speech.SpeakerDiarizationConfig(enable_speaker_diarization=True)
        if config.diarization is not True:
            expected.min_speaker_count = config.diarization.fewest
            expected.max_speaker_count = config.diarization.most
        request.diarization_config = expected
    return request


def _check(audio: Audio, channels: int) -> None:
    if audio.format not in ENCODINGS:
        raise Refused(
            f"Google cannot transcribe {audio.format} recordings, only {', '.join(ENCODINGS)}; "
            "a connection of kind whisper can."
        )
    if audio.codec is not None and (audio.codec, audio.bits) not in {(PCM, LINEAR_BITS), (MU_LAW, 8)}:
        raise Refused(
            "Google transcribes WAV recordings with 16-bit linear or with mu-law samples only; this has others."
        )
    if audio.format == "mp3" and audio.rate is None:
        raise Refused("The recording is a damaged MP3 file: it has no readable frame.")
    if audio.rate is not None and not SLOWEST <= audio.rate <= FASTEST:
        raise Refused(f"Google transcribes {SLOWEST} to {FASTEST} samples a second; this recording has {audio.rate}.")
    if channels > 1 and audio.channels is not None and audio.channels != channels:
        raise Refused(f"The step says `channels: {channels}`, but the recording has {audio.channels}.")


def transcript_of(
    answer: speech.RecognizeResponse | speech.LongRunningRecognizeResponse,
    config: Transcription,
    duration: float | None,
) -> Transcript:
    """Put Google's answer into our words; `duration` is the recording's, where its header said it."""
    results = [(result, result.alternatives[0]) for result in answer.results if result.alternatives]
    texts = [best.transcript for _, best in results]
    joined = " ".join(text.strip() for text in texts) if config.channels > 1 else "".join(texts)
    sure = [best.confidence for _, best in results if best.confidence]
    ends = [seconds(result.result_end_time) for result, _ in results]
    return Transcript(
        text=joined.strip(),
        segments=_speakers(results)
        if config.diarization is not False
        else _segments(results, apart=config.channels > 1),
        confidence=round(sum(sure) / len(sure), 4) if sure else None,
        language=next((result.language_code for result, _ in results if result.language_code), config.language),
        duration=duration if duration is not None else max(ends, default=None),
        provider="google",
        billed_seconds=seconds(answer.total_billed_time) or None,
    )


def seconds(duration: Any) -> float:
    """Return the seconds of a length of time, which the client gives as a timedelta, or as None where there is none."""
    return float(duration.total_seconds()) if duration else 0.0


Results = Sequence[tuple[speech.SpeechRecognitionResult, speech.SpeechRecognitionAlternative]]


def _segments(results: Results, *, apart: bool) -> list[Segment]:
    before: dict[int, float] = {}
    segments = []
    for result, best in results:
        end = seconds(result.result_end_time)
        start = seconds(best.words[0].start_time) if best.words else before.get(result.channel_tag, 0.0)
        before[result.channel_tag] = end
        segments.append(
            Segment(
                start=start,
                end=end,
                text=best.transcript.strip(),
                confidence=round(best.confidence, 4) or None,
                channel=result.channel_tag if apart else None,
            )
        )
    return sorted(segments, key=lambda segment: segment.start)


def _speakers(results: Results) -> list[Segment]:
    """Split the text where the speaker changes; Google gives the speakers of all words in its last result."""
    words = list(results[-1][1].words) if results else []
    return [
        Segment(
            start=seconds(spoken[0].start_time),
            end=seconds(spoken[-1].end_time),
            text=" ".join(word.word for word in spoken),
            speaker=speaker,
        )
        for speaker, group in groupby(words, key=lambda word: word.speaker_label or str(word.speaker_tag))
        for spoken in [list(group)]
    ]
