"""What customers and companies have in common: addresses, numbers, socials and places."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from activities.action import Config
from activities.vendors.kustomer.config import KustomerConfig

EmailType = Literal["home", "work", "other"]
PhoneType = Literal["mobile", "home", "work", "fax", "other"]

VERIFIED = "Whether it is known to be theirs."


class ProfileEmail(Config):
    """An email address."""

    email: str = Field(min_length=1, description="Email address.")
    type: EmailType | None = Field(default=None, description="What it is for.")
    verified: bool | None = Field(default=None, description=VERIFIED)


class ProfilePhone(Config):
    """A phone number."""

    phone: str = Field(min_length=1, description="Phone number.")
    type: PhoneType | None = Field(default=None, description="What it is for.")
    verified: bool | None = Field(default=None, description=VERIFIED)


class Whatsapp(Config):
    """A number of WhatsApp."""

    phone: str = Field(min_length=1, description="Phone number.")
    type: Literal["mobile"] | None = Field(default=None, description="What it is for.")
    verified: bool | None = Field(default=None, description=VERIFIED)


class ProfileSocial(Config):
    """An account of a social network."""

    type: Literal["twitter", "facebook", "instagram", "linkedin", "pinterest"] = Field(description="The network.")
    userid: str | None = Field(default=None, description="Id of the account.")
    username: str | None = Field(default=None, description="Name of the account.")
    url: str | None = Field(default=None, description="Address of its page.")
    verified: bool | None = Field(default=None, description=VERIFIED)


class ProfileUrl(Config):
    """A web page."""

    url: str = Field(min_length=1, description="Address.")
    type: Literal["website", "blog", "other"] | None = Field(default=None, description="What it is.")


class NewRecord(KustomerConfig):
    """A record that is made."""

    external_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="Id that another system gave it, unique in the organization; by default the step's own key, by "
        "which a create whose answer got lost is found again.",
    )


class KustomerProfile(KustomerConfig):
    """What customers and companies have in common; a list replaces the one that is there."""

    avatar_url: str | None = Field(default=None, description="Address of a picture.")
    emails: list[ProfileEmail] | None = Field(default=None, description="Email addresses, unique in the organization.")
    phones: list[ProfilePhone] | None = Field(default=None, description="Phone numbers, unique in the organization.")
    whatsapps: list[Whatsapp] | None = Field(default=None, description="Numbers of WhatsApp.")
    socials: list[ProfileSocial] | None = Field(default=None, description="Accounts of social networks.")
    urls: list[ProfileUrl] | None = Field(default=None, description="Web pages.")
    locations: list[dict[str, Any]] | None = Field(
        default=None, description="Places: type, name, address, cityName, regionCode, zipCode, countryCode, …"
    )
    tags: list[str] | None = Field(default=None, description="Tags, by id or name.")
    custom: dict[str, Any] | None = Field(
        default=None, description="Attributes of your own, by name and suffix of type, such as `memberSinceAt`."
    )
    default_lang: str | None = Field(default=None, description="Language, such as `en_us`.")
    rev: int | None = Field(
        default=None,
        description="Revision that the record must have. Where an answer gets lost, a repetition with it is refused, "
        "although the first may have been carried out.",
    )
