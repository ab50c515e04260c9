"""Trackers: Jira, ServiceNow, YouTrack, Asana, monday, Trello, Planner, GitHub, GitLab."""

from __future__ import annotations

from typing import Any

from workers.importing.keep.given import ImportedStep, ProviderKeys, request

_MONDAY = (
    "mutation ($board: ID!, $group: String, $name: String!, $columns: JSON) "
    "{create_item(board_id: $board, group_id: $group, item_name: $name, column_values: $columns) {id}}"
)
_ISSUE = {"issue": ("body",), "ticket_url": ("body", "self")}


def _jira(given: ProviderKeys) -> ImportedStep:
    host = given.host()
    headers = given.bearer() if given.provider == "jiraonprem" else given.basic("email", "api_token")
    fields = given.some(summary="summary", description="description", labels="labels")
    fields |= given.take("custom_fields", {})
    kind = given.take("issue_type") or given.take("issuetype")
    priority = given.take("priority")
    fields |= {"priority": {"name": priority}} if priority is not None else {}
    issue, project, board = given.take("issue_id"), given.take("project_key"), given.take("board_name")
    if issue is not None:
        return _change(given, f"{host}/rest/api/2/issue/{issue}", headers, fields)
    fields["issuetype"] = {"name": kind or "Task"}
    steps = []
    if project is None:
        found = f"{given.variable}_board"
        query = {"name": board} if board is not None else None
        look = {"label": "Look the project up"}
        steps.append(
            {**look, **request("GET", f"{host}/rest/agile/1.0/board", headers=headers, query=query), "saveAs": found}
        )
        project = f"{{{{variables.{found}.body.values[0].location.projectKey}}}}"
    fields["project"] = {"key": project}
    steps.append(request("POST", f"{host}/rest/api/2/issue", headers=headers, body={"fields": fields}))
    return ImportedStep(steps, fields=_ISSUE)


def _change(given: ProviderKeys, url: str, headers: dict[str, str], fields: dict[str, Any]) -> ImportedStep:
    steps = [request("PUT", url, headers=headers, body={"fields": fields})] if fields else []
    state = given.take("transition_to")
    if state is not None:
        found = f"{given.variable}_transitions"
        look = {"label": "Look the transitions up"}
        steps.append({**look, **request("GET", f"{url}/transitions", headers=headers), "saveAs": found})
        name = str(state).replace('"', "")
        chosen = f'{{{{variables.{found}.body.transitions | where: "name", "{name}" | map: "id" | first}}}}'
        steps.append(request("POST", f"{url}/transitions", headers=headers, body={"transition": {"id": chosen}}))
    return ImportedStep(steps or [request("GET", url, headers=headers)], fields=_ISSUE)


def _servicenow(given: ProviderKeys) -> ImportedStep:
    url = f"{given.host()}/api/now/table/{given.need('table_name')}"
    headers = given.basic("user", "password")
    ticket, payload = given.take("ticket_id"), given.take("payload")
    given.skip("fingerprint")
    results = ("body", "result")
    if ticket is not None and payload is None:
        return ImportedStep([request("GET", f"{url}/{ticket}", headers=headers)], results)
    if ticket is not None:
        return ImportedStep([request("PATCH", f"{url}/{ticket}", headers=headers, body=payload)], results)
    if payload is None:
        return ImportedStep([request("GET", url, headers=headers)], results)
    return ImportedStep(
        [request("POST", url, headers=headers, body=payload)], results, {"link": ("body", "result", "sys_id")}
    )


def _youtrack(given: ProviderKeys) -> ImportedStep:
    body = {"project": {"id": given.secret("project")}, **given.some(summary="summary", description="description")}
    return ImportedStep([request("POST", f"{given.host()}/api/issues", headers=given.bearer(), body=body)])


def _asana(given: ProviderKeys) -> ImportedStep:
    task, url, headers = given.take("task_id"), "https://app.asana.com/api/1.0/tasks", given.bearer()
    body = {"data": given.rest()}
    if task is not None:
        return ImportedStep([request("PUT", f"{url}/{task}", headers=headers, body=body)], ("body", "data"))
    return ImportedStep([request("POST", url, headers=headers, body=body)], ("body", "data"))


def _monday(given: ProviderKeys) -> ImportedStep:
    values = given.take("column_values", {})
    rows = values if isinstance(values, list) else [values]
    columns = {key: value for row in rows if isinstance(row, dict) for key, value in row.items()}
    variables = {"board": given.need("board_id"), **given.some(group="group_id", name="item_name")}
    body = {"query": _MONDAY, "variables": {**variables, "columns": columns}}
    headers = {"Authorization": given.secret("token")}
    return ImportedStep([request("POST", "https://api.monday.com/v2", headers=headers, body=body)])


def _trello(given: ProviderKeys) -> ImportedStep:
    query = {**given.some(filter="filter"), "key": given.secret("key"), "token": given.secret("token")}
    return ImportedStep(
        [request("GET", f"https://api.trello.com/1/boards/{given.need('board_id')}/actions", query=query)]
    )


def _planner(given: ProviderKeys) -> ImportedStep:
    body = {"planId": given.need("plan_id"), "title": given.need("title"), **given.some(bucketId="bucket_id")}
    url = "https://graph.microsoft.com/v1.0/planner/tasks"
    return ImportedStep([request("POST", url, headers=given.bearer("access_token"), body=body)])


def _github(given: ProviderKeys) -> ImportedStep:
    given.need("run_action")
    repository = f"https://api.github.com/repos/{given.need('repo_owner')}/{given.need('repo_name')}"
    body = {"ref": given.take("ref", "main"), **given.some(inputs="inputs")}
    url = f"{repository}/actions/workflows/{given.need('workflow')}/dispatches"
    return ImportedStep([request("POST", url, headers=given.bearer(), body=body)])


def _gitlab(given: ProviderKeys) -> ImportedStep:
    url = f"{given.host()}/api/v4/projects/{given.need('id')}/issues"
    body = {**given.some(title="title", description="description", labels="labels"), **given.rest()}
    return ImportedStep([request("POST", url, headers={"PRIVATE-TOKEN": given.secret("token")}, body=body)])


TICKETS = {
    "jira": _jira,
    "jiraonprem": _jira,
    "servicenow": _servicenow,
    "youtrack": _youtrack,
    "asana": _asana,
    "monday": _monday,
    "trello": _trello,
    "planner": _planner,
    "github": _github,
    "gitlab": _gitlab,
}
