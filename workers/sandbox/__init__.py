"""The sandbox: a local server that stands in for the vendors and shows what was sent to them."""

from workers.sandbox.server import Sandbox, connections

__all__ = ["Sandbox", "connections"]
