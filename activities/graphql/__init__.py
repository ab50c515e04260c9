"""Services that GraphQL describes: from a schema to operations, and from the params of a step to requests."""
