"""Trunkline: durable customer-contact automations."""
