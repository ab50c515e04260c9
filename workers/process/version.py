"""The version of this installation, which every worker tells Temporal as its build."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING

from temporalio.plugin import SimplePlugin

if TYPE_CHECKING:
    from temporalio.worker import WorkerConfig

UNKNOWN = "0"


def trunkline_version() -> str:
    """Return the version of this installation; `0` where none is installed."""
    try:
        return importlib.metadata.version("trunkline")
    except importlib.metadata.PackageNotFoundError:
        return UNKNOWN


class BuildStamp(SimplePlugin):
    """Stamps every task with Trunkline's version, unless the worker belongs to a deployment.

    Temporal's SDK would stamp it with a hash of all modules, which says nothing to people and stands three times in a
    history for each action.
    """

    def __init__(self) -> None:
        super().__init__("trunkline.build")

    def configure_worker(self, config: WorkerConfig) -> WorkerConfig:
        """Return what a worker is made with."""
        if config.get("deployment_config") is None and config.get("build_id") is None:
            config["build_id"] = trunkline_version()
        return super().configure_worker(config)
