"""The description of the pages for people (OpenAPI 3.1): what each shows, and the form that decides."""

from __future__ import annotations

from typing import Any

from workers.gateway.pages.form import KNOWN
from workers.gateway.requests import FORM

Schema = dict[str, Any]

HTML: Schema = {"text/html": {"schema": {"type": "string"}}}
SCHEME = "session"
SCHEMES: Schema = {SCHEME: {"type": "apiKey", "in": "cookie", "name": "trunkline-session"}}

TEXT: Schema = {"type": "string"}
STYLE: Schema = {"description": "Its text.", "content": {"text/css": {"schema": TEXT}}}
RUN = ("run", "Workflow id of a run.")
HOLD = ("hold", "Name of a hold of it.")
PAGE = ("page", "Number of the page, from 1.")
FILTERS = (
    ("automation", "Name of an automation."),
    ("approver", "Somebody who may decide."),
    ("older", "Held for at least so long, as `2h`."),
    PAGE,
)
ANSWERS = {
    "303": "To sign-in, for whoever has not signed in.",
    "400": "It asks for what cannot be.",
    "404": "There is no such run.",
    "409": "The run could not be asked.",
    "503": "Temporal does not answer.",
}
REFUSALS = {
    "401": "Nobody has signed in.",
    "403": "The form was not made by this page for this person.",
    "408": "The form has not arrived in time.",
    "413": "The form is too large.",
    "415": "It is no form.",
}
FIELDS = {
    "run": RUN[1],
    "hold": HOLD[1],
    "digest": "Of the request that was shown.",
    "csrf": "The session's own, from the page.",
    "decision": "What is decided, or `preview` for the difference that an edit makes.",
    "reason": "Why.",
    "edits": "Changes of the request, in JSON.",
    "result": "The result that is supplied, in JSON.",
    "approvers": "Who shall decide, with `reassign`.",
    "deadline": "Until when, with `extend`.",
}


def paths() -> Schema:
    """Return the paths of the pages."""
    lists = _page(*FILTERS)
    return {
        "/": {"get": {"summary": "What waits for approval.", **lists}},
        "/holds": {"get": {"summary": "What waits for approval.", **lists}},
        "/failures": {"get": {"summary": "Failed steps that wait for a decision.", **lists}},
        "/hold": {"get": {"summary": "A hold.", **_page(RUN, HOLD)}, "post": _decide()},
        "/request": {"get": {"summary": "A held request, whole, in JSON.", **_request()}},
        "/run": {"get": {"summary": "A run's steps.", **_page(RUN, PAGE)}},
        "/style.css": {"get": {"summary": "The stylesheet.", "responses": {"200": STYLE}}},
        "/login": {
            "get": {
                "summary": "Sign in.",
                "parameters": _parameters(("next", "The page that is wanted.")),
                "responses": _html({"303": "To the identity provider.", "502": "It does not answer."}),
            }
        },
        "/login/callback": {
            "get": {
                "summary": "Come back from the identity provider.",
                "parameters": _parameters(("code", "The provider's."), ("state", "The sign-in's.")),
                "responses": _html(
                    {
                        "303": "To the page that was wanted.",
                        "401": "The provider does not vouch for the person.",
                        "403": "The person may not enter.",
                        "502": "The provider does not answer.",
                    }
                ),
            }
        },
        "/logout": {"post": _sign_out()},
    }


def _page(*parameters: tuple[str, str]) -> Schema:
    responses = _html({"200": "The page.", **ANSWERS})
    return {"parameters": _parameters(*parameters), "responses": responses, **_security()}


def _request() -> Schema:
    answers = _html({"200": "The request.", **ANSWERS})
    answers["200"]["content"] = {"text/plain": {"schema": TEXT}}
    return {"parameters": _parameters(RUN, HOLD), "responses": answers, **_security()}


def _sign_out() -> Schema:
    answers = {"200": "Signed out.", "400": "The form is malformed."}
    return {"summary": "Sign out.", **_form("csrf"), "responses": _html(answers | REFUSALS), **_security()}


def _decide() -> Schema:
    answers = {
        "200": "The difference that an edit makes.",
        "303": "It counts: to the hold's page.",
        "400": "It is malformed.",
        "404": "There is no such run.",
        "409": "It does not count; the page says why.",
        "503": "Temporal does not answer.",
    }
    return {"summary": "Decide.", **_form(*FIELDS), "responses": _html(answers | REFUSALS), **_security()}


def _form(*names: str) -> Schema:
    properties: Schema = {name: {**TEXT, "description": FIELDS[name]} for name in names}
    if "decision" in properties:
        properties["decision"] = {"enum": [*dict.fromkeys(KNOWN)], "description": FIELDS["decision"]}
    required = [name for name in ("run", "hold", "digest", "csrf", "decision") if name in names]
    schema = {"type": "object", "required": required, "properties": properties}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


def _html(answers: dict[str, str]) -> Schema:
    return {
        status: {"description": text, **({} if status == "303" else {"content": HTML})}
        for status, text in answers.items()
    }


def _parameters(*given: tuple[str, str]) -> list[Schema]:
    return [{"name": name, "in": "query", "description": text, "schema": TEXT} for name, text in given]


def _security() -> Schema:
    return {"security": [{SCHEME: []}]}
