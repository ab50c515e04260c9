"""Which of Google's models for telephones and films there are in which language, as far as Google lists them.

`default` and `command_and_search` know every language, and newer models (`latest_long`, `telephony`, …) more than can
be listed here; these are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES: Mapping[str, frozenset[str]] = {
    "phone_call": frozenset(
        (
            *("de-DE", "en-AU", "en-GB", "en-IN", "en-US", "es-ES", "es-US", "fr-CA", "fr-FR", "hi-IN"),
            *("it-IT", "ja-JP", "ko-KR", "nl-NL", "pt-BR", "ru-RU"),
        )
    ),
    "video": frozenset(("en-US",)),
    "medical_conversation": frozenset(("en-US",)),
    "medical_dictation": frozenset(("en-US",)),
}
"""The languages of each model that has only some."""

ENHANCED = ("phone_call", "video")
"""Models of which there is an enhanced version."""


def lacks(language: str, model: str | None, *, enhanced: bool) -> str | None:
    """Return why there is no such model of a language, None where there is one or nobody knows."""
    known = {one.lower() for one in LANGUAGES.get(model or "", ())}
    if known and language.lower() not in known:
        return f"Google lists no model {model} for {language}"
    if enhanced and model is not None and model not in ENHANCED:
        return f"There is no enhanced version of the model {model}"
    if enhanced and all(language.lower() not in {one.lower() for one in LANGUAGES[name]} for name in ENHANCED):
        return f"Google lists no enhanced model for {language}"
    return None
