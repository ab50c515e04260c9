"""Clusters: what Keep does in Kubernetes and OpenShift, at the cluster's own API."""

from __future__ import annotations

from typing import Any

from workers.importing.keep.given import ImportedStep, ProviderKeys, request
from workers.importing.unsaid import UnsayableError

_APPS = "/apis/apps/v1"
_OPENSHIFT = "/apis/apps.openshift.io/v1"
_LISTS = {
    "pods": "/api/v1{of}/pods",
    "events": "/api/v1{of}/events",
    "nodes": "/api/v1/nodes",
    "node_pressure": "/api/v1/nodes",
    "pvc": "/api/v1{of}/persistentvolumeclaims",
    "services": "/api/v1{of}/services",
    "deployments": _APPS + "{of}/deployments",
    "deploymentconfigs": _OPENSHIFT + "{of}/deploymentconfigs",
    "projects": "/apis/project.openshift.io/v1/projects",
    "routes": "/apis/route.openshift.io/v1{of}/routes",
    "builds": "/apis/build.openshift.io/v1{of}/builds",
}
_ITEMS = ("body", "items")
_MERGE = {"Content-Type": "application/merge-patch+json"}
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


def _cluster(given: ProviderKeys) -> ImportedStep:
    command = given.plain("command_type")
    action = given.plain("action")
    return _read(given, command) if command.startswith("get_") else _act(given, action or command)


def _read(given: ProviderKeys, command: str) -> ImportedStep:
    what, headers = command.removeprefix("get_"), given.bearer()
    if what in {"logs", "pod_logs"}:
        query = given.some(tailLines="tail_lines", container="container_name")
        pod = f"{_in(given)}/pods/{given.need('pod_name')}/log"
        return ImportedStep([request("GET", f"{given.host()}/api/v1{pod}", headers=headers, query=query)])
    if what == "deployment":
        name = given.need("deployment_name")
        return ImportedStep([request("GET", f"{given.host()}{_APPS}{_in(given)}/deployments/{name}", headers=headers)])
    if what not in _LISTS:
        raise UnsayableError(f"`{given.provider}` has no `command_type: {command}` that is known here.")
    place = _in(given) if given.values.get("namespace") and "{of}" in _LISTS[what] else ""
    query = given.some(fieldSelector="field_selector", labelSelector="label_selector")
    url = given.host() + _LISTS[what].format(of=place)
    return ImportedStep([request("GET", url, headers=headers, query=query)], _ITEMS)


def _act(given: ProviderKeys, action: str) -> ImportedStep:
    headers = given.bearer()
    if action == "restart_pod":
        url = f"{given.host()}/api/v1{_in(given)}/pods/{given.need('pod_name')}"
        given.skip("message")
        return ImportedStep([request("DELETE", url, headers=headers)])
    kind = given.take("kind") or ("deploymentconfig" if action.endswith("deploymentconfig") else "deployment")
    name = given.take("name") or given.take(f"{kind}_name")
    if kind not in {"deployment", "deploymentconfig"} or name is None:
        raise UnsayableError(
            f"`{given.provider}` does {action!r} to a {kind!r} without a name, or of a kind unknown here."
        )
    group = _OPENSHIFT if kind == "deploymentconfig" else _APPS
    url = f"{given.host()}{group}{_in(given)}/{kind}s/{name}"
    if action.startswith("scale_"):
        body: Any = {"spec": {"replicas": given.need("replicas")}}
        return ImportedStep([request("PATCH", f"{url}/scale", headers={**headers, **_MERGE}, body=body)])
    if action in {"rollout_restart", "restart_deployment"}:
        body = {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: "{{now}}"}}}}}
        given.skip("message")
        return ImportedStep([request("PATCH", url, headers={**headers, **_MERGE}, body=body)])
    raise UnsayableError(f"`{given.provider}` has no action {action!r} that is known here.")


def _in(given: ProviderKeys) -> str:
    return f"/namespaces/{given.take('namespace', 'default')}"


KUBERNETES = dict.fromkeys(("eks", "aks", "gke", "openshift", "kubernetes"), _cluster)
