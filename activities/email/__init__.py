"""Email."""

from activities.email.message_send import gmail_message_send, postmark_message_send
from activities.email.send_email import PROVIDERS, send_email

ACTIONS = (gmail_message_send, postmark_message_send, send_email)
CONNECTIONS = PROVIDERS
