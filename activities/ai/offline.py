"""The programs behind `local_language`: py3langid and VADER, in a module of their own as not every worker has them."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

from py3langid.langid import MODEL_FILE, LanguageIdentifier
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

UNDETERMINED = "und"
NO_LANGUAGE = "zxx"
SURE = 0.2
"""From which probability on a language counts as found; texts of one word stay below."""

NEUTRAL = 0.2
"""VADER's compound score up to which a text is neutral: its own 0.05 takes "The order number is 1234." for praise."""


class TextFindings(NamedTuple):
    """What was found out about a text.

    Attributes:
        language: ISO 639-1 code, or `und`.
        language_score: how sure that is, from 0 to 1.
        sentiment: -1, 0 or 1; None where the text is not English.
        sentiment_score: how strong it is, from 0 to 1; None likewise.
    """

    language: str
    language_score: float
    sentiment: Literal[-1, 0, 1] | None
    sentiment_score: float | None


def reading(text: str) -> TextFindings:
    """Return language and sentiment of a text."""
    language, score = (UNDETERMINED, 0.0)
    if any(character.isalpha() for character in text):
        language, score = _identifier().classify(text)
        language = UNDETERMINED if language == NO_LANGUAGE else language
    score = round(float(score), 4)
    if language != "en":
        return TextFindings(language, score, None, None)
    compound = float(_analyzer().polarity_scores(text)["compound"])
    if abs(compound) < NEUTRAL:
        return TextFindings(language, score, 0, round(1 - abs(compound), 4))
    return TextFindings(language, score, 1 if compound > 0 else -1, round(abs(compound), 4))


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=SURE)


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()
