"""Services that are known by their descriptions: whatever host they are at, it is answered as any HTTP API is."""

from __future__ import annotations

from workers.sandbox.vendor import Absent

REASON = "Its host is answered as that of any HTTP API is: teach the sandbox the answers that matter."

OPENAPI = Absent(REASON)
GITHUB = Absent(REASON, connection=lambda: {"token": "sandbox-github-token"})
STRIPE = Absent(REASON, connection=lambda: {"apiKey": "sandbox-stripe-key"})
JIRA = Absent(
    REASON, connection=lambda: {"site": "sandbox", "email": "sandbox@example.com", "apiToken": "sandbox-jira-token"}
)
