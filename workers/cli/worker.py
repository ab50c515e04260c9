"""`trunkline worker`: runs automations until it is told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from workers.settings import Settings


def worker(
    folder: Path | None = None,
    /,
    *,
    connections: Path | None = None,
    processes: str | None = None,
    metrics_address: str | None = None,
) -> int:
    """Run the automations of a folder: poll Temporal and carry out what runs ask for.

    Args:
        folder: Folder of the automations (TRUNKLINE_AUTOMATIONS, else `automations`).
        connections: File that names credentials and addresses (TRUNKLINE_CONNECTIONS, else `connections.yaml` if any).
        processes: How many processes share the work, or `auto` for one per core (TRUNKLINE_PROCESSES, else 1).
        metrics_address: HOST:PORT that answers /healthz and /metrics (TRUNKLINE_METRICS_ADDRESS, else none).

    Returns:
        0 if it was told to stop, 1 if it cannot go on, 128 and the signal's number if it was told twice.
    """
    from workers import logs
    from workers.process.deployment import check_version

    settings = Settings.from_environment(
        automations=folder, connections=connections, processes=processes, metrics_address=metrics_address
    )
    check_version(settings)
    logs.configure()
    if settings.processes > 1:
        from workers.process.processes import Parent

        async def parent() -> int:
            return await Parent(settings).run()

        return asyncio.run(parent())

    from workers.process.lifetime import run

    return run(settings)
