"""OpenAPI: from a description to its operations, and from an operation and its params to a request."""
