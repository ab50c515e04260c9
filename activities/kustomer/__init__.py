"""Kustomer's operations."""

from activities.kustomer.assistant_launch import assistant_launch
from activities.kustomer.chat_message_send import chat_message_send
from activities.kustomer.command_run_by_name import COMMANDS
from activities.kustomer.conversation_automate import conversation_automate
from activities.kustomer.conversation_body import conversation_lookup_body
from activities.kustomer.conversation_lookups import CONVERSATION_LOOKUPS
from activities.kustomer.conversation_merge import conversation_merge
from activities.kustomer.conversation_places import CONVERSATION_PLACES
from activities.kustomer.conversation_tags import conversation_add_tags, conversation_remove_tags
from activities.kustomer.conversations import CONVERSATIONS
from activities.kustomer.customer_lookups import CUSTOMER_LOOKUPS
from activities.kustomer.draft_note_create import draft_note_create
from activities.kustomer.drafts import DRAFTS
from activities.kustomer.message_lookups import MESSAGE_LOOKUPS
from activities.kustomer.messages import MESSAGES
from activities.kustomer.note_update import note_update
from activities.kustomer.notes import NOTES
from activities.kustomer.publish_event import publish_event
from activities.vendors.kustomer.connection import Kustomer

ACTIONS = (
    *COMMANDS,
    *CONVERSATIONS,
    *CONVERSATION_LOOKUPS,
    *CONVERSATION_PLACES,
    *CUSTOMER_LOOKUPS,
    *DRAFTS,
    *MESSAGES,
    *MESSAGE_LOOKUPS,
    *NOTES,
    assistant_launch,
    chat_message_send,
    conversation_add_tags,
    conversation_automate,
    conversation_lookup_body,
    conversation_merge,
    conversation_remove_tags,
    draft_note_create,
    note_update,
    publish_event,
)
CONNECTIONS = (Kustomer,)
