"""Microsoft Teams."""

from activities.teams.graph import TeamsGraph
from activities.teams.send_teams_message import send_teams_message
from activities.teams.webhook import Teams

ACTIONS = (send_teams_message,)
CONNECTIONS = (Teams, TeamsGraph)
