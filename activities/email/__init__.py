"""Email."""

from activities.email.send_email import PROVIDERS, send_email

ACTIONS = (send_email,)
CONNECTIONS = PROVIDERS
