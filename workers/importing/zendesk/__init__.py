"""Triggers and automations of Zendesk."""
