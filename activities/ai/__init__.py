"""Language models."""

from activities.ai.anthropic import Anthropic
from activities.ai.classify_ticket import classify_ticket
from activities.ai.generate_ai_response import generate_ai_response
from activities.ai.intent_prediction import intent_identification_prediction
from activities.ai.local_language import LocalLanguage
from activities.ai.natural_language import natural_language_processing
from activities.ai.openai import OpenAI

ACTIONS = (
    classify_ticket,
    generate_ai_response,
    intent_identification_prediction,
    natural_language_processing,
)
CONNECTIONS = (OpenAI, Anthropic, LocalLanguage)
