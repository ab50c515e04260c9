"""`talkdesk.<automation>` of `gateway.yaml`: which automation Talkdesk runs, with whose credentials, answered how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from trunkline.durations import SECOND, duration
from workers.gateway.parts import GatewayPart, Secrets
from workers.gateway.templates import template
from workflows.language.template import Template

Kind = Literal["action", "contacts", "agents", "interactions"]

REQUEST = ("data", "meta")
ANSWER = (*REQUEST, "variables")
FIELDS = ("message", "external_id", "contact_external_id", "contact_external_type", "contact_external_url")
"""What an action may answer, each a text."""

LONGEST_WAIT = 60 * SECOND


def _auth(given: Any) -> Any:
    if given == "none":
        return {}
    if given == {}:
        raise ValueError("it names what `auth` must hold, as `{username: …, password: …}`, or says the word `none`")
    return given


def _identity(given: Any) -> Template:
    if not isinstance(given, str) or not given:
        raise ValueError("this must be a text, or a template such as {{data.interaction}}")
    return template(given, REQUEST)


def _answer(given: Any) -> Template:
    if not isinstance(given, (str, dict)):
        raise ValueError("this must be an object, or a template that gives one")  # noqa: TRY004 # pydantic's way
    return template(given, ANSWER)


def _wait(given: Any) -> int:
    wait = duration(given)
    if not SECOND <= wait <= LONGEST_WAIT:
        raise ValueError("this must be from 1s to 60s")
    return wait


class TalkdeskEntry(GatewayPart):
    """What Talkdesk may run.

    Attributes:
        kind: whether it is an action of an agent's or an automation's, or fills Talkdesk's own lists.
        auth: what the request's `auth` must hold; nothing where the file says `none`.
        timeout: milliseconds that Talkdesk waits for the run.
        id: what is the same where the same is sent again, over `data` and `meta`.
        response: what is answered when the run has completed, over `data`, `meta` and the run's `variables`.
    """

    kind: Kind = "action"
    auth: Annotated[dict[str, Secrets], BeforeValidator(_auth)]
    timeout: Annotated[int, BeforeValidator(_wait)] = 10 * SECOND
    id: Annotated[Template, BeforeValidator(_identity)] | None = None
    response: Annotated[Template, BeforeValidator(_answer)] = Field(default_factory=lambda: template({}, ANSWER))

    @model_validator(mode="after")
    def _known_fields(self) -> TalkdeskEntry:
        if self.kind != "action":
            return self
        source = self.response.source
        if not isinstance(source, dict):
            raise ValueError("`response` of an action must be an object")  # noqa: TRY004 # pydantic's way
        if unknown := [name for name in source if name not in FIELDS]:
            raise ValueError(f"`response` has {unknown[0]!r}; Talkdesk reads {', '.join(FIELDS)}")
        return self
