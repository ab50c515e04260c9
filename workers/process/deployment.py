"""The version of a worker, where Temporal is to tell versions apart: Worker Deployment Versioning.

Every Temporal worker of a process is of the same version, those of limits, budgets, pauses and keys too: what runs on
their task queues moves with a release. So does every run, unless its plan says `onRelease: stay`
(`workflows/run/release.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.settings import VARIABLES, Settings, SettingsError

if TYPE_CHECKING:
    from temporalio.worker import WorkerDeploymentConfig


def check_version(settings: Settings) -> None:
    """Refuse half of a version.

    Raises:
        SettingsError: a deployment is named without a build, or a build without its deployment.
    """
    given = {"deployment": settings.deployment, "build": settings.build}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == 1:
        [there] = given.keys() - missing
        raise SettingsError(
            f"{VARIABLES[there]} is set and {VARIABLES[missing[0]]} is not. Both together are the version of a worker: "
            "set both, or none of them."
        )


def version(settings: Settings) -> str | None:
    """Return a worker's version as logs name it, or None where Temporal does not tell versions apart."""
    return None if settings.deployment is None else f"{settings.deployment}:{settings.build}"


def deployment_config(settings: Settings) -> WorkerDeploymentConfig | None:
    """Return the version that the Temporal workers of a process announce, if any.

    Raises:
        SettingsError: see `check_version`.
    """
    from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
    from temporalio.worker import WorkerDeploymentConfig

    check_version(settings)
    if settings.deployment is None or settings.build is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(settings.deployment, settings.build),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
