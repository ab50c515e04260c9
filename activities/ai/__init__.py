"""Language models."""

from activities.ai.anthropic import Anthropic
from activities.ai.classify_ticket import classify_ticket
from activities.ai.generate_ai_response import generate_ai_response
from activities.ai.local_language import LocalLanguage
from activities.ai.openai import OpenAI

ACTIONS = (generate_ai_response, classify_ticket)
CONNECTIONS = (OpenAI, Anthropic, LocalLanguage)
