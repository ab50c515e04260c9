"""The client that a worker works with: unreadable payloads break no run, and every replay reads the same clock."""

from __future__ import annotations

from temporalio.client import Client

from workers.payloads.converter import of_worker
from workers.process.replay_clock import ReplayClock
from workers.process.version import BuildStamp


def client_of_worker(client: Client, *, attributes: bool = False, versioned: bool = False) -> Client:
    """Return a client over the same connection for a worker to work with.

    Args:
        client: a connected client.
        attributes: whether its namespace has our search attributes.
        versioned: whether the worker announces its version.
    """
    options = client.config()
    options["data_converter"] = of_worker(options["data_converter"])
    options["plugins"] = [*options["plugins"], ReplayClock(versioned=versioned, attributes=attributes), BuildStamp()]
    return Client(**options)
