"""What a rule of Zendesk does, as steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from workers.importing.draft import Draft
from workers.importing.unsaid import UnsayableError
from workers.importing.zendesk.fields import text_of

ADDRESS = "https://zendesk.example.com"
_RAW = ("type", "subject", "ticket_form_id", "brand_id", "satisfaction_score", "locale_id", "problem_id", "due_date")
_CUSTOM = re.compile(r"custom_fields_(\d+)")
_PEOPLE = {"requester_id": "{{customer.email}}", "assignee_id": "{{ticket.assignee.email}}"}
_PEOPLE |= {"requester_and_ccs": "{{customer.email}}", "current_user": "{{event.actor}}"}

Step = dict[str, Any]


def signed_in(draft: Draft) -> dict[str, str]:
    """Return the header that signs in at Zendesk, and tell that secrets and the address are to be filled in."""
    draft.fill[f"Write the address of your Zendesk in place of {ADDRESS}."] = None
    draft.fill["Give the workers the secrets 'zendesk_user' (`name@example.com/token`) and 'zendesk_token'."] = None
    return {"Authorization": "{{secrets.zendesk_user | basic: secrets.zendesk_token}}"}


def step_of(action: Any, draft: Draft) -> Step:
    """Return the step that an action is.

    Raises:
        UnsayableError: it has no word here.
    """
    if not isinstance(action, Mapping) or "field" not in action:
        raise UnsayableError("An action has `field` and `value`.")
    name, value = str(action["field"]), action.get("value")
    custom = _CUSTOM.fullmatch(name)
    if custom is not None:
        return _put({"custom_fields": [{"id": int(custom[1]), "value": value}]}, f"Set the field {custom[1]}", draft)
    if name in _RAW:
        return _put({name: value}, f"Set {name.replace('_', ' ')}", draft)
    made = _ACTIONS.get(name)
    if made is None:
        raise UnsayableError(f"`{name}` is an action that has no word here.")
    draft.fill["Add a connection of kind zendesk to connections.yaml."] = None
    return made(value, draft)


def _put(fields: Step, label: str, draft: Draft) -> Step:
    url = f"{ADDRESS}/api/v2/tickets/{{{{ticket.id}}}}"
    config = {"method": "PUT", "url": url, "headers": signed_in(draft), "body": {"ticket": fields}}
    return {"label": label, "actionType": "http_request", "config": config}


def _ticket(action: str, key: str, label: str) -> Callable[[Any, Draft], Step]:
    def make(value: Any, _: Draft) -> Step:
        given = value.split() if key == "tags" and isinstance(value, str) else value
        text = given if key == "tags" else text_of(str(given))
        return {"label": label, "actionType": action, "config": {key: text}}

    return make


def _assign(value: Any, draft: Draft) -> Step:
    if value == "current_user":
        raise UnsayableError("`assignee_id` is whoever changed the ticket, whom `assign_to` does not know.")
    return _ticket("assign_to", "assignee", "Assign it")(value or "unassigned", draft)


def _group(value: Any, draft: Draft) -> Step:
    return _put({"group_id": value or None}, "Give it to a group", draft)


def _tags(value: Any, draft: Draft) -> Step:
    return _put({"tags": str(value).split()}, "Set all tags", draft)


def _mail(value: Any, draft: Draft) -> Step:
    receiver, subject, body = _three(value)
    to = _PEOPLE.get(str(receiver))
    if to is None:
        raise UnsayableError(f"An email goes to {receiver!r}, whose address is not in an event.")
    draft.fill["Add a connection of kind smtp, postmark or gmail to connections.yaml."] = None
    config = {"to": to, "subject": text_of(subject), "text": text_of(body)}
    return {
        "label": f"Write to the {str(receiver).removesuffix('_id').replace('_', ' ')}",
        "actionType": "send_email",
        "config": config,
    }


def _three(value: Any) -> tuple[Any, str, str]:
    if not isinstance(value, list) or len(value) != 3:  # noqa: PLR2004 - who gets it, its subject and its text
        raise UnsayableError("An email has a receiver, a subject and a text.")
    return value[0], str(value[1]), str(value[2])


def _reply(value: Any, _: Draft) -> Step:
    content = value[1] if isinstance(value, list) and len(value) == 2 else value  # noqa: PLR2004 - channel and text
    return {"label": "Reply", "actionType": "send_reply", "config": {"content": text_of(str(content))}}


def _note(value: Any, _: Draft) -> Step:
    return {"label": "Add a note", "actionType": "add_internal_note", "config": {"content": text_of(str(value))}}


def _webhook(value: Any, draft: Draft) -> Step:
    target, body = (value[0], value[1]) if isinstance(value, list) and len(value) > 1 else (value, "")
    address = f"https://webhook-{str(target).lower()}.example.com"
    if re.fullmatch(r"[a-z0-9-]+", str(target).lower()) is None:
        raise UnsayableError(f"The webhook {target!r} has no id.")
    draft.fill[f"Write the address of the webhook {target} in place of {address}."] = None
    config: Step = {"method": "POST", "url": address, "body": _body(body)}
    return {"label": "Tell the webhook", "actionType": "http_request", "config": config}


def _body(body: Any) -> Any:
    if isinstance(body, list):
        return {str(key): text_of(str(value)) for key, value in body}
    return text_of(str(body))


_ACTIONS: Mapping[str, Callable[[Any, Draft], Step]] = {
    "status": _ticket("set_status", "status", "Set the status"),
    "priority": _ticket("set_priority", "priority", "Set the priority"),
    "current_tags": _ticket("add_tags", "tags", "Add tags"),
    "remove_tags": _ticket("remove_tags", "tags", "Remove tags"),
    "set_tags": _tags,
    "assignee_id": _assign,
    "group_id": _group,
    "notification_user": _mail,
    "comment_value": _reply,
    "comment_value_html": _reply,
    "internal_note": _note,
    "notification_target": _webhook,
    "notification_webhook": _webhook,
}
