"""How vendors are asked what became of a request whose outcome nobody knows."""
