"""The gateway: the door for what speaks HTTP. It keeps nothing; what it has taken is in Temporal."""
