"""Requests to any HTTP API: `http_request`, and the two older spellings of it."""

from __future__ import annotations

from activities.http.api_request import api_request
from activities.http.http_request import http_request
from activities.http.send_webhook import send_webhook

ACTIONS = (http_request, api_request, send_webhook)
