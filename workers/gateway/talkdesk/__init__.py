"""Being a bridge of Talkdesk's: its actions, validators and synchronisations run automations."""
