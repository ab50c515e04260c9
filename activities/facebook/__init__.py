"""Facebook's Messenger."""

from activities.facebook.connection import Facebook
from activities.facebook.pass_thread_control import pass_thread_control

ACTIONS = (pass_thread_control,)
CONNECTIONS = (Facebook,)
