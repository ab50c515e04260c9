"""Speech: a recording becomes text, by Google or by a model on the worker's own machine."""

from __future__ import annotations

from activities.speech.google import Google
from activities.speech.transcribe_recording import transcribe_recording
from activities.speech.whisper import Whisper

ACTIONS = (transcribe_recording,)
CONNECTIONS = (Google, Whisper)
