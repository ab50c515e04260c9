"""Servers of a description: an address is used only where its host is one that the connection or its profile names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from activities.openapi.operation import Operation

VARIABLE = re.compile(r"\{([^{}]*)\}")


def known_server(operation: Operation, hosts: Collection[str]) -> str | None:
    """Return the first of an operation's servers on one of these hosts, or None where it has none there.

    Args:
        operation: the operation.
        hosts: the vendor's own; credentials go to no host that only the description names.
    """
    addresses = map(address, operation.servers)
    return next((one for one in addresses if one.startswith("https://") and urlsplit(one).hostname in hosts), None)


def address(server: Mapping[str, Any]) -> str:
    """Return the address of a server, its variables by their defaults, without a slash at its end."""
    variables = server.get("variables")
    known = variables if isinstance(variables, Mapping) else {}

    def value(match: re.Match[str]) -> str:
        one = known.get(match[1])
        return str(one.get("default", "")) if isinstance(one, Mapping) else match[0]

    return VARIABLE.sub(value, str(server.get("url", ""))).rstrip("/")
