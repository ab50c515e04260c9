"""How customers are found by what only Kustomer's search knows: each hit is read, and must hold the value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.kustomer.customer_appending import digits
from activities.kustomer.customer_searching import among, entries, holders, oldest
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, FoundRecord
from activities.vendors.kustomer.service import Account


class FoundByInference(FoundRecord):
    """A customer that was looked for in a way that the vendor does not document as a whole."""

    confidence: Literal["inferred"] = Field(
        default="inferred", description="That the search knows this value is inferred: not found is no proof."
    )


class ByTwitterId(KustomerConfig):
    """Whose customer is looked for."""

    id: str = Field(min_length=1, description="Id of the Twitter account; its name is none.")


class ByWhatsapp(KustomerConfig):
    """Whose customer is looked for."""

    whatsapp: str = Field(min_length=1, description="Phone number in WhatsApp.")


class ByFacebookUserId(KustomerConfig):
    """Whose customer is looked for."""

    page_id: str = Field(min_length=1, description="Id of the Facebook page that the customer wrote to.")
    user_id: str = Field(min_length=1, description="Id of the customer in Messenger, with that page.")


class ByInstagramThreadId(KustomerConfig):
    """Whose customer is looked for."""

    thread_id: str = Field(min_length=1, description="Id of the customer's thread in Instagram.")


@action(
    "kustomer.customer_find_by_twitter_id",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    example={"id": "{{message.twitterUserId}}"},
)
async def customer_find_by_twitter_id(config: ByTwitterId, context: Context) -> FoundRecord:
    """Find a customer by the id of a Twitter account.

    The search knows customers of the last two years, and a change only some seconds later. The key needs the roles
    `org.permission.search.create` and `org.permission.customer.read`.
    """
    fits = among("socials", {"type": "twitter", "userid": config.id})
    return oldest(FoundRecord, await holders(Account.of(context, config.connection), "twitter", config.id, fits))


@action(
    "kustomer.customer_find_by_whatsapp",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    example={"whatsapp": "{{customer.phone}}"},
)
async def customer_find_by_whatsapp(config: ByWhatsapp, context: Context) -> FoundByInference:
    """Find a customer by a number of WhatsApp.

    Inferred: Kustomer documents the search and the attribute, but not that the one knows the other. A customer that is
    found does have the number. The key needs the roles `org.permission.search.create` and
    `org.permission.customer.read`.
    """

    def fits(customer: Data) -> bool:
        return any(digits(str(each.get("phone"))) == digits(config.whatsapp) for each in entries(customer, "whatsapps"))

    return oldest(
        FoundByInference, await holders(Account.of(context, config.connection), "whatsapp", config.whatsapp, fits)
    )


@action(
    "kustomer.customer_lookup_by_facebook_user_id",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    example={"pageId": "{{message.facebookPageId}}", "userId": "{{message.facebookUserId}}"},
)
async def customer_lookup_by_facebook_user_id(config: ByFacebookUserId, context: Context) -> FoundByInference:
    """Find a customer by an account of Facebook Messenger and the page that it wrote to.

    Inferred: Kustomer documents the search and the attribute, but not that the one knows the other. A customer that is
    found does have the account. The key needs the roles `org.permission.search.create` and
    `org.permission.customer.read`.
    """
    fits = among("facebookIds", {"pageId": config.page_id, "userId": config.user_id})
    return oldest(
        FoundByInference, await holders(Account.of(context, config.connection), "facebook", config.user_id, fits)
    )


@action(
    "kustomer.customer_lookup_by_instagram_thread_id",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    example={"threadId": "{{message.instagramThreadId}}"},
)
async def customer_lookup_by_instagram_thread_id(config: ByInstagramThreadId, context: Context) -> FoundByInference:
    """Find a customer by a thread of Instagram.

    Inferred: Kustomer documents the search and the attribute, but not that the one knows the other. A customer that is
    found does have the thread. The key needs the roles `org.permission.search.create` and
    `org.permission.customer.read`.
    """
    thread, account = ({key: config.thread_id} for key in ("threadId", "instagramId"))

    def fits(customer: Data) -> bool:
        return among("instagramIds", thread)(customer) or among("instagramIds", account)(customer)

    return oldest(
        FoundByInference, await holders(Account.of(context, config.connection), "instagram", config.thread_id, fits)
    )


CUSTOMER_SEARCHES = (
    customer_find_by_twitter_id,
    customer_find_by_whatsapp,
    customer_lookup_by_facebook_user_id,
    customer_lookup_by_instagram_thread_id,
)
