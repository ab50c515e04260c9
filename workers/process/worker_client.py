"""The client that a worker works with: unreadable payloads break no run, and every replay reads the same clock."""

from __future__ import annotations

from temporalio.client import Client

from workers.payloads.converter import of_worker
from workers.process.replay_clock import ReplayClock
from workers.process.version import Build


def client_of_worker(client: Client) -> Client:
    """Return a client over the same connection for a worker to work with."""
    options = client.config()
    options["data_converter"] = of_worker(options["data_converter"])
    options["plugins"] = [*options["plugins"], ReplayClock(), Build()]
    return Client(**options)
