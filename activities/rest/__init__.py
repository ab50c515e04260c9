"""What actions that only forward to a REST API are made of."""
