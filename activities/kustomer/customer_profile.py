"""What a customer's record may hold."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activities.action import Config
from activities.kustomer.profiles import KustomerProfile, ProfileEmail, ProfilePhone, ProfileSocial

INSTANT = "such as 2030-01-31T09:00:00.000Z."


class OtherId(Config):
    """An id that another system gave."""

    external_id: str = Field(min_length=1, description="The id.")
    verified: bool | None = Field(default=None, description="Whether it is known to be theirs.")


class FacebookId(Config):
    """An account of Messenger, as one page knows it."""

    page_id: str = Field(min_length=1, description="Id of the page.")
    user_id: str = Field(min_length=1, description="Id of the account with that page.")
    name: str | None = Field(default=None, description="Name of the account.")


class InstagramId(Config):
    """An account of Instagram, as one page knows it."""

    page_id: str = Field(min_length=1, description="Id of the page.")
    thread_id: str = Field(min_length=1, description="Id of the thread with that page.")
    username: str | None = Field(default=None, description="Name of the account.")
    instagram_id: str | None = Field(default=None, description="Id of the account.")


class CustomerSentiment(Config):
    """How a customer feels."""

    polarity: Literal[-1, 0, 1] = Field(description="-1 negative, 0 neutral, 1 positive.")
    confidence: float = Field(ge=0, le=1, description="How sure that is, from 0 to 1.")


class CustomerProfile(KustomerProfile):
    """A customer's attributes; what is left out stays as it is."""

    name: str | None = Field(default=None, description="Name.")
    company: str | None = Field(default=None, min_length=1, description="Id of the company that the customer is of.")
    username: str | None = Field(default=None, description="Name of the customer's account with you.")
    external_ids: list[OtherId] | None = Field(default=None, description="More ids that other systems gave.")
    shared_external_ids: list[OtherId] | None = Field(default=None, description="Ids that several customers have.")
    shared_emails: list[ProfileEmail] | None = Field(
        default=None, description="Email addresses that several customers have."
    )
    shared_phones: list[ProfilePhone] | None = Field(
        default=None, description="Phone numbers that several customers have."
    )
    shared_socials: list[ProfileSocial] | None = Field(
        default=None, description="Accounts that several customers have."
    )
    facebook_ids: list[FacebookId] | None = Field(default=None, description="Accounts of Messenger.")
    instagram_ids: list[InstagramId] | None = Field(default=None, description="Accounts of Instagram.")
    locale: str | None = Field(default=None, description="Locale, such as `en_US`.")
    time_zone: str | None = Field(default=None, description="Time zone, such as `Europe/Berlin`.")
    sentiment: CustomerSentiment | None = Field(default=None, description="How the customer feels.")
    gender: Literal["m", "f"] | None = Field(default=None, description="Gender.")
    birthday_at: str | None = Field(default=None, description=f"Birthday, {INSTANT}")
    signed_up_at: str | None = Field(default=None, description=f"When the customer signed up, {INSTANT}")
    last_activity_at: str | None = Field(default=None, description=f"When anything last happened, {INSTANT}")
    last_customer_activity_at: str | None = Field(
        default=None, description=f"When the customer last did something, {INSTANT}"
    )
    last_seen_at: str | None = Field(default=None, description=f"When the customer was last seen, {INSTANT}")
    created_at: str | None = Field(
        default=None, description=f"When the record was made, {INSTANT} Takes the role `org.admin`."
    )
    imported_at: str | None = Field(
        default=None, description=f"When it was imported, {INSTANT} Limits of rate do not count it then."
    )
