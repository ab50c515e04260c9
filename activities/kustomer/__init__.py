"""The actions of Kustomer's workflows, under their own names."""

from activities.kustomer.assistant_launch import assistant_launch
from activities.kustomer.chat_message_send import chat_message_send
from activities.kustomer.command_run_by_name import COMMANDS
from activities.kustomer.companies import COMPANIES
from activities.kustomer.conversation_automate import conversation_automate
from activities.kustomer.conversation_body import conversation_lookup_body
from activities.kustomer.conversation_lookups import CONVERSATION_LOOKUPS
from activities.kustomer.conversation_merge import conversation_merge
from activities.kustomer.conversation_places import CONVERSATION_PLACES
from activities.kustomer.conversation_tags import conversation_add_tags, conversation_remove_tags
from activities.kustomer.conversations import CONVERSATIONS
from activities.kustomer.customer_appending import customer_append_email, customer_append_phone
from activities.kustomer.customer_create import CUSTOMER_CREATE
from activities.kustomer.customer_last_message import customer_lookup_last_message
from activities.kustomer.customer_lookups import CUSTOMER_LOOKUPS
from activities.kustomer.customer_merge import merge_customers
from activities.kustomer.customer_searches import CUSTOMER_SEARCHES
from activities.kustomer.customer_update import customer_update
from activities.kustomer.draft_note_create import draft_note_create
from activities.kustomer.drafts import DRAFTS
from activities.kustomer.hook_get_by_id import hook_get_by_id
from activities.kustomer.klasses import KLASS_CREATE, klass_lookup_by_name
from activities.kustomer.kobject_first_or_last import kobject_find_first_or_last
from activities.kustomer.kobjects import KOBJECTS
from activities.kustomer.local import LOCAL
from activities.kustomer.message_lookups import MESSAGE_LOOKUPS
from activities.kustomer.messages import MESSAGES
from activities.kustomer.note_update import note_update
from activities.kustomer.notes import NOTES
from activities.kustomer.organization import ORGANIZATION
from activities.kustomer.publish_event import publish_event
from activities.kustomer.routing import ROUTING
from activities.kustomer.users import USERS
from activities.vendors.kustomer.connection import Kustomer

ACTIONS = (
    *COMMANDS,
    *COMPANIES,
    *CONVERSATIONS,
    *CONVERSATION_LOOKUPS,
    *CONVERSATION_PLACES,
    *CUSTOMER_LOOKUPS,
    *CUSTOMER_SEARCHES,
    *DRAFTS,
    *KOBJECTS,
    *LOCAL,
    *MESSAGES,
    *MESSAGE_LOOKUPS,
    *NOTES,
    *ORGANIZATION,
    *ROUTING,
    *USERS,
    CUSTOMER_CREATE,
    KLASS_CREATE,
    assistant_launch,
    chat_message_send,
    conversation_add_tags,
    conversation_automate,
    conversation_lookup_body,
    conversation_merge,
    conversation_remove_tags,
    customer_append_email,
    customer_append_phone,
    customer_lookup_last_message,
    customer_update,
    draft_note_create,
    hook_get_by_id,
    klass_lookup_by_name,
    kobject_find_first_or_last,
    merge_customers,
    note_update,
    publish_event,
)
CONNECTIONS = (Kustomer,)
