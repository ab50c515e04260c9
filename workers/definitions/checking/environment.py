"""Whether every environment has the values that a definition names."""

from __future__ import annotations

from workers.definitions.checking.findings import Findings
from workers.definitions.environments import Environments
from workers.definitions.problems import nearest


def check_environment(findings: Findings, environments: Environments) -> None:
    """Find names without a value, in each environment, and the problems of the files."""
    names = findings.data.get("environment")
    if not isinstance(names, list) or not names:
        return
    if environments.chosen not in environments.known:
        sentence = f"There is no environment {environments.chosen!r}: {environments.file} is not there."
        hint = nearest(environments.chosen, environments.known) or "TRUNKLINE_ENVIRONMENT names the one that counts"
        findings.add("missing-environment-value", "/environment", sentence, hint, key=True)
    for _, environment in sorted(environments.known.items()):
        if environment.problems:
            findings.take(environment.problems)
            continue
        for index, name in enumerate(names):
            if isinstance(name, str) and name not in environment.values:
                sentence = f"{environment.file} has no value for {name!r}."
                near = nearest(name, environment.values)
                findings.add("missing-environment-value", f"/environment/{index}", sentence, near)
