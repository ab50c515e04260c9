"""What kind of audio some bytes are, read from the bytes themselves."""

from __future__ import annotations

from dataclasses import dataclass

from activities.errors import Refused
from activities.speech.wave import FORMS, Wave

BEGINNING = 4096

MPEG_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


@dataclass(frozen=True, slots=True)
class Audio:
    """Format of a recording; what its header does not say is None. `duration` is in seconds, `codec` is WAV's own."""

    format: str
    rate: int | None = None
    channels: int | None = None
    duration: float | None = None
    codec: int | None = None
    bits: int | None = None


def readable(content: bytes) -> tuple[Audio, bytes]:
    """Say what kind of audio this is, and return it as every reader understands it.

    Raises:
        Refused: see `recognise`.
    """
    audio = recognise(content)
    return audio, Wave.read(content).repaired(content) if audio.format == "wav" else content


def recognise(content: bytes) -> Audio:  # noqa: PLR0911 - one for each kind
    """Say what kind of audio this is.

    Raises:
        Refused: it is no audio that anybody could transcribe, is empty, or is cut off.
    """
    if not content:
        raise Refused("The recording is empty: there are 0 bytes to transcribe.")
    if content[:4] in FORMS and content[8:12] == b"WAVE":
        wave = Wave.read(content)
        return Audio("wav", wave.rate or None, wave.channels or None, wave.duration, wave.codec, wave.bits)
    if content[:4] == b"fLaC":
        return _flac(content)
    if content[:4] == b"OggS":
        return _ogg(content)
    for start, audio in STARTS.items():
        if content.startswith(start):
            return audio
    if content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
        return Audio("aiff")
    if content[4:8] == b"ftyp":
        return Audio("m4a")
    if content[:3] == b"ID3" or (content[0] == 0xFF and len(content) > 3 and content[1] & 0xE6 == 0xE2):  # noqa: PLR2004 - MPEG's frame sync and layer III
        return Audio("mp3", rate=_mpeg_rate(content))
    seems = " It begins like a web page." if content[:BEGINNING].lstrip()[:1] == b"<" else ""
    raise Refused(
        "The recording is in no known audio format: it should be WAV, FLAC, MP3, Ogg, AMR, WebM or M4A." + seems
    )


STARTS = {
    b"#!AMR-WB\n": Audio("amr-wb", rate=16000, channels=1),
    b"#!AMR\n": Audio("amr", rate=8000, channels=1),
    b"\x1a\x45\xdf\xa3": Audio("webm"),
    b"riff\x2e\x91\xcf\x11": Audio("w64"),
    b".snd": Audio("au"),
    b"caff": Audio("caf"),
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": Audio("wma"),
    b"\xff\xf1": Audio("aac"),
    b"\xff\xf9": Audio("aac"),
}


def _flac(content: bytes) -> Audio:
    if len(content) < 26:  # noqa: PLR2004 - marker, block header and the part of STREAMINFO that is read
        raise Refused("The recording is a damaged FLAC file: it ends within its header.")
    packed = int.from_bytes(content[18:26], "big")
    rate, channels, samples = packed >> 44, (packed >> 41 & 7) + 1, packed & (1 << 36) - 1
    if not rate:
        raise Refused("The recording is a damaged FLAC file: its header gives no sample rate.")
    return Audio("flac", rate, channels, samples / rate if samples else None)


def _ogg(content: bytes) -> Audio:
    at = content.find(b"OpusHead", 0, 512)
    if at < 0 or len(content) < at + 16:
        return Audio("ogg")
    return Audio("opus", rate=int.from_bytes(content[at + 12 : at + 16], "little"), channels=content[at + 9])


def _mpeg_rate(content: bytes) -> int | None:
    at = 0
    if content[:3] == b"ID3" and len(content) > 10:  # noqa: PLR2004 - the tag's own header
        at = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    for first in range(at, min(at + BEGINNING, len(content) - 2)):
        second, third = content[first + 1], content[first + 2]
        version, index = second >> 3 & 3, third >> 2 & 3
        if content[first] == 0xFF and second & 0xE6 == 0xE2 and version in MPEG_RATES and index < 3:  # noqa: PLR2004 - frame sync, layer III, a rate that exists
            return MPEG_RATES[version][index]
    return None
