"""The stand-ins for vendors, one a file."""
