"""What the bodies of requests may hold: all that Kustomer documents for each of its objects."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from workers.sandbox.kustomer.fields import Custom, Instant, Items, JsonBody, Tags

ObjectId = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
Direction = Literal["in", "out"]


class EmailBody(JsonBody):
    """An email address of somebody."""

    email: str = Field(min_length=3)
    type: Literal["home", "work", "other"] | None = None
    verified: bool | None = None


class PhoneBody(JsonBody):
    """A telephone number of somebody."""

    phone: str = Field(min_length=1)
    type: Literal["mobile", "home", "work", "fax", "other"] | None = None
    verified: bool | None = None


class SocialBody(JsonBody):
    """A profile in a social network."""

    type: Literal["twitter", "facebook", "instagram", "linkedin", "pinterest"]
    userid: str | None = None
    username: str | None = None
    url: str | None = None
    verified: bool | None = None


class ExternalId(JsonBody):
    """An id that another system gave."""

    external_id: str = Field(min_length=1)
    verified: bool | None = None


class Contactable(JsonBody):
    """What customers and companies have in common."""

    name: str | None = None
    external_id: str | None = None
    avatar_url: str | None = None
    emails: list[EmailBody] | None = None
    phones: list[PhoneBody] | None = None
    whatsapps: list[PhoneBody] | None = None
    socials: list[SocialBody] | None = None
    urls: Items | None = None
    locations: Items | None = None
    tags: Tags | None = None
    custom: Custom | None = None
    default_lang: str | None = None
    rev: int | None = None
    created_at: Instant | None = None
    imported_at: Instant | None = None
    deleted: bool | None = None


class Customer(Contactable):
    """A customer, new or changed."""

    company: str | None = None
    username: str | None = None
    signed_up_at: Instant | None = None
    last_activity_at: Instant | None = None
    last_customer_activity_at: Instant | None = None
    last_seen_at: Instant | None = None
    external_ids: list[ExternalId] | None = None
    shared_external_ids: Items | None = None
    shared_emails: list[EmailBody] | None = None
    shared_phones: list[PhoneBody] | None = None
    facebook_ids: Items | None = None
    instagram_ids: Items | None = None
    shared_socials: list[SocialBody] | None = None
    locale: str | None = None
    time_zone: str | None = None
    sentiment: dict[str, Any] | None = None
    birthday_at: Instant | None = None
    gender: Literal["m", "f"] | None = None


class Company(Contactable):
    """A company, new or changed."""

    domains: Items | None = None
    employee_count: int | None = None


class Conversation(JsonBody):
    """A conversation, new or changed."""

    id: ObjectId | None = None
    customer: str | None = None
    external_id: str | None = None
    name: str | None = None
    status: Literal["open", "snoozed", "done"] | None = None
    sub_status: str | None = None
    snooze: dict[str, Any] | None = None
    priority: int | None = Field(default=None, ge=1, le=5)
    direction: Direction | None = None
    reply_channel: str | None = None
    tags: Tags | None = None
    assigned_users: list[str] | None = None
    assigned_teams: list[str] | None = None
    satisfaction: int | None = None
    satisfaction_level: dict[str, Any] | None = None
    sentiment: dict[str, Any] | None = None
    custom: Custom | None = None
    default_lang: str | None = None
    queue: dict[str, Any] | None = None
    locked: bool | None = None
    ended: bool | None = None
    ended_at: Instant | None = None
    ended_reason: str | None = None
    ended_by: str | None = None
    deleted: bool | None = None
    rev: int | None = None
    created_at: Instant | None = None
    imported_at: Instant | None = None


class TextBody(JsonBody):
    """What messages and notes have in common."""

    id: ObjectId | None = None
    customer: str | None = None
    conversation: str | None = None
    external_id: str | None = None
    attachments: list[Any] | None = None
    lang: str | None = None
    deleted: bool | None = None
    rev: int | None = None
    imported_at: Instant | None = None
    created_at: Instant | None = None
    modified_at: Instant | None = None
    created_by: str | None = None
    modified_by: str | None = None


class MessageBody(TextBody):
    """A message, new or changed."""

    channel: (
        Literal[
            "email",
            "sms",
            "chat",
            "facebook",
            "twitter-dm",
            "twitter-tweet",
            "voice",
            "instagram",
            "whatsapp",
            "form",
            "portal",
            "facebook-wallpost",
            "instagram-comment",
            "sendbird-chat",
        ]
        | None
    ) = None
    app: str | None = None
    size: float | None = None
    direction: Direction | None = None
    preview: str | None = Field(default=None, max_length=10_240)
    subject: str | None = None
    status: Literal["sent", "received", "error"] | None = None
    sent_at: Instant | None = None
    auto: bool | None = None
    error: dict[str, Any] | None = None
    error_at: Instant | None = None
    related: str | None = None
    reference: dict[str, Any] | None = None
    source: Literal["bulk", "satisfaction"] | None = None
    shortcuts: list[str] | None = None
    kb_articles: list[str] | None = None
    location: dict[str, Any] | None = None
    meta: dict[str, Any] | None = None
    custom: Custom | None = None
    sentiment: dict[str, Any] | None = None
    queue: dict[str, Any] | None = None


class NoteBody(TextBody):
    """A note, new or changed."""

    body: str | None = Field(default=None, min_length=1)
    user_mentions: Items | None = None


class KObject(JsonBody):
    """A custom object, new or changed."""

    title: str | None = Field(default=None, min_length=1, max_length=256)
    data: dict[str, Any] | None = None
    external_id: str | None = None
    description: str | None = None
    images: list[Any] | None = None
    icon: str | None = None
    custom: Custom | None = None
    tags: Tags | None = None
    company: str | None = None
    customer: str | None = None
    rev: int | None = None
    created_at: Instant | None = None
    imported_at: Instant | None = None


class KlassBody(JsonBody):
    """A new klass."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    status: Literal["enabled", "disabled"] = "enabled"
    display_name: str | None = None
    icon: str | None = None
    color: str | None = None
    json_schema: Any = None
    klass_schema: Literal["task"] | None = None
    mixins: list[Literal["commentable", "assignable", "editable", "creatable"]] | None = None


class MergeBody(JsonBody):
    """Two customers that become one."""

    source: str
    target: str


class WebHook(JsonBody):
    """A new inbound web hook."""

    name: str = Field(min_length=1)
    description: str | None = None


class CommandBody(JsonBody):
    """What a command of an app is run with."""

    args: dict[str, Any] | None = None
    body: Any = None
    headers: dict[str, Any] | None = None
    url_args: dict[str, Any] | None = None
