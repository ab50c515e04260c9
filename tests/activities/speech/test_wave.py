"""WAV headers as recorders write them: the demo's recording, its header changed in every way that was ever seen."""

from __future__ import annotations

import io
import random
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.errors import Refused
from activities.speech.formats import readable
from tests.activities.speech.conftest import DEMO
from tests.starts import examples

WHOLE = DEMO.read_bytes()
SOUND = WHOLE[44:]
SAMPLES = len(SOUND) // 2


def form(
    codec: int = 1, channels: int = 1, rate: int = 8000, bytes_a_second: int = 16000, frame: int = 2, bits: int = 16
) -> bytes:
    return struct.pack("<4sIHHIIHH", b"fmt ", 16, codec, channels, rate, bytes_a_second, frame, bits)


def chunk(name: bytes, content: bytes, *, padded: bool = True) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2 if padded else 0)


def wave(
    before: bytes = b"",
    after: bytes = b"",
    *,
    size: int = len(SOUND),
    riff: int | None = None,
    magic: bytes = b"RIFF",
    sound: bytes = SOUND,
) -> bytes:
    body = b"WAVE" + (before or form()) + struct.pack("<4sI", b"data", size) + sound + after
    return magic + struct.pack("<I", len(body) if riff is None else riff) + body


def decoded(content: bytes) -> int:
    """Return how many samples the product's own decoder finds."""
    av = pytest.importorskip("av")
    with av.open(io.BytesIO(content), metadata_errors="ignore") as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def assert_read(content: bytes, samples: int = SAMPLES, within: int = 0) -> None:
    """Hold a file to being read whole, by us and by the decoder."""
    audio, repaired = readable(content)
    assert audio.duration == pytest.approx(samples / 8000, abs=(within + 1) / 8000)
    assert abs(decoded(repaired) - samples) <= within


PLACEHOLDERS = [
    *(0, 1, 2, 44, 1000, 0x00FFFFFF, 0x01000000, 0x0FFFFFFF, 0x40000000, 0x7FFFF000, 0x7FFFFFDB, 0x7FFFFFFE),
    *(0x7FFFFFFF, 0x80000000, 0x80000024, 0xDEADBEEF, 0xFFFFFF00, 0xFFFFFFD8, 0xFFFFFFFE, 0xFFFFFFFF),
]


@pytest.mark.parametrize("size", PLACEHOLDERS)
@pytest.mark.parametrize("riff", ["agrees", "is right", "is nothing", "is all ones"])
def test_a_placeholder_of_any_value_is_no_size(size: int, riff: str) -> None:
    told = {"agrees": (size + 36) & 0xFFFFFFFF, "is right": None, "is nothing": 0, "is all ones": 0xFFFFFFFF}[riff]
    assert_read(wave(size=size, riff=told))


@pytest.mark.parametrize("off", [-44, -36, -8, -2, -1, 1, 2, 8, 36, 44, 68, 78])
@pytest.mark.parametrize("agrees", [False, True])
def test_a_header_that_is_off_by_a_few_bytes_is_read(off: int, agrees: bool) -> None:
    size = len(SOUND) + off
    assert_read(wave(size=size, riff=size + 36 if agrees else None), within=44)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_what_breaks_off_in_the_middle_is_refused(kept: float) -> None:
    with pytest.raises(Refused, match=r"cut off: its header promises 15\.9 s"):
        readable(WHOLE[: int(len(WHOLE) * kept)])
    with pytest.raises(Refused, match="cut off"):
        readable(wave(form() + chunk(b"LIST", b"INFOISFT"))[: int(len(WHOLE) * kept)])
    with pytest.raises(Refused, match="cut off"):
        readable(large(len(SOUND))[: int(len(WHOLE) * kept)])


def large(size: int, magic: bytes = b"RF64") -> bytes:
    sizes = chunk(b"ds64", struct.pack("<QQQI", size + 72, size, size // 2, 0))
    return wave(sizes + form(), magic=magic, size=0xFFFFFFFF, riff=0xFFFFFFFF)


@pytest.mark.parametrize(
    "content",
    [
        *(large(size) for size in (len(SOUND), 0, 2**63, 2**64 - 100)),
        large(len(SOUND), b"BW64"),
        wave(magic=b"RF64", size=0xFFFFFFFF, riff=0xFFFFFFFF),
        wave(form(frame=0)),
        wave(form(bytes_a_second=0)),
        wave(form(frame=0, bytes_a_second=0)),
        wave(chunk(b"JUNK", bytes(28)) + form()),
        wave(chunk(b"JUNK", bytes(27)) + form()),
        wave(chunk(b"JUNK", bytes(27), padded=False) + form()),
        wave(chunk(b"bext", bytes(602)) + form()),
        wave(form() + chunk(b"LIST", b"INFOISFT" + bytes(19), padded=False)),
        wave(form() + chunk(b"LIST", b"INFOISFT\x0e\0\0\0Lavf60.16.100\0")),
        wave(form() + chunk(b"fact", struct.pack("<I", SAMPLES))),
        wave(chunk(b"JUNK", b"") * 1_000 + form()),
        wave(after=chunk(b"LIST", b"INFO")),
        wave(after=chunk(b"id3 ", bytes(3_001))),
        wave(after=b"\0"),
        wave(
            chunk(
                b"fmt ",
                struct.pack("<HHIIHHHHIH", 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4, 1)
                + bytes.fromhex("000000001000800000aa00389b71"),
            )
        ),
        b"RIFX" + struct.pack(">I4s4sIHHIIHH", len(SOUND) + 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
        + struct.pack(">4sI", b"data", len(SOUND)) + SOUND,
    ],
)  # fmt: skip
def test_nothing_that_the_decoder_reads_is_refused_for_its_header(content: bytes) -> None:
    assert_read(content)


def test_the_sound_of_the_oldest_header_is_eight_bits_wide() -> None:
    content = wave(chunk(b"fmt ", struct.pack("<HHIIH", 1, 1, 8000, 8000, 1)))
    assert_read(content, len(SOUND))


def test_a_plain_file_is_left_as_it_is() -> None:
    assert readable(WHOLE)[1] is WHOLE


@pytest.mark.parametrize("name", [b"JUNK", b"\0\0\0\0"])
def test_chunks_are_counted(name: bytes) -> None:
    content = b"RIFF\xff\xff\xff\xffWAVE" + (name + bytes(4)) * 5_000_000
    begun = time.process_time()
    with pytest.raises(Refused, match="chunks stand before its sound"):
        readable(content)
    assert time.process_time() - begun < 1, "12 million chunks took six seconds"


@settings(max_examples=examples(1.2), deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 4))
def test_no_header_is_a_traceback_and_what_the_decoder_reads_is_read(seed: int, changes: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    content = bytearray(wave(chunk(b"LIST", b"INFOISFT\x04\0\0\0abc\0") + form()))
    for _ in range(changes):
        content[dice.randrange(4, 72)] = dice.choice((0, 1, 2, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    av = pytest.importorskip("av")
    try:
        found = decoded(bytes(content))
    except (av.FFmpegError, IndexError, ValueError):
        found = 0
    try:
        audio, repaired = readable(bytes(content))
    except Refused as refused:
        assert not found or "cut off" in str(refused)  # noqa: PT017 - or it is read
        return
    assert audio.format == "wav"
    if found:
        assert decoded(repaired) >= found
