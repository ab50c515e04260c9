"""Any service that GraphQL describes, with the sign-in that its connection says."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from activities.connectors.own_service import OwnService
from activities.graphql.profile import GraphQlProfile


class GraphQl(OwnService):
    """A service that GraphQL describes: its schema, its address, and how requests to it are signed in."""

    kind: ClassVar[str] = "graphql"

    description: str = Field(
        description="File, or address, of its schema: the answer of an introspection as JSON, or the schema's language."
    )
    base_url: str = Field(description="The address of its endpoint: `https://api.example.com/graphql`.")


GraphQl.profile = GraphQlProfile(service=GraphQl.service, extras=GraphQl.extras)
