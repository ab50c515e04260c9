"""Recordings that the sandbox answers with, where somebody downloads audio from a host that it stands in for."""

from __future__ import annotations

import io
import math
import mimetypes
import struct
import wave
from pathlib import Path

from workers.sandbox.record import ReceivedRequest, VendorAnswer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "recordings"
SUFFIXES = frozenset((".amr", ".awb", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".webm"))

RATE = 16_000
PITCH = 440
LOUDNESS = 8_000


class Recordings:
    """The recordings at hand.

    Args:
        folder: where they lie; those of the examples serve where it has none.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def answer(self, request: ReceivedRequest) -> VendorAnswer | None:
        """Answer a download of audio: with the file of that name, else the first there is, else a second of a tone.

        Returns:
            None where the request is no such download.
        """
        if request.method != "GET" or "audio/" not in request.headers.get("accept", ""):
            return None
        found = self._find(request.path.rpartition("/")[2])
        if found is None:
            return VendorAnswer(200, tone(), {"Content-Type": "audio/wav"}, accepted=True)
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        return VendorAnswer(200, found.read_bytes(), {"Content-Type": kind}, accepted=True)

    def _find(self, name: str) -> Path | None:
        for folder in (self.folder, EXAMPLES):
            files = sorted(folder.iterdir()) if folder is not None and folder.is_dir() else []
            audio = {file.name: file for file in files if file.suffix.lower() in SUFFIXES and file.is_file()}
            if audio:
                return audio.get(name) or next(iter(audio.values()))
        return None


def tone() -> bytes:
    """Return a WAV file with a second of the concert pitch."""
    samples = (round(LOUDNESS * math.sin(2 * math.pi * PITCH * at / RATE)) for at in range(RATE))
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(RATE)
        made.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
