"""Text messages."""

from activities.sms.cloudtalk import CloudTalk
from activities.sms.send_sms import send_sms
from activities.sms.twilio import Twilio

ACTIONS = (send_sms,)
CONNECTIONS = (Twilio, CloudTalk)
