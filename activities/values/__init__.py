"""Values that outlast a run: remembered under a key, and recalled by any later run."""

from activities.values.recall import recall
from activities.values.remember import remember

ACTIONS = (recall, remember)
