"""A worker's version: both words of it, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.command import call
from workers.process.deployment import check_version, deployment_config, version
from workers.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"TRUNKLINE_DEPLOYMENT": "shop"}, "TRUNKLINE_DEPLOYMENT is set and TRUNKLINE_BUILD is not"),
        ({"TRUNKLINE_BUILD": "7"}, "TRUNKLINE_BUILD is set and TRUNKLINE_DEPLOYMENT is not"),
    ],
)
def test_half_of_a_version_is_refused_at_the_start(given: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=says):
        check_version(Settings.from_environment(given))
    for processes in ("1", "2"):
        ended = call("worker", tmp_path, "--processes", processes, environment=given)
        assert ended.code == 2
        assert says in " ".join(ended.err.split())


def test_a_worker_without_a_version_announces_none() -> None:
    settings = Settings.from_environment({"TRUNKLINE_DEPLOYMENT": "", "TRUNKLINE_BUILD": ""})
    assert (deployment_config(settings), version(settings)) == (None, None)


def test_a_version_is_both() -> None:
    settings = Settings.from_environment({"TRUNKLINE_DEPLOYMENT": "shop", "TRUNKLINE_BUILD": "2026.11.28-1"})
    config = deployment_config(settings)
    assert config is not None
    assert (config.version.deployment_name, config.version.build_id) == ("shop", "2026.11.28-1")
    assert config.use_worker_versioning
    assert version(settings) == "shop:2026.11.28-1"
