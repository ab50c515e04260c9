from __future__ import annotations

import struct

import pytest

from activities.errors import Refused
from activities.speech.formats import Audio, recognise
from tests.activities.speech.conftest import DEMO, sound
from tests.together import together


def test_the_demo_is_telephone_quality() -> None:
    content = DEMO.read_bytes()
    audio = recognise(content)
    assert (audio.format, audio.rate, audio.channels, audio.bits, audio.codec) == ("wav", 8000, 1, 16, 1)
    assert 12 <= (audio.duration or 0) <= 20
    assert len(content) < 400_000


@together(
    ("content", "audio"),
    [
        (sound(2.5, 16000, 2), Audio("wav", 16000, 2, 2.5, 1, 16)),
        (b"#!AMR\n" + bytes(32), Audio("amr", 8000, 1)),
        (b"#!AMR-WB\n" + bytes(32), Audio("amr-wb", 16000, 1)),
        (b"\x1a\x45\xdf\xa3" + bytes(32), Audio("webm")),
        (b"\0\0\0\x20ftypM4A " + bytes(32), Audio("m4a")),
        (b"OggS" + bytes(24) + b"OpusHead\x01\x02\0\0" + struct.pack("<I", 16000), Audio("opus", 16000, 2)),
        (b"OggS" + bytes(24) + b"\x01vorbis" + bytes(20), Audio("ogg")),
        (b"\xff\xfb\x90\x00" + bytes(400), Audio("mp3", 44100)),
        (b"\xff\xe3\x18\x00" + bytes(400), Audio("mp3", 8000)),
        (b"ID3\x04\0\0\0\0\0\x05" + b"title" + b"\xff\xf3\x48\x00" + bytes(400), Audio("mp3", 16000)),
        (b"ID3\x04\0\0\0\0\0\x05" + b"title" + bytes(400), Audio("mp3")),
    ],
)
def test_formats_are_known_by_their_bytes(content: bytes, audio: Audio) -> None:
    assert recognise(content) == audio


def test_flac_header() -> None:
    # 44,100 samples a second, 2 channels, 16 bits, 88,200 samples
    packed = 44100 << 44 | 1 << 41 | 15 << 36 | 88200
    content = b"fLaC" + b"\0\0\0\x22" + bytes(10) + packed.to_bytes(8, "big") + bytes(16)
    assert recognise(content) == Audio("flac", 44100, 2, 2.0)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wave_that_was_written_while_the_call_went_on_ends_with_the_file(size: int) -> None:
    whole = sound(2)
    assert recognise(whole[:40] + struct.pack("<I", size) + whole[44:]).duration == 2.0


def test_chunks_around_the_sound_are_no_sound() -> None:
    whole = sound(1)
    extra = b"LIST" + struct.pack("<I", 5) + b"hello\0"
    assert recognise(whole[:12] + extra + whole[12:] + extra).duration == 1.0


def test_extensible_wave_names_its_codec_further_on() -> None:
    content = sound(1, 16000, 2)
    form = struct.pack("<HHIIHHHHIH", 0xFFFE, 2, 16000, 64000, 4, 16, 22, 16, 3, 1) + bytes(14)
    extensible = content[:12] + b"fmt " + struct.pack("<I", len(form)) + form + content[36:]
    assert recognise(extensible) == Audio("wav", 16000, 2, 1.0, 1, 16)


@together(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (sound(0), "is empty"),
        (sound(3)[:24044], "promises 3.0 s, 1.5 s are there"),
        (sound(1)[:30], "damaged WAV"),
        (sound(1)[:12] + b"data" + struct.pack("<I", 4) + bytes(4), "damaged WAV"),
        (b"RIFF\0\0\0\0WAVE", "damaged WAV"),
        (b"fLaC" + bytes(8), "damaged FLAC"),
        (b"fLaC" + bytes(60), "damaged FLAC"),
        (b"<!DOCTYPE html><p>Please sign in", "begins like a web page"),
        (b'{"error": "not ready"}', "in no known audio format"),
        (b"\xff\xd8\xff\xe0 a picture", "in no known audio format"),
        (b"\xff", "in no known audio format"),
    ],
)
def test_what_cannot_be_transcribed_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        recognise(content)
