"""Language and sentiment without a vendor: what a text is in, a program of this machine says."""

from __future__ import annotations

from workers.sandbox.vendor import NoStandIn

LOCAL_LANGUAGE = NoStandIn("It runs on this machine and needs no account: it reads for real.", connection=dict)
