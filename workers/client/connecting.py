"""The client side of Temporal: connecting to it as its own environment configuration says."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from workers.client.transport import is_transport, lacks_namespace, meaning
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client, ClientConnectConfig, Interceptor
    from temporalio.runtime import Runtime

    from workers.settings import Settings

DEFAULT_ADDRESS = "127.0.0.1:7233"
CONNECT_SECONDS = 10.0


def connect_options() -> ClientConnectConfig:
    """Return what Temporal's own environment variables and configuration file say about the connection.

    Raises:
        TrunklineError: they cannot be read; the sentence says why.
    """
    from temporalio.envconfig import ClientConfig

    try:
        # as with our own settings an empty variable counts as unset: compose has no other way not to give one
        given = {name: value for name, value in os.environ.items() if value or not name.startswith("TEMPORAL_")}
        options = ClientConfig.load_client_connect_config(override_env_vars=given)
    except OSError as error:
        raise TrunklineError(
            f"Temporal's connection settings name a file that cannot be read: {error.strerror}."
        ) from error
    except Exception as error:
        if type(error).__name__ != "ConfigError":  # the class is private to the SDK's native module
            raise
        raise TrunklineError(f"Temporal's connection settings cannot be read: {error}.") from error
    return cast("ClientConnectConfig", {"target_host": DEFAULT_ADDRESS, **options})


async def connect(
    settings: Settings,
    *,
    runtime: Runtime | None = None,
    lazy: bool = False,
    interceptors: Sequence[Interceptor] = (),
) -> Client:
    """Connect to the Temporal that its own environment configuration names, by default one on this machine.

    Args:
        settings: settings of this process; its user becomes part of the identity that histories show.
        runtime: Temporal runtime to use, for processes that export metrics.
        lazy: connect with the first call instead of now.
        interceptors: what looks at every call; those that are for workers too look at what workers do with the client.

    Raises:
        UnreachableError: nothing answers there.
        TrunklineError: the connection's settings make no sense.
    """
    options = connect_options()
    if settings.user:
        options["identity"] = f"{settings.user} ({os.getpid()}@{socket.gethostname()})"
    if interceptors:
        options["interceptors"] = interceptors
    return await connect_to(
        options, keys=settings.encryption_keys, store=settings.payload_store, runtime=runtime, lazy=lazy
    )


async def connect_to(
    options: ClientConnectConfig,
    *,
    keys: Sequence[str] = (),
    store: str | None = None,
    runtime: Runtime | None = None,
    lazy: bool = False,
) -> Client:
    """Connect as `options` say; with keys, everything that may be encrypted is. See `connect`.

    Without TLS Temporal is near, and to compress what is sent there costs more than it saves; with it the SDK decides.
    """
    from temporalio.client import Client, GrpcCompression
    from temporalio.common import HeaderCodecBehavior

    from workers.payloads.converter import data_converter

    address = options.get("target_host", DEFAULT_ADDRESS)
    if "://" in address or not address.rpartition(":")[2].isdigit():
        raise TrunklineError(f"TEMPORAL_ADDRESS must be HOST:PORT, as {DEFAULT_ADDRESS}; {address!r} is not.")
    options["data_converter"] = data_converter(keys, store)
    if keys:
        options["header_codec_behavior"] = HeaderCodecBehavior.CODEC
    if not speaks_tls(options):
        options.setdefault("grpc_compression", GrpcCompression.NONE)
    options["lazy"] = lazy
    if runtime is not None:
        options["runtime"] = runtime
    connecting = Client.connect(**options)
    try:
        return await asyncio.wait_for(connecting, CONNECT_SECONDS)
    except TimeoutError as error:
        raise unreachable(address, f"no answer within {CONNECT_SECONDS:.0f} s") from error
    except RuntimeError as error:
        raise unreachable(address, meaning(str(error), tls=speaks_tls(options))) from error
    except ValueError as error:
        raise TrunklineError(f"{address!r} (TEMPORAL_ADDRESS) is no address of a Temporal server: {error}.") from error


def intercepted(client: Client, interceptors: Sequence[Interceptor]) -> Client:
    """Return a client of the same connection whose calls are looked at too."""
    from temporalio.client import Client

    if not interceptors:
        return client
    options = client.config()
    options["interceptors"] = [*options["interceptors"], *interceptors]
    return Client(**options)


def unreachable(address: str, reason: str) -> UnreachableError:
    """Return the sentence for a Temporal that does not answer."""
    return UnreachableError(
        f"Temporal does not answer at {address} ({reason}). "
        "`trunkline dev` starts one on this machine; TEMPORAL_ADDRESS names another."
    )


def speaks_tls(options: ClientConnectConfig) -> bool:
    """Say whether a client with these options speaks TLS; an API key makes it do so unless it is told otherwise."""
    tls = options.get("tls")
    return bool(options.get("api_key")) if tls is None else bool(tls)


def explain(error: Exception) -> TrunklineError | None:
    """Return the sentence for an error that Temporal's client raised, or None where it is none of those."""
    from temporalio.service import RPCError, RPCStatusCode

    from workflows.run.encrypted import MissingKeyError

    if isinstance(error, MissingKeyError):
        return TrunklineError(str(error))
    if not isinstance(error, RPCError):
        return None
    options = connect_options()
    address, tls = options.get("target_host", DEFAULT_ADDRESS), speaks_tls(options)
    if error.status in {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED} or is_transport(error.message):
        return unreachable(address, meaning(error.message, tls=tls))
    match error.status:
        case RPCStatusCode.UNAUTHENTICATED | RPCStatusCode.PERMISSION_DENIED:
            return TrunklineError(
                f"Temporal refuses this client: {error.message}. TEMPORAL_API_KEY or TLS settings decide."
            )
        case RPCStatusCode.NOT_FOUND if lacks_namespace(error.message):
            return NotFoundError(f"Temporal has no such namespace: {error.message} TEMPORAL_NAMESPACE names another.")
        case _:
            return TrunklineError(f"Temporal refused: {error.message}")
