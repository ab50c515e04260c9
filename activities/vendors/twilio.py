"""Twilio's SDK on the guarded HTTP client; imported only where a message is sent, because the SDK is heavy."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from urllib.parse import urlencode

from twilio.http import AsyncHttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.rest import Client

from activities.context import Context
from activities.errors import OutcomeUnknown
from activities.http_client.message import Response


class TwilioTransport(AsyncHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """Sends what the SDK asks for through the guarded client of one attempt.

    The SDK's own transport has no working timeout and repeats by itself; here the attempt's timeout holds and errors of
    the network keep their kind.

    Attributes:
        last: the latest answer, whose headers the SDK's exceptions do not carry.
    """

    last: Response

    def __init__(self, context: Context) -> None:
        super().__init__(logging.getLogger("twilio"), is_async=True)
        self._context = context

    async def request(  # noqa: PLR0913, PLR0917 - the SDK's own signature
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the attempt's own timeout holds
        allow_redirects: bool = False,  # noqa: ARG002 - never
    ) -> TwilioResponse:
        """Send one request.

        Raises:
            Refused: the address is not allowed.
            Unavailable: Twilio cannot be reached.
            OutcomeUnknown: no whole answer came back, or a success that cannot be read.
        """
        answer = await self._context.request(
            method.upper(),
            uri,
            headers=headers,
            params={name: str(value) for name, value in (params or {}).items()},
            content=urlencode(data, doseq=True, errors="replace").encode() if data else None,
            auth=auth,
            effect=method.upper() != "GET",
        )
        self.last = answer
        fields = answer.members()
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES and not fields:
            raise OutcomeUnknown(
                f"Twilio answered {answer.status} with something that is no message; look at Twilio's message log.",
                status=answer.status,
            )
        return TwilioResponse(answer.status, json.dumps(fields), dict(answer.headers))


def client(account_sid: str, auth_token: str, base_url: str | None, transport: TwilioTransport) -> Client:
    """Return the SDK's client for an account; regions and edges come from `baseUrl`, never from the environment."""
    made = Client(account_sid, auth_token, http_client=transport)
    made.edge = made.region = None
    if base_url:
        made.api.base_url = base_url.rstrip("/")
    return made
