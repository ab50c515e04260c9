"""What is asked over HTTP: Elasticsearch, Prometheus and its kin, Loki, Datadog, ClickHouse, Databend."""

from __future__ import annotations

import re
from typing import Any

from workers.importing.keep.given import ImportedStep, ProviderKeys, request
from workers.importing.unsaid import UnsayableError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_ROWS = ("body", "data")
_SAMPLES = ("body", "data", "result")


def _elastic(given: ProviderKeys) -> ImportedStep:
    headers = {"Authorization": f"ApiKey {given.secret('api_key')}"}
    index, query = given.take("index"), given.document("query")
    if isinstance(query, dict):
        found = query.get("query", query)
        url = f"{given.host()}/{index}/_search" if index is not None else f"{given.host()}/_search"
        hits = ("body", "hits", "hits")
        return ImportedStep([request("POST", url, headers=headers, body={"query": found})], hits, items=hits)
    body = {"query": query}
    return ImportedStep([request("POST", f"{given.host()}/_sql", headers=headers, query={"format": "json"}, body=body)])


def _prometheus(given: ProviderKeys) -> ImportedStep:
    given.skip("queryType")
    query = {"query": given.need("query"), **given.some(start="start", end="end", step="step")}
    way = "query_range" if "start" in query else "query"
    address = f"{given.host()}/api/v1/{way}"
    return ImportedStep([request("GET", address, headers=given.bearer(), query=query)], items=_SAMPLES)


def _loki(given: ProviderKeys) -> ImportedStep:
    given.skip("queryType")
    query = {"query": given.need("query"), **given.some(step="step", start="start", end="end", limit="limit")}
    way = "query_range" if "step" in query or "start" in query else "query"
    return ImportedStep([request("GET", f"{given.host()}/loki/api/v1/{way}", headers=given.bearer(), query=query)])


def _logs(given: ProviderKeys) -> ImportedStep:
    given.skip("queryType")
    query = {"query": given.need("query"), **given.some(limit="limit", start="start", end="end")}
    return ImportedStep([request("POST", f"{given.host()}/select/logsql/query", headers=given.bearer(), query=query)])


def _datadog(given: ProviderKeys) -> ImportedStep:
    headers = {"DD-API-KEY": given.secret("api_key"), "DD-APPLICATION-KEY": given.secret("app_key")}
    span, query = given.plain("timeframe", "1d"), given.need("query")
    if given.plain("query_type", "metrics") == "logs":
        body = {"filter": {"query": query, "from": f"now-{span}", "to": "now"}}
        url = "https://api.datadoghq.com/api/v2/logs/events/search"
        return ImportedStep([request("POST", url, headers=headers, body=body)], fields={"logs": _ROWS})
    since = f"{{{{now | date: '%s' | minus: {_seconds(span)}}}}}"
    parameters = {"query": query, "from": since, "to": "{{now | date: '%s'}}"}
    last = ("body", "series", 0, "pointlist", -1, 1)
    return ImportedStep(
        [request("GET", "https://api.datadoghq.com/api/v1/query", headers=headers, query=parameters)], last
    )


def _seconds(span: str) -> int:
    match = re.fullmatch(r"(\d+)([smhdw])", span)
    if match is None:
        raise UnsayableError(f"The timeframe {span!r} is no number with s, m, h, d or w.")
    return int(match[1]) * _SECONDS[match[2]]


def _sql(path: str, form: dict[str, str], body: Any) -> Any:
    """Return what asks a database that answers over HTTP."""

    def make(given: ProviderKeys) -> ImportedStep:
        query = given.need("query")
        given.skip("single_row", "as_dict")
        headers = {**given.basic("user", "password"), **form}
        one = given.values.get("single_row") is True
        results: Any = (*_ROWS, 0) if one else _ROWS
        return ImportedStep([request("POST", given.host() + path, headers=headers, body=body(query))], results)

    return make


QUERIES = {
    "elastic": _elastic,
    "prometheus": _prometheus,
    "victoriametrics": _prometheus,
    "grafana_loki": _loki,
    "loki": _loki,
    "victorialogs": _logs,
    "datadog": _datadog,
    "clickhouse": _sql("/", {"X-ClickHouse-Format": "JSON"}, lambda query: query),
    "databend": _sql("/v1/query", {}, lambda query: {"sql": query}),
}
