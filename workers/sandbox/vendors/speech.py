"""Speech, which no sandbox can make up: what a recording says, a real model has to hear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.sandbox.vendor import NoStandIn

WHISPER_MODEL = Path(__file__).resolve().parents[3] / ".cache" / "whisper-base"
"""Where the set-up of a checkout puts the local speech model's weights."""


def _local_model() -> Mapping[str, Any]:
    return {"model": str(WHISPER_MODEL)} if WHISPER_MODEL.is_dir() else {}


GOOGLE = NoStandIn("What a recording says cannot be made up, so a Whisper model of this machine transcribes instead.")
WHISPER = NoStandIn("It runs on this machine and needs no account: it transcribes for real.", connection=_local_model)
