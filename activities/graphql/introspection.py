"""How a GraphQL service is asked for its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from activities.descriptions.fetching import SECONDS
from activities.descriptions.store import LARGEST
from activities.http_client.json_body import json_bytes

if TYPE_CHECKING:
    from activities.http_client.client import Client

TYPE = "kind name " + "ofType { kind name " * 8 + "}" * 8
VALUE = f"name description type {{ {TYPE} }} defaultValue"

DOCUMENT = f"""query {{ __schema {{
  queryType {{ name }}
  mutationType {{ name }}
  types {{
    kind name description
    fields(includeDeprecated: true) {{
      name description args {{ {VALUE} }} type {{ {TYPE} }} isDeprecated deprecationReason
    }}
    inputFields {{ {VALUE} }}
    interfaces {{ {TYPE} }}
    enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
    possibleTypes {{ {TYPE} }}
    %s
  }}
  directives {{ name description locations args {{ {VALUE} }} }}
}} }}"""


def introspection(*, one_of: bool) -> str:
    """Return the document that a service is asked with.

    Args:
        one_of: whether it knows inputs of which exactly one member is given, and so may be asked for them.
    """
    return " ".join((DOCUMENT % ("isOneOf" if one_of else "")).split())


async def introspected(http: Client, address: str, headers: Mapping[str, str], *, one_of: bool) -> bytes:
    """Ask a service for its schema, and return what it answers; see `Reading`.

    Args:
        http: the guarded client.
        address: its endpoint.
        headers: what signs the request in.
        one_of: see `introspection`.
    """
    shared = {"Accept": "application/json", "Content-Type": "application/json"}
    answer = await http.request(
        "POST",
        address,
        headers={**shared, **headers},
        content=json_bytes({"query": introspection(one_of=one_of)}),
        timeout=SECONDS,
        max_bytes=LARGEST,
    )
    answer.require()
    return answer.body
