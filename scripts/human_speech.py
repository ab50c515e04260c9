"""Makes the folder with human speech that the tests transcribe and score, where it is not there yet.

The recordings are LibriVox's (public domain: Jane Austen, Sense and Sensibility), as the source archive of pocketsphinx
ships them for its own tests, together with what is said in them.

    python scripts/human_speech.py [FOLDER]    (by default .cache/human-speech of this checkout)
"""

from __future__ import annotations

import sys
from pathlib import Path

from package_data import File, Part, make

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "human-speech"
PACKAGE = "pocketsphinx==5.1.1"
DATA = "pocketsphinx-5.1.1/test/data/librivox/"
BOOK = "sense_and_sensibility_01_austen_64kb-"

PINNED = {
    "transcription": (634, "4cc29e04a6dcd29242893b3ee20470e50b6ace45f4387bb619e5218145c66f99"),
    BOOK + "0870.wav": (227_244, "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c"),
    BOOK + "0880.wav": (95_724, "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414"),
    BOOK + "0890.wav": (169_644, "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10"),
    BOOK + "0920.wav": (193_644, "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59"),
    BOOK + "0930.wav": (105_324, "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7"),
}
FILES = {name: File((Part(PACKAGE, DATA + name),), size, sha256) for name, (size, sha256) in PINNED.items()}

if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER, FILES, source=True)
