"""Answers to Talkdesk: what a run's end, or its going on, is called there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from workers.gateway.talkdesk.entry import TalkdeskEntry
from workers.gateway.talkdesk.request import EMPTY, BridgeRequest
from workers.gateway.templates import rendered
from workflows.language.template import TemplateError


def completed(entry: TalkdeskEntry, request: BridgeRequest, variables: Mapping[str, Any]) -> web.Response:
    """Answer for a run that has completed: whatever is wrong with the answer, it is done."""
    is_action = entry.kind == "action"
    status = HTTPStatus.CREATED if is_action else HTTPStatus.OK
    try:
        answer = rendered(entry.response, {**request.roots(), "variables": dict(variables)})
    except TemplateError as error:
        if is_action:
            return message(HTTPStatus.CREATED, f"It is done, but its answer cannot be made: {error}")
        return message(HTTPStatus.BAD_REQUEST, f"The answer cannot be made: {error}")
    if isinstance(answer, dict):
        answer = {name: _text(value) if is_action else value for name, value in answer.items() if value not in EMPTY}
    return web.json_response(answer, status=status)


def going_on(entry: TalkdeskEntry, run: str) -> web.Response:
    """Answer for a run that has not ended in time: an action is taken care of, a list is not there."""
    if entry.kind == "action":
        return message(HTTPStatus.CREATED, f"It has begun and goes on: {run} runs, or waits for somebody.")
    return message(HTTPStatus.BAD_REQUEST, f"{run} has not ended in time: ask again.")


def message(status: HTTPStatus, sentence: str) -> web.Response:
    """Answer with a message."""
    return web.json_response({"message": sentence}, status=status)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
