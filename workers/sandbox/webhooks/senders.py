"""Who sends web hooks: what each sends, how it shows who it is, and what a gateway makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workers.sandbox.webhooks.bodies import (
    call_workflow,
    cloud_event,
    conversation,
    incoming_text,
    payment,
    standard,
    talkdesk_request,
    ticket_event,
    ticket_rule,
    ticket_trigger,
    workflow_run,
    workspace_message,
)
from workers.sandbox.webhooks.signing import Proof

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
CLOUD_EVENT = "application/cloudevents+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One sender.

    Attributes:
        title: what people call it.
        proof: how it shows who it is where nothing else is said.
        body: makes a realistic body of the delivery's id and its time.
        headers: of a delivery, by its id.
        media: the media type of its bodies.
        event: what `sources.<name>.event` of a gateway makes of it; none where it is no source.
    """

    title: str
    proof: Proof
    body: Callable[[str, datetime], Any]
    headers: Callable[[str], Mapping[str, str]] = field(default=lambda _: {})
    media: str = JSON
    event: Mapping[str, Any] | None = None

    @property
    def verify(self) -> Any:
        """What a gateway's `verify` says to believe its usual proof."""
        match self.proof.way:
            case "none":
                return "none"
            case "basic":
                return {"basic": {"user": self.proof.name, "password": self.proof.secret}}
            case "header":
                return {"header": {"name": self.proof.name, "value": self.proof.secret}}
            case way:
                return {way: self.proof.secret}


TICKET = {"id": "{{body.ticket.id}}", "subject": "{{body.ticket.title}}", "status": "{{body.ticket.state}}"}

SENDERS: Mapping[str, Sender] = {
    "zendesk": Sender(
        title="Zendesk",
        proof=Proof("zendesk", "sandbox-zendesk"),
        body=ticket_event,
        headers=lambda delivery: {"X-Zendesk-Webhook-Invocation-Id": delivery},
        event={"type": "ticket.updated", "data": {"ticket": "{{body.detail}}"}},
    ),
    "freshdesk": Sender(
        title="Freshdesk",
        proof=Proof("header", "sandbox-freshdesk", "X-Hook-Token"),
        body=ticket_rule,
        event={
            "type": "ticket.updated",
            "id": "{{body.ticket_id}}-{{body.stamp}}",
            "data": {
                "ticket": {
                    "id": "{{body.ticket_id}}",
                    "subject": "{{body.subject}}",
                    "status": "{{body.status | downcase}}",
                },
                "customer": {"email": "{{body.email}}"},
            },
        },
    ),
    "zammad": Sender(
        title="Zammad",
        proof=Proof("zammad", "sandbox-zammad"),
        body=ticket_trigger,
        headers=lambda delivery: {"X-Zammad-Delivery": delivery, "X-Zammad-Trigger": "Tell Trunkline"},
        event={
            "type": "ticket.updated",
            "data": {
                "ticket": TICKET,
                "customer": {"id": "{{body.ticket.customer.id}}", "email": "{{body.ticket.customer.email}}"},
                "message": {"id": "{{body.article.id}}", "body": "{{body.article.body}}"},
            },
        },
    ),
    "kustomer": Sender(
        title="Kustomer",
        proof=Proof("kustomer", "sandbox-kustomer"),
        body=conversation,
        headers=lambda _: {"X-Kustomer-Webhook-Event": "kustomer.conversation.update"},
        event={
            "type": "ticket.updated",
            "data": {
                "ticket": {
                    "id": "{{body.data.id}}",
                    "subject": "{{body.data.attributes.name}}",
                    "status": "{{body.data.attributes.status}}",
                },
                "customer": {"id": "{{body.data.relationships.customer.data.id}}"},
            },
        },
    ),
    "cloudtalk": Sender(
        title="CloudTalk",
        proof=Proof("bearer", "sandbox-cloudtalk"),
        body=call_workflow,
        event={
            "type": "call.ended",
            "id": "{{body.call.uuid}}",
            "data": {"call": "{{body.call}}", "contact": {"name": "{{body.caller}}"}},
        },
    ),
    "twilio": Sender(
        title="Twilio",
        proof=Proof("twilio", "sandbox-twilio"),
        body=incoming_text,
        media=FORM,
        event={
            "type": "message.received",
            "data": {
                "message": {"id": "{{body.MessageSid}}", "body": "{{body.Body}}"},
                "customer": {"id": "{{body.From}}"},
            },
        },
    ),
    "slack": Sender(
        title="Slack",
        proof=Proof("slack", "sandbox-slack"),
        body=workspace_message,
        event={
            "type": "message.received",
            "data": {
                "message": {
                    "id": "{{body.event.ts}}",
                    "body": "{{body.event.text}}",
                    "senderName": "{{body.event.user}}",
                },
                "channel": "{{body.event.channel}}",
            },
        },
    ),
    "stripe": Sender(
        title="Stripe",
        proof=Proof("stripe", "whsec_sandbox-stripe"),
        body=payment,
        event={"type": "stripe.{{body.type}}", "data": {"object": "{{body.data.object}}"}},
    ),
    "github": Sender(
        title="GitHub",
        proof=Proof("github", "sandbox-github"),
        body=workflow_run,
        headers=lambda delivery: {"X-GitHub-Event": "workflow_run", "X-GitHub-Delivery": delivery},
        event={
            "type": "github.{{headers['x-github-event']}}",
            "data": {
                "action": "{{body.action}}",
                "repository": "{{body.repository.full_name}}",
                "workflow": {"name": "{{body.workflow_run.name}}", "conclusion": "{{body.workflow_run.conclusion}}"},
            },
        },
    ),
    "standardWebhooks": Sender(
        title="Standard Webhooks",
        proof=Proof("standardWebhooks", "whsec_c2FuZGJveC1zdGFuZGFyZC13ZWJob29rcy1zZWNyZXQ="),
        body=standard,
        event={"type": "{{body.type}}", "data": {"invoice": "{{body.data}}"}},
    ),
    "talkdesk": Sender(title="Talkdesk", proof=Proof("none"), body=talkdesk_request),
    "cloudevents": Sender(title="CloudEvents", proof=Proof("none"), body=cloud_event, media=CLOUD_EVENT),
}
"""Every sender, by the name under which the sandbox sends in its place (`POST /_/send/<name>`)."""
