"""The sandbox: a local server that stands in for the vendors and shows what was sent to them."""

from workers.sandbox.server import Sandbox, connections
from workers.sandbox.vendors import VENDORS

__all__ = ["VENDORS", "Sandbox", "connections"]
