"""Signing in to Google, talking to it, and sorting its errors."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import google.auth
import grpc
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth import identity_pool
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.cloud.speech_v1 import SpeechAsyncClient
from google.cloud.speech_v1.services.speech.transports import SpeechGrpcAsyncIOTransport
from google.oauth2 import credentials as user
from google.oauth2 import service_account

from activities.bounds import cut, regular
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.speech.google import Google

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
SIGN_IN_SECONDS = 20
LARGEST_KEY = 1024 * 1024
KINDS: dict[str, Callable[..., Any]] = {
    "service_account": service_account.Credentials.from_service_account_info,
    "authorized_user": user.Credentials.from_authorized_user_info,
    "external_account": identity_pool.Credentials.from_info,
}
REFUSALS = (
    exceptions.BadRequest,
    exceptions.Unauthorized,
    exceptions.Forbidden,
    exceptions.NotFound,
    exceptions.AlreadyExists,
    exceptions.MethodNotImplemented,
)
UNREACHED = ("failed to connect to all addresses", "Getting metadata from plugin failed")
"""How gRPC words an UNAVAILABLE that certainly never left this machine."""


@dataclass(frozen=True, slots=True)
class SpeechSession:
    """A client of Google Speech, and the access token for Cloud Storage where there is one."""

    client: SpeechAsyncClient
    token: str | None


@asynccontextmanager
async def opened(connection: Google) -> AsyncIterator[SpeechSession]:
    """Sign in and yield a session; its channel is closed afterwards.

    Raises:
        Refused: the credentials are missing, unusable or no longer accepted.
        Unavailable: Google's sign-in cannot be reached.
    """
    address = urlsplit(address_of(connection))
    if address.scheme == "http":
        options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        channel = grpc.aio.insecure_channel(address.netloc, options=options)
        session = SpeechSession(SpeechAsyncClient(transport=SpeechGrpcAsyncIOTransport(channel=channel)), None)
    else:
        found = await asyncio.to_thread(sign_in, connection.key)
        endpoint = ClientOptions(api_endpoint=address.netloc)
        session = SpeechSession(SpeechAsyncClient(credentials=found, client_options=endpoint), found.token)
    async with session.client:
        yield session


def address_of(connection: Google) -> str:
    """Return where a connection's requests go, as an absolute address."""
    address = connection.base_url or "https://speech.googleapis.com"
    return address if "://" in address else f"https://{address}"


def sign_in(key: str | None) -> Any:
    """Return fresh credentials: from a file's path, from its text, or the machine's own."""
    found: Any
    try:
        if key is None:
            found, _ = google.auth.default(scopes=SCOPES)
        else:
            text = key if key.lstrip().startswith("{") else _file(Path(key).expanduser())
            info = json.loads(text)
            found = KINDS[info["type"]](info, scopes=SCOPES)
        found.refresh(functools.partial(Request(), timeout=SIGN_IN_SECONDS))
    except OSError as error:
        raise Refused(f"Google's credentials file cannot be read: {error.strerror}.") from error
    except TransportError as error:
        raise Unavailable("Google's sign-in cannot be reached.") from error
    except GoogleAuthError as error:
        if error.retryable:
            raise Unavailable("Google's sign-in asks to try later.") from error
        raise Refused(
            "Google did not accept the credentials: the connection's `credentials` must be the path or the JSON text "
            "of a key that is still valid; without them the machine must have application default credentials."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError):
        # The cause may quote the key, so it is not kept.
        raise Refused(
            f"Google's credentials are no usable key: they must be JSON with a `type` of {', '.join(KINDS)}."
        ) from None
    return found


def _file(path: Path) -> str:
    with regular(path) as file:
        return file.read(LARGEST_KEY).decode()


def judged(error: exceptions.GoogleAPICallError, doing: str, *, paid: bool) -> ActionError:
    """Sort an answer of Google into the three kinds.

    Args:
        error: what the client raised.
        doing: what was being done, for the sentence.
        paid: whether Google may have begun something that it bills, although it answered with this error.
    """
    sentence = f"Google could not {doing}: {cut(str(error.message), 300)}".rstrip(". ") + "."
    status = None if error.code is None else int(error.code)
    if isinstance(error, REFUSALS):
        return Refused(sentence, status=status)
    if isinstance(error, exceptions.TooManyRequests):
        return Unavailable(sentence, retry_after=_advice(error), status=status)
    unreached = isinstance(error, exceptions.ServiceUnavailable) and any(text in sentence for text in UNREACHED)
    if unreached or not paid:
        return Unavailable(sentence, retry_after=_advice(error), status=status)
    return OutcomeUnknown(sentence, status=status)


def _advice(error: exceptions.GoogleAPICallError) -> float | None:
    for detail in error.details or []:
        delay = getattr(detail, "retry_delay", None)
        if delay is not None:
            return float(delay.seconds) + float(delay.nanos) / 1e9
    return None
