"""`python -m workers.cli` is `trunkline`."""

from __future__ import annotations

from workers.cli import main

main()
