"""WAV files as recorders write them: what their headers say of sizes is a hint, what is there counts."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import NamedTuple, Self

from activities.errors import Refused

PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
BY_SAMPLE = frozenset((PCM, FLOAT, A_LAW, MU_LAW))
"""Codecs whose samples stand one by one, so that their number follows from the bytes."""

FORMS = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"RIFX": ">"}
"""How a WAV file begins, and the order of its bytes."""

LARGE = (b"RF64", b"BW64")
"""Those that may be larger than 4 GiB, which not every reader knows."""

FIRST_CHUNK = 12
SMALLEST_FORMAT = 14
WHOLE_FORMAT = 16
OLD_BITS = 8
"""Bits of a sample where the format ends before it says them."""

LONGEST_FORMAT = 4096
SUBFORMAT = 24
"""Where the format chunk of an extensible file names its codec."""

MOST_CHUNKS = 10_000
SLACK = 80
"""Bytes by which a header may be wrong: recorders that count wrongly count their header in, or leave it out."""

INDEFINITE = 1 << 30
"""A size from which on it is a placeholder: no recording is as long."""

SMALLEST_PATTERN = (1 << 24) - 1
"""A size from which on it is a placeholder where its bits are all ones, or one and zeros."""

UNKNOWN_SIZE = 0xFFFFFFFF
"""What the sizes of RF64 are where they stand elsewhere; recorders write it, too, that know none."""

KNOWN = (b"fmt ", b"fact", b"LIST", b"data")
TAG = re.compile(rb"[ -~]{4}")
DAMAGED = "The recording is a damaged WAV file: its header has no usable format or no data."


class Chunk(NamedTuple):
    """A part of the file: its name, where its content begins, and how many bytes its header says it has."""

    name: bytes
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Wave:
    """A WAV file.

    Attributes:
        form: the content of its format chunk, as it is to be read.
        order: of its bytes, as `struct` writes it.
        codec: which one.
        channels: how many.
        rate: samples a second.
        bits: of one sample.
        duration: seconds, where the header allows to tell.
        start: where the sound begins.
        length: bytes of the sound that are there.
        plain: whether a reader that takes the header at its word finds exactly this sound.
    """

    form: bytes
    order: str
    codec: int
    channels: int
    rate: int
    bits: int
    duration: float | None
    start: int
    length: int
    plain: bool

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Read the header of a WAV file.

        Raises:
            Refused: it has no format or no sound, or breaks off in the middle.
        """
        order = FORMS[content[:4]]
        form, sound, regular = b"", None, content[:4] not in LARGE
        declared, large = struct.unpack_from(f"{order}I", content, 4)[0], None
        at = FIRST_CHUNK
        for _ in range(MOST_CHUNKS):
            chunk = _chunk(content, at, order)
            if chunk is None or chunk.name == b"data":
                sound = chunk
                break
            inside = content[chunk.start : chunk.start + min(chunk.size, LONGEST_FORMAT)]
            if chunk.name == b"ds64" and len(inside) >= WHOLE_FORMAT:
                declared, large = struct.unpack_from(f"{order}QQ", inside)
            elif chunk.name == b"fmt " and len(inside) >= SMALLEST_FORMAT:
                whole = len(inside) >= WHOLE_FORMAT
                form = inside if whole else inside[:SMALLEST_FORMAT] + struct.pack(f"{order}H", OLD_BITS)
                regular &= whole
            at = _next(content, chunk, order)
            regular &= at % 2 == 0
        else:
            raise Refused(f"The recording is a damaged WAV file: {MOST_CHUNKS:,} chunks stand before its sound.")
        if not form or sound is None:
            raise Refused(DAMAGED)
        if large is not None and sound.size == UNKNOWN_SIZE:
            sound = sound._replace(size=large)
        return cls._of(content, order, form, sound, declared, regular=regular)

    @classmethod
    def _of(  # noqa: PLR0913 - what was found in the file
        cls, content: bytes, order: str, form: bytes, sound: Chunk, declared: int, *, regular: bool
    ) -> Self:
        codec, channels, rate, bytes_a_second, frame, bits = struct.unpack_from(f"{order}HHIIHH", form)
        head = form[:4]
        if codec == EXTENSIBLE and len(form) >= SUBFORMAT + 2:
            codec = struct.unpack_from(f"{order}H", form, SUBFORMAT)[0]
        if codec in BY_SAMPLE:
            needed = frame or channels * ((bits + 7) // 8)
            regular &= (frame, bytes_a_second) == (needed, rate * needed)
            frame, bytes_a_second = needed, rate * needed
            form = head + struct.pack(f"{order}IIHH", rate, bytes_a_second & UNKNOWN_SIZE, frame, bits) + form[16:]
        length = _length(content, sound, order)
        if sound.size - length > SLACK and _definite(sound, declared):
            whole, present = (_extent(size, bytes_a_second) for size in (sound.size, length))
            raise Refused(
                f"The recording is cut off: its header promises {whole}, {present} are there. Was it still being "
                "written?"
            )
        if length < max(channels * ((bits + 7) // 8), 1):
            raise Refused("The recording is empty: its WAV header is followed by no sound.")
        return cls(
            form=form,
            order=order,
            codec=codec,
            channels=channels,
            rate=rate,
            bits=bits,
            duration=length / bytes_a_second if bytes_a_second else None,
            start=sound.start,
            length=length,
            plain=regular and length == sound.size,
        )

    def repaired(self, content: bytes) -> bytes:
        """Return the file with a header that every reader understands."""
        if self.plain:
            return content
        name = b"RIFF" if self.order == "<" else b"RIFX"
        form = struct.pack(f"{self.order}4sI", b"fmt ", len(self.form)) + self.form + bytes(len(self.form) % 2)
        size = 4 + len(form) + 8 + self.length
        head = struct.pack(f"{self.order}4sI4s", name, size, b"WAVE") + form
        data = struct.pack(f"{self.order}4sI", b"data", self.length)
        return b"".join((head, data, memoryview(content)[self.start : self.start + self.length]))


def _extent(size: int, bytes_a_second: int) -> str:
    return f"{size / bytes_a_second:.1f} s" if bytes_a_second else f"{size:,} bytes"


def _chunk(content: bytes, at: int, order: str) -> Chunk | None:
    if at + 8 > len(content):
        return None
    return Chunk(content[at : at + 4], at + 8, struct.unpack_from(f"{order}I", content, at + 4)[0])


def _next(content: bytes, chunk: Chunk, order: str) -> int:
    """Return where the next chunk begins: at an even place, unless a recorder forgot to pad this one."""
    end = chunk.start + chunk.size
    if chunk.size % 2 == 0:
        return end
    unpadded = content[end : end + 4] in KNOWN or not _fits(content, end + 1, order)
    return end if unpadded and _fits(content, end, order) else end + 1


def _fits(content: bytes, at: int, order: str) -> bool:
    """Say whether a chunk may stand at a place: it has a name, and at least its size is not nonsense."""
    chunk = _chunk(content, at, order)
    if chunk is None or not TAG.fullmatch(chunk.name):
        return False
    return chunk.name == b"data" or chunk.start + chunk.size <= len(content) + SLACK


def _length(content: bytes, data: Chunk, order: str) -> int:
    """Return how many bytes of the sound are there: up to the chunk that follows it, else up to the end."""
    present = len(content) - data.start
    if not 0 < data.size <= present:
        return present
    after = present - data.size
    follows = after <= SLACK or any(_fits(content, data.start + data.size + pad, order) for pad in (0, data.size % 2))
    return data.size if follows else present


def _definite(data: Chunk, declared: int) -> bool:
    """Say whether a header means the length that it gives: the whole file's agrees, and it is no placeholder."""
    pattern = data.size >= SMALLEST_PATTERN and data.size.bit_count() in (1, data.size.bit_length())
    if not 0 < data.size < INDEFINITE or pattern:
        return False
    return declared + 8 >= data.start + data.size - SLACK
