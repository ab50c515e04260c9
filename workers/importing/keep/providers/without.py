"""The kinds of provider that no step here can stand for, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

_SQL = "it speaks a database's own protocol, and no action does; put an HTTP service in front of the database"
_AWS = "its requests are signed as AWS wants it, which no action does"
_GOOGLE = "it signs in with a service account of Google Cloud, which no action does"
_CODE = "it runs code on Keep's machine; put the code behind an HTTP address"

REASONS: Mapping[str, str] = {
    **dict.fromkeys(("mysql", "postgres", "mssql", "redshift", "snowflake", "mongodb", "sqlite", "oracle"), _SQL),
    **dict.fromkeys(("cloudwatch", "s3", "opensearchserverless", "amazonsqs", "dynamodb", "athena"), _AWS),
    **dict.fromkeys(("bigquery", "gcpmonitoring", "gcp_logging", "google_sheets"), _GOOGLE),
    **dict.fromkeys(("bash", "python", "ssh", "ansible"), _CODE),
    "kafka": "it speaks Kafka's own protocol, and no action does",
    "posthog": "Keep works out a list from many recordings of sessions, which is code of its own",
    "zoom": "it signs in with the credentials of an app, which no action does; use a connection of a described service",
    "fluxcd": "Keep joins several lists of a cluster into one result, which is code of its own",
    "auth0.logs": "it compares with what an earlier run has seen, which a run here does not see",
    "github.stars": "it compares with what an earlier run has seen, which a run here does not see",
}
