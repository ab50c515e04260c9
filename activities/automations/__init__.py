"""Other automations: run at once as a part of this run, or at a date on their own."""

from activities.automations.run_automation import run_automation
from activities.automations.schedule_workflow import schedule_workflow

ACTIONS = (run_automation, schedule_workflow)
