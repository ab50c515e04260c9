"""The manifests for Kubernetes: what the API takes, hanging together, and in words that our own command line understands."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from activities.catalog import catalog
from tests.starts import Processes
from workers.cli import app
from workers.definitions.automations import Automations
from workers.gateway.config import load_config
from workers.process.deployment import check_version
from workers.process.lifetime import OVERTIME
from workers.settings import VARIABLES, Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
SCHEMAS = {"ScaledObject": Path(__file__).parent / "schemas" / "scaledobject.json"}
"""Schemas of kinds that are not Kubernetes' own."""

JSON = dict[str, Any]


def kustomization() -> JSON:
    found: JSON = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    return found


def manifests() -> list[JSON]:
    files = [FOLDER / name for name in kustomization()["resources"]]
    return [manifest for file in files for manifest in yaml.safe_load_all(file.read_text())]


def check(manifest: JSON) -> None:
    """Hold a manifest to its kind's schema, strictly: what the schema does not know is refused."""
    own = SCHEMAS.get(manifest["kind"])
    if own is None:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    else:
        jsonschema.Draft202012Validator(json.loads(own.read_text())).validate(manifest)


def named(kind: str, name: str) -> JSON:
    [found] = [m for m in manifests() if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


def pods() -> list[JSON]:
    return [m["spec"]["template"]["spec"] for m in manifests() if m["kind"] == "Deployment"]


def container(pod: JSON) -> JSON:
    [found] = pod["containers"]
    return dict(found)


def settings() -> dict[str, str]:
    return dict(line.split("=", 1) for line in (FOLDER / "settings.env").read_text().splitlines())


def released() -> dict[str, str]:
    """Return the version that workers announce."""
    [release] = [one for one in kustomization()["configMapGenerator"] if one["name"] == "trunkline-release"]
    return dict(literal.split("=", 1) for literal in release["literals"])


@pytest.mark.parametrize("manifest", manifests(), ids=lambda m: f"{m['kind']}-{m['metadata']['name']}")
def test_every_manifest_is_what_the_api_takes(manifest: JSON) -> None:
    check(manifest)


def test_what_the_api_does_not_know_is_refused() -> None:
    worker = named("Deployment", "trunkline-worker-build")
    misspelt = deepcopy(worker)
    misspelt["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        check(misspelt)
    scaled = named("ScaledObject", "trunkline-worker-build")
    for name, value in (("queueSize", "5"), ("targetQueueSize", 20), ("queueTypes", "workflows")):
        wrong = deepcopy(scaled)
        wrong["spec"]["triggers"][0]["metadata"][name] = value
        with pytest.raises(jsonschema.ValidationError):
            check(wrong)
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        check({"apiVersion": "example.com/v1", "kind": "Unheard", "metadata": {"name": "x"}})


def test_every_file_is_part_of_it() -> None:
    known = kustomization()
    given = [file for one in known["configMapGenerator"] for file in (*one.get("files", ()), *one.get("envs", ()))]
    there = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file()}
    assert there == {*known["resources"], *given, "kustomization.yaml"}


def test_kubectl_builds_it(processes: Processes) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    built = processes.run([kubectl, "kustomize", FOLDER], check=True, capture_output=True, text=True).stdout
    made = list(yaml.safe_load_all(built))
    for manifest in made:
        check(manifest)
        assert manifest["kind"] == "Namespace" or manifest["metadata"]["namespace"] == "trunkline"
    assert {m["kind"] for m in made} == {*(m["kind"] for m in manifests()), "ConfigMap"}
    version = released()
    name = f"trunkline-worker-{version['TRUNKLINE_BUILD']}"
    [worker] = [m for m in made if m["kind"] == "Deployment" and m["metadata"]["name"] == name]
    label = {"trunkline-build": version["TRUNKLINE_BUILD"]}
    assert label.items() <= worker["spec"]["selector"]["matchLabels"].items(), "a Deployment has its own pods only"
    assert label.items() <= worker["spec"]["template"]["metadata"]["labels"].items()
    [scaled] = [m for m in made if m["kind"] == "ScaledObject"]
    assert (scaled["metadata"]["name"], scaled["spec"]["scaleTargetRef"]["name"]) == (name, name)
    about = scaled["spec"]["triggers"][0]["metadata"]
    assert about["workerDeploymentBuildId"] == version["TRUNKLINE_BUILD"]
    assert about["workerDeploymentName"] == version["TRUNKLINE_DEPLOYMENT"]
    assert "trunkline-build: build" not in built


def test_the_image_is_pinned_to_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    [image] = kustomization()["images"]
    assert image["newTag"] == version
    assert {container(pod)["image"] for pod in pods()} == {image["name"]}
    assert released()["TRUNKLINE_BUILD"] == version.replace(".", "-"), "it is a part of the Deployment's name"


def test_nothing_runs_as_root_or_writes_beside_its_volumes() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    [uid] = re.findall(r"--uid (\d+)", dockerfile)
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False, "TRUNKLINE_GATEWAY_PORT=tcp://… would be a setting"
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == int(uid)
        assert container(pod)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounts = {mount["mountPath"]: mount for mount in container(pod)["volumeMounts"]}
        assert {path for path, mount in mounts.items() if not mount.get("readOnly")} == {
            settings()["TRUNKLINE_CACHE"],
            "/tmp",  # noqa: S108 # the container's own
        }
        assert {volume["name"] for volume in pod["volumes"]} == {mount["name"] for mount in mounts.values()}


def test_a_pod_ends_later_than_what_it_does() -> None:
    for pod in pods():
        pause = container(pod).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        assert pod["terminationGracePeriodSeconds"] > float(settings()["TRUNKLINE_GRACE"]) + OVERTIME + pause


def test_no_probe_ends_anybody_because_temporal_is_away() -> None:
    for pod in pods():
        ports = {port["name"]: port["containerPort"] for port in container(pod)["ports"]}
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container(pod)[name]["httpGet"]
            readiness = (container(pod)["name"], name) == ("worker", "readinessProbe")  # nobody is sent to a worker
            assert asked["path"] == ("/healthz" if readiness else "/livez")
            assert ports[asked["port"]] in {8700, 9464}


def test_the_commands_and_settings_are_ours() -> None:
    assert {name for name in settings() if name.startswith("TRUNKLINE_")} <= set(VARIABLES.values())
    read = Settings.from_environment({**settings(), **released()})
    check_version(read)
    for pod in pods():
        command, bound, _ = app.parse_args(container(pod)["args"], print_error=False, exit_on_error=False)
        assert command.__name__ == container(pod)["name"]
        mounts = [mount["mountPath"] for mount in container(pod)["volumeMounts"]]
        assert str(read.cache) in mounts
        assert str(read.secrets) in mounts
        assert str(read.connections and read.connections.parent) in mounts
        given = [*bound.args, *bound.kwargs.values()]
        files = [str(one) for one in given if str(one).startswith("/srv/")]
        assert all(any(file.startswith(mount) for mount in mounts) for file in files)
        port = str(bound.kwargs["metrics_address"]).rpartition(":")[2]
        assert {"name": "metrics", "containerPort": int(port)} in container(pod)["ports"]


def test_what_pods_name_is_made_or_optional_or_documented() -> None:
    made = {one["name"] for one in kustomization()["configMapGenerator"]}
    docs = (ROOT / "docs" / "operating.md").read_text()
    for pod in pods():
        for source in container(pod)["envFrom"]:
            if "configMapRef" in source:
                assert source["configMapRef"]["name"] in made
            else:
                assert f"secret generic {source['secretRef']['name']}" in docs
        for volume in pod["volumes"]:
            if "configMap" in volume:
                assert volume["configMap"]["name"] in made
            elif "secret" in volume:
                assert f"secret generic {volume['secret']['secretName']}" in docs


def test_what_selects_pods_finds_them() -> None:
    labels = [m["spec"]["template"]["metadata"]["labels"] for m in manifests() if m["kind"] == "Deployment"]
    for selector in _selectors(manifests()):
        assert any(selector.items() <= own.items() for own in labels), selector
    scaled = named("ScaledObject", "trunkline-worker-build")["spec"]
    target = named("Deployment", scaled["scaleTargetRef"]["name"])
    assert "replicas" not in target["spec"], "or each release would undo the scaling"
    trigger = scaled["triggers"][0]["metadata"]
    assert trigger["taskQueue"] == settings()["TRUNKLINE_TASK_QUEUE"]
    assert trigger["namespace"] == settings()["TEMPORAL_NAMESPACE"]
    assert trigger["endpointFromEnv"] in settings()


def _selectors(given: list[JSON]) -> Iterator[dict[str, str]]:
    for manifest in given:
        spec = manifest.get("spec", {})
        match manifest["kind"]:
            case "Service":
                yield spec["selector"]
            case "Deployment" | "PodDisruptionBudget":
                yield spec["selector"]["matchLabels"]
            case "NetworkPolicy":
                yield spec["podSelector"].get("matchLabels", {})


def test_the_ingress_leads_to_the_gateway() -> None:
    ingress, service = named("Ingress", "trunkline-gateway")["spec"], named("Service", "trunkline-gateway")["spec"]
    [rule] = ingress["rules"]
    [path] = rule["http"]["paths"]
    backend = path["backend"]["service"]
    assert backend["name"] == "trunkline-gateway"
    [port] = service["ports"]
    assert backend["port"]["name"] == port["name"]
    gateway = container(named("Deployment", "trunkline-gateway")["spec"]["template"]["spec"])
    assert port["targetPort"] in {one["name"] for one in gateway["ports"]}
    config = load_config(
        FOLDER / "config" / "gateway.yaml", {"EVENTS_TOKEN": "token-0123456789abcdef-0123456789abcdef"}
    )
    assert config.base_url == f"https://{rule['host']}"
    assert ingress["tls"][0]["hosts"] == [rule["host"]]


def test_only_the_gateways_door_and_the_metrics_are_open() -> None:
    opened = {
        port["port"]
        for manifest in manifests()
        if manifest["kind"] == "NetworkPolicy"
        for rule in manifest["spec"].get("ingress", ())
        for port in rule["ports"]
    }
    assert opened == {8700, 9464}
    everybody = named("NetworkPolicy", "trunkline")["spec"]
    assert everybody["podSelector"] == {}
    assert everybody["policyTypes"] == ["Ingress", "Egress"]
    [public] = [rule for rule in everybody["egress"] if any("ipBlock" in to for to in rule["to"])]
    assert "169.254.0.0/16" in public["to"][0]["ipBlock"]["except"], "the machine's own credentials are there"


def test_a_folder_as_kubernetes_mounts_it_is_read_and_followed(tmp_path: Path) -> None:
    """Each file is a link through a folder that is itself a link, which a change swaps."""
    text = (FOLDER / "automations" / "order-paid.yaml").read_text()
    for number, name in enumerate(("order-paid", "order-settled")):
        version = tmp_path / f"..2026_01_0{number + 1}"
        version.mkdir()
        (version / "order-paid.yaml").write_text(text.replace("name: order-paid", f"name: {name}"))
        os.utime(version / "order-paid.yaml", (0, 0))
        (tmp_path / "..data_tmp").symlink_to(version.name)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        link = tmp_path / "order-paid.yaml"
        if not link.is_symlink():
            link.symlink_to("..data/order-paid.yaml")
        assert Automations(tmp_path, catalog()).names() == [name]
