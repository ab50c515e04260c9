"""The request by which a GraphQL service is asked for its schema."""

from __future__ import annotations

from collections.abc import Mapping

from activities.descriptions.source import Inquiry
from activities.http_client.json_body import json_bytes

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


def introspection(address: str, headers: Mapping[str, str], *, one_of: bool) -> Inquiry:
    """Return what a service is asked with.

    Args:
        address: its endpoint.
        headers: what signs the request in.
        one_of: whether it knows inputs of which exactly one member is given, and so may be asked for them.
    """
    document = " ".join((DOCUMENT % ("isOneOf" if one_of else "")).split())
    content = json_bytes({"query": document})
    shared = {"Accept": "application/json", "Content-Type": "application/json"}
    return Inquiry(address=address, headers={**shared, **headers}, content=content)
