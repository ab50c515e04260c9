"""Incident management: PagerDuty, Opsgenie, Grafana, ilert, Flashduty."""

from __future__ import annotations

from typing import Any

from workers.importing.keep.given import ImportedStep, ProviderKeys, request
from workers.importing.unsaid import UnsayableError

_PAGER = "https://api.pagerduty.com/incidents"
_GENIE = "https://api.opsgenie.com/v2/alerts"
_GRAFANA = "/api/plugins/grafana-incident-app/resources/api/v1/IncidentsService."


def _pagerduty(given: ProviderKeys) -> ImportedStep:
    if "event_type" in given.values or "routing_key" in given.values:
        return _event(given)
    headers = {"Authorization": f"Token token={given.secret('api_key')}"}
    if "incident_id" in given.values and "title" not in given.values:
        return ImportedStep([request("GET", f"{_PAGER}/{given.need('incident_id')}", headers=headers)])
    if "incident_key" in given.values and "title" not in given.values:
        query = {"incident_key": given.need("incident_key")}
        return ImportedStep([request("GET", _PAGER, headers=headers, query=query)])
    incident: dict[str, Any] = {"type": "incident", "title": given.need("title")}
    incident["service"] = {"id": given.need("service_id"), "type": "service_reference"}
    incident |= given.some(incident_key="dedup", body="alert_body", status="status", priority="priority")
    severity = given.take("severity")
    if severity is not None:
        incident["urgency"] = f"{{% if {_bare(severity)} == 'critical' %}}high{{% else %}}low{{% endif %}}"
    given.skip("source")
    sender = given.take("requester")
    headers |= {"From": sender} if sender is not None else {}
    return ImportedStep([request("POST", _PAGER, headers=headers, body={"incident": incident})])


def _bare(value: Any) -> str:
    text = str(value)
    return text[2:-2].strip() if text.startswith("{{") else f"'{text}'"


def _event(given: ProviderKeys) -> ImportedStep:
    given.skip("routing_key")
    payload = {"summary": given.need("title"), "source": given.take("source", "keep")}
    payload["severity"] = given.take("severity", "critical")
    payload |= given.some(component="component", group="group", custom_details="custom_details", **{"class": "class"})
    body = {"routing_key": given.secret("routing_key"), "event_action": given.take("event_type", "trigger")}
    body |= {**given.some(dedup_key="dedup", links="links", images="images"), "payload": payload}
    return ImportedStep([request("POST", "https://events.pagerduty.com/v2/enqueue", body=body)])


def _opsgenie(given: ProviderKeys) -> ImportedStep:
    headers = {"Authorization": f"GenieKey {given.secret('api_key')}"}
    kind = given.plain("type", "create_alert")
    given.skip("query_type")
    if "query" in given.values:
        return ImportedStep(
            [request("GET", _GENIE, headers=headers, query={"query": given.need("query")})], ("body", "data")
        )
    if kind == "close_alert":
        url = f"{_GENIE}/{given.need('alert_id')}/close"
        return ImportedStep([request("POST", url, headers=headers, body=given.rest() or {"source": "keep"})])
    if kind != "create_alert" and "message" not in given.values:
        raise UnsayableError(f"`opsgenie` has no `type: {kind}` that is known here.")
    # Opsgenie creates behind its answer, which names the request; it is asked for the alert
    create = request("POST", _GENIE, headers=headers, body=given.rest())
    create["saveAs"] = f"{given.variable}_asked"
    created = f"{_GENIE}/requests/{{{{variables.{given.variable}_asked.body.requestId}}}}"
    steps = [create, request("GET", created, headers=headers)] if given.variable in given.scope.read else [create]
    if len(steps) == 1:
        del create["saveAs"]
    return ImportedStep(steps, ("body", "data"), fields={"alertId": ("body", "data", "alertId")})


def _grafana(given: ProviderKeys) -> ImportedStep:
    base, headers = given.host() + _GRAFANA, given.bearer()
    kind = given.plain("operationType", "create")
    if kind == "create":
        return ImportedStep([request("POST", f"{base}CreateIncident", headers=headers, body=given.rest())])
    update = given.plain("updateType").removeprefix("update").removeprefix("Incident")
    if not update:
        raise UnsayableError("`grafana_incident` needs `updateType` where it updates.")
    body = {"incidentID": given.need("incident_id"), **given.rest()}
    return ImportedStep([request("POST", f"{base}Update{update}", headers=headers, body=body)])


def _ilert(given: ProviderKeys) -> ImportedStep:
    url = "https://api.ilert.com/api/incidents"
    given.skip("_type")
    return ImportedStep([request("POST", url, headers=given.bearer("api_key"), body=given.rest())])


def _flashduty(given: ProviderKeys) -> ImportedStep:
    url = "https://api.flashcat.cloud/event/push/alert/standard"
    query = {"integration_key": given.secret("integration_key")}
    body = {**given.some(title_rule="title"), **given.rest()}
    return ImportedStep([request("POST", url, query=query, body=body)])


INCIDENTS = {
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "grafana_incident": _grafana,
    "ilert": _ilert,
    "flashduty": _flashduty,
}
